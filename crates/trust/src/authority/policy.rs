//! Who may have certificates, and what they say: an operator's word on one issuer.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use touchplate_attest::id_token::IdToken;
use touchplate_attest::publisher::github_server;
use touchplate_attest::{Claims, SubjectName};

use super::error::IdentityError;
use super::templates::{Templates, render};
use super::{CertifiedIdentity, Pattern};

/// What a certificate says in all. With the rest it stays below what verifiers read.
const MAX_CLAIMS_BYTES: usize = 12 * 1024;

/// Of a text in a message.
const SHOWN_CHARS: usize = 160;

/// Whose tokens an issuer's are, which says what their claims mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuerKind {
    /// GitHub Actions, on github.com or a server of one's own.
    GitHub,
    /// GitLab CI, on gitlab.com or self-managed.
    GitLab,
    /// Google accounts: service accounts by their e-mail address.
    Google,
    /// CircleCI.
    CircleCI,
    /// Buildkite.
    Buildkite,
    /// Service accounts of a Kubernetes cluster.
    Kubernetes,
    /// People, by an e-mail address that the issuer has verified.
    Email,
    /// ActiveState, whose identities have no certificates.
    ActiveState,
    /// Anybody else.
    Generic,
}

/// Text is no kind of issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {} as an issuer's kind, found {found:?}", IssuerKind::ALL.map(IssuerKind::as_str).join(", "))]
pub struct UnknownKind {
    /// What stands there.
    pub found: String,
}

impl IssuerKind {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::GitHub,
        Self::GitLab,
        Self::Google,
        Self::CircleCI,
        Self::Buildkite,
        Self::Kubernetes,
        Self::Email,
        Self::ActiveState,
        Self::Generic,
    ];

    /// As configurations have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Google => "google",
            Self::CircleCI => "circleci",
            Self::Buildkite => "buildkite",
            Self::Kubernetes => "kubernetes",
            Self::Email => "email",
            Self::ActiveState => "activestate",
            Self::Generic => "generic",
        }
    }

    /// Where the repositories or pipelines of an issuer are, if nobody says so: without slash at the end.
    fn url(self, issuer: &str) -> String {
        match self {
            Self::GitHub => github_server(issuer).unwrap_or_else(|| issuer.to_owned()),
            Self::Buildkite => "https://buildkite.com".to_owned(),
            _ => issuer.to_owned(),
        }
    }
}

impl FromStr for IssuerKind {
    type Err = UnknownKind;

    fn from_str(given: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == given);
        known.ok_or_else(|| UnknownKind {
            found: shown(given),
        })
    }
}

impl fmt::Display for IssuerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An operator's word on one issuer.
#[derive(Clone, Debug)]
pub struct IssuerPolicy {
    /// What its tokens are.
    pub kind: IssuerKind,
    /// Where its repositories or pipelines are; as its kind has it where absent.
    pub url: Option<String>,
    /// For [`IssuerKind::Generic`]: how the name is made of the claims; `{iss}/{sub}` where absent.
    pub subject: Option<String>,
    /// Who may have certificates: nobody while it is empty. Compared with the repository where the kind has one (and not
    /// with the workflow, which anybody may call), otherwise with the certificate's name.
    pub allow: Vec<Pattern>,
    /// Claims that a token must have with exactly these values.
    pub require: BTreeMap<String, String>,
}

