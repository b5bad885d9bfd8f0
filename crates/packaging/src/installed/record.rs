//! RECORD of an installed distribution: what the installer wrote, as CSV with digest and size.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use csv::ReaderBuilder;

use super::MAX_INSTALLED_BYTES;
use crate::Sha256;

/// As the archive reader's bound of members, with an installer's own files and bytecode beside each.
const MAX_ROWS: usize = 400_000;

/// What an installer says that it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// In its order.
    pub rows: Vec<RecordRow>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Relative to the directory that holds `.dist-info`, and it may lead out of that; or absolute. With `/` for `\`.
    pub path: String,
    /// Its digest, if that is a SHA-256.
    pub sha256: Option<Sha256>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// Why bytes are no RECORD.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not UTF-8, or not CSV.
    #[error("expected CSV in UTF-8")]
    Csv(#[source] csv::Error),
    /// Longer than any.
    #[error("it has more than {MAX_INSTALLED_BYTES} bytes or {MAX_ROWS} rows")]
    TooLong,
    /// What is no path.
    #[error("row {number} has no path, or one with control characters")]
    Path {
        /// Counted from 1.
        number: usize,
    },
}

impl Record {
    /// Reads it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_INSTALLED_BYTES {
            return Err(RecordError::TooLong);
        }
        let mut records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut rows = Vec::new();
        for (record, number) in records.records().zip(1..) {
            let record = record.map_err(RecordError::Csv)?;
            let field = |at| record.get(at).unwrap_or_default();
            let path = field(0).replace('\\', "/");
            if path.is_empty() || path.chars().any(char::is_control) {
                return Err(RecordError::Path { number });
            }
            if number > MAX_ROWS {
                return Err(RecordError::TooLong);
            }
            rows.push(RecordRow {
                path,
                sha256: sha256(field(1)),
                size: field(2).trim().parse().ok(),
            });
        }
        Ok(Self { rows })
    }
}

/// `sha256=` and the digest in base64 as URLs have it, without padding.
fn sha256(text: &str) -> Option<Sha256> {
    let digits = text.strip_prefix("sha256=")?.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(digits).ok()?;
    Some(Sha256::from_bytes(bytes.try_into().ok()?))
}
