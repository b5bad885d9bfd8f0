//! Trust roots, signing configurations, and the ClientTrustConfig that holds one of each.

use serde::Deserialize;
use serde_json::{Value, json};
use touchplate_attest::domain::{MAX_TRUST_CONFIG_BYTES, TrustConfig};
use touchplate_attest::root_facts::{
    AuthorityCertificate, AuthorityFacts, LogFacts, RootFacts, RootFactsError, Validity,
};
use touchplate_attest::{JsonError, Sha256, read_strict_json};

use super::wire::Window;
use crate::report::causes;
use crate::screen::{Page, instant};

/// A trust root or a configuration that names one.
#[derive(Debug)]
pub(super) struct Document {
    /// SHA-256 of the file.
    sha256: Sha256,
    /// What the document calls itself.
    media_type: String,
    root: Option<RootFacts>,
    signing: Option<Signing>,
    /// Why nothing can be verified under it; none if it can be used, or is no root at all.
    unusable: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Signing {
    ca_urls: Vec<Service>,
    oidc_urls: Vec<Service>,
    rekor_tlog_urls: Vec<Service>,
    tsa_urls: Vec<Service>,
    rekor_tlog_config: Choice,
    tsa_config: Choice,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Service {
    url: String,
    major_api_version: u32,
    valid_for: Window,
    operator: String,
}

/// How many of the services a client takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    selector: String,
    count: u32,
}

/// Why bytes are none of these.
#[derive(Debug, thiserror::Error)]
pub(super) enum RootError {
    #[error("not readable")]
    Json(#[from] JsonError),
    #[error(transparent)]
    Root(#[from] RootFactsError),
    #[error("the signing configuration is malformed")]
    Signing(#[source] serde_json::Error),
    #[error("the ClientTrustConfig has no `trustedRoot`")]
    NoRoot,
}

/// Whether a media type is that of one of these documents.
pub(super) fn is_one(media_type: &str) -> bool {
    Kind::of(media_type).is_some()
}

#[derive(Clone, Copy)]
enum Kind {
    Root,
    Config,
    Signing,
}

impl Kind {
    fn of(media_type: &str) -> Option<Self> {
        let kind = media_type.strip_prefix("application/vnd.dev.sigstore.")?;
        [
            ("trustedroot", Self::Root),
            ("clienttrustconfig", Self::Config),
            ("signingconfig", Self::Signing),
        ]
        .into_iter()
        .find_map(|(word, it)| kind.starts_with(word).then_some(it))
    }
}

impl Document {
    /// Reads one whose media type [`is_one`].
    pub(super) fn read(json: &[u8]) -> Result<Self, RootError> {
        let value = read_strict_json(json, MAX_TRUST_CONFIG_BYTES)?;
        let media_type = value.get("mediaType").and_then(Value::as_str);
        let media_type = media_type.unwrap_or_default().to_owned();
        let signing = |value| serde_json::from_value(value).map_err(RootError::Signing);
        let (root, signing) = match Kind::of(&media_type) {
            Some(Kind::Config) => {
                let root = value.get("trustedRoot").ok_or(RootError::NoRoot)?;
                let root = RootFacts::read(root.to_string().as_bytes())?;
                let signing = value.get("signingConfig").cloned().map(signing);
                (Some(root), signing.transpose()?)
            }
            Some(Kind::Signing) => (None, Some(signing(value)?)),
            Some(Kind::Root) | None => (Some(RootFacts::read(json)?), None),
        };
        let unusable = root.as_ref().and_then(|_| TrustConfig::parse(json).err());
        Ok(Self {
            sha256: Sha256::of(json),
            media_type,
            root,
            signing,
            unusable: unusable.map(|error| causes(&error).collect()),
        })
    }

    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        match (&self.root, &self.signing) {
            (Some(_), Some(_)) => "a Sigstore trust root and signing configuration",
            (None, _) => "a Sigstore signing configuration",
            (Some(_), None) => "a Sigstore trust root",
        }
    }

    /// The key of its contents in JSON.
    pub(super) fn kind(&self) -> &'static str {
        match (&self.root, &self.signing) {
            (Some(_), Some(_)) => "trust_config",
            (None, _) => "signing_config",
            (Some(_), None) => "trust_root",
        }
    }

    /// For people.
    pub(super) fn text(&self, page: &mut Page) {
        page.gap();
        page.row("sha256", &self.sha256.to_string());
        page.row("media type", &self.media_type);
        for (at, why) in self.unusable.iter().flatten().enumerate() {
            page.row(if at == 0 { "not usable" } else { "because" }, why);
        }
        if let Some(facts) = &self.root {
            root(page, facts);
        }
        if let Some(signing) = &self.signing {
            signing.text(page);
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "sha256": self.sha256,
            "media_type": self.media_type,
            "unusable": self.unusable,
            "root": self.root.as_ref().map(root_json),
            "signing": self.signing.as_ref().map(Signing::json),
        })
    }
}

fn root(page: &mut Page, root: &RootFacts) {
    numbered(page, "Certificate authority", &root.authorities, authority);
    numbered(page, "Transparency log", &root.logs, log);
    numbered(
        page,
        "Certificate transparency log",
        &root.certificate_logs,
        log,
    );
    numbered(
        page,
        "Timestamp authority",
        &root.timestamp_authorities,
        authority,
    );
}

fn root_json(root: &RootFacts) -> Value {
    let authorities = |all: &[AuthorityFacts]| all.iter().map(authority_json).collect::<Vec<_>>();
    let logs = |all: &[LogFacts]| all.iter().map(log_json).collect::<Vec<_>>();
    json!({
        "certificate_authorities": authorities(&root.authorities),
        "logs": logs(&root.logs),
        "certificate_logs": logs(&root.certificate_logs),
        "timestamp_authorities": authorities(&root.timestamp_authorities),
    })
}

fn numbered<T>(page: &mut Page, what: &str, all: &[T], text: impl Fn(&mut Page, &T)) {
    for (at, one) in all.iter().enumerate() {
        page.gap();
        page.title(&format!("{what} {}", at + 1));
        text(page, one);
    }
}

fn authority(page: &mut Page, authority: &AuthorityFacts) {
    row(page, "address", &authority.uri);
    page.row("believed", &span(&authority.window));
    for AuthorityCertificate {
        subject,
        sha256,
        window,
    } in &authority.certificates
    {
        page.row(
            "certificate",
            &format!("{subject}, {}, sha256 {sha256}", span(window)),
        );
    }
    if authority.certificates.is_empty() {
        page.row("certificate", "none");
    }
}

fn authority_json(authority: &AuthorityFacts) -> Value {
    let certificates = authority.certificates.iter().map(|it| {
        json!({
            "subject": it.subject,
            "sha256": it.sha256,
            "not_before": it.window.start,
            "not_after": it.window.end,
        })
    });
    json!({
        "uri": authority.uri,
        "start": authority.window.start,
        "end": authority.window.end,
        "certificates": certificates.collect::<Vec<_>>(),
    })
}

fn log(page: &mut Page, log: &LogFacts) {
    row(page, "address", &log.url);
    page.row("believed", &span(&log.window));
    page.row("log id", &log.id);
    page.row(
        "key",
        &format!("{}, sha256 {}", log.key_details, log.key_sha256),
    );
}

fn log_json(log: &LogFacts) -> Value {
    json!({
        "url": log.url,
        "log_id": log.id,
        "key_details": log.key_details,
        "key_sha256": log.key_sha256,
        "start": log.window.start,
        "end": log.window.end,
    })
}

/// A row, unless there is nothing in it.
fn row(page: &mut Page, label: &str, value: &str) {
    if !value.is_empty() {
        page.row(label, value);
    }
}

fn span(Validity { start, end }: &Validity) -> String {
    let start = start.map_or_else(|| "no start".to_owned(), instant);
    match end {
        Some(end) => format!("{start} to {}", instant(*end)),
        None => format!("{start}, with no end"),
    }
}

impl Signing {
    fn services(&self) -> [(&'static str, &'static str, &[Service]); 4] {
        [
            ("certificate_authorities", "certificates", &self.ca_urls),
            ("identity_providers", "identities", &self.oidc_urls),
            ("logs", "log", &self.rekor_tlog_urls),
            ("timestamp_authorities", "timestamps", &self.tsa_urls),
        ]
    }

