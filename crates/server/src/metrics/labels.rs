//! What counts are kept apart by. Each label has few values, all of them known here or in the code that refuses.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;

use crate::trust;

/// A group of URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Route {
    route: &'static str,
}

impl Route {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        self.route
    }

    /// The group of a path, whether there is anything or not.
    pub(crate) fn of(path: &str) -> Self {
        let first = path.trim_start_matches('/').split('/').next();
        let route = match first.unwrap_or_default() {
            "simple" => "simple",
            "files" => "files",
            "integrity" => "integrity",
            "pypi" => "json",
            "legacy" => "upload",
            _ if trust::owns(path) => "trust",
            "api" => "api",
            "" | "project" | "search" | "coverage" | "feeds" => "pages",
            "static" | "robots.txt" => "static",
            "_" | ".well-known" => "publishing",
            "healthz" | "readyz" | "metrics" => "operators",
            _ => "other",
        };
        Self { route }
    }
}

/// An answered request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    route: &'static str,
    method: &'static str,
    status: u32,
}

impl Request {
    pub(super) fn new(route: Route, method: &'static str, status: StatusCode) -> Self {
        Self {
            route: route.route,
            method,
            status: u32::from(status.as_u16()),
        }
    }
}

/// A request's method; clients may write any text there.
pub(crate) fn method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refusal {
    route: &'static str,
    reason: &'static str,
}

impl Refusal {
    pub(super) fn new(route: Route, reason: &'static str) -> Self {
        let route = route.route;
        Self { route, reason }
    }
}

/// An accepted file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Upload {
    pub(super) attested: &'static str,
    /// Or it was there already, with the same bytes.
    pub(super) stored: &'static str,
}

/// A question to a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Lookup {
    pub(super) cache: &'static str,
    pub(super) found: &'static str,
}

/// One of several of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Cache {
    pub(super) cache: &'static str,
}

/// `database` or `blobs`, or `disk` where the spool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Engine {
    pub(super) engine: &'static str,
}

/// Connections to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Connections {
    /// `readers` or `writer`.
    pub(super) pool: &'static str,
    /// `busy` or `idle`.
    pub(super) state: &'static str,
}

/// What the blob store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operation {
    pub(super) operation: &'static str,
    pub(super) outcome: &'static str,
}

/// A round of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Round {
    pub(super) job: &'static str,
    pub(super) outcome: &'static str,
}

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Job {
    pub(super) job: &'static str,
}

/// A trust domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Trust {
    pub(super) domain: String,
    /// The digest of its root.
    pub(super) sha256: String,
}

/// `yes` or `no`, as a label's value.
pub(super) fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

/// Whether something went well, as a label's value.
pub(super) fn outcome(well: bool) -> &'static str {
    if well { "done" } else { "failed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_group() {
        for (path, expected) in [
            ("/", "pages"),
            ("/simple/", "simple"),
            ("/simple", "simple"),
            ("/files/ab/cd/x.whl", "files"),
            ("/legacy/", "upload"),
            ("/api/v1/projects", "api"),
            ("/api/v2/signingCert", "trust"),
            ("/trust/rekor2/checkpoint", "trust"),
            ("/metrics", "operators"),
            ("/_/oidc/mint-token", "publishing"),
            ("/wp-admin", "other"),
            ("", "pages"),
            ("*", "other"),
        ] {
            assert_eq!(Route::of(path).route, expected, "{path}");
        }
    }
}
