//! What programs ask for: uploads, the Simple API, files, provenance, health.

pub(crate) mod answer;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod integrity;
pub(crate) mod metrics;
pub(crate) mod oidc;
pub(crate) mod pypi;
pub(crate) mod simple;
pub mod upload;
pub(crate) mod v1;
