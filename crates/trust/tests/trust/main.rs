//! What a domain mints, before independent judges: the library `sigstore-verify`, our own verifier, and Python's
//! reference where it is installed. One binary: each would link the cryptography again.

#[cfg(test)]
mod accepted;
#[cfg(test)]
mod bundles;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod issuing;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod rekor;
#[cfg(test)]
mod roots;
#[cfg(test)]
mod stamping;
#[cfg(test)]
mod support;
