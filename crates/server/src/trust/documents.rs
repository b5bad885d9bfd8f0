//! What clients of the stack believe and where its services are.
//!
//! They are read anew for each request: `touchplate trust rotate` writes them, and clients are to learn of new keys before
//! the first server signs with them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use touchplate_attest::domain::MAX_TRUST_CONFIG_BYTES;

use super::TrustStack;
use crate::app::App;
use crate::problem::Problem;
use crate::routes::read;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// A root that was rotated must not come from a cache.
const ASK: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");

/// `/trust/root.json` and its neighbours.
pub(crate) fn router() -> Router<App> {
    let names = touchplate_trust::roots::NAMES;
    names.into_iter().fold(Router::new(), |router, name| {
        router.route(&format!("/trust/{name}"), read(document))
    })
}

/// Where the documents lie.
#[derive(Clone, Debug)]
pub struct Documents(PathBuf);

/// A document could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read", .path.display())]
struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

impl Documents {
    /// Those in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Unreadable> {
        let path = self.0.join(name);
        let limit = u64::try_from(MAX_TRUST_CONFIG_BYTES).unwrap_or(u64::MAX);
        let reading = || {
            let mut json = Vec::new();
            let file = std::fs::File::open(&path)?;
            file.take(limit).read_to_end(&mut json)?;
            Ok(json)
        };
        reading().map_err(|source| Unreadable { path, source })
    }
}

/// The document that the URL names: the router has no others.
async fn document(stack: TrustStack, uri: Uri) -> Result<Response, Problem> {
    let name = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let documents = stack.documents.clone();
    let reading = tokio::task::spawn_blocking(move || documents.read(&name));
    let json = match reading.await {
        Ok(Ok(json)) => json,
        Ok(Err(error)) => return Err(Problem::internal(&error)),
        Err(error) => return Err(Problem::internal(&error)),
    };
    let mut response = Response::new(Body::from(json));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, ASK);
    Ok(response)
}
