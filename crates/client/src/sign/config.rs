//! Sigstore's signing configuration, version 0.2 (sigstore/protobuf-specs, `sigstore_trustroot.proto`): which services sign,
//! and of several the ones to ask.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use touchplate_attest::{JsonError, read_strict_json};
use url::Url;

/// The longest configuration that is read. Public good's has 2 kB, with the services of four years.
pub const MAX_SIGNING_CONFIG_BYTES: usize = 64 * 1024;

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// The version of the certificate authority's interface that is spoken: Fulcio's `/api/v2`, which the configuration
/// counts as 1, as it does timestamp authorities and identity providers.
const MAJOR_VERSION: u32 = 1;

/// Logs or timestamp authorities that are asked about one signature. Each adds an entry that readers must check.
const MAX_ASKED: usize = 4;

/// Which services sign. Unknown keys are ignored: newer configurations say more.
#[derive(Clone, Debug)]
pub struct SigningConfig {
    authorities: Vec<Service>,
    providers: Vec<Service>,
    logs: Vec<Service>,
    log_selector: Selector,
    stamps: Vec<Service>,
    stamp_selector: Selector,
}

/// One service of the configuration.
#[derive(Clone, Debug)]
struct Service {
    url: Url,
    major_version: u32,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    operator: String,
}

/// How many of the services must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selector {
    All,
    Any,
    Exactly(usize),
}

/// Which version of Rekor's interface is asked, and so which kind of entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RekorVersion {
    /// Entries with a signed time: what version 1 of PEP 740 has room for.
    V1,
    /// Entries without a time, which need a timestamp beside them.
    V2,
}

impl RekorVersion {
    /// As the configuration counts it.
    fn major(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

impl std::fmt::Display for RekorVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rekor v{}", self.major())
    }
}

/// The services that one run of signing asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// The certificate authority.
    pub authority: Url,
    /// The transparency logs, one at least.
    pub logs: Vec<Url>,
    /// What these speak.
    pub version: RekorVersion,
    /// The timestamp authorities: none with Rekor v1, whose entries have a time.
    pub stamps: Vec<Url>,
}

/// Why a signing configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SigningConfigError {
    /// The bytes are no strict JSON.
    #[error("the signing configuration is not readable")]
    Json(#[from] JsonError),
    /// Another document, or another version of it.
    #[error("expected a Sigstore signing configuration ({MEDIA_TYPE}), found media type {found}")]
    MediaType {
        /// What stands there.
        found: String,
    },
    /// A field is missing or has another type.
    #[error("the signing configuration is malformed")]
    Malformed(#[source] serde_json::Error),
    /// The address of a service is none.
    #[error("expected an http or https URL for a service, found {found:?}")]
    Url {
        /// What stands there.
        found: String,
    },
    /// A count of services that must be asked, which is none or too many.
    #[error("expected between 1 and {MAX_ASKED} {what} to ask, found {found}")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
    },
    /// No service of a kind can be asked.
    #[error("the signing configuration names no {what} that can be asked now")]
    None {
        /// Of what kind.
        what: &'static str,
    },
    /// There are logs, but of the other version.
    #[error(
        "the signing configuration names no log that speaks {wanted}, but one of the other version"
    )]
    OtherVersion {
        /// What was asked for.
        wanted: RekorVersion,
    },
    /// Fewer operators than must be asked.
    #[error(
        "the signing configuration asks for {wanted} {what} of different operators, and names {found}"
    )]
    TooFew {
        /// Of what kind.
        what: &'static str,
        /// How many are wanted.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    ca_urls: Vec<Entry>,
    #[serde(default)]
    oidc_urls: Vec<Entry>,
    #[serde(default)]
    rekor_tlog_urls: Vec<Entry>,
    rekor_tlog_config: Option<Selection>,
    #[serde(default)]
    tsa_urls: Vec<Entry>,
    tsa_config: Option<Selection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    url: String,
    #[serde(default)]
    major_api_version: u32,
    #[serde(default)]
    valid_for: Period,
    #[serde(default)]
    operator: String,
}

#[derive(Default, Deserialize)]
struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Selection {
    #[serde(default)]
    selector: Option<String>,
    #[serde(default)]
    count: Option<usize>,
}

const LOGS: &str = "transparency logs";
const STAMPS: &str = "timestamp authorities";

