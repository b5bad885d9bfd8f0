//! Who is expected to attest without being a publisher, and to what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use touchplate_attest::{
    JsonError, Mismatch, PredicateType, Proven, Publisher, Verified, from_object, read_strict_json,
};

/// What an attester does for a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttesterRole {
    /// Built the file, on somebody else's behalf.
    Builder,
    /// Looked at it.
    Auditor,
    /// Built it again from its sources.
    Rebuilder,
}

impl AttesterRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Builder, Self::Auditor, Self::Rebuilder];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Auditor => "auditor",
            Self::Rebuilder => "rebuilder",
        }
    }
}

impl fmt::Display for AttesterRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AttesterRole {
    type Err = UnknownAttesterRole;

    fn from_str(given: &str) -> Result<Self, UnknownAttesterRole> {
        let named = |role: &Self| role.as_str() == given;
        Self::ALL.into_iter().find(named).ok_or(UnknownAttesterRole)
    }
}

/// A word that names no attester's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an attester's role is `builder`, `auditor` or `rebuilder`")]
pub struct UnknownAttesterRole;

/// Who is expected behind a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// Somebody in the shape of a publisher.
    Publisher(Publisher),
    /// The holder of one subject name, on one issuer's word.
    Identity(ExpectedIdentity),
}

impl Expected {
    /// In one line for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Publisher(publisher) => publisher.describe(),
            Self::Identity(identity) => format!("{} (issuer {})", identity.san, identity.issuer),
        }
    }

    /// Whether the certificate's holder is whom it expects. `Some` carries what was checked where it has a publisher's
    /// shape.
    pub fn recognises(&self, proven: &Proven) -> Result<Option<Verified>, Mismatch> {
        match self {
            Self::Publisher(publisher) => proven.clone().by(publisher).map(Some),
            Self::Identity(identity) => {
                let found = proven.clone().by_identity(&identity.san, &identity.issuer);
                found.map(|_| None)
            }
        }
    }

    /// Equal for an expectation and every proof that could meet it, so a database finds the candidates
    /// by an index.
    pub fn lookup_key(&self) -> String {
        match self {
            Self::Publisher(publisher) => publisher.lookup_key(),
            Self::Identity(identity) => identity_key(&identity.san, &identity.issuer),
        }
    }
}

/// The [`lookup_key`](Expected::lookup_key) of every expectation that `proven` could meet.
pub(crate) fn lookup_keys(proven: &Proven) -> Vec<String> {
    let identity = proven.identity();
    let mut keys = proven.lookup_keys();
    keys.push(identity_key(identity.san().as_str(), identity.issuer()));
    keys
}

/// `identity:` begins no publisher's key.
fn identity_key(san: &str, issuer: &str) -> String {
    format!("identity:{issuer} {san}")
}

/// A subject alternative name and the issuer that vouches for it, both compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "IdentityWire")]
pub struct ExpectedIdentity {
    san: String,
    issuer: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityWire {
    san: String,
    issuer: String,
}

/// An identity that no certificate can show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} as the identity's {field}, found {found:?}")]
pub struct InvalidIdentity {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What stands there, cut to 80 characters.
    pub found: String,
}

/// Longest subject name, issuer or predicate type in bytes: what browsers and proxies bear as a URL.
const MAX_URI_BYTES: usize = 2048;

impl ExpectedIdentity {
    /// The holder of `san`, vouched for by `issuer`.
    pub fn new(san: &str, issuer: &str) -> Result<Self, InvalidIdentity> {
        let refused = |field, expected, found: &str| InvalidIdentity {
            field,
            expected,
            found: cut(found),
        };
        if !is_line(san) {
            let expected = "one line of at most 2048 bytes";
            return Err(refused("subject name", expected, san));
        }
        if !is_line(issuer) || !(issuer.starts_with("https://") || issuer.starts_with("http://")) {
            return Err(refused("issuer", "a URL", issuer));
        }
        Ok(Self {
            san: san.to_owned(),
            issuer: issuer.to_owned(),
        })
    }

    /// The subject alternative name.
    pub fn san(&self) -> &str {
        &self.san
    }

    /// The OpenID Connect issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl TryFrom<Map<String, Value>> for ExpectedIdentity {
    type Error = serde_json::Error;

