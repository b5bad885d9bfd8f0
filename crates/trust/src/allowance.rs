//! How often a caller may do something, where several processes ask in common.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

/// Counts what callers do, for every process of a stack.
#[async_trait]
pub trait Allowances: Send + Sync {
    /// Lets `who` go on once more, if that is at most `in_a_minute` times at once and as often in each minute after. None: it may.
    /// Otherwise the time until it may again, and nothing was counted.
    ///
    /// # Errors
    /// When it cannot be counted: then nobody knows whether it may.
    async fn take(
        &self,
        who: &str,
        in_a_minute: NonZeroU32,
    ) -> Result<Option<Duration>, AllowanceError>;
}

/// Nothing could be counted.
#[derive(Debug, thiserror::Error)]
#[error("what a caller may still ask could not be counted")]
pub struct AllowanceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