    fn text(&self, page: &mut Page) {
        page.gap();
        page.title("Signing");
        for (_, label, services) in self.services() {
            for Service {
                url,
                major_api_version: version,
                valid_for,
                ..
            } in services
            {
                page.row(
                    label,
                    &format!(
                        "{url} (API version {version}), {}",
                        span(&(*valid_for).into())
                    ),
                );
            }
        }
        for (label, Choice { selector, count }) in [
            ("logs to use", &self.rekor_tlog_config),
            ("stamps to take", &self.tsa_config),
        ] {
            let count = match count {
                0 => String::new(),
                count => format!(" {count}"),
            };
            row(
                page,
                label,
                &format!("{}{count}", selector.to_ascii_lowercase()),
            );
        }
    }

    fn json(&self) -> Value {
        let service = |it: &Service| {
            json!({
                "url": it.url,
                "api_version": it.major_api_version,
                "operator": it.operator,
                "start": it.valid_for.start,
                "end": it.valid_for.end,
            })
        };
        let choice = |it: &Choice| json!({"selector": it.selector, "count": it.count});
        let mut all: serde_json::Map<String, Value> = self
            .services()
            .into_iter()
            .map(|(key, _, services)| (key.to_owned(), services.iter().map(service).collect()))
            .collect();
        all.insert("log_choice".to_owned(), choice(&self.rekor_tlog_config));
        all.insert("timestamp_choice".to_owned(), choice(&self.tsa_config));
        Value::Object(all)
    }
}
