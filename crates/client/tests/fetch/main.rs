//! Fetching from outside: real sockets on loopback, and servers that behave as badly as a test wants.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod server;
