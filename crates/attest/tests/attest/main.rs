//! The tests at the crate's front door. One binary: each would link the cryptography again.

#[cfg(test)]
mod accepts;
#[cfg(test)]
mod corpus;
mod counts;
#[cfg(test)]
mod damages;
#[cfg(test)]
mod domains;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod id_tokens;
#[cfg(test)]
mod merkle;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod provenance;
#[cfg(test)]
mod publisher_kinds;
#[cfg(test)]
mod publishers;
#[cfg(test)]
mod refuses;
mod reports;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod stamps;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
