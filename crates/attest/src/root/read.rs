//! Reading `trusted_root.json`: protobuf's JSON of `TrustedRoot` (sigstore/protobuf-specs,
//! `sigstore_trustroot.proto`). Unknown keys are ignored: newer roots say more.

use jiff::Timestamp;
use serde_json::Value;
use touchplate_packaging::Sha256;

use super::{
    CertificateLog, Log, MAX_AUTHORITIES_AND_LOGS, Material, TrustRootError, Window, authority,
};
use crate::certificate::SctScheme;
use crate::crypto::{Algorithm, Hash, KeyError, KeyKind, Provider};
use crate::json::{self, Object};
use crate::stamp::{self, StampError};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// Prepares every key and certificate that can be used. Logs with keys of a kind that is newer than this program are
/// left out, so that such a key does not make the root unusable: what they signed is of an unknown log.
pub(super) fn material(
    value: &Value,
    provider: &'static dyn Provider,
) -> Result<Material, TrustRootError> {
    let root = Object::new(value, "the trust root")?;
    let found = root.text("mediaType")?;
    if found != MEDIA_TYPE {
        return Err(TrustRootError::MediaType {
            expected: MEDIA_TYPE,
            found: json::shown(found),
        });
    }
    let mut seen = Vec::new();
    let mut logs = Vec::new();
    for log in objects(&root, "tlogs", "transparency logs")? {
        logs.extend(read_log(&log, &mut seen, provider)?);
    }
    let mut seen = Vec::new();
    let mut certificate_logs = Vec::new();
    for log in objects(&root, "ctlogs", "certificate logs")? {
        certificate_logs.extend(read_certificate_log(&log, &mut seen, provider)?);
    }
    let mut issuers = Vec::new();
    for it in objects(&root, "certificateAuthorities", "certificate authorities")? {
        let (uri, window, certificates) = read_authority(&it)?;
        issuers.extend(authority::read(&uri, window, &certificates, provider)?);
    }
    let mut timestamp_authorities = Vec::new();
    for it in objects(&root, "timestampAuthorities", "timestamp authorities")? {
        let (uri, window, certificates) = read_authority(&it)?;
        let (start, end) = (window.start, window.end);
        match stamp::Authority::read(&uri, &certificates, start, end, provider) {
            Ok(authority) => timestamp_authorities.push(authority),
            // Left out as a log with such a key is. So is one without certificates, which can have stamped nothing, and
            // one whose certificate could be for other things as well: GitHub's is, and its root has other uses.
            Err(
                StampError::CertificateCount { found: 0 }
                | StampError::ExtendedKeyUsageNotCritical { .. }
                | StampError::Key {
                    source: KeyError::NotOffered { .. } | KeyError::UnknownKind,
                    ..
                },
            ) => {}
            Err(source) => {
                return Err(TrustRootError::TimestampAuthority {
                    authority: uri,
                    source,
                });
            }
        }
    }
    Ok(Material {
        logs,
        certificate_logs,
        issuers,
        timestamp_authorities,
    })
}

/// The items of an array that may be absent.
fn objects<'v>(
    root: &Object<'v>,
    key: &'static str,
    what: &'static str,
) -> Result<Vec<Object<'v>>, TrustRootError> {
    if root.optional(key).is_none() {
        return Ok(Vec::new());
    }
    let items = root.array(key, usize::MAX)?;
    if items.len() > MAX_AUTHORITIES_AND_LOGS {
        return Err(TrustRootError::TooMany {
            what,
            found: items.len(),
        });
    }
    let item = |(at, item)| Object::new(item, format!("item {} of `{key}`", at + 1));
    Ok(items
        .iter()
        .enumerate()
        .map(item)
        .collect::<Result<_, _>>()?)
}

/// What both kinds of log have.
struct LogKey {
    id: [u8; 32],
    url: String,
    window: Window,
    kind: Option<KeyKind>,
    bytes: Vec<u8>,
}

