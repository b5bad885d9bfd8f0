//! The in-toto statement inside an attestation: which file it is about, and what it says of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{self, FieldError, JsonError, Object};

/// The DSSE payload type that a PEP 740 envelope implies: it is part of what the signature covers.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// `_type` of an in-toto Statement, version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Subjects that are read. PEP 740 allows one; the bound only keeps `inspect` from printing thousands.
const MAX_SUBJECTS: usize = 64;

/// What an attestation claims. PEP 740 knows two, and existing readers fail on any other
/// ([`is_known_to_readers`](Self::is_known_to_readers)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PredicateType {
    /// Published by a trusted publisher: `https://docs.pypi.org/attestations/publish/v1`.
    Publish,
    /// SLSA build provenance: `https://slsa.dev/provenance/v1`.
    Slsa,
    /// Published to one index, which its body names: `urn:touchplate:attestation:publish:v1`. PyPI's own names none, so that
    /// an attestation made for one index holds at another. [`verify`](crate::verify()) refuses it, as it is no part of
    /// provenance objects; [`verify_any_predicate`](crate::verify_any_predicate) does not.
    IndexPublish,
    /// Any other. [`verify`](crate::verify()) refuses it.
    Other(String),
}

impl PredicateType {
    /// The type's URI.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Publish => "https://docs.pypi.org/attestations/publish/v1",
            Self::Slsa => "https://slsa.dev/provenance/v1",
            Self::IndexPublish => "urn:touchplate:attestation:publish:v1",
            Self::Other(uri) => uri,
        }
    }

    /// Whether it is one of the two that PEP 740's readers know.
    pub fn is_known_to_readers(&self) -> bool {
        match self {
            Self::Publish | Self::Slsa => true,
            Self::IndexPublish | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for PredicateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for PredicateType {
    fn from(uri: String) -> Self {
        [Self::Publish, Self::Slsa, Self::IndexPublish]
            .into_iter()
            .find(|known| known.as_str() == uri)
            .unwrap_or(Self::Other(uri))
    }
}

impl From<PredicateType> for String {
    fn from(predicate_type: PredicateType) -> Self {
        predicate_type.as_str().to_owned()
    }
}

impl FromStr for PredicateType {
    type Err = std::convert::Infallible;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        Ok(uri.to_owned().into())
    }
}

/// One file that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its filename, as given; PEP 740 requires one.
    pub name: Option<String>,
    /// Its digests by algorithm, as given.
    pub digests: BTreeMap<String, String>,
}

/// An in-toto Statement, read but not judged: `verify` compares each part. Unknown keys are ignored, as in-toto says.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    type_uri: String,
    subjects: Vec<Subject>,
    predicate_type: PredicateType,
    predicate: Value,
}

/// Why bytes are no in-toto Statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The bytes are no strict JSON.
    #[error("the statement is not readable")]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Statement {
    pub(crate) fn parse(bytes: &[u8], limit: usize) -> Result<Self, StatementError> {
        let value = json::read(bytes, limit)?;
        let statement = Object::new(&value, "the statement")?;
        let subjects = statement.array("subject", MAX_SUBJECTS)?;
        Ok(Self {
            type_uri: statement.text("_type")?.to_owned(),
            subjects: subjects.iter().map(subject).collect::<Result<_, _>>()?,
            predicate_type: statement.text("predicateType")?.to_owned().into(),
            predicate: statement.optional("predicate").cloned().unwrap_or_default(),
        })
    }

    /// `_type`, as given.
    pub fn type_uri(&self) -> &str {
        &self.type_uri
    }

    /// The subjects, as given.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The type of the claim.
    pub fn predicate_type(&self) -> &PredicateType {
        &self.predicate_type
    }

    /// The claim's body; null where there is none.
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// The base URL of the index that it is for, if it names one: [`PredicateType::IndexPublish`] alone does.
    pub fn index(&self) -> Option<&str> {
        match self.predicate_type {
            PredicateType::IndexPublish => self.predicate.get("index")?.as_str(),
            PredicateType::Publish | PredicateType::Slsa | PredicateType::Other(_) => None,
        }
    }
}

fn subject(value: &Value) -> Result<Subject, FieldError> {
    let subject = Object::new(value, "a subject of the statement")?;
    let digest = subject.object("digest")?;
    let text = |(algorithm, value): (&String, &Value)| match value {
        Value::String(text) => Ok((algorithm.clone(), text.clone())),
        other => Err(subject.wrong_type("digest", "an object of strings", other)),
    };
    Ok(Subject {
        name: subject.optional_text("name")?.map(str::to_owned),
        digests: digest.fields().iter().map(text).collect::<Result<_, _>>()?,
    })
}

