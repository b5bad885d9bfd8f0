//! The authority before its log: what is not logged is not issued, and which of its keys signs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use der::asn1::BitString;
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, EncodePem as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use touchplate_attest::crypto::{Algorithm, AwsLc, Provider as _};
use touchplate_attest::id_token::{KeySet, Rules, TokenAlgorithm, check};
use touchplate_trust::authority::{
    Authority, AuthorityError, CertificateLog, CertificateLogError, CertifiedIdentity, IssueError,
    IssuerKind, IssuerPolicy, ProvenKey, Signers,
};
use touchplate_trust::layout::{Founding, Keys, Layout, Rotated, Rotation, SecretFile};
use touchplate_trust::{KeyKind, LocalIssuer, SigningKey};
use x509_cert::Certificate;
use x509_cert::request::{CertReq, CertReqInfo};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

fn now() -> Timestamp {
    "2025-06-01T12:00:00Z".parse().unwrap()
}

/// What was appended, and whether the log says so.
#[derive(Default)]
struct Leaves {
    kept: Mutex<Vec<Bytes>>,
    fails: bool,
    busy: bool,
}

#[async_trait]
impl CertificateLog for Leaves {
    async fn append(&self, leaf: Bytes, _: Timestamp) -> Result<(), CertificateLogError> {
        if self.busy {
            return Err(CertificateLogError::Busy);
        }
        self.kept.lock().unwrap().push(leaf);
        if self.fails {
            return Err(CertificateLogError::Failed("the answer was lost".into()));
        }
        Ok(())
    }
}

fn found(folder: &Path) -> Layout {
    let founding = Founding {
        folder: folder.to_owned(),
        url: "https://packages.example".parse().unwrap(),
        operator: "Example".parse().unwrap(),
        domain: "example".parse().unwrap(),
        projects: Vec::new(),
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    founding.found(now()).unwrap()
}

fn unlock(layout: &Layout, at: Timestamp) -> Keys {
    layout.unlock(&layout.secret(None).unwrap(), at).unwrap()
}

fn authority(keys: &Keys, log: &Arc<Leaves>) -> Authority {
    let signers = Signers {
        authority: keys.authority.clone(),
        ct: keys.ct.clone(),
        log: log.clone(),
    };
    Authority::new(signers).unwrap()
}

fn somebody() -> CertifiedIdentity {
    let issuer = LocalIssuer::new("https://a.example", "key", TokenAlgorithm::ES256).unwrap();
    let token = issuer.token("me", "sigstore", json!({}), now()).unwrap();
    let keys = KeySet::parse(&issuer.key_set().unwrap()).unwrap();
    let audiences = ["sigstore".to_owned()];
    let rules = Rules {
        issuer: "https://a.example",
        audiences: &audiences,
        algorithms: &[TokenAlgorithm::ES256],
    };
    let policy = IssuerPolicy {
        kind: IssuerKind::Generic,
        url: None,
        subject: None,
        allow: vec!["*".parse().unwrap()],
        require: BTreeMap::new(),
    };
    let token = check(&token, &keys, &rules, now()).unwrap();
    policy.identify(&token).unwrap()
}

fn proven() -> ProvenKey {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let info = CertReqInfo {
        version: Default::default(),
        subject: "CN=somebody else".parse().unwrap(),
        public_key: SubjectPublicKeyInfoOwned::from_der(key.public()).unwrap(),
        attributes: Default::default(),
    };
    let signature = key.sign(&info.to_der().unwrap()).unwrap();
    let request = CertReq {
        info,
        algorithm: AlgorithmIdentifierOwned {
            oid: "1.2.840.10045.4.3.2".parse().unwrap(),
            parameters: None,
        },
        signature: BitString::from_bytes(&signature).unwrap(),
    };
    ProvenKey::from_request(request.to_pem(LineEnding::LF).unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn what_the_log_did_not_take_is_not_issued() {
    let folder = tempfile::tempdir().unwrap();
    let keys = unlock(&found(folder.path()), now());
    for (log, kept) in [
        (
            Leaves {
                busy: true,
                ..Leaves::default()
            },
            0,
        ),
        // It is in the log and nobody has it: an attempt that broke off.
        (
            Leaves {
                fails: true,
                ..Leaves::default()
            },
            1,
        ),
    ] {
        let log = Arc::new(log);
        let issued = authority(&keys, &log)
            .issue(&somebody(), &proven(), now())
            .await
            .map(|issued| issued.certificate);
        assert!(matches!(issued, Err(IssueError::Log(_))), "{issued:?}");
        assert_eq!(log.kept.lock().unwrap().len(), kept);
    }
}

#[tokio::test]
async fn the_newest_key_that_is_believed_signs_and_the_older_chains_stay_known() {
    let folder = tempfile::tempdir().unwrap();
    let layout = found(folder.path());
    let log = Arc::new(Leaves::default());
    let old = unlock(&layout, now());
    let later = now() + SignedDuration::from_hours(24 * 30);
    let secret = layout.secret(None).unwrap();
    let how = Rotated {
        what: Rotation::Authority,
        secret: &secret,
        root_key: None,
        overlap: SignedDuration::from_hours(1),
    };
    let rotated = Layout::rotate(folder.path(), &how, later).unwrap();
    let keys = unlock(&rotated, later);
    let authority = authority(&keys, &log);
    assert_eq!(authority.chains().count(), 2);
    let old_key = &old.authority.current(now()).unwrap().key;
    let new_key = &keys.authority.current(later).unwrap().key;
    assert_ne!(old_key.public(), new_key.public());
    for (at, key) in [(now(), old_key), (later, new_key)] {
        let issued = authority.issue(&somebody(), &proven(), at).await.unwrap();
        let certificate = Certificate::from_der(&issued.certificate).unwrap();
        let checker = AwsLc.key(Algorithm::EcdsaP256Sha256, key.public()).unwrap();
        let body = certificate.tbs_certificate.to_der().unwrap();
        let signature = certificate.signature.as_bytes().unwrap();
        checker.verify(&body, signature).unwrap();
        // What the request asked for beside the key is not in it.
        assert!(certificate.tbs_certificate.subject.is_empty());
        let above = Certificate::from_der(&issued.above[0]).unwrap();
        assert_eq!(
            certificate.tbs_certificate.issuer,
            above.tbs_certificate.subject
        );
    }
    let before = now() - SignedDuration::from_hours(24 * 365 * 2);
    let refused = authority.issue(&somebody(), &proven(), before).await;
    assert!(matches!(refused, Err(IssueError::AuthorityValidity)));
}

#[test]
fn an_authority_needs_its_own_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let keys = unlock(&found(folder.path()), now());
    // A log's key has none.
    let signers = Signers {
        authority: keys.rekor1.clone(),
        ct: keys.ct.clone(),
        log: Arc::new(Leaves::default()),
    };
    assert!(matches!(
        Authority::new(signers),
        Err(AuthorityError::NoChain)
    ));
}
