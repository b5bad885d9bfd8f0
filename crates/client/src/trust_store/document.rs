//! `domains.toml`, version 1. Its format is described for operators in `docs/guide/trust.md`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::Sha256;
use touchplate_attest::domain::{DomainName, OidcIssuer, ProjectPattern};

use super::{Origin, StoredDomain, StoredDomains, TrustStoreError};

const VERSION: u32 = 1;

pub(super) const HEADER: &str = "\
# The trust domains of touchplate: whose roots are believed, and for which project names and issuers.
# `projects`, `issuers` and `all-names` may be edited; `touchplate trust` writes the rest, and keeps no comments.
# The format is described in docs/guide/trust.md.
";

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    version: u32,
    #[serde(rename = "domain", default)]
    pub(super) domains: BTreeMap<DomainName, Record>,
}

/// One domain.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Record {
    /// The digest of its root, whose file it names; none: the embedded root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root_sha256: Option<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signing_config_sha256: Option<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) as_of: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) projects: Vec<ProjectPattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) issuers: Vec<OidcIssuer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) all_names: bool,
}

impl Document {
    /// Reads the list that is in `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, TrustStoreError> {
        let text =
            String::from_utf8(bytes.to_vec()).map_err(|source| TrustStoreError::NotText {
                path: path.to_owned(),
                source,
            })?;
        let table: toml::Table = text.parse().map_err(|source| TrustStoreError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let version = table.get("version");
        if version.and_then(toml::Value::as_integer) != Some(VERSION.into()) {
            return Err(TrustStoreError::Version {
                path: path.to_owned(),
                expected: VERSION,
                found: version.map_or_else(|| "none".to_owned(), ToString::to_string),
            });
        }
        toml::from_str(&text).map_err(|source| TrustStoreError::Shape {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// The list of these domains.
    pub(super) fn of(domains: &StoredDomains) -> Self {
        let records = domains
            .iter()
            .map(|domain| (domain.name.clone(), Record::of(domain)));
        Self {
            version: VERSION,
            domains: records.collect(),
        }
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let body = toml::to_string_pretty(self)
            .expect("every key is text, and every value has a form in TOML");
        format!("{HEADER}{body}")
    }
}

impl Record {
    fn of(domain: &StoredDomain) -> Self {
        let is_own = domain.origin != Origin::Embedded;
        let signing = domain.config.signing_config();
        Self {
            root_sha256: is_own.then(|| *domain.config.root().digest()),
            signing_config_sha256: signing.map(|json| Sha256::of(json.as_bytes())),
            as_of: is_own.then_some(domain.as_of),
            origin: is_own.then(|| domain.origin.clone()),
            projects: domain.scope.projects().to_vec(),
            issuers: domain.scope.issuers().to_vec(),
            all_names: domain.scope.states_all_names(),
        }
    }
}