impl SigningConfig {
    /// Reads a signing configuration.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(json: &[u8]) -> Result<Self, SigningConfigError> {
        let value = read_strict_json(json, MAX_SIGNING_CONFIG_BYTES)?;
        let found = value.get("mediaType");
        if found.and_then(Value::as_str) != Some(MEDIA_TYPE) {
            let found = found.map_or_else(|| "none".to_owned(), Value::to_string);
            return Err(SigningConfigError::MediaType { found });
        }
        let document: Document =
            serde_json::from_value(value).map_err(SigningConfigError::Malformed)?;
        Ok(Self {
            authorities: services(document.ca_urls)?,
            providers: services(document.oidc_urls)?,
            logs: services(document.rekor_tlog_urls)?,
            log_selector: selector(document.rekor_tlog_config, LOGS)?,
            stamps: services(document.tsa_urls)?,
            stamp_selector: selector(document.tsa_config, STAMPS)?,
        })
    }

    /// The services to ask at `now`: those in force, of each operator the newest.
    ///
    /// # Errors
    /// When there is no such service, or fewer than must be asked.
    pub fn services(
        &self,
        version: RekorVersion,
        now: Timestamp,
    ) -> Result<Services, SigningConfigError> {
        use SigningConfigError as Error;
        let authorities = in_force(&self.authorities, MAJOR_VERSION, now);
        let authority = authorities.first().ok_or(Error::None {
            what: "certificate authority",
        })?;
        let logs = in_force(&self.logs, version.major(), now);
        if logs.is_empty() {
            let other = self.version(now).is_some();
            return Err(if other {
                Error::OtherVersion { wanted: version }
            } else {
                Error::None {
                    what: "transparency log",
                }
            });
        }
        let stamps = match version {
            RekorVersion::V1 => Vec::new(),
            RekorVersion::V2 => {
                let stamps = in_force(&self.stamps, MAJOR_VERSION, now);
                selected(&stamps, self.stamp_selector, STAMPS)?
            }
        };
        Ok(Services {
            authority: authority.url.clone(),
            logs: selected(&logs, self.log_selector, LOGS)?,
            version,
            stamps,
        })
    }

    /// The newest version that a log in force speaks.
    pub fn version(&self, now: Timestamp) -> Option<RekorVersion> {
        let speaks =
            |version: &RekorVersion| !in_force(&self.logs, version.major(), now).is_empty();
        [RekorVersion::V2, RekorVersion::V1]
            .into_iter()
            .find(speaks)
    }

    /// The identity provider that people log in at, if there is one.
    pub fn provider(&self, now: Timestamp) -> Option<&Url> {
        let providers = in_force(&self.providers, MAJOR_VERSION, now);
        providers.first().map(|service| &service.url)
    }
}

fn services(entries: Vec<Entry>) -> Result<Vec<Service>, SigningConfigError> {
    let service = |entry: Entry| {
        let url = Url::parse(&entry.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        Ok(Service {
            url: url.ok_or(SigningConfigError::Url { found: entry.url })?,
            major_version: entry.major_api_version,
            start: entry.valid_for.start,
            end: entry.valid_for.end,
            operator: entry.operator,
        })
    };
    entries.into_iter().map(service).collect()
}

fn selector(
    selection: Option<Selection>,
    what: &'static str,
) -> Result<Selector, SigningConfigError> {
    let Some(selection) = selection else {
        return Ok(Selector::Any);
    };
    match (selection.selector.as_deref(), selection.count.unwrap_or(0)) {
        (Some("ALL"), _) => Ok(Selector::All),
        (Some("EXACT"), count @ 1..=MAX_ASKED) => Ok(Selector::Exactly(count)),
        (Some("EXACT"), found) => Err(SigningConfigError::Count { what, found }),
        // The format's clients take what is not defined as this.
        _ => Ok(Selector::Any),
    }
}

/// The services of that version that are in force: of each operator the one that began last, the newest first.
fn in_force(services: &[Service], major_version: u32, now: Timestamp) -> Vec<&Service> {
    let mut found: Vec<&Service> = services
        .iter()
        .filter(|it| it.major_version == major_version)
        .filter(|it| it.start.is_none_or(|start| start <= now))
        .filter(|it| it.end.is_none_or(|end| now <= end))
        .collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.start));
    let mut operators = Vec::new();
    found.retain(|it| {
        // Without a name, each is an operator of its own.
        let is_new = it.operator.is_empty() || !operators.contains(&it.operator.as_str());
        operators.push(it.operator.as_str());
        is_new
    });
    found
}

