//! Certificates that do not say who may sign, and those who vouch for them.

use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::{CertificateError as C, SubjectName, VerifyError as V};
use touchplate_trust::{Domain, Fault};

use crate::support::{Case, base64, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn certificates_that_are_none() {
    let certificate = |json: &mut Value, change: fn(Vec<u8>) -> Vec<u8>| {
        let text = &mut json["verification_material"]["certificate"];
        *text = base64::encode(&change(base64::decode(text))).into();
    };
    for change in [
        (|_| Vec::new()) as fn(Vec<u8>) -> Vec<u8>,
        |mut der| {
            der.push(0);
            der
        },
        |mut der| {
            der.pop();
            der
        },
        |der| {
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                base64::encode(&der)
            )
            .into_bytes()
        },
    ] {
        let case = Case::good();
        let mut json = case.mint(&case.recipe());
        certificate(&mut json, change);
        let refused = case.verify(&json).unwrap_err();
        assert!(
            matches!(refused, V::Certificate(C::Malformed(_))),
            "{refused:?}"
        );
    }
    let case = Case::good();
    let mut json = case.mint(&case.recipe());
    certificate(&mut json, |_| vec![0; 20_000]);
    assert!(matches!(
        case.verify(&json),
        Err(V::Certificate(C::TooLarge { found: 20_000 }))
    ));
}

#[test]
fn certificates_that_may_not_sign_files() {
    refuses!(
        |it| it.certificate.is_authority = true,
        V::Certificate(C::Authority)
    );
    refuses!(
        |it| it.certificate.has_key_usage = false,
        V::Certificate(C::NoKeyUsage)
    );
    refuses!(
        |it| it.certificate.for_encipherment = true,
        V::Certificate(C::KeyUsage)
    );
    refuses!(
        |it| it.certificate.extended_key_usage.clear(),
        V::Certificate(C::NoExtendedKeyUsage)
    );
    for usages in [
        &["1.3.6.1.5.5.7.3.1"][..],
        &["2.5.29.37.0"],
        &["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.1"],
    ] {
        let case = Case::good();
        let mut recipe = case.recipe();
        recipe.certificate.extended_key_usage = usages.iter().map(|&oid| oid.to_owned()).collect();
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(
            matches!(refused, V::Certificate(C::ExtendedKeyUsage { .. })),
            "{refused:?}"
        );
    }
    refuses!(
        |it| it.certificate.may_sign_certificates = true,
        V::Certificate(C::SignsCertificates)
    );
    refuses!(
        |it| it.certificate.p384 = true,
        V::Certificate(C::KeyAlgorithm { .. })
    );
}

#[test]
fn certificates_whose_extensions_are_wrong() {
    refuses!(
        |it| it.certificate.extensions.push(("1.2.3.4".into(), true, vec![5, 0])),
        V::Certificate(C::UnknownCritical { oid }) if oid == "1.2.3.4"
    );
    refuses!(
        |it| it.certificate.extensions.push(("1.3.6.1.4.1.57264.1.12".into(), false, b"\x0c\x01x".to_vec())),
        V::Certificate(C::DuplicateExtension { oid }) if oid.ends_with(".1.12")
    );
    refuses!(
        |it| it.certificate.extensions.push(("1.3.6.1.4.1.57264.1.30".into(), false, b"bare".to_vec())),
        V::Certificate(C::MalformedExtension { oid }) if oid.ends_with(".1.30")
    );
    refuses!(
        |it| {
            it.certificate.issuer = None;
            it.certificate.extensions.push(("1.3.6.1.4.1.57264.1.8".into(), false, b"https://bare".to_vec()));
        },
        V::Certificate(C::MalformedExtension { oid }) if oid.ends_with(".1.8")
    );
    refuses!(
        |it| it.certificate.has_authority_key_id = false,
        V::Certificate(C::NoAuthorityKeyId)
    );
}

#[test]
fn certificates_whose_times_are_written_otherwise() {
    refuses!(
        |it| it.certificate.generalized_time = true,
        V::Certificate(C::TimeEncoding)
    );
}