    fn try_from(fields: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let IdentityWire { san, issuer } = from_object(fields.into())?;
        Self::new(&san, &issuer).map_err(serde::de::Error::custom)
    }
}

impl From<ExpectedIdentity> for IdentityWire {
    fn from(identity: ExpectedIdentity) -> Self {
        Self {
            san: identity.san,
            issuer: identity.issuer,
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_URI_BYTES && !text.chars().any(char::is_control)
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What an attester may claim.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Predicates {
    /// publish/v1, SLSA provenance v1, and any other type that an https or urn URI names.
    #[default]
    Any,
    /// These alone.
    Only(Vec<PredicateType>),
}

/// Predicate types of one attester. in-toto's own catalogue has about a dozen.
const MAX_PREDICATE_TYPES: usize = 32;

impl Predicates {
    /// Whether `predicate_type` may be claimed.
    pub fn allow(&self, predicate_type: &PredicateType) -> bool {
        match self {
            Self::Any => names_a_type(predicate_type.as_str()),
            Self::Only(types) => types.contains(predicate_type),
        }
    }

    /// These alone; each must be an https or urn URI, and one at least.
    pub fn only<'g>(
        given: impl IntoIterator<Item = &'g str>,
    ) -> Result<Self, InvalidPredicateTypes> {
        let mut types: Vec<PredicateType> = Vec::new();
        for uri in given {
            if !names_a_type(uri) {
                return Err(InvalidPredicateTypes::Uri { found: cut(uri) });
            }
            let named = PredicateType::from(uri.to_owned());
            if !types.contains(&named) {
                types.push(named);
            }
        }
        if types.is_empty() || types.len() > MAX_PREDICATE_TYPES {
            return Err(InvalidPredicateTypes::Count { found: types.len() });
        }
        Ok(Self::Only(types))
    }
}

/// in-toto's field type `TypeURI`, of which we take what names its owner: `https:` by domain, `urn:` by namespace.
pub(crate) fn names_a_type(uri: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
    let rest = uri
        .strip_prefix("https://")
        .or_else(|| uri.strip_prefix("urn:"));
    rest.is_some_and(|rest| !rest.is_empty())
        && uri.len() <= MAX_URI_BYTES
        && uri.chars().all(plain)
}

/// A list of predicate types that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPredicateTypes {
    /// One is no https or urn URI.
    #[error("expected an https or urn URI as a predicate type, found {found:?}")]
    Uri {
        /// What stands there, cut to 80 characters.
        found: String,
    },
    /// None, or too many.
    #[error(
        "expected 1 to {MAX_PREDICATE_TYPES} predicate types, or no list for any, found {found}"
    )]
    Count {
        /// How many there are.
        found: usize,
    },
}

/// An expected identity of a project that is no publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Attester {
    /// What it does.
    pub role: AttesterRole,
    /// Who it is.
    pub expected: Expected,
    /// What it may claim.
    pub predicates: Predicates,
}

/// An attester on the wire and in the database: `role`, either `publisher` or `identity`, and `predicate_types`, absent
/// or null for any.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    role: AttesterRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publisher: Option<Publisher>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<ExpectedIdentity>,
    #[serde(default)]
    predicate_types: Option<Vec<String>>,
}

/// The longest JSON of one attester: the predicate types and a publisher with several claims.
pub const MAX_ATTESTER_BYTES: usize = 128 * 1024;

/// Why JSON is no attester.
#[derive(Debug, thiserror::Error)]
pub enum AttesterError {
    /// The bytes are no strict JSON.
    #[error("the attester is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error(
        "expected an object with `role`, either `publisher` or `identity` (`san` and `issuer`), and maybe `predicate_types`"
    )]
    Shape(#[source] serde_json::Error),
    /// Nobody is named.
    #[error("expected who the attester is, as `publisher` or as `identity`, found neither")]
    Nobody,
    /// Two are named.
    #[error("expected who the attester is, as `publisher` or as `identity`, found both")]
    Two,
    /// The predicate types are no list of such.
    #[error("the attester's predicate types are malformed")]
    Predicates(#[from] InvalidPredicateTypes),
}

impl Attester {
    /// Reads an attester from its JSON alone, of at most [`MAX_ATTESTER_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, AttesterError> {
        let value = read_strict_json(json, MAX_ATTESTER_BYTES)?;
        let wire: Wire = from_object(value).map_err(AttesterError::Shape)?;
        wire.try_into()
    }

    /// Whether the certificate's holder is this attester. `Some` carries what was checked where it has a publisher's
    /// shape.
    pub(super) fn recognises(&self, proven: &Proven) -> Result<Option<Verified>, Mismatch> {
        self.expected.recognises(proven)
    }

    /// In one line for people.
    pub fn describe(&self) -> String {
        format!("{}: {}", self.role, self.expected.describe())
    }
}

impl TryFrom<Wire> for Attester {
    type Error = AttesterError;

