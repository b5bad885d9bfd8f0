//! base64 in its one spelling.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// RFC 4648 §4 with padding and zero trailing bits. Empty text stands for nothing that is ever sent here.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// The same, written.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
