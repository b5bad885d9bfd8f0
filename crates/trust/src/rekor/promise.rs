//! Rekor v1's promise that an entry is in the log: the signed entry timestamp (SET).

use aws_lc_rs::error::Unspecified;
use jiff::Timestamp;

use crate::keys::SigningKey;

/// The log's signature over body, time, log and index: RFC 8785 of those four members, which are in order here and hold
/// nothing that it would write otherwise.
pub(super) fn sign(
    key: &SigningKey,
    body: &str,
    at: Timestamp,
    log_id: &str,
    index: u64,
) -> Result<Vec<u8>, Unspecified> {
    let time = at.as_second();
    let promised = format!(
        r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":{index}}}"#
    );
    key.sign(promised.as_bytes())
}