impl IssuerPolicy {
    /// Whom a certificate for this token names, if the operator lets it have one:
    /// 1. the token has the claims that the operator requires;
    /// 2. it has those that its kind always has, in their form;
    /// 3. what they make fits into a certificate;
    /// 4. the operator allows it.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn identify(&self, token: &IdToken) -> Result<CertifiedIdentity, IdentityError> {
        // 1
        for (claim, expected) in &self.require {
            let found = token.claims().get(claim).and_then(as_text);
            if found.as_ref() != Some(expected) {
                return Err(IdentityError::Required {
                    claim: claim.clone(),
                    found: found.map_or("absent".to_owned(), |it| format!("{:?}", shown(&it))),
                });
            }
        }
        // 2
        let (name, source, mut claims) = match self.kind.templates() {
            Some(templates) => self.by_templates(templates, token)?,
            None => self.by_email(token)?,
        };
        claims.token_subject = Some(token.subject().to_owned());
        // 3
        let length: usize = claims.numbered().map(|(_, value)| value.len()).sum();
        if length + name.as_str().len() > MAX_CLAIMS_BYTES {
            return Err(IdentityError::TooLong);
        }
        // 4
        if !self.allow.iter().any(|pattern| pattern.matches(&source)) {
            return Err(IdentityError::NotAllowed {
                source_name: shown(&source),
            });
        }
        let email = token.text("email").map(str::to_owned);
        Ok(CertifiedIdentity {
            name,
            issuer: token.issuer().to_owned(),
            claims,
            challenges: email
                .into_iter()
                .chain([token.subject().to_owned()])
                .collect(),
        })
    }

    /// A URI and claims out of the kind's templates.
    fn by_templates(
        &self,
        templates: &Templates,
        token: &IdToken,
    ) -> Result<(SubjectName, String, Claims), IdentityError> {
        let values = self.values(token)?;
        let value = |name: &str| values.get(name).map(String::as_str);
        let missing = |claim: String| IdentityError::Missing {
            claim,
            kind: self.kind.as_str(),
        };
        if let Some(absent) = templates.required.iter().find(|it| value(it).is_none()) {
            return Err(missing((*absent).to_owned()));
        }
        let generic = self.subject.as_deref();
        let generic = generic.filter(|_| self.kind == IssuerKind::Generic);
        let name = render(generic.unwrap_or(templates.name), value).map_err(missing)?;
        let name = as_uri(&name);
        let mut claims = Claims::default();
        for (number, template) in templates.claims {
            let rendered = render(template, value).ok();
            if let Some(field) = claims.field(*number) {
                *field = rendered;
            }
        }
        let source = match templates.source {
            "" => name.clone(),
            source => render(source, value).map_err(missing)?,
        };
        Ok((SubjectName::Uri(name), source, claims))
    }

    /// The texts that templates may name: the token's claims, and what is made of them.
    fn values(&self, token: &IdToken) -> Result<BTreeMap<String, String>, IdentityError> {
        let url = self.url.clone();
        let url = url.unwrap_or_else(|| self.kind.url(token.issuer()));
        let texts = token.claims().iter();
        let mut values: BTreeMap<String, String> = texts
            .filter_map(|(name, value)| Some((name.clone(), as_text(value)?)))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        match self.kind {
            IssuerKind::GitHub => {
                of_form(&values, "repository", "`owner/repository`", |text| {
                    text.split('/').filter(|part| !part.is_empty()).count() == 2
                        && text.matches('/').count() == 1
                })?;
            }
            IssuerKind::GitLab => add_gitlab(&mut values, &url)?,
            IssuerKind::Kubernetes => add_kubernetes(&mut values, token)?,
            IssuerKind::Buildkite => {
                for claim in ["organization_slug", "pipeline_slug"] {
                    of_form(&values, claim, "a part of a path", is_part)?;
                }
            }
            IssuerKind::CircleCI => {
                for claim in [
                    "oidc.circleci.com/project-id",
                    "oidc.circleci.com/pipeline-definition-id",
                ] {
                    of_form(&values, claim, "a part of a path", is_part)?;
                }
            }
            IssuerKind::Google
            | IssuerKind::Email
            | IssuerKind::ActiveState
            | IssuerKind::Generic => {}
        }
        values.insert("url".to_owned(), url);
        Ok(values)
    }

    /// An e-mail address that the issuer has verified.
    fn by_email(&self, token: &IdToken) -> Result<(SubjectName, String, Claims), IdentityError> {
        if self.kind == IssuerKind::ActiveState {
            return Err(IdentityError::NoCertificates {
                kind: self.kind.as_str(),
            });
        }
        let email = token.text("email").ok_or_else(|| IdentityError::Missing {
            claim: "email".to_owned(),
            kind: self.kind.as_str(),
        })?;
        let is_address = email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        // Certificates take ASCII alone (RFC 5280 §4.2.1.6).
        if !is_address || !email.chars().all(|c| c.is_ascii_graphic()) {
            return Err(IdentityError::Form {
                claim: "email",
                expected: "an e-mail address in ASCII",
                found: shown(email),
            });
        }
        let verified = token.claims().get("email_verified").and_then(as_text);
        if verified.as_deref() != Some("true") {
            return Err(IdentityError::Unverified);
        }
        let name = SubjectName::Email(email.to_owned());
        Ok((name, email.to_owned(), Claims::default()))
    }
}

