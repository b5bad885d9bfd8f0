//! What is refused when it is verified: certificate, log entry, signatures.

use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::SubjectName;
use touchplate_trust::{CheckpointRecipe, Fault, Recipe};

use super::Change::{self, Field, Recipe as Minted};
use super::{Mutation, entry};
use crate::support::{base64, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A further extension of the certificate.
macro_rules! extension {
    ($oid:expr, $critical:expr, $value:expr) => {
        Minted(|it| {
            it.certificate
                .extensions
                .push(($oid.to_owned(), $critical, $value.to_vec()))
        })
    };
}

pub(super) fn certificates() -> Vec<Mutation> {
    fn der(json: &mut Value, change: fn(Vec<u8>) -> Vec<u8>) {
        let field = &mut json["verification_material"]["certificate"];
        *field = base64::encode(&change(base64::decode(field))).into();
    }
    vec![
        (
            "a long certificate",
            Field(|it| der(it, |_| vec![0; 20_000])),
            "Certificate/TooLarge",
        ),
        (
            "a byte behind",
            Field(|it| der(it, |der| [der, vec![0]].concat())),
            "Certificate/Malformed",
        ),
        (
            "version 2",
            Field(|it| {
                der(it, |mut der| {
                    let version = der
                        .windows(5)
                        .position(|it| it == [0xa0, 3, 2, 1, 2])
                        .unwrap();
                    der[version + 4] = 1;
                    der
                });
            }),
            "Certificate/Version",
        ),
        (
            "an extension twice",
            extension!("1.3.6.1.4.1.57264.1.12", false, b"\x0c\x01x"),
            "Certificate/DuplicateExtension",
        ),
        (
            "an unknown critical extension",
            extension!("1.2.3.4", true, &[5, 0]),
            "Certificate/UnknownCritical",
        ),
        (
            "a claim that is no UTF8String",
            extension!("1.3.6.1.4.1.57264.1.30", false, b"bare"),
            "Certificate/MalformedExtension",
        ),
        (
            "GeneralizedTime",
            Minted(|it| it.certificate.generalized_time = true),
            "Certificate/TimeEncoding",
        ),
        (
            "an authority's",
            Minted(|it| it.certificate.is_authority = true),
            "Certificate/Authority",
        ),
        (
            "no key usage",
            Change::Fault(Fault::NoKeyUsage),
            "Certificate/NoKeyUsage",
        ),
        (
            "key usage",
            Minted(|it| it.certificate.for_encipherment = true),
            "Certificate/KeyUsage",
        ),
        (
            "one more key usage",
            Minted(|it| it.certificate.may_sign_certificates = true),
            "Certificate/SignsCertificates",
        ),
        (
            "no extended key usage",
            Minted(|it| it.certificate.extended_key_usage.clear()),
            "Certificate/NoExtendedKeyUsage",
        ),
        (
            "one more extended key usage",
            Minted(|it| {
                it.certificate
                    .extended_key_usage
                    .push("1.3.6.1.5.5.7.3.1".to_owned());
            }),
            "Certificate/ExtendedKeyUsage",
        ),
        (
            "P-384",
            Change::Fault(Fault::P384Key),
            "Certificate/KeyAlgorithm",
        ),
        (
            "no authority key id",
            Minted(|it| it.certificate.has_authority_key_id = false),
            "Certificate/NoAuthorityKeyId",
        ),
        (
            "no subject name",
            Minted(|it| it.certificate.names.clear()),
            "Certificate/NoName",
        ),
        (
            "a name that is not critical",
            Minted(|it| it.certificate.names_are_critical = false),
            "Certificate/NameNotCritical",
        ),
        (
            "many names",
            Minted(|it| it.certificate.names = vec![SubjectName::Email("a@example".to_owned()); 9]),
            "Certificate/TooManyNames",
        ),
        (
            "a DNS name",
            Minted(|it| {
                it.certificate.names.clear();
                it.certificate.extensions.push((
                    "2.5.29.17".to_owned(),
                    true,
                    b"\x30\x03\x82\x01a".to_vec(),
                ));
            }),
            "Certificate/NameKind",
        ),
        (
            "no issuer",
            Minted(|it| it.certificate.issuer = None),
            "Certificate/NoIssuer",
        ),
        (
            "another old issuer",
            Minted(|it| it.certificate.old_issuer = Some("https://other".to_owned())),
            "Certificate/TwoIssuers",
        ),
        (
            "no timestamp",
            Change::Fault(Fault::NoCertificateTimestamp),
            "Certificate/NoSct",
        ),
        (
            "two timestamps",
            Minted(|it| {
                it.certificate
                    .timestamps
                    .extend(it.certificate.timestamps.clone());
            }),
            "Certificate/SctCount",
        ),
        (
            "a cut timestamp",
            Minted(|it| {
                it.certificate.timestamps.clear();
                it.certificate.extensions.push((
                    "1.3.6.1.4.1.11129.2.4.2".to_owned(),
                    false,
                    b"\x04\x05\0\x03\0\x01\x01".to_vec(),
                ));
            }),
            "Certificate/MalformedSct",
        ),
        (
            "a foreign certificate log",
            Change::Fault(Fault::ForeignCertificateTimestamp),
            "UnknownCertificateLog",
        ),
        (
            "a timestamp of before its log",
            Minted(|it| it.certificate.timestamps[0].time = now() - HOUR * 24 * 800),
            "CertificateLogNotInForce",
        ),
        (
            "a timestamp of later",
            Minted(|it| it.certificate.timestamps[0].time = now() + HOUR),
            "CertificateTimestampInFuture",
        ),
        (
            "a foreign authority",
            Change::Fault(Fault::UnknownAuthority),
            "UnknownAuthority",
        ),
    ]
}

pub(super) fn logs() -> Vec<Mutation> {
    fn checkpoint(recipe: &mut Recipe) -> &mut CheckpointRecipe {
        recipe.entries[0].checkpoint.as_mut().unwrap()
    }
    fn body(json: &mut Value, change: fn(String) -> String) {
        let field = &mut entry(json)["canonicalizedBody"];
        let body = String::from_utf8(base64::decode(field)).unwrap();
        *field = base64::encode(change(body).as_bytes()).into();
    }
    vec![
        (
            "kind",
            Minted(|it| it.entries[0].kind.0 = "intoto".to_owned()),
            "Entry/Kind",
        ),
        (
            "log id",
            Field(|it| crate::support::flip(&mut entry(it)["logId"]["keyId"], 3)),
            "Entry/UnknownLog",
        ),
        (
            "no promise",
            Change::Fault(Fault::NoPromise),
            "Entry/NoPromise",
        ),
        (
            "no time",
            Field(|it| entry(it)["integratedTime"] = json!("0")),
            "Entry/NoIntegratedTime",
        ),
        (
            "a time of no calendar",
            Field(|it| entry(it)["integratedTime"] = json!(i64::MAX.to_string())),
            "Entry/Time",
        ),
        (
            "a later time",
            Change::Fault(Fault::LoggedInFuture(HOUR)),
            "Entry/InFuture",
        ),
        (
            "a certificate of later",
            Change::Fault(Fault::CertificateNotYetValid),
            "Entry/BeforeCertificate",
        ),
        (
            "a certificate of before",
            Change::Fault(Fault::CertificateExpired),
            "Entry/AfterCertificate",
        ),
        ("no proof", Change::Fault(Fault::NoProof), "Entry/NoProof"),
        (
            "the checkpoint's size",
            Change::Fault(Fault::CheckpointOfAnotherSize),
            "Entry/TreeSize",
        ),
        (
            "the checkpoint's root",
            Change::Fault(Fault::CheckpointOfAnotherRoot),
            "Entry/RootHash",
        ),
        (
            "the checkpoint's origin",
            Minted(|it| checkpoint(it).origin = Some("rekor.other.example - 1".to_owned())),
            "Entry/CheckpointOrigin",
        ),
        (
            "the checkpoint's signer",
            Minted(|it| checkpoint(it).signer = Some("rekor.other.example".to_owned())),
            "Entry/CheckpointSigner",
        ),
        (
            "an index that is not in the tree",
            Field(|it| entry(it)["inclusionProof"]["logIndex"] = json!("1000000")),
            "Entry/IndexOutside",
        ),
        (
            "the body cut",
            Field(|it| body(it, |it| it[..20].to_owned())),
            "Entry/BodyJson/Syntax",
        ),
        (
            "the body's key twice",
            Field(|it| body(it, |it| it.replacen('{', r#"{"kind":"dsse","#, 1))),
            "Entry/BodyJson/DuplicateKey",
        ),
        (
            "an unknown key in the body",
            Field(|it| body(it, |it| it.replacen('{', r#"{"more":1,"#, 1))),
            "Entry/BodyField/Unknown",
        ),
        (
            "a key less in the body",
            Field(|it| {
                body(it, |it| {
                    let mut body: Value = serde_json::from_str(&it).unwrap();
                    body["spec"]["payloadHash"] = Value::Null;
                    body.to_string()
                });
            }),
            "Entry/BodyField/Missing",
        ),
        (
            "the body's kind",
            Minted(|it| it.entries[0].body.kind.0 = "intoto".to_owned()),
            "Entry/BodyKind",
        ),
        (
            "the body's hash",
            Minted(|it| it.entries[0].body.hash_algorithm = "sha512".to_owned()),
            "Entry/BodyHashAlgorithm",
        ),
        (
            "the body's payload",
            Change::Fault(Fault::OtherPayloadLogged),
            "Entry/BodyPayload",
        ),
        (
            "a second signature in the body",
            Minted(|it| it.entries[0].body.signatures = 2),
            "Entry/BodySignatureCount",
        ),
        (
            "the body's signature",
            Change::Fault(Fault::OtherSignatureLogged),
            "Entry/BodySignature",
        ),
        (
            "no PEM in the body",
            Field(|it| {
                body(it, |it| {
                    it.replace(r#""verifier":"LS0t"#, r#""verifier":"AAAA"#)
                });
            }),
            "Entry/BodyCertificateEncoding",
        ),
        (
            "the body's certificate",
            Change::Fault(Fault::OtherCertificateLogged),
            "Entry/BodyCertificate",
        ),
    ]
}

pub(super) fn signatures() -> Vec<Mutation> {
    vec![
        (
            "who signed the certificate",
            Change::Fault(Fault::ForeignAuthority),
            "CertificateSignature/Signature",
        ),
        (
            "who signed its timestamp",
            Change::Fault(Fault::ForgedCertificateTimestamp),
            "CertificateTimestamp",
        ),
        (
            "who signed the promise",
            Change::Fault(Fault::ForeignPromise),
            "Entry/Promise",
        ),
        (
            "a hash less in the proof",
            Field(|it| {
                let hashes = &mut entry(it)["inclusionProof"]["hashes"];
                hashes.as_array_mut().unwrap().pop();
            }),
            "Entry/InclusionProof/Length",
        ),
        (
            "a hash of the proof",
            Change::Fault(Fault::OtherProofHash),
            "Entry/InclusionProof/Root",
        ),
        (
            "who signed the checkpoint",
            Change::Fault(Fault::ForeignCheckpoint),
            "Entry/CheckpointKey",
        ),
        (
            "the checkpoint's signature",
            Field(|it| {
                let note = &mut entry(it)["inclusionProof"]["checkpoint"]["envelope"];
                let text = note.as_str().unwrap().trim_end();
                let (start, signature) = text.rsplit_once(' ').unwrap();
                let mut signature = json!(signature);
                crate::support::flip(&mut signature, 50);
                *note = format!("{start} {}\n", signature.as_str().unwrap()).into();
            }),
            "Entry/Checkpoint",
        ),
        (
            "who signed the statement",
            Change::Fault(Fault::OtherKey),
            "Signature",
        ),
    ]
}

/// In Rekor v2, which tells no time: timestamps do.
pub(super) fn stamps() -> Vec<Mutation> {
    fn expired(recipe: &mut Recipe) {
        *recipe = recipe.clone().in_rekor_v2(now());
        Fault::CertificateExpired.apply(recipe);
    }
    let fault = |name, fault, rule| (name, Change::Fault(fault), rule);
    vec![
        fault("no timestamp", Fault::NoStamp, "Entry/NoTimestamp"),
        fault(
            "an early stamp",
            Fault::StampEarly,
            "Timestamp/BeforeCertificate",
        ),
        (
            "a certificate before the stamp",
            Minted(expired),
            "Timestamp/AfterCertificate",
        ),
        fault(
            "a stamp of later",
            Fault::StampLate,
            "Timestamp/Token/InFuture",
        ),
        fault(
            "a stamp of another",
            Fault::StampOfAnother,
            "Timestamp/Token/OtherMessage",
        ),
        fault(
            "who stamped",
            Fault::ForeignStamp,
            "Timestamp/Token/UnknownAuthority",
        ),
        fault(
            "who signed the stamp",
            Fault::ForgedStamp,
            "Timestamp/Token/Signature",
        ),
        fault(
            "a stamp not granted",
            Fault::StampNotGranted,
            "Timestamp/NotGranted",
        ),
        fault(
            "the body's digest",
            Fault::StatementDigestLogged,
            "Entry/BodyDigest",
        ),
    ]
}
