//! What is signed: a statement about a file, or an artifact's digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use touchplate_attest::statement::{PAYLOAD_TYPE, STATEMENT_TYPE};
use touchplate_attest::{FileFacts, PredicateType, Sha256};

/// What is signed.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// An in-toto statement, in a DSSE envelope.
    Statement(Vec<u8>),
    /// The artifact itself, by its bytes.
    Artifact(Vec<u8>),
}

impl Content {
    /// The message that the key signs.
    pub(super) fn message(&self) -> Vec<u8> {
        match self {
            Self::Statement(payload) => pae(payload),
            Self::Artifact(bytes) => bytes.clone(),
        }
    }

    /// What a log of version 1 is asked to record.
    pub(super) fn proposal_v1(&self, signature: &[u8], certificate_pem: &str) -> Value {
        let signature = STANDARD.encode(signature);
        let verifier = STANDARD.encode(certificate_pem);
        match self {
            Self::Statement(payload) => {
                let envelope = json!({
                    "payload": STANDARD.encode(payload),
                    "payloadType": PAYLOAD_TYPE,
                    "signatures": [{"sig": signature}],
                });
                json!({
                    "kind": "dsse",
                    "apiVersion": "0.0.1",
                    "spec": {"proposedContent": {"envelope": envelope.to_string(), "verifiers": [verifier]}},
                })
            }
            Self::Artifact(bytes) => json!({
                "kind": "hashedrekord",
                "apiVersion": "0.0.1",
                "spec": {
                    "data": {"hash": {"algorithm": "sha256", "value": Sha256::of(bytes)}},
                    "signature": {"content": signature, "publicKey": {"content": verifier}},
                },
            }),
        }
    }

    /// What a log of version 2 is asked to record: the same for both, since it knows only digests.
    pub(super) fn proposal_v2(&self, signature: &[u8], certificate: &[u8]) -> Value {
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(Sha256::of(&self.message()).as_bytes()),
            "signature": {
                "content": STANDARD.encode(signature),
                "verifier": {
                    "x509Certificate": {"rawBytes": STANDARD.encode(certificate)},
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
            },
        }})
    }

    /// Kind and version of the entry that a log of version 1 makes of it.
    pub(super) fn kind_v1(&self) -> (&'static str, &'static str) {
        match self {
            Self::Statement(_) => ("dsse", "0.0.1"),
            Self::Artifact(_) => ("hashedrekord", "0.0.1"),
        }
    }
}

/// The statement of PEP 740 about a file, with keys in the order in which others write them. Without a body: PyPI takes
/// none for its predicate.
pub(super) fn statement(file: &FileFacts, predicate: &PredicateType, body: &Value) -> Vec<u8> {
    #[derive(Serialize)]
    struct Statement<'s> {
        #[serde(rename = "_type")]
        type_uri: &'s str,
        subject: [Subject<'s>; 1],
        #[serde(rename = "predicateType")]
        predicate_type: &'s str,
        predicate: &'s Value,
    }
    #[derive(Serialize)]
    struct Subject<'s> {
        name: &'s str,
        digest: Digest<'s>,
    }
    #[derive(Serialize)]
    struct Digest<'s> {
        sha256: &'s Sha256,
    }
    let statement = Statement {
        type_uri: STATEMENT_TYPE,
        subject: [Subject {
            name: file.filename.as_str(),
            digest: Digest {
                sha256: &file.sha256,
            },
        }],
        predicate_type: predicate.as_str(),
        predicate: body,
    };
    serde_json::to_vec(&statement).expect("texts and a JSON value can be written as JSON")
}

/// DSSE's pre-authentication encoding: what is signed of an envelope.
fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_the_text_that_other_clients_write() {
        let file = FileFacts {
            filename: "demo-1.0.tar.gz".parse().unwrap(),
            sha256: Sha256::of(b"demo"),
        };
        let text = statement(&file, &PredicateType::Publish, &Value::Null);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"demo-1.0.tar.gz","digest":{{"sha256":"{}"}}}}],"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":null}}"#,
                file.sha256
            )
        );
    }
}
