//! One file that carries trust domains to a machine without a network, and what becomes of them there.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use touchplate_attest::domain::{
    DomainName, MAX_DOMAINS, MAX_TRUST_CONFIG_BYTES, OidcIssuer, ProjectPattern, Scope,
    TrustConfig, TrustConfigError,
};
use touchplate_attest::root_facts::RootFacts;
use touchplate_attest::{JsonError, Sha256, read_strict_json};

use super::{Origin, StoredDomain, StoredDomains};

/// The longest export that is read: every domain's root and signing configuration, quoted as JSON text, which at worst
/// doubles them, and its names.
pub const MAX_EXPORT_BYTES: usize = MAX_DOMAINS * (2 * MAX_TRUST_CONFIG_BYTES + 256 * 1024);

const KIND: &str = "touchplate-trust-export";
const VERSION: u32 = 1;

/// Nobody sets the clock of a machine without a network to the minute.
const CLOCKS_MAY_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// Domains on their way.
#[derive(Clone, Debug)]
pub struct TrustExport {
    /// When they were exported.
    pub created_at: Timestamp,
    /// The domains, each with its root's own date.
    pub domains: Vec<StoredDomain>,
}

/// Why a file is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The bytes are no strict JSON.
    #[error("the export is not readable")]
    Json(#[from] JsonError),
    /// Another document, or one of another version.
    #[error("expected a `{KIND}` of version {VERSION}, found {found}")]
    Kind {
        /// What it says of itself.
        found: String,
    },
    /// Keys are missing, unknown or of another kind.
    #[error("the export is malformed")]
    Malformed(#[source] serde_json::Error),
    /// A root or signing configuration was damaged on the way.
    #[error("expected sha256 {expected} of the {part} of the trust domain {name}, found {found}")]
    Digest {
        /// The domain.
        name: DomainName,
        /// Which of its parts.
        part: &'static str,
        /// The digest stated.
        expected: Sha256,
        /// The part's own.
        found: Sha256,
    },
    /// A root is unusable.
    #[error("the root of the trust domain {name} is not usable")]
    Root {
        /// The domain.
        name: DomainName,
        /// Why not.
        source: TrustConfigError,
    },
    /// It carries nothing.
    #[error("expected at least one trust domain in the export, found none")]
    Empty,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: String,
    version: u32,
    created_at: Timestamp,
    domains: Vec<Item>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: DomainName,
    as_of: Timestamp,
    root: Part,
    signing_config: Option<Part>,
    projects: Vec<ProjectPattern>,
    issuers: Vec<OidcIssuer>,
    all_names: bool,
}

/// A JSON document as text, so that its bytes and digest stay what they were.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    sha256: Sha256,
    json: String,
}

impl TrustExport {
    /// The file.
    pub fn to_json(&self) -> String {
        let items = self.domains.iter().map(|domain| Item {
            name: domain.name.clone(),
            as_of: domain.as_of,
            root: Part::of(domain.config.root_json()),
            signing_config: domain.config.signing_config().map(Part::of),
            projects: domain.scope.projects().to_vec(),
            issuers: domain.scope.issuers().to_vec(),
            all_names: domain.scope.states_all_names(),
        });
        let document = Document {
            kind: KIND.to_owned(),
            version: VERSION,
            created_at: self.created_at,
            domains: items.collect(),
        };
        let text = serde_json::to_string_pretty(&document);
        text.expect("every key is text, and every value has a form in JSON") + "\n"
    }

    /// Whether bytes say that they are an export, rather than a root.
    pub fn is_meant(json: &[u8]) -> bool {
        let value = read_strict_json(json, MAX_EXPORT_BYTES).ok();
        value.is_some_and(|value| value.get("kind").is_some())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// See [`ExportError`].
    pub fn parse(json: &[u8]) -> Result<Self, ExportError> {
        let value = read_strict_json(json, MAX_EXPORT_BYTES)?;
        let (kind, version) = (value.get("kind"), value.get("version"));
        if kind.and_then(|it| it.as_str()) != Some(KIND)
            || version.and_then(serde_json::Value::as_u64) != Some(VERSION.into())
        {
            let shown = |it: Option<&serde_json::Value>| {
                let text = it.map_or_else(|| "none".to_owned(), ToString::to_string);
                text.chars().take(80).collect::<String>()
            };
            return Err(ExportError::Kind {
                found: format!("kind {}, version {}", shown(kind), shown(version)),
            });
        }
        let document: Document = serde_json::from_value(value).map_err(ExportError::Malformed)?;
        if document.domains.is_empty() {
            return Err(ExportError::Empty);
        }
        let domains = document.domains.into_iter().map(Item::into_domain);
        Ok(Self {
            created_at: document.created_at,
            domains: domains.collect::<Result<_, _>>()?,
        })
    }
}

impl Part {
    fn of(json: &str) -> Self {
        Self {
            sha256: Sha256::of(json.as_bytes()),
            json: json.to_owned(),
        }
    }

