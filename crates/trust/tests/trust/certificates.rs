//! Signing certificates follow Fulcio's profile, and the certificate log has what its timestamps promise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::OctetString;
use der::{Decode as _, Encode as _};
use serde_json::Value;
use touchplate_attest::Sha256;
use touchplate_trust::{Predicate, Workload};
use x509_cert::Certificate;

use crate::support::{NAME, decode, digest, domain, mint, now};

const TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";

fn certificate(json: &Value) -> Certificate {
    Certificate::from_der(&decode(&json["verification_material"]["certificate"])).unwrap()
}

/// OID, critical or not, and DER value of each extension, in order.
fn extensions(certificate: &Certificate) -> Vec<(String, bool, Vec<u8>)> {
    let extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let parts = extensions.map(|it| {
        let value = it.extn_value.as_bytes().to_vec();
        (it.extn_id.to_string(), it.critical, value)
    });
    parts.collect()
}

#[test]
fn a_signing_certificate_has_the_profile_of_the_public_authority() {
    let certificate = certificate(&mint(&domain()));
    let body = &certificate.tbs_certificate;
    assert!(body.subject.is_empty());
    let validity = body.validity;
    let lifetime = validity.not_after.to_unix_duration() - validity.not_before.to_unix_duration();
    assert_eq!(lifetime.as_secs(), 600);
    assert!(matches!(
        validity.not_before,
        x509_cert::time::Time::UtcTime(_)
    ));
    assert_eq!(body.serial_number.as_bytes().len(), 20);
    let extensions = extensions(&certificate);
    let oids: Vec<_> = extensions.iter().map(|(oid, ..)| oid.as_str()).collect();
    let standard = [
        "2.5.29.15",
        "2.5.29.37",
        "2.5.29.14",
        "2.5.29.35",
        "2.5.29.17",
    ];
    assert_eq!(oids[..5], standard);
    assert_eq!(oids.last(), Some(&TIMESTAMPS));
    let critical = extensions.iter().filter(|(_, critical, _)| *critical);
    let critical: Vec<_> = critical.map(|(oid, ..)| oid.as_str()).collect();
    assert_eq!(critical, ["2.5.29.15", "2.5.29.17"]);
    assert_eq!(extensions[0].2, [3, 2, 7, 0x80]); // digital signature alone
    let claims = oids
        .iter()
        .filter_map(|oid| oid.strip_prefix("1.3.6.1.4.1.57264.1."));
    let claims: Vec<u32> = claims.map(|number| number.parse().unwrap()).collect();
    assert_eq!(
        claims,
        [
            1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24
        ]
    );
    for (oid, _, value) in &extensions {
        let Some(number) = oid.strip_prefix("1.3.6.1.4.1.57264.1.") else {
            continue;
        };
        // .1.1 to .1.6 are bare text, the later ones UTF8Strings.
        let encoded = String::from_der(value).is_ok();
        assert_eq!(encoded, number.parse::<u32>().unwrap() > 6, "{oid}");
    }
}

#[test]
fn a_person_is_named_by_address() {
    let who = Workload::email("maintainer@example.org", "https://accounts.example.org");
    let json = domain().attest(&who, NAME, &digest(), Predicate::Publish, now());
    let certificate = certificate(&serde_json::from_slice(&json.unwrap()).unwrap());
    let extensions = extensions(&certificate);
    let name = extensions
        .iter()
        .find(|(oid, ..)| oid == "2.5.29.17")
        .unwrap();
    assert_eq!(name.2, b"\x30\x18\x81\x16maintainer@example.org");
}

/// RFC 6962 §3.4's leaf, from the certificate as a monitor sees it.
fn leaf(certificate: &Certificate, issuer: &Certificate) -> [u8; 32] {
    let mut body = certificate.tbs_certificate.clone();
    let extensions = body.extensions.as_mut().unwrap();
    let list = extensions.pop().unwrap();
    assert_eq!(list.extn_id.to_string(), TIMESTAMPS);
    let list = OctetString::from_der(list.extn_value.as_bytes()).unwrap();
    // Two lengths, version and log id stand before the timestamp's time.
    let time = &list.as_bytes()[2 + 2 + 1 + 32..][..8];
    let issuer = issuer
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .unwrap();
    let issuer = Sha256::of(&issuer);
    let body = body.to_der().unwrap();
    let parts = [
        &[0, 0, 0][..],
        time,
        &[0, 1],
        issuer.as_bytes(),
        &u32::try_from(body.len()).unwrap().to_be_bytes()[1..],
        &body,
        &[0, 0],
    ];
    *Sha256::of(&parts.concat()).as_bytes()
}

#[test]
fn the_certificate_log_has_every_certificate_that_it_promised_to_keep() {
    let domain = domain();
    let root: Value = serde_json::from_slice(&domain.trusted_root_json()).unwrap();
    let chain = &root["certificateAuthorities"][0]["certChain"]["certificates"];
    let issuer = Certificate::from_der(&decode(&chain[0]["rawBytes"])).unwrap();
    assert_eq!(domain.certificate_log_head().size, 0);
    let leaves: Vec<_> = (0..3)
        .map(|_| leaf(&certificate(&mint(&domain)), &issuer))
        .collect();
    let node = |left: [u8; 32], right: [u8; 32]| {
        *Sha256::of(&[&[1][..], &left, &right].concat()).as_bytes()
    };
    let head = domain.certificate_log_head();
    assert_eq!(head.size, 3);
    assert_eq!(head.root, node(node(leaves[0], leaves[1]), leaves[2]));
}

#[test]
fn the_log_has_the_certificate_as_a_text_that_clients_compare_exactly() {
    let json = mint(&domain());
    let entry = &json["verification_material"]["transparency_entries"][0];
    let body: Value = serde_json::from_slice(&decode(&entry["canonicalizedBody"])).unwrap();
    let text = String::from_utf8(decode(&body["spec"]["signatures"][0]["verifier"])).unwrap();
    let der = decode(&json["verification_material"]["certificate"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "-----BEGIN CERTIFICATE-----");
    assert_eq!(lines[1].len(), 64);
    assert_eq!(lines[1..lines.len() - 1].concat(), STANDARD.encode(der));
    assert!(text.ends_with("\n-----END CERTIFICATE-----\n") && !text.contains('\r'));
}