    fn try_from(wire: Wire) -> Result<Self, AttesterError> {
        let expected = match (wire.publisher, wire.identity) {
            (Some(publisher), None) => Expected::Publisher(publisher),
            (None, Some(identity)) => Expected::Identity(identity),
            (None, None) => return Err(AttesterError::Nobody),
            (Some(_), Some(_)) => return Err(AttesterError::Two),
        };
        let predicates = match &wire.predicate_types {
            None => Predicates::Any,
            Some(types) => Predicates::only(types.iter().map(String::as_str))?,
        };
        Ok(Self {
            role: wire.role,
            expected,
            predicates,
        })
    }
}

impl From<Attester> for Wire {
    fn from(attester: Attester) -> Self {
        let (publisher, identity) = match attester.expected {
            Expected::Publisher(publisher) => (Some(publisher), None),
            Expected::Identity(identity) => (None, Some(identity)),
        };
        let predicate_types = match attester.predicates {
            Predicates::Any => None,
            Predicates::Only(types) => Some(types.into_iter().map(String::from).collect()),
        };
        Self {
            role: attester.role,
            publisher,
            identity,
            predicate_types,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attester_reads_as_it_was_written() {
        for wire in [
            r#"{"role":"builder","publisher":{"kind":"GitHub","repository":"o/r","workflow":"w.yml"}}"#,
            r#"{"role":"auditor","identity":{"san":"a@b.example","issuer":"https://id.example"},"predicate_types":null}"#,
            r#"{"role":"rebuilder","identity":{"san":"https://r.example/w","issuer":"https://id.example"},
                "predicate_types":["https://slsa.dev/provenance/v1","urn:example:rebuild","urn:example:rebuild"]}"#,
        ] {
            let attester = Attester::parse(wire.as_bytes()).unwrap();
            let again = serde_json::to_string(&attester).unwrap();
            assert_eq!(
                Attester::parse(again.as_bytes()).unwrap(),
                attester,
                "{wire}"
            );
        }
    }

    #[test]
    fn what_is_no_attester_is_refused() {
        use AttesterError as E;
        let parse = |json: &str| Attester::parse(json.as_bytes()).unwrap_err();
        let identity = r#""identity":{"san":"a","issuer":"https://i"}"#;
        let publisher = r#""publisher":{"kind":"Google","email":"a@b"}"#;
        assert!(matches!(parse("{"), E::Json(_)));
        assert!(matches!(
            parse(&format!(
                r#"{{"role":"auditor","role":"builder",{identity}}}"#
            )),
            E::Json(JsonError::DuplicateKey { .. })
        ));
        assert!(matches!(parse(r#"{"role":"auditor"}"#), E::Nobody));
        assert!(matches!(
            parse(&format!(r#"{{"role":"auditor",{identity},{publisher}}}"#)),
            E::Two
        ));
        for shape in [
            "[]".to_owned(),
            format!("{{{identity}}}"),
            format!(r#"{{"role":"publisher",{identity}}}"#),
            format!(r#"{{"role":"auditor","more":1,{identity}}}"#),
            r#"{"role":"auditor","publisher":{"kind":"Nobody"}}"#.to_owned(),
            r#"{"role":"auditor","identity":{"san":"","issuer":"https://i"}}"#.to_owned(),
            r#"{"role":"auditor","identity":{"san":"a","issuer":"i"}}"#.to_owned(),
            r#"{"role":"auditor","identity":{"san":"a"}}"#.to_owned(),
            format!(r#"{{"role":"auditor",{identity},"predicate_types":"urn:a:b"}}"#),
        ] {
            assert!(matches!(parse(&shape), E::Shape(_)), "{shape}");
        }
        let types = |types: &str| {
            parse(&format!(
                r#"{{"role":"auditor",{identity},"predicate_types":[{types}]}}"#
            ))
        };
        assert!(matches!(
            types(""),
            E::Predicates(InvalidPredicateTypes::Count { found: 0 })
        ));
        for uri in [
            "http://a.example/x",
            "x",
            "https://",
            "urn:a b",
            "urn:a\u{e9}",
        ] {
            assert!(
                matches!(
                    types(&format!("{uri:?}")),
                    E::Predicates(InvalidPredicateTypes::Uri { .. })
                ),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_list_of_predicate_types_is_the_whole_list() {
        let slsa = PredicateType::Slsa;
        let other = PredicateType::from("urn:example:audit".to_owned());
        let nameless = PredicateType::from("audit".to_owned());
        assert!(Predicates::Any.allow(&slsa) && Predicates::Any.allow(&other));
        assert!(!Predicates::Any.allow(&nameless));
        let only = Predicates::only(["urn:example:audit"]).unwrap();
        assert!(only.allow(&other) && !only.allow(&slsa));
    }
}
