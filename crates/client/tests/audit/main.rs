//! Audits from outside, with a source that says what a test wants.

#[cfg(test)]
mod environment;
