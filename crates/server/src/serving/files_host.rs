//! The separate host for distribution files: it has files, and nothing that a browser could be logged in to.

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::config::PublicUrl;

/// Its name and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesHost(String);

impl FilesHost {
    /// The host of `files`, if it is another than the index's own.
    pub(crate) fn apart_from(index: &PublicUrl, files: Option<&PublicUrl>) -> Option<Self> {
        let host = short(files?.authority());
        (!host.eq_ignore_ascii_case(short(index.authority()))).then(|| Self(host.to_owned()))
    }

    /// Whether a request came to this host and asks for something that is not there.
    pub(super) fn lacks(&self, request: &Parts) -> bool {
        let named = request.uri.authority().map(Authority::as_str);
        let header = || request.headers.get(HOST)?.to_str().ok();
        let Some(host) = named.or_else(header) else {
            return false;
        };
        let path = request.uri.path();
        let is_there = path.starts_with("/files/") || matches!(path, "/healthz" | "/readyz");
        short(host).eq_ignore_ascii_case(&self.0) && !is_there
    }
}

/// Without a port that goes without saying.
fn short(authority: &str) -> &str {
    let without = authority.strip_suffix(":443");
    without
        .or_else(|| authority.strip_suffix(":80"))
        .unwrap_or(authority)
}