fn selected(
    services: &[&Service],
    selector: Selector,
    what: &'static str,
) -> Result<Vec<Url>, SigningConfigError> {
    let wanted = match selector {
        Selector::Any => 1,
        Selector::All if services.len() > MAX_ASKED => {
            let found = services.len();
            return Err(SigningConfigError::Count { what, found });
        }
        Selector::All => services.len().max(1),
        Selector::Exactly(count) => count,
    };
    if services.is_empty() {
        return Err(SigningConfigError::None { what });
    }
    if services.len() < wanted {
        return Err(SigningConfigError::TooFew {
            what,
            wanted,
            found: services.len(),
        });
    }
    let wanted = services.iter().take(wanted);
    Ok(wanted.map(|service| service.url.clone()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn entry(url: &str, version: u32, start: &str) -> Value {
        json!({"url": url, "majorApiVersion": version, "validFor": {"start": start}, "operator": "a.example"})
    }

    fn document() -> Value {
        json!({
            "mediaType": MEDIA_TYPE,
            "caUrls": [entry("https://ca.example", 1, "2024-01-01T00:00:00Z")],
            "oidcUrls": [entry("https://login.example", 1, "2024-01-01T00:00:00Z")],
            "rekorTlogUrls": [
                entry("https://old.example", 1, "2024-01-01T00:00:00Z"),
                entry("https://new.example", 1, "2025-01-01T00:00:00Z"),
                entry("https://next.example", 1, "2999-01-01T00:00:00Z"),
                entry("https://tiles.example", 2, "2025-01-01T00:00:00Z"),
            ],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [entry("https://tsa.example/stamp", 1, "2024-01-01T00:00:00Z")],
            "tsaConfig": {"selector": "EXACT", "count": 1},
            "somethingNew": 1,
        })
    }

    fn read(document: &Value) -> Result<SigningConfig, SigningConfigError> {
        SigningConfig::parse(document.to_string().as_bytes())
    }

    #[test]
    fn the_newest_in_force_is_asked_of_the_version_that_is_wanted() {
        let config = read(&document()).unwrap();
        let services = config.services(RekorVersion::V1, NOW).unwrap();
        assert_eq!(services.logs, ["https://new.example".parse().unwrap()]);
        assert!(services.stamps.is_empty());
        let services = config.services(RekorVersion::V2, NOW).unwrap();
        assert_eq!(services.logs, ["https://tiles.example".parse().unwrap()]);
        assert_eq!(
            services.stamps,
            ["https://tsa.example/stamp".parse().unwrap()]
        );
        assert_eq!(config.version(NOW), Some(RekorVersion::V2));
        assert_eq!(
            config.provider(NOW).unwrap().as_str(),
            "https://login.example/"
        );
    }

    #[test]
    fn what_cannot_be_asked_is_told_apart() {
        use SigningConfigError as E;
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut document = document();
            change(&mut document);
            read(&document).and_then(|it| it.services(RekorVersion::V2, NOW))
        };
        assert!(changed(&|_| {}).is_ok());
        let refused = |change: &dyn Fn(&mut Value)| changed(change).unwrap_err();
        assert!(matches!(
            refused(&|it| it["mediaType"] = "x".into()),
            E::MediaType { .. }
        ));
        assert!(matches!(
            refused(&|it| it["caUrls"] = json!([])),
            E::None { .. }
        ));
        assert!(matches!(
            refused(&|it| it["caUrls"] = json!("x")),
            E::Malformed(_)
        ));
        assert!(matches!(
            refused(&|it| it["caUrls"][0]["url"] = "file:///x".into()),
            E::Url { .. }
        ));
        assert!(matches!(
            refused(&|it| it["rekorTlogUrls"][3]["majorApiVersion"] = 1.into()),
            E::OtherVersion {
                wanted: RekorVersion::V2
            }
        ));
        assert!(matches!(
            refused(&|it| it["tsaUrls"][0]["validFor"]["end"] = "2025-01-01T00:00:00Z".into()),
            E::None { .. }
        ));
        assert!(matches!(
            refused(&|it| it["tsaConfig"]["count"] = 2.into()),
            E::TooFew {
                wanted: 2,
                found: 1,
                ..
            }
        ));
        assert!(matches!(
            refused(&|it| it["tsaConfig"]["count"] = 0.into()),
            E::Count { found: 0, .. }
        ));
    }
}