fn read_log_key(log: &Object<'_>, seen: &mut Vec<[u8; 32]>) -> Result<LogKey, TrustRootError> {
    let url = log.text("baseUrl")?.to_owned();
    let id = log.object("logId")?.hash("keyId")?;
    if seen.contains(&id) {
        return Err(TrustRootError::DuplicateLog {
            id: hex::encode(id),
        });
    }
    seen.push(id);
    let key = log.object("publicKey")?;
    let bytes = key.bytes("rawBytes")?;
    // The oldest RSA keys have no SubjectPublicKeyInfo around them.
    let bare_rsa = key
        .optional_text("keyDetails")?
        .is_some_and(|it| it.starts_with("PKCS1_RSA"));
    let kind = KeyKind::of_spki(&bytes).ok();
    Ok(LogKey {
        id,
        window: window(&key, &url)?,
        url,
        kind: kind.or(bare_rsa.then_some(KeyKind::Rsa)),
        bytes,
    })
}

fn read_log(
    log: &Object<'_>,
    seen: &mut Vec<[u8; 32]>,
    provider: &dyn Provider,
) -> Result<Option<Log>, TrustRootError> {
    let read = read_log_key(log, seen)?;
    let Some(kind) = read.kind else {
        return Ok(None);
    };
    let Some(key) = prepare(provider, Algorithm::usual_for(kind), &read)? else {
        return Ok(None);
    };
    Ok(Some(Log {
        is_rekor_v1: *Sha256::of(&read.bytes).as_bytes() == read.id,
        id: read.id,
        url: read.url,
        window: read.window,
        key,
    }))
}

fn read_certificate_log(
    log: &Object<'_>,
    seen: &mut Vec<[u8; 32]>,
    provider: &dyn Provider,
) -> Result<Option<CertificateLog>, TrustRootError> {
    let read = read_log_key(log, seen)?;
    let scheme = match read.kind {
        Some(KeyKind::P256 | KeyKind::P384 | KeyKind::P521) => SctScheme::Ecdsa,
        Some(KeyKind::Rsa) => SctScheme::Rsa,
        Some(KeyKind::Ed25519) | None => return Ok(None),
    };
    let algorithm = read.kind.map(|it| Algorithm::with_hash(it, Hash::Sha256));
    let Some(algorithm) = algorithm else {
        return Ok(None);
    };
    let Some(key) = prepare(provider, algorithm, &read)? else {
        return Ok(None);
    };
    Ok(Some(CertificateLog {
        id: read.id,
        url: read.url,
        window: read.window,
        scheme,
        key,
    }))
}

/// `None` where the provider does not have the algorithm.
fn prepare(
    provider: &dyn Provider,
    algorithm: Algorithm,
    read: &LogKey,
) -> Result<Option<Box<dyn crate::crypto::PublicKey>>, TrustRootError> {
    match provider.key(algorithm, &read.bytes) {
        Ok(key) => Ok(Some(key)),
        Err(KeyError::NotOffered { .. }) => Ok(None),
        Err(source) => Err(TrustRootError::Key {
            what: read.url.clone(),
            source,
        }),
    }
}

/// An authority's URI, window and certificates in DER.
fn read_authority(
    authority: &Object<'_>,
) -> Result<(String, Window, Vec<Vec<u8>>), TrustRootError> {
    let uri = authority
        .optional_text("uri")?
        .unwrap_or_default()
        .to_owned();
    let chain = authority.object("certChain")?;
    let certificates = objects(&chain, "certificates", "certificates of an authority")?;
    let certificates = certificates.iter().map(|it| it.bytes("rawBytes"));
    let certificates = certificates.collect::<Result<_, _>>()?;
    Ok((uri.clone(), window(authority, &uri)?, certificates))
}

/// The window under `validFor`: open where it is absent, and with a start where it is there (`TimeRange`).
fn window(holder: &Object<'_>, what: &str) -> Result<Window, TrustRootError> {
    let Some(range) = holder.optional_object("validFor")? else {
        return Ok(Window::default());
    };
    let time = |key| {
        let text = range.optional_text(key)?;
        let time = text.map(|text| {
            text.parse::<Timestamp>()
                .map_err(|_| TrustRootError::WindowTime {
                    what: what.to_owned(),
                    found: json::shown(text),
                })
        });
        time.transpose()
    };
    let (start, end) = (time("start")?, time("end")?);
    let start = start.ok_or_else(|| TrustRootError::NoWindowStart {
        what: what.to_owned(),
    })?;
    if end.is_some_and(|end| end < start) {
        return Err(TrustRootError::Window {
            what: what.to_owned(),
        });
    }
    Ok(Window {
        start: Some(start),
        end,
    })
}
