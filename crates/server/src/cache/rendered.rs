//! A page as it is sent.

use axum::http::HeaderValue;
use bytes::Bytes;
use touchplate_packaging::Sha256;

/// A page as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) body: Bytes,
    /// A strong validator: the digest of the body.
    pub(crate) etag: HeaderValue,
    /// The serial that the page shows, if its kind has one.
    pub(crate) serial: Option<u64>,
    /// May anybody see it?
    pub(crate) public: bool,
}

impl Rendered {
    pub(crate) fn new(body: Vec<u8>, serial: Option<u64>, public: bool) -> Self {
        let digest = Sha256::of(&body).to_string();
        // 128 bits of it: no two versions of a page are ever confused, and headers stay short.
        let etag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        let etag =
            HeaderValue::try_from(etag).expect("hexadecimal digits in quotes are a header value");
        Self {
            body: body.into(),
            etag,
            serial,
            public,
        }
    }
}
