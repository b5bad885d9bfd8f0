//! The list of issuers that is in force, which another takes the place of when the operator changes it.

use std::sync::{Arc, PoisonError, RwLock};

use super::Issuers;

/// Whose tokens are believed now.
#[derive(Debug)]
pub struct InForce(RwLock<Arc<Issuers>>);

impl InForce {
    /// These, until others are.
    pub fn new(issuers: Arc<Issuers>) -> Self {
        Self(RwLock::new(issuers))
    }

    /// Those that are in force; a request keeps to one list.
    pub fn current(&self) -> Arc<Issuers> {
        let issuers = self.0.read();
        // Whoever panicked did not leave it half written.
        issuers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts these into force.
    pub fn replace(&self, issuers: Arc<Issuers>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = issuers;
    }
}
