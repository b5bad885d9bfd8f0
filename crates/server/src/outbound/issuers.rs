//! The operator's list of identity providers: whose tokens are believed, what they mean, and who gets certificates.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use touchplate_attest::id_token::{IdToken, IdTokenError, ReceivedToken, Rules, TokenAlgorithm};
use touchplate_client::fetch::{Agent, Authorities, Guard, InvalidAuthorities, Reach};
use touchplate_trust::authority::{IssuerKind, IssuerPolicy, Pattern};
use url::{Host, Url};

use super::Outbound;
use super::discovery::KeysError;
use super::key_source::{KeySource, Place};

/// What a signer's token is for, whatever else an issuer is configured with.
pub const SIGSTORE: &str = "sigstore";

/// For a discovery document, and again for a key set. A build waits for it.
const FETCH_SECONDS: u64 = 5;

/// A company has a handful; a list of thousands is a mistake.
const MAX_ISSUERS: usize = 1000;

/// Of the file, and of each file of authorities.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Of a text in a message.
const SHOWN_CHARS: usize = 160;

/// An identity provider whose tokens are believed.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    policy: IssuerPolicy,
    signing_audiences: Vec<String>,
    publishes: bool,
    algorithms: Vec<TokenAlgorithm>,
    keys: Arc<KeySource>,
}

/// Those whose tokens are believed, by their URL.
#[derive(Debug, Default)]
pub struct Issuers {
    by_url: HashMap<String, Arc<Issuer>>,
    /// In the file's order.
    listed: Vec<Arc<Issuer>>,
}

