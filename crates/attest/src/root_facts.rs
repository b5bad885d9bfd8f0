//! What a `trusted_root.json` says, for people: whose keys, believed when. Nothing is verified by what is read here.

use jiff::Timestamp;
use serde_json::Value;
use touchplate_packaging::Sha256;
use x509_cert::der::Decode as _;

use crate::json::{self, FieldError, JsonError, Object};
use crate::root::MAX_TRUST_ROOT_BYTES;

/// Logs or authorities of one kind that are read: twice what a usable root may have.
const MAX_ITEMS: usize = 32;

/// The contents of a trust root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootFacts {
    /// Transparency logs (Rekor).
    pub logs: Vec<LogFacts>,
    /// Certificate authorities (Fulcio).
    pub authorities: Vec<AuthorityFacts>,
    /// Certificate transparency logs.
    pub certificate_logs: Vec<LogFacts>,
    /// Timestamp authorities (RFC 3161).
    pub timestamp_authorities: Vec<AuthorityFacts>,
}

/// A log's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// Where the log is, or was.
    pub url: String,
    /// Its id, as entries name it; lower-case hexadecimal.
    pub id: String,
    /// What its key is for, in protobuf-specs' words such as `PKIX_ECDSA_P256_SHA_256`.
    pub key_details: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo, DER).
    pub key_sha256: Sha256,
    /// When its signatures are believed.
    pub window: Validity,
}

/// An authority and its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityFacts {
    /// Where the authority is, or was; empty where the root does not say.
    pub uri: String,
    /// Its certificates, as the root lists them.
    pub certificates: Vec<AuthorityCertificate>,
    /// When it is believed.
    pub window: Validity,
}

/// A certificate of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityCertificate {
    /// Its subject (RFC 4514).
    pub subject: String,
    /// SHA-256 of its DER.
    pub sha256: Sha256,
    /// When it is valid by its own dates.
    pub window: Validity,
}

/// A span of time, both ends included; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// From when on.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
}

/// Why a root cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum RootFactsError {
    /// The bytes are no strict JSON.
    #[error("the trust root is not readable")]
    Json(#[from] JsonError),
    /// A field is missing or malformed.
    #[error("the trust root is malformed")]
    Field(#[from] FieldError),
    /// A time is none.
    #[error("expected `{key}` of {at} to be a time (RFC 3339), found {found:?}")]
    Time {
        /// Whose.
        at: String,
        /// Which end.
        key: &'static str,
        /// What stands there, shortened.
        found: String,
        /// Why it is none.
        source: jiff::Error,
    },
    /// A certificate is no X.509 certificate.
    #[error("certificate {position} of {at} is malformed")]
    Certificate {
        /// Whose.
        at: String,
        /// Counted from 1.
        position: usize,
        /// What is wrong with it.
        source: x509_cert::der::Error,
    },
}

impl Validity {
    /// Whether it has ended before `now`.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| end < now)
    }

    /// Whether it has begun by `now` and not ended.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= now) && !self.has_ended(now)
    }
}

impl RootFacts {
    /// Reads `trusted_root.json`. More lenient than [`TrustRoot::from_json`](crate::TrustRoot::from_json): keys of kinds
    /// that cannot be used here are described all the same.
    ///
    /// # Errors
    /// When a part cannot be read.
    pub fn read(json: &[u8]) -> Result<Self, RootFactsError> {
        let value = json::read(json, MAX_TRUST_ROOT_BYTES)?;
        let root = Object::new(&value, "the trust root")?;
        Ok(Self {
            logs: each(&root, "tlogs", "transparency log", log)?,
            authorities: each(&root, "certificateAuthorities", "authority", authority)?,
            certificate_logs: each(&root, "ctlogs", "certificate log", log)?,
            timestamp_authorities: each(
                &root,
                "timestampAuthorities",
                "timestamp authority",
                authority,
            )?,
        })
    }

    /// The latest time at which a key or authority came into force: of two roots of one instance, the newer one has
    /// the later.
    pub fn newest_start(&self) -> Option<Timestamp> {
        let logs = self.logs.iter().chain(&self.certificate_logs);
        let authorities = self.authorities.iter().chain(&self.timestamp_authorities);
        let windows = logs
            .map(|log| log.window)
            .chain(authorities.map(|authority| authority.window));
        windows.filter_map(|window| window.start).max()
    }
}