/// Whether `predicate` is a body that its type allows: `{}` or nothing for publish/v1; for SLSA v1 an object with the
/// two parts that its schema requires; for ours the index, and nothing else.
pub(crate) fn body_fits(predicate_type: &PredicateType, predicate: &Value) -> bool {
    let object = |body: &Map<String, Value>, key| body.get(key).is_some_and(Value::is_object);
    match (predicate_type, predicate) {
        (PredicateType::Publish, Value::Null) => true,
        (PredicateType::Publish, Value::Object(body)) => body.is_empty(),
        (PredicateType::Slsa, Value::Object(body)) => {
            object(body, "buildDefinition") && object(body, "runDetails")
        }
        (PredicateType::IndexPublish, Value::Object(body)) => {
            let index = body.get("index").and_then(Value::as_str);
            body.len() == 1 && index.is_some_and(|index| !index.is_empty())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_type_is_its_uri() {
        for uri in [
            "https://docs.pypi.org/attestations/publish/v1",
            "https://slsa.dev/provenance/v1",
            "urn:touchplate:attestation:publish:v1",
            "https://slsa.dev/provenance/v1/",
            "",
        ] {
            let parsed: PredicateType = uri.parse().unwrap();
            assert_eq!(parsed.to_string(), uri);
            assert_eq!(
                matches!(parsed, PredicateType::Other(_)),
                uri.is_empty() || uri.ends_with('/')
            );
        }
    }

    #[test]
    fn a_statement_is_read_and_not_judged() {
        let text = br#"{"_type":"x","subject":[{"digest":{"sha256":"AB","x":"y"}},{"name":"b","digest":{}}],
            "predicateType":"p","predicate":[1],"unknown":{}} "#;
        let statement = Statement::parse(text, 4096).unwrap();
        assert_eq!(statement.type_uri(), "x");
        assert_eq!(statement.subjects().len(), 2);
        assert_eq!(statement.subjects()[0].digests["sha256"], "AB");
        assert_eq!(statement.subjects()[1].name.as_deref(), Some("b"));
        assert_eq!(statement.predicate_type().as_str(), "p");
        assert_eq!(statement.predicate(), &serde_json::json!([1]));
        assert_eq!(statement.index(), None);
        let named = |kind: &str| {
            let text = format!(
                r#"{{"_type":"x","subject":[],"predicateType":"{kind}","predicate":{{"index":"https://i"}}}}"#
            );
            let statement = Statement::parse(text.as_bytes(), 4096).unwrap();
            statement.index().map(str::to_owned)
        };
        assert_eq!(
            named(PredicateType::IndexPublish.as_str()).as_deref(),
            Some("https://i")
        );
        assert_eq!(named(PredicateType::Publish.as_str()), None);
    }

    #[test]
    fn another_shape_is_refused() {
        for shape in [
            r#"[]"#,
            r#"{"subject":[],"predicateType":"p"}"#,
            r#"{"_type":"x","predicateType":"p"}"#,
            r#"{"_type":"x","subject":{},"predicateType":"p"}"#,
            r#"{"_type":"x","subject":[]}"#,
            r#"{"_type":"x","subject":[{"name":"a"}],"predicateType":"p"}"#,
            r#"{"_type":"x","subject":[{"digest":{"sha256":["a"]}}],"predicateType":"p"}"#,
            r#"{"_type":"x","subject":[{"name":1,"digest":{}}],"predicateType":"p"}"#,
        ] {
            assert!(
                matches!(
                    Statement::parse(shape.as_bytes(), 4096),
                    Err(StatementError::Field(_))
                ),
                "{shape}"
            );
        }
        assert!(matches!(
            Statement::parse(b"", 4096),
            Err(StatementError::Json(_))
        ));
    }

    #[test]
    fn predicate_bodies_follow_their_type() {
        use serde_json::json;
        let slsa = json!({"buildDefinition": {}, "runDetails": {}, "more": 1});
        for (predicate_type, body, fits) in [
            (PredicateType::Publish, json!(null), true),
            (PredicateType::Publish, json!({}), true),
            (PredicateType::Publish, json!({"a": 1}), false),
            (PredicateType::Publish, json!([]), false),
            (PredicateType::Publish, json!(""), false),
            (PredicateType::Slsa, slsa, true),
            (PredicateType::Slsa, json!(null), false),
            (
                PredicateType::Slsa,
                json!({"buildDefinition": {}, "runDetails": []}),
                false,
            ),
            (PredicateType::Slsa, json!([]), false),
            (
                PredicateType::IndexPublish,
                json!({"index": "https://i"}),
                true,
            ),
            (PredicateType::IndexPublish, json!({"index": ""}), false),
            (PredicateType::IndexPublish, json!({"index": 1}), false),
            (
                PredicateType::IndexPublish,
                json!({"index": "i", "x": 1}),
                false,
            ),
            (PredicateType::IndexPublish, json!({}), false),
            (PredicateType::IndexPublish, json!(null), false),
            (PredicateType::Other("x".into()), json!({}), false),
        ] {
            assert_eq!(
                body_fits(&predicate_type, &body),
                fits,
                "{predicate_type} {body}"
            );
        }
    }
}