/// GitLab's pipeline with its scheme, and the ref in full. The pipeline must be of this GitLab: its address stands in front.
fn add_gitlab(values: &mut BTreeMap<String, String>, url: &str) -> Result<(), IdentityError> {
    let (scheme, host) = url.split_once("://").unwrap_or(("https", url));
    if let Some(config) = values.get("ci_config_ref_uri") {
        let below = config.strip_prefix(host);
        if !below.is_some_and(|rest| rest.starts_with('/')) {
            return Err(IdentityError::Form {
                claim: "ci_config_ref_uri",
                expected: "a pipeline of the issuer itself",
                found: shown(config),
            });
        }
        let config = format!("{scheme}://{config}");
        values.insert("config".to_owned(), config);
    }
    if !values.contains_key("ref_path")
        && let (Some(kind), Some(name)) = (values.get("ref_type"), values.get("ref"))
    {
        let folder = if kind == "branch" { "heads" } else { "tags" };
        values.insert("ref_path".to_owned(), format!("refs/{folder}/{name}"));
    }
    Ok(())
}

/// Namespace and service account, which the subject must name as well.
fn add_kubernetes(
    values: &mut BTreeMap<String, String>,
    token: &IdToken,
) -> Result<(), IdentityError> {
    let about = token.claims().get("kubernetes.io");
    let text = |pointer| Some(about?.pointer(pointer)?.as_str()?.to_owned());
    let (Some(namespace), Some(account)) = (text("/namespace"), text("/serviceaccount/name"))
    else {
        return Err(IdentityError::Missing {
            claim: "kubernetes.io".to_owned(),
            kind: IssuerKind::Kubernetes.as_str(),
        });
    };
    let fits = is_part(&namespace) && is_part(&account);
    if !fits || token.subject() != format!("system:serviceaccount:{namespace}:{account}") {
        return Err(IdentityError::Form {
            claim: "sub",
            expected: "the service account that `kubernetes.io` names",
            found: shown(token.subject()),
        });
    }
    values.insert("namespace".to_owned(), namespace);
    values.insert("service_account".to_owned(), account);
    Ok(())
}

/// Refuses a claim of another form; absent ones are another rule's.
fn of_form(
    values: &BTreeMap<String, String>,
    claim: &'static str,
    expected: &'static str,
    fits: impl Fn(&str) -> bool,
) -> Result<(), IdentityError> {
    match values.get(claim) {
        Some(found) if !fits(found) => Err(IdentityError::Form {
            claim,
            expected,
            found: shown(found),
        }),
        _ => Ok(()),
    }
}

/// One part of a path, so that no other name can be made by it.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text != "." && text != ".." && text.chars().all(plain)
}

/// A claim as text: GitHub writes numbers as text, others do not.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a URI cannot hold (a ref may be in any script) is percent-encoded, as Fulcio does.
fn as_uri(text: &str) -> String {
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Text as it may stand in a message.
fn shown(text: &str) -> String {
    let plain = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    plain.take(SHOWN_CHARS).collect()
}
