//! The binary from outside: what it prints, and its exit status.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod audit_network;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod check;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod help;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod keep;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod monitor;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod network;
#[cfg(test)]
mod odd_index;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod paper_index;
#[cfg(test)]
mod pins;
#[cfg(test)]
mod private_index;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod review;
#[cfg(test)]
mod run;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod sign;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod token;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod tuf_repository;
#[cfg(test)]
mod verify;
