//! The command `touchplate`.
fn main() {}
