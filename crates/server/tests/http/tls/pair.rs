//! A key and a certificate of this machine that it signs itself.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString};
use der::pem::LineEnding;
use der::{DateTime, Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

/// The certificate's names: both of this machine, and one that is somebody else's.
const NAMES: [&str; 2] = ["localhost", "other.example"];

/// Both as an operator has them in files.
pub(super) struct Pair {
    /// The certificate, DER.
    pub(super) der: Vec<u8>,
    /// The same, PEM.
    pub(super) certificate: String,
    /// The private key, PEM.
    pub(super) key: String,
}

impl Pair {
    pub(super) fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let body = body(&key);
        let signed = key
            .sign(&SystemRandom::new(), &body.to_der().unwrap())
            .unwrap();
        let certificate = Certificate {
            signature_algorithm: body.signature.clone(),
            tbs_certificate: body,
            signature: BitString::from_bytes(signed.as_ref()).unwrap(),
        };
        let der = certificate.to_der().unwrap();
        let pem = |label: &str, der: &[u8]| {
            let encoded = der::pem::encode_string(label, LineEnding::LF, der);
            encoded.unwrap()
        };
        let secret = key.to_pkcs8v1().unwrap();
        Self {
            certificate: pem("CERTIFICATE", &der),
            key: pem("PRIVATE KEY", secret.as_ref()),
            der,
        }
    }
}

fn body(key: &EcdsaKeyPair) -> TbsCertificate {
    let public = key.public_key().as_der().unwrap();
    let public: &[u8] = public.as_ref();
    let name = |name: &&str| GeneralName::DnsName(Ia5String::new(*name).unwrap());
    let mut names: Vec<_> = NAMES.iter().map(name).collect();
    let loopback = OctetString::new([127, 0, 0, 1]).unwrap();
    names.push(GeneralName::IpAddress(loopback));
    let names = SubjectAltName(names).to_der().unwrap();
    // The clock that a client looks at is the machine's.
    let at = |year| {
        let start = DateTime::new(year, 1, 1, 0, 0, 0).unwrap();
        Time::GeneralTime(GeneralizedTime::from_date_time(start))
    };
    TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&[1]).unwrap(),
        signature: AlgorithmIdentifierOwned {
            oid: "1.2.840.10045.4.3.2".parse().unwrap(),
            parameters: None,
        },
        issuer: "CN=touchplate tests".parse().unwrap(),
        validity: Validity {
            not_before: at(2020),
            not_after: at(2100),
        },
        subject: "CN=touchplate tests".parse().unwrap(),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(public).unwrap(),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(vec![Extension {
            extn_id: "2.5.29.17".parse().unwrap(),
            critical: false,
            extn_value: OctetString::new(names).unwrap(),
        }]),
    }
}
