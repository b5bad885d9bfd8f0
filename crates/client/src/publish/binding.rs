//! What an index says of itself beside PEP 807's keys: where its Simple API is, and whether it takes attestations that name
//! it.
//!
//! PyPI's publish attestation names no index, so whoever gets one can show it to another index as well. Ours names the index
//! ([`Claim::publish_to`]). It is made only for an index that asks for it in its answer at `/.well-known/pytp`, under the key
//! `touchplate`, and is never written beside the file: clients that send all they find would send it to an index that
//! refuses it.

use serde_json::Value;
use touchplate_attest::PredicateType;
use url::Url;

use crate::sign::Claim;

/// The member of PEP 807's answer that holds ours.
const KEY: &str = "touchplate";

/// What an index says of itself. Each part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfDescription {
    /// Its Simple API.
    pub simple: Option<Url>,
    /// Its base URL, where it asks for attestations that name it.
    pub index: Option<String>,
}

/// Why what an index says of itself is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// Not of the form that it has.
    #[error("the index's answer has a key `{KEY}` in which `{part}` is not {expected}")]
    Form {
        /// Which part.
        part: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Another index's name: an attestation for that one is not given to this one.
    #[error(
        "the index asks for attestations that name `{found}`, which the upload URL {upload} does not belong to: expected its own base URL"
    )]
    AnotherIndex {
        /// What it asks for.
        found: String,
        /// Where it is uploaded to.
        upload: Url,
    },
    /// A Simple API at another host: what is there says nothing of this index.
    #[error(
        "the index says that its Simple API is at {found}, which is another host than that of {upload}"
    )]
    AnotherHost {
        /// Where it would be.
        found: Url,
        /// Where it is uploaded to.
        upload: Url,
    },
}

impl SelfDescription {
    /// Reads PEP 807's answer of the index with this upload URL; an answer without our key says nothing.
    ///
    /// # Errors
    /// See [`NotBelieved`].
    pub fn read(answer: &Value, upload: &Url) -> Result<Self, NotBelieved> {
        let Some(ours) = answer.get(KEY) else {
            return Ok(Self::default());
        };
        let text = |part: &'static str| match ours.get(part) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(not(part, "a text")),
        };
        let simple = text("simple")?
            .map(|found| simple(found, upload))
            .transpose()?;
        let index = text("index")?.map(|found| own(found, upload)).transpose()?;
        Ok(Self {
            simple,
            index: index.filter(|_| asks(ours)),
        })
    }

    /// The claim that the index asks for beside [`Claim::publish`], if it does.
    pub fn claim(&self) -> Option<Claim> {
        self.index.as_deref().map(Claim::publish_to)
    }
}

fn not(part: &'static str, expected: &'static str) -> NotBelieved {
    NotBelieved::Form { part, expected }
}

/// Whether our type is among those that it takes.
fn asks(ours: &Value) -> bool {
    let types = ours.get("predicate-types").and_then(Value::as_array);
    let ours = PredicateType::IndexPublish;
    types.is_some_and(|types| types.iter().any(|it| it.as_str() == Some(ours.as_str())))
}

fn simple(found: &str, upload: &Url) -> Result<Url, NotBelieved> {
    let url: Url = found.parse().map_err(|_| not("simple", "a URL"))?;
    if url.origin() == upload.origin() {
        return Ok(url);
    }
    Err(NotBelieved::AnotherHost {
        found: url,
        upload: upload.clone(),
    })
}

/// A base URL that the upload URL is below: of the same origin, and whole segments of its path.
fn own(found: &str, upload: &Url) -> Result<String, NotBelieved> {
    let url: Url = found.parse().map_err(|_| not("index", "a URL"))?;
    let base = url.path().trim_end_matches('/');
    let below = upload.path().strip_prefix(base);
    let below = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if url.origin() == upload.origin() && below && plain {
        return Ok(found.to_owned());
    }
    Err(NotBelieved::AnotherIndex {
        found: found.to_owned(),
        upload: upload.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TYPES: [&str; 2] = [
        "https://docs.pypi.org/attestations/publish/v1",
        "urn:touchplate:attestation:publish:v1",
    ];

    fn read(ours: &Value, upload: &str) -> Result<SelfDescription, NotBelieved> {
        let answer = json!({"audience-endpoint": "x", "touchplate": ours});
        SelfDescription::read(&answer, &upload.parse().unwrap())
    }

    fn index(index: &str, upload: &str) -> Result<Option<String>, NotBelieved> {
        read(&json!({"index": index, "predicate-types": TYPES}), upload).map(|it| it.index)
    }

    #[test]
    fn an_index_that_asks_gets_an_attestation_that_names_it() {
        let told = read(
            &json!({"index": "https://i.example", "simple": "https://i.example/simple/", "predicate-types": TYPES}),
            "https://i.example/legacy/",
        );
        let told = told.unwrap();
        assert_eq!(told.simple.as_ref().unwrap().path(), "/simple/");
        let claim = told.claim().unwrap();
        assert_eq!(claim.predicate_type, PredicateType::IndexPublish);
        assert_eq!(claim.predicate, json!({"index": "https://i.example"}));
    }

    #[test]
    fn an_index_that_does_not_ask_gets_none() {
        let upload: Url = "https://i.example/legacy/".parse().unwrap();
        let nothing = SelfDescription::read(&json!({"features": []}), &upload).unwrap();
        assert_eq!(nothing, SelfDescription::default());
        assert!(nothing.claim().is_none());
        for types in [json!(null), json!([]), json!([TYPES[0]]), json!(TYPES[1])] {
            let ours = json!({"index": "https://i.example", "predicate-types": types});
            let told = read(&ours, upload.as_str()).unwrap();
            assert!(told.claim().is_none(), "{types}");
        }
    }

    #[test]
    fn no_index_gets_an_attestation_that_names_another() {
        for (base, upload) in [
            ("https://i.example", "https://i.example/legacy/"),
            ("https://i.example/", "https://i.example/"),
            ("https://i.example/one", "https://i.example/one/legacy/"),
            ("https://i.example/one/", "https://i.example/one"),
        ] {
            let told = index(base, upload).unwrap();
            assert_eq!(told.as_deref(), Some(base), "{upload}");
        }
        for (base, upload) in [
            ("https://other.example", "https://i.example/legacy/"),
            ("http://i.example", "https://i.example/legacy/"),
            ("https://i.example:8443", "https://i.example/legacy/"),
            ("https://i.example/one", "https://i.example/legacy/"),
            (
                "https://i.example/one",
                "https://i.example/one-more/legacy/",
            ),
            ("https://i.example/?x", "https://i.example/legacy/"),
            ("https://u@i.example/", "https://i.example/legacy/"),
        ] {
            let refused = index(base, upload).unwrap_err();
            assert!(
                matches!(refused, NotBelieved::AnotherIndex { .. }),
                "{base}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_not_believed() {
        let upload = "https://i.example/legacy/";
        assert!(matches!(
            index("nowhere", upload),
            Err(NotBelieved::Form { .. })
        ));
        for ours in [
            json!({"index": 1}),
            json!({"simple": []}),
            json!({"simple": "x"}),
        ] {
            let refused = read(&ours, upload).unwrap_err();
            assert!(matches!(refused, NotBelieved::Form { .. }), "{ours}");
        }
        let elsewhere = json!({"simple": "https://other.example/simple/"});
        let refused = read(&elsewhere, upload).unwrap_err();
        assert!(matches!(refused, NotBelieved::AnotherHost { .. }));
    }
}
