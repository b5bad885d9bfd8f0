//! The signature checks that an attestation needs, made bare: message, signature and key, straight to aws-lc. Read from
//! the documents independently of the crate, as the floor that it is measured against.

use std::error::Error;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SignedCertificateTimestampList;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One check. The key is as a trust root or certificate has it: SubjectPublicKeyInfo, not parsed in advance.
pub(crate) struct Check {
    algorithm: &'static EcdsaVerificationAlgorithm,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Check {
    pub(crate) fn run(&self) {
        let key = UnparsedPublicKey::new(self.algorithm, &self.key);
        let outcome = key.verify(&self.message, &self.signature);
        outcome.expect("it was checked when it was read");
    }

    fn new(key: &[u8], message: Vec<u8>, signature: &[u8]) -> Result<Self> {
        /// secp384r1, as it stands in a SubjectPublicKeyInfo.
        const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
        let on_p384 = key
            .windows(P384.as_bytes().len())
            .any(|part| part == P384.as_bytes());
        let algorithm = if on_p384 {
            &ECDSA_P384_SHA384_ASN1
        } else {
            &ECDSA_P256_SHA256_ASN1
        };
        UnparsedPublicKey::new(algorithm, key)
            .verify(&message, signature)
            .map_err(|_| "a check does not hold")?;
        Ok(Self {
            algorithm,
            key: key.to_vec(),
            message,
            signature: signature.to_vec(),
        })
    }
}

/// Of one attestation: those of its certificate (chain, timestamp), and those of its own (promise, checkpoint,
/// statement).
pub(crate) struct Checks {
    pub(crate) certificate: Vec<Check>,
    pub(crate) own: Vec<Check>,
}

impl Checks {
    pub(crate) fn read(attestation: &[u8], root: &[u8]) -> Result<Self> {
        let attestation: Value = serde_json::from_slice(attestation)?;
        let root: Value = serde_json::from_slice(root)?;
        let material = &attestation["verification_material"];
        let leaf_der = bytes(&material["certificate"])?;
        let leaf = Certificate::from_der(&leaf_der)?;
        let entry = &material["transparency_entries"][0];
        let log = key_of(&root["tlogs"], &bytes(&entry["logId"]["keyId"])?)?;
        let leaf_key = leaf.tbs_certificate.subject_public_key_info.to_der()?;
        let payload = bytes(&attestation["envelope"]["statement"])?;
        let signature = bytes(&attestation["envelope"]["signature"])?;
        Ok(Self {
            certificate: certificate_checks(&leaf, &root)?,
            own: vec![
                promise(entry, &log)?,
                checkpoint(entry, &log)?,
                Check::new(&leaf_key, pae(&payload), &signature)?,
            ],
        })
    }

    pub(crate) fn run_own(&self) {
        self.own.iter().for_each(Check::run);
    }

    pub(crate) fn run_certificate(&self) {
        self.certificate.iter().for_each(Check::run);
    }

    pub(crate) fn run(&self) {
        self.run_certificate();
        self.run_own();
    }
}

fn bytes(text: &Value) -> Result<Vec<u8>> {
    let text = text.as_str().ok_or("a field is missing")?;
    Ok(STANDARD.decode(text.replace('\n', ""))?)
}

/// The key of the log with this id.
fn key_of(logs: &Value, id: &[u8]) -> Result<Vec<u8>> {
    for log in logs.as_array().into_iter().flatten() {
        if bytes(&log["logId"]["keyId"])? == id {
            return bytes(&log["publicKey"]["rawBytes"]);
        }
    }
    Err("the root has no such log".into())
}

/// DSSE's pre-authentication encoding.
fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

fn promise(entry: &Value, log: &[u8]) -> Result<Check> {
    let number = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| value.to_string())
    };
    // RFC 8785: keys in order, no white space; nothing in these values needs an escape.
    let message = format!(
        r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
        entry["canonicalizedBody"].as_str().ok_or("no body")?,
        number(&entry["integratedTime"]),
        hex::encode(bytes(&entry["logId"]["keyId"])?),
        number(&entry["logIndex"]),
    );
    let signature = bytes(&entry["inclusionPromise"]["signedEntryTimestamp"])?;
    Check::new(log, message.into_bytes(), &signature)
}

fn checkpoint(entry: &Value, log: &[u8]) -> Result<Check> {
    let note = entry["inclusionProof"]["checkpoint"]["envelope"]
        .as_str()
        .ok_or("no checkpoint")?;
    let (text, signatures) = note.split_once("\n\n").ok_or("no signature")?;
    let line = signatures.lines().next().ok_or("no signature")?;
    let signature = STANDARD.decode(line.rsplit(' ').next().unwrap_or_default())?;
    Check::new(
        log,
        format!("{text}\n").into_bytes(),
        signature.get(4..).ok_or("no signature")?,
    )
}

fn certificate_checks(leaf: &Certificate, root: &Value) -> Result<Vec<Check>> {
    let signature = leaf.signature.as_bytes().ok_or("no signature")?;
    for authority in root["certificateAuthorities"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for issuer in authority["certChain"]["certificates"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let issuer = Certificate::from_der(&bytes(&issuer["rawBytes"])?)?;
            let key = issuer.tbs_certificate.subject_public_key_info.to_der()?;
            if let Ok(chain) = Check::new(&key, leaf.tbs_certificate.to_der()?, signature) {
                return Ok(vec![chain, timestamp(leaf, &key, &root["ctlogs"])?]);
            }
        }
    }
    Err("no authority of the root signed the certificate".into())
}

/// RFC 6962 §3.2.
fn timestamp(leaf: &Certificate, issuer_key: &[u8], logs: &Value) -> Result<Check> {
    let mut body = leaf.tbs_certificate.clone();
    let extensions = body.extensions.as_mut().ok_or("no extensions")?;
    let at = extensions
        .iter()
        .position(|it| it.extn_id == SCT_LIST)
        .ok_or("no timestamp")?;
    let list = extensions.remove(at);
    let list = SignedCertificateTimestampList::from_der(list.extn_value.as_bytes())?;
    let list = list.parse_timestamps().map_err(|_| "no timestamps")?;
    let sct = list.first().ok_or("no timestamp")?;
    let sct = sct.parse_timestamp().map_err(|_| "no timestamp")?;
    let body = body.to_der()?;
    let length = u32::try_from(body.len())?.to_be_bytes();
    let message = [
        &[0, 0][..],
        &sct.timestamp.to_be_bytes(),
        &[0, 1],
        &Sha256::digest(issuer_key),
        &length[1..],
        &body,
        &[0, 0],
    ];
    let key = key_of(logs, &sct.log_id.key_id)?;
    Check::new(&key, message.concat(), &sct.signature.signature.into_vec())
}