/// Why the list is not usable.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// A file of it.
    #[error("the file {} could not be read", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Longer than is read.
    #[error("the file {} has more than {MAX_FILE_BYTES} bytes", .path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// No TOML, or another key than the list has.
    #[error("the list of issuers {} is not readable", .path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
    /// More than are read.
    #[error("expected at most {MAX_ISSUERS} issuers, found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// One twice: which would hold?
    #[error("the issuer {issuer} is listed twice")]
    Twice {
        /// Which.
        issuer: String,
    },
    /// A value that cannot be.
    #[error("expected {expected} as `{key}` of the issuer {issuer}, found {found:?}")]
    Value {
        /// Whose.
        issuer: String,
        /// Which.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Its certificate authorities.
    #[error("the certificate authorities in {} are not usable", .path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: InvalidAuthorities,
    },
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    /// A rule for tokens.
    #[error(transparent)]
    Token(#[from] IdTokenError),
    /// Nobody whom the operator lists.
    #[error("tokens of {issuer:?} are not accepted here")]
    UnknownIssuer {
        /// Who, shortened.
        issuer: String,
    },
    /// The issuer is listed, its keys are not to be had.
    #[error("the keys of {issuer} are not to be had: {error}")]
    Keys {
        /// Whose.
        issuer: String,
        /// Why not. Not a source: what is behind it is for the log.
        error: Arc<KeysError>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    issuer: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    kind: String,
    #[serde(default)]
    audiences: Vec<String>,
    trusted_publishing: Option<bool>,
    algorithms: Option<Vec<String>>,
    jwks_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    private_network: bool,
    url: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    allow: Vec<Pattern>,
    #[serde(default)]
    require: BTreeMap<String, String>,
}

impl Issuers {
    /// Reads the list. Files that it names are relative to its folder. Nothing is asked of anybody yet.
    ///
    /// # Errors
    /// See [`IssuersError`].
    pub fn load(path: &Path, outbound: &Outbound) -> Result<Self, IssuersError> {
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        Self::parse(&text, path, outbound)
    }

    /// Reads the list from its text, as if it stood in `path`.
    ///
    /// # Errors
    /// See [`IssuersError`].
    pub fn parse(text: &str, path: &Path, outbound: &Outbound) -> Result<Self, IssuersError> {
        let file: File = toml::from_str(text).map_err(|source| IssuersError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let found = file.issuer.len();
        if found > MAX_ISSUERS {
            return Err(IssuersError::TooMany { found });
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut issuers = Self::default();
        for entry in file.issuer {
            let issuer = Arc::new(entry.build(folder, outbound)?);
            let url = issuer.url.clone();
            if issuers.by_url.insert(url.clone(), issuer.clone()).is_some() {
                return Err(IssuersError::Twice { issuer: url });
            }
            issuers.listed.push(issuer);
        }
        Ok(issuers)
    }

    /// Each one, in the file's order.
    pub fn all(&self) -> impl Iterator<Item = &Issuer> {
        self.listed.iter().map(|issuer| &**issuer)
    }

    /// The one that a token says it is from.
    ///
    /// # Errors
    /// When it is not listed.
    pub fn of(&self, token: &ReceivedToken<'_>) -> Result<&Arc<Issuer>, TokenRefused> {
        let issuer = self.by_url.get(token.issuer());
        issuer.ok_or_else(|| TokenRefused::UnknownIssuer {
            issuer: token.issuer().chars().take(SHOWN_CHARS).collect(),
        })
    }
}

impl Issuer {
    /// Its URL, exactly as in its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What its tokens mean, and who gets certificates.
    pub fn policy(&self) -> &IssuerPolicy {
        &self.policy
    }

    /// For whom a token may be that a certificate is asked with: `sigstore`, and what the operator adds.
    pub fn signing_audiences(&self) -> &[String] {
        &self.signing_audiences
    }

    /// Whether its tokens are exchanged for tokens to upload with, as far as the list says.
    pub fn publishes(&self) -> bool {
        self.publishes
    }

    /// Checks a token of this issuer for one of `audiences`.
    ///
    /// # Errors
    /// When a rule does not hold, or the issuer's keys are not to be had.
    pub async fn prove(
        &self,
        token: ReceivedToken<'_>,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<IdToken, TokenRefused> {
        let keys = self.keys.keys(token.key_id(), now).await;
        let keys = keys.map_err(|error| TokenRefused::Keys {
            issuer: self.url.clone(),
            error,
        })?;
        let rules = Rules {
            issuer: &self.url,
            audiences,
            algorithms: &self.algorithms,
        };
        Ok(token.check(&keys, &rules, now)?)
    }
}

impl Entry {
    fn build(self, folder: &Path, outbound: &Outbound) -> Result<Issuer, IssuersError> {
        let algorithms = self.algorithms()?;
        let place = self.place(folder, outbound)?;
        let kind: IssuerKind = self
            .kind
            .parse()
            .map_err(|_| self.wrong("kind", "a kind of issuer", &self.kind))?;
        for (key, url) in [("url", &self.url), ("subject", &self.subject)] {
            self.check_template(kind, key, url.as_deref())?;
        }
        let mut signing_audiences = vec![SIGSTORE.to_owned()];
        signing_audiences.extend(self.audiences);
        Ok(Issuer {
            keys: Arc::new(KeySource::new(&self.issuer, place)),
            url: self.issuer,
            policy: IssuerPolicy {
                kind,
                url: self.url,
                subject: self.subject,
                allow: self.allow,
                require: self.require,
            },
            signing_audiences,
            publishes: self.trusted_publishing.unwrap_or(true),
            algorithms,
        })
    }

    fn algorithms(&self) -> Result<Vec<TokenAlgorithm>, IssuersError> {
        let Some(named) = &self.algorithms else {
            // What every public issuer uses.
            return Ok(vec![TokenAlgorithm::RS256]);
        };
        let expected = "RS256, ES256, PS256 or EdDSA";
        if named.is_empty() {
            return Err(self.wrong("algorithms", expected, ""));
        }
        let parse = |name: &String| {
            let parsed = name.parse::<TokenAlgorithm>();
            parsed.map_err(|_| self.wrong("algorithms", expected, name))
        };
        named.iter().map(parse).collect()
    }

    /// Where its keys are to be fetched: from itself, over https unless it is on this machine; or from a file.
    fn place(&self, folder: &Path, outbound: &Outbound) -> Result<Place, IssuersError> {
        let expected = "an https URL (or an http one on the loopback) without query and fragment";
        let wrong = || self.wrong("issuer", expected, &self.issuer);
        let url: Url = self.issuer.parse().map_err(|_not_one| wrong())?;
        let bare = url.query().is_none() && url.fragment().is_none();
        let named = url.host().is_some() && url.username().is_empty() && url.password().is_none();
        let is_loopback = is_loopback(&url);
        let by_file = self.jwks_file.is_some();
        let scheme = match url.scheme() {
            "https" => true,
            "http" => is_loopback || by_file,
            _ => false,
        };
        if !(bare && named && scheme) {
            return Err(wrong());
        }
        if let Some(file) = &self.jwks_file {
            return Ok(Place::File(folder.join(file)));
        }
        let reach = match (is_loopback, self.private_network) {
            (true, _) => Reach::Loopback,
            (false, true) => Reach::Private,
            (false, false) => Reach::Public,
        };
        let guard = Guard {
            reach,
            authorities: self.authorities(folder)?,
            seconds: FETCH_SECONDS,
            attempts: 1,
        };
        let agent = Agent::guarded(outbound.settings.clone(), guard);
        Ok(Place::Network(Arc::new(agent)))
    }

    fn authorities(&self, folder: &Path) -> Result<Authorities, IssuersError> {
        let Some(file) = &self.ca_file else {
            return Ok(Authorities::default());
        };
        let path = folder.join(file);
        let authorities = Authorities::from_pem(&read(&path)?);
        authorities.map_err(|source| IssuersError::Authorities { path, source })
    }

    /// Texts that become part of certificates' names.
    fn check_template(
        &self,
        kind: IssuerKind,
        key: &'static str,
        text: Option<&str>,
    ) -> Result<(), IssuersError> {
        let Some(text) = text else { return Ok(()) };
        let is_subject = key == "subject";
        let expected = if is_subject {
            "a URI such as `https://ci.example/{project}` for an issuer of the kind generic"
        } else {
            "an http or https URL without slash at the end"
        };
        let is_uri = text.starts_with("https://") || text.starts_with("http://");
        let fits = if is_subject {
            // The part before the first claim is the operator's own.
            kind == IssuerKind::Generic
                && (is_uri || text.starts_with("{iss}/"))
                && text.matches('{').count() == text.matches('}').count()
        } else {
            is_uri && !text.ends_with('/') && !text.contains(['{', '}', '?', '#'])
        };
        if fits {
            Ok(())
        } else {
            Err(self.wrong(key, expected, text))
        }
    }

    fn wrong(&self, key: &'static str, expected: &'static str, found: &str) -> IssuersError {
        IssuersError::Value {
            issuer: self.issuer.clone(),
            key,
            expected,
            found: found.to_owned(),
        }
    }
}

/// Whether the URL is of this very machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, IssuersError> {
    use std::io::Read as _;
    let unreadable = |source| IssuersError::File {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(IssuersError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}