    /// The text, if it is what was sent.
    fn unharmed(self, name: &DomainName, part: &'static str) -> Result<String, ExportError> {
        let found = Sha256::of(self.json.as_bytes());
        if found == self.sha256 {
            return Ok(self.json);
        }
        Err(ExportError::Digest {
            name: name.clone(),
            part,
            expected: self.sha256,
            found,
        })
    }
}

impl Item {
    fn into_domain(self) -> Result<StoredDomain, ExportError> {
        let name = self.name;
        let root = self.root.unharmed(&name, "root")?;
        let signing = self.signing_config;
        let signing = signing.map(|part| part.unharmed(&name, "signing configuration"));
        let signing = signing.transpose()?;
        let config = TrustConfig::parse(root.as_bytes());
        let config = config.map_err(|source| ExportError::Root {
            name: name.clone(),
            source,
        })?;
        let mut scope = Scope::new(self.projects, self.issuers);
        if self.all_names {
            scope = scope.stating_all_names();
        }
        Ok(StoredDomain {
            name,
            config: config.with_signing_config(signing),
            scope,
            origin: Origin::File,
            as_of: self.as_of,
        })
    }
}

/// What became of a domain that was brought in.
#[derive(Clone, Debug)]
pub struct Change {
    /// The domain as it was before, if it was there.
    pub before: Option<StoredDomain>,
    /// The domain as it is now.
    pub after: StoredDomain,
    /// The scope that came with it, where the present one differs and was kept.
    pub scope_left_out: Option<Scope>,
}

/// Why a domain that is brought in is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Its date would keep every later root out.
    #[error(
        "the root offered for the trust domain {name} is dated {offered}, which is still to come: it is {now}"
    )]
    Future {
        /// The domain.
        name: DomainName,
        /// The date of the root that is offered.
        offered: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// By the dates at which the roots were current.
    #[error(
        "the root offered for the trust domain {name} was current at {offered}, the present one at {present}: it is older"
    )]
    OlderRoot {
        /// The domain.
        name: DomainName,
        /// The date of the root that is there.
        present: Timestamp,
        /// The date of the root that is offered.
        offered: Timestamp,
    },
    /// By the newest key: a root that comes without a date.
    #[error(
        "the newest key offered for the trust domain {name} is of {offered}, that of the present root of {present}: it is \
         older"
    )]
    OlderKeys {
        /// The domain.
        name: DomainName,
        /// When the newest key of the root that is there came into force.
        present: Timestamp,
        /// The same of the root that is offered.
        offered: Timestamp,
    },
}

impl Change {
    /// Whether the root is another one.
    pub fn is_new_root(&self) -> bool {
        let digest = |domain: &StoredDomain| *domain.config.root().digest();
        self.before.as_ref().map(digest) != Some(digest(&self.after))
    }
}

impl StoredDomains {
    /// Takes in a domain of an export. One that is there keeps its scope, which is this machine's decision.
    ///
    /// # Errors
    /// When its root is older than the one that is there or has a date to come, unless `force`d.
    pub fn take_exported(
        &mut self,
        offered: StoredDomain,
        now: Timestamp,
        force: bool,
    ) -> Result<Change, NotTaken> {
        let before = self.named(&offered.name).cloned();
        let mut after = offered;
        let mut scope_left_out = None;
        let tomorrow = now.saturating_add(CLOCKS_MAY_DIFFER).unwrap_or(now);
        if after.as_of > tomorrow && !force {
            return Err(NotTaken::Future {
                name: after.name,
                offered: after.as_of,
                now,
            });
        }
        if let Some(present) = &before {
            if after.as_of < present.as_of && !force {
                return Err(NotTaken::OlderRoot {
                    name: after.name,
                    present: present.as_of,
                    offered: after.as_of,
                });
            }
            if after.scope != present.scope {
                scope_left_out = Some(std::mem::replace(&mut after.scope, present.scope.clone()));
            }
            let is_same = after.config.root().digest() == present.config.root().digest();
            if is_same && after.as_of == present.as_of {
                after = present.clone();
            }
        }
        self.put(after.clone());
        Ok(Change {
            before,
            after,
            scope_left_out,
        })
    }

    /// Takes in a domain whose root came as a file of its own, without a date.
    ///
    /// # Errors
    /// When its newest key is older than that of the root that is there, unless `force`d.
    pub fn take_file(&mut self, offered: StoredDomain, force: bool) -> Result<Change, NotTaken> {
        let before = self.named(&offered.name).cloned();
        if let Some(present) = &before {
            // What cannot be described has no date, and is usable all the same.
            let newest = |domain: &StoredDomain| {
                let facts = RootFacts::read(domain.config.root_json().as_bytes());
                facts.ok().and_then(|facts| facts.newest_start())
            };
            if let (Some(present), Some(new)) = (newest(present), newest(&offered))
                && new < present
                && !force
            {
                return Err(NotTaken::OlderKeys {
                    name: offered.name,
                    present,
                    offered: new,
                });
            }
        }
        self.put(offered.clone());
        Ok(Change {
            before,
            after: offered,
            scope_left_out: None,
        })
    }
}