#[test]
fn certificates_that_do_not_say_who() {
    refuses!(|it| it.certificate.names.clear(), V::Certificate(C::NoName));
    refuses!(
        |it| it.certificate.names = vec![SubjectName::Email("a@example".into()); 9],
        V::Certificate(C::TooManyNames { found: 9 })
    );
    refuses!(
        |it| {
            it.certificate.names.clear();
            // A DNS name.
            it.certificate.extensions.push((
                "2.5.29.17".into(),
                true,
                b"\x30\x03\x82\x01a".to_vec(),
            ));
        },
        V::Certificate(C::NameKind)
    );
    refuses!(
        |it| it.certificate.names_are_critical = false,
        V::Certificate(C::NameNotCritical)
    );
    refuses!(
        |it| it.certificate.issuer = None,
        V::Certificate(C::NoIssuer)
    );
    refuses!(
        |it| it.certificate.old_issuer = Some("https://other".into()),
        V::Certificate(C::TwoIssuers { .. })
    );
}

#[test]
fn certificate_timestamps() {
    refuses!(
        |it| it.certificate.timestamps.clear(),
        V::Certificate(C::NoSct)
    );
    refuses!(
        |it| it
            .certificate
            .timestamps
            .extend(it.certificate.timestamps.clone()),
        V::Certificate(C::SctCount { found: 2 })
    );
    refuses!(
        |it| {
            it.certificate.timestamps.clear();
            // An empty list.
            it.certificate.extensions.push((
                "1.3.6.1.4.1.11129.2.4.2".into(),
                false,
                b"\x04\x02\0\0".to_vec(),
            ));
        },
        V::Certificate(C::SctCount { found: 0 })
    );
    refuses!(
        |it| {
            it.certificate.timestamps.clear();
            it.certificate.extensions.push((
                "1.3.6.1.4.1.11129.2.4.2".into(),
                false,
                b"\x04\x05\0\x03\0\x01\x01".to_vec(),
            ));
        },
        V::Certificate(C::MalformedSct)
    );
    refuses!(
        |it| Fault::ForeignCertificateTimestamp.apply(it),
        V::UnknownCertificateLog { .. }
    );
    refuses!(
        |it| {
            Fault::ForeignCertificateTimestamp.apply(it);
            it.certificate.timestamps[0].claims_right_log = true;
        },
        V::CertificateTimestamp(_)
    );
    refuses!(
        |it| Fault::TimestampOfAnotherCertificate.apply(it),
        V::CertificateTimestamp(_)
    );
    refuses!(
        |it| it.certificate.timestamps[0].time = now() - 24 * 800 * HOUR,
        V::CertificateLogNotInForce { .. }
    );
    refuses_in!(
        |case| case.root["ctlogs"][0]["publicKey"]["validFor"]["end"] =
            json!("2025-06-01T00:00:00Z"),
        V::CertificateLogNotInForce { .. }
    );
    refuses!(
        |it| it.certificate.timestamps[0].time = now() + HOUR,
        V::CertificateTimestampInFuture { .. }
    );
    refuses_in!(
        |case| case.root["ctlogs"] = json!([]),
        V::UnknownCertificateLog { .. }
    );
}

#[test]
fn authorities_that_the_root_does_not_have() {
    refuses!(
        |it| Fault::ForeignAuthority.apply(it),
        V::CertificateSignature(_)
    );
    refuses_in!(
        |case| case.root["certificateAuthorities"] = json!([]),
        V::UnknownAuthority
    );
    refuses_in!(
        |case| {
            let other = Domain::new("other.example", now())
                .unwrap()
                .trusted_root_json();
            let other: Value = serde_json::from_slice(&other).unwrap();
            case.root["certificateAuthorities"] = other["certificateAuthorities"].clone();
        },
        V::UnknownAuthority
    );
    // The same names, other keys: the key identifier tells them apart.
    refuses_in!(
        |case| {
            let other = Domain::new("trust.example", now())
                .unwrap()
                .trusted_root_json();
            let other: Value = serde_json::from_slice(&other).unwrap();
            case.root["certificateAuthorities"] = other["certificateAuthorities"].clone();
        },
        V::UnknownAuthority
    );
}