/// The items of an array, which may be absent.
fn each<T>(
    root: &Object<'_>,
    key: &'static str,
    what: &str,
    read: impl Fn(&Object<'_>, &str) -> Result<T, RootFactsError>,
) -> Result<Vec<T>, RootFactsError> {
    if root.optional(key).is_none() {
        return Ok(Vec::new());
    }
    let items = root.array(key, MAX_ITEMS)?.iter().zip(1..);
    let item = |(item, number): (&Value, usize)| {
        let at = format!("{what} {number}");
        read(&Object::new(item, at.clone())?, &at)
    };
    items.map(item).collect()
}

fn log(log: &Object<'_>, at: &str) -> Result<LogFacts, RootFactsError> {
    let key = log.object("publicKey")?;
    Ok(LogFacts {
        url: log.text("baseUrl")?.to_owned(),
        id: hex::encode(log.object("logId")?.bytes("keyId")?),
        key_details: key.text("keyDetails")?.to_owned(),
        key_sha256: Sha256::of(&key.bytes("rawBytes")?),
        window: validity(&key, at)?,
    })
}

fn authority(authority: &Object<'_>, at: &str) -> Result<AuthorityFacts, RootFactsError> {
    let chain = authority.object("certChain")?;
    let items = chain.array("certificates", MAX_ITEMS)?.iter().zip(1..);
    let certificate = |(item, position): (&Value, usize)| {
        let der =
            Object::new(item, format!("certificate {position} of {at}"))?.bytes("rawBytes")?;
        certificate(&der).map_err(|source| RootFactsError::Certificate {
            at: at.to_owned(),
            position,
            source,
        })
    };
    Ok(AuthorityFacts {
        // Real roots have authorities without one: protobuf leaves out what is empty.
        uri: authority
            .optional_text("uri")?
            .unwrap_or_default()
            .to_owned(),
        certificates: items.map(certificate).collect::<Result<_, _>>()?,
        window: validity(authority, at)?,
    })
}

fn certificate(der: &[u8]) -> Result<AuthorityCertificate, x509_cert::der::Error> {
    let certificate = x509_cert::Certificate::from_der(der)?.tbs_certificate;
    let time = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs());
        seconds.ok().and_then(|it| Timestamp::from_second(it).ok())
    };
    Ok(AuthorityCertificate {
        subject: certificate.subject.to_string(),
        sha256: Sha256::of(der),
        window: Validity {
            start: time(certificate.validity.not_before),
            end: time(certificate.validity.not_after),
        },
    })
}

fn validity(of: &Object<'_>, at: &str) -> Result<Validity, RootFactsError> {
    let Some(range) = of.optional_object("validFor")? else {
        return Ok(Validity::default());
    };
    let time = |key: &'static str| {
        let parse = |text: &str| {
            text.parse().map_err(|source| RootFactsError::Time {
                at: at.to_owned(),
                key,
                found: json::shown(text),
                source,
            })
        };
        range.optional_text(key)?.map(parse).transpose()
    };
    Ok(Validity {
        start: time("start")?,
        end: time("end")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC_GOOD: &str = include_str!("../roots/public-good.json");

    #[test]
    fn the_embedded_roots_are_described() {
        let facts = RootFacts::read(PUBLIC_GOOD.as_bytes()).unwrap();
        let log = &facts.logs[0];
        assert_eq!(log.url, "https://rekor.sigstore.dev");
        assert_eq!(
            log.id,
            "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d"
        );
        // Rekor v1 is named by its key.
        assert_eq!(log.key_sha256.to_string(), log.id);
        assert_eq!(log.key_details, "PKIX_ECDSA_P256_SHA_256");
        assert_eq!(
            log.window.start.unwrap().to_string(),
            "2021-01-12T11:53:27Z"
        );
        assert_eq!((log.window.end, facts.logs.len()), (None, 2));
        let authority = &facts.authorities[0];
        assert_eq!(
            authority.certificates[0].subject,
            "CN=sigstore,O=sigstore.dev"
        );
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        assert!(authority.window.has_ended(now) && authority.certificates[0].window.contains(now));
        assert!(facts.authorities[1].window.contains(now));
        assert_eq!(facts.timestamp_authorities.len(), 1);
        assert_eq!(
            facts.newest_start().unwrap().to_string(),
            "2025-09-23T00:00:00Z"
        );
        let staging = RootFacts::read(include_bytes!("../roots/staging.json")).unwrap();
        assert_eq!((staging.logs.len(), staging.certificate_logs.len()), (5, 5));
    }

    #[test]
    fn each_fault_has_its_own_refusal() {
        use RootFactsError as E;
        let refuses = |from: &str, to: &str| {
            let json = PUBLIC_GOOD.replacen(from, to, 1);
            assert_ne!(json, PUBLIC_GOOD, "{from}");
            RootFacts::read(json.as_bytes()).unwrap_err()
        };
        assert!(matches!(refuses("{", "["), E::Json(_)));
        assert!(matches!(
            refuses("\"baseUrl\"", "\"base\""),
            E::Field(FieldError::Missing { key: "baseUrl", .. })
        ));
        assert!(matches!(
            refuses("2021-01-12T11", "2021-13-12T11"),
            E::Time { key: "start", at, .. } if at == "transparency log 1"
        ));
        assert!(matches!(
            refuses("\"MIIB+DCCA", "\"MIIB+ACCA"),
            E::Certificate { position: 1, at, .. } if at == "authority 1"
        ));
        assert!(matches!(
            refuses("\"tlogs\": [", "\"tlogs\": [null,"),
            E::Field(FieldError::NotAnObject { .. })
        ));
        let empty = RootFacts::read(b"{}").unwrap();
        assert_eq!((empty.logs.len(), empty.newest_start()), (0, None));
    }
}
