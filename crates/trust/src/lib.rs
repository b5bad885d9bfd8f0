//! The making of signatures: certificate authority, certificate log, transparency log and minting for the demo and for tests.
