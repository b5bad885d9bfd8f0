//! Timestamps: a good token to begin with, one thing changed, and the rule that refuses it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::crypto::default_provider;
use touchplate_attest::stamp::{
    Authority, MAX_AUTHORITY_CERTIFICATES, MAX_EMBEDDED_CERTIFICATES, MAX_TOKEN_BYTES, Stamp,
    StampError, Token,
};
use touchplate_attest::{
    Attestation, TimestampError, TrustRoot, VerifyError, verify as verify_attestation,
};
use touchplate_trust::{
    AttributeRecipe, AttributeValue, KeyHolder, KeyKind, StampAuthority, StampCertificateRecipe,
    TokenRecipe,
};

use crate::support::{Case, base64, now};

const URI: &str = "https://timestamp.trust.example/api/v1/timestamp";
const MESSAGE: &[u8] = b"a signature";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
const SHA1: &str = "1.3.14.3.2.26";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";
const DATA: &str = "1.2.840.113549.1.7.1";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn authority() -> StampAuthority {
    StampAuthority::new("trust.example", now()).unwrap()
}

fn signer() -> StampCertificateRecipe {
    StampCertificateRecipe::signer("trust.example", now())
}

fn issuer(name: &str, path_length: u8) -> StampCertificateRecipe {
    StampCertificateRecipe::authority(name, "trust.example", path_length, now())
}

fn read(certificates: &[Vec<u8>]) -> Result<Authority, StampError> {
    Authority::read(URI, certificates, None, None, default_provider())
}

fn verify(der: &[u8], authorities: &[Authority]) -> Result<Stamp, StampError> {
    Token::parse(der)?.verify(MESSAGE, authorities, now() + MINUTE, default_provider())
}

/// The variant's name.
fn name<T>(outcome: Result<T, StampError>) -> String {
    let Err(error) = outcome else {
        return "accepted".to_owned();
    };
    let told = format!("{error:?}");
    let end = told.find([' ', '(']).unwrap_or(told.len());
    told[..end].to_owned()
}

/// What becomes of a token that differs from a good one.
fn refused(change: impl FnOnce(&mut TokenRecipe)) -> String {
    let authority = authority();
    let mut recipe = authority.recipe(now()).unwrap();
    change(&mut recipe);
    let der = authority.stamp(&recipe, MESSAGE).unwrap();
    name(verify(&der, &[read(&authority.certificates()).unwrap()]))
}

fn attribute<'r>(recipe: &'r mut TokenRecipe, oid: &str) -> &'r mut AttributeRecipe {
    let mut attributes = recipe.attributes.iter_mut();
    attributes.find(|it| it.oid == oid).unwrap()
}

fn without(oid: &'static str) -> impl FnOnce(&mut TokenRecipe) {
    move |recipe| recipe.attributes.retain(|it| it.oid != oid)
}

#[test]
fn a_good_token_tells_its_time_and_authority() {
    let minted = authority();
    let root = [read(&minted.certificates()).unwrap()];
    let good = minted.recipe(now()).unwrap();
    let bare = TokenRecipe {
        status: None,
        ..good.clone()
    };
    let modified = TokenRecipe {
        status: Some(1),
        ..good.clone()
    };
    let not_embedded = TokenRecipe {
        embedded: Vec::new(),
        ..good.clone()
    };
    let by_key_id = TokenRecipe {
        by_key_id: true,
        ..good.clone()
    };
    let harmless = ("1.2.3.4".to_owned(), false, vec![1]);
    let extended = TokenRecipe {
        extensions: vec![harmless],
        ..good.clone()
    };
    let mut issuer_too = good.clone();
    attribute(&mut issuer_too, SIGNING_CERTIFICATE_V2).values =
        vec![AttributeValue::SigningCertificate {
            hash: Some(SHA512.to_owned()),
            other: None,
            issuer_and_serial_of: Some(0),
        }];
    let other_hashes = [SHA384, SHA512].map(|hash| TokenRecipe {
        hash: hash.to_owned(),
        ..good.clone()
    });
    let whole = [good, bare, modified, not_embedded, by_key_id];
    let more = [extended, issuer_too];
    for recipe in whole.into_iter().chain(more).chain(other_hashes) {
        let stamp = verify(&minted.stamp(&recipe, MESSAGE).unwrap(), &root).unwrap();
        assert_eq!((stamp.time, stamp.authority.as_str()), (now(), URI));
    }
    let fraction = TokenRecipe {
        time: "20250615120000.25Z".to_owned(),
        ..minted.recipe(now()).unwrap()
    };
    let stamp = verify(&minted.stamp(&fraction, MESSAGE).unwrap(), &root).unwrap();
    assert_eq!(stamp.time.to_string(), "2025-06-15T12:00:00.25Z");
}

#[test]
fn a_token_may_be_signed_with_each_kind_of_key() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::P521,
        KeyKind::Ed25519,
        KeyKind::Rsa,
    ] {
        let recipes = [
            StampCertificateRecipe { kind, ..signer() },
            StampCertificateRecipe {
                kind,
                ..issuer("root", 0)
            },
        ];
        let minted = StampAuthority::from_recipes(&recipes).unwrap();
        let recipe = minted.recipe(now()).unwrap();
        let der = minted.stamp(&recipe, MESSAGE).unwrap();
        let [_, root] = &minted.certificates()[..] else {
            unreachable!()
        };
        for certificates in [minted.certificates(), vec![root.clone()]] {
            let root = [read(&certificates).unwrap()];
            verify(&der, &root).unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        }
        let root = [read(&minted.certificates()).unwrap()];
        let mut wrong = recipe.clone();
        wrong.signed_by = KeyHolder::Stranger;
        wrong.signature_algorithm = Some(usual_signature(kind).to_owned());
        let der = minted.stamp(&wrong, MESSAGE).unwrap();
        assert_eq!(name(verify(&der, &root)), "Signature", "{kind:?}");
    }
}

fn usual_signature(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::P256 => "1.2.840.10045.4.3.2",
        KeyKind::P384 => "1.2.840.10045.4.3.3",
        KeyKind::P521 => "1.2.840.10045.4.3.4",
        KeyKind::Ed25519 => "1.3.101.112",
        KeyKind::Rsa => "1.2.840.113549.1.1.11",
    }
}

#[test]
fn an_rsa_signature_may_be_named_by_its_key() {
    let recipes = [
        StampCertificateRecipe {
            kind: KeyKind::Rsa,
            ..signer()
        },
        issuer("root", 0),
    ];
    let minted = StampAuthority::from_recipes(&recipes).unwrap();
    let root = [read(&minted.certificates()).unwrap()];
    let mut recipe = minted.recipe(now()).unwrap();
    recipe.signature_algorithm = Some("1.2.840.113549.1.1.1".to_owned());
    verify(&minted.stamp(&recipe, MESSAGE).unwrap(), &root).unwrap();
}

#[test]
fn what_is_no_granted_response_is_refused() {
    assert_eq!(refused(|it| it.status = Some(2)), "NotGranted");
    assert_eq!(refused(|it| it.status = Some(5)), "NotGranted");
    assert_eq!(refused(|it| it.has_token = false), "NoToken");
    let minted = authority();
    let der = minted.stamp(&minted.recipe(now()).unwrap(), MESSAGE);
    let der = der.unwrap();
    let trailing = [&der[..], b"\0"].concat();
    assert!(matches!(
        Token::parse(&trailing),
        Err(StampError::TrailingBytes { found: 1 })
    ));
    let long = vec![0; MAX_TOKEN_BYTES + 1];
    assert_eq!(name(Token::parse(&long)), "TooLong");
    for junk in [
        &b""[..],
        b"junk",
        b"\x30\x00",
        b"\x30\x80\0\0",
        b"\x02\x01\0",
    ] {
        assert_eq!(name(Token::parse(junk)), "Malformed", "{junk:?}");
    }
    for length in 0..der.len() {
        assert_eq!(name(Token::parse(&der[..length])), "Malformed");
    }
}

#[test]
fn what_is_no_signed_tst_info_is_refused() {
    let data = || DATA.to_owned();
    assert_eq!(refused(|it| it.content_type = data()), "NotSignedData");
    assert_eq!(refused(|it| it.signed_type = data()), "ContentType");
    assert_eq!(refused(|it| it.has_content = false), "NoContent");
    assert_eq!(refused(|it| it.signers = 2), "SignerCount");
    assert_eq!(refused(|it| it.signers = 0), "SignerCount");
    let many = MAX_EMBEDDED_CERTIFICATES + 1;
    assert_eq!(
        refused(|it| it.embedded = vec![vec![0x30, 0]; many]),
        "TooManyCertificates"
    );
}

#[test]
fn a_tst_info_has_one_form() {
    assert_eq!(refused(|it| it.version = 2), "InfoVersion");
    assert_eq!(refused(|it| it.time = "20250615120000".into()), "Time");
    assert_eq!(refused(|it| it.time = "20250615120000.50Z".into()), "Time");
    let extension = |critical| ("1.2.3.4".to_owned(), critical, vec![]);
    assert_eq!(
        refused(|it| it.extensions = vec![extension(false), extension(true)]),
        "CriticalExtension"
    );
    assert_eq!(refused(|it| it.hash = SHA1.into()), "ImprintAlgorithm");
    assert_eq!(
        refused(|it| it.imprint = Some(vec![0; 20])),
        "ImprintLength"
    );
    // The tag of its version, and of its time.
    for (from, to) in [
        (&[2, 1, 1, 6], [4, 1, 1, 6]),
        (&[2, 1, 1, 24], [2, 1, 1, 23]),
    ] {
        let minted = authority();
        let mut recipe = minted.recipe(now()).unwrap();
        recipe.status = None;
        let mut der = minted.stamp(&recipe, MESSAGE).unwrap();
        let at = der.windows(4).position(|it| it == from).unwrap();
        der[at..at + 4].copy_from_slice(&to);
        assert_eq!(name(Token::parse(&der)), "Info");
    }
}

#[test]
fn signed_attributes_bind_the_content() {
    assert_eq!(refused(|it| it.attributes.clear()), "NoAttributes");
    assert_eq!(
        refused(|it| {
            it.unsorted = true;
            it.attributes.reverse();
        }),
        "AttributesNotDer"
    );
    assert_eq!(
        refused(|it| {
            let mut second = it.attributes[1].clone();
            second.values = vec![AttributeValue::Oid(DATA.into())];
            it.attributes.push(second);
        }),
        "RepeatedAttribute"
    );
    assert_eq!(refused(without(CONTENT_TYPE)), "NoContentType");
    assert_eq!(
        refused(|it| attribute(it, CONTENT_TYPE).values = vec![AttributeValue::Oid(DATA.into())]),
        "OtherContentType"
    );
    assert_eq!(
        refused(|it| attribute(it, CONTENT_TYPE)
            .values
            .push(AttributeValue::Oid(DATA.into()))),
        "AttributeValues"
    );
    assert_eq!(
        refused(|it| attribute(it, CONTENT_TYPE).values = vec![AttributeValue::ContentDigest]),
        "Attributes"
    );
    assert_eq!(refused(without(MESSAGE_DIGEST)), "NoMessageDigest");
    assert_eq!(
        refused(|it| attribute(it, MESSAGE_DIGEST).values =
            vec![AttributeValue::DigestOf(b"another".to_vec())]),
        "OtherContent"
    );
    assert_eq!(
        refused(|it| it.digest_algorithm = SHA1.into()),
        "DigestAlgorithm"
    );
}

#[test]
fn signed_attributes_name_the_signers_certificate() {
    let named = |hash: Option<&str>, other: Option<Vec<u8>>, of: Option<usize>| {
        let value = AttributeValue::SigningCertificate {
            hash: hash.map(str::to_owned),
            other,
            issuer_and_serial_of: of,
        };
        refused(|it| attribute(it, SIGNING_CERTIFICATE_V2).values = vec![value])
    };
    assert_eq!(named(None, None, None), "accepted");
    assert_eq!(
        refused(without(SIGNING_CERTIFICATE_V2)),
        "NoSigningCertificate"
    );
    assert_eq!(
        refused(|it| attribute(it, SIGNING_CERTIFICATE_V2).oid = SIGNING_CERTIFICATE.into()),
        "OldSigningCertificate"
    );
    assert_eq!(named(Some(SHA1), None, None), "SigningCertificateAlgorithm");
    let another = authority().certificates().remove(0);
    assert_eq!(named(None, Some(another), None), "OtherSigningCertificate");
    // The digest right, the serial number beside it the issuer's.
    assert_eq!(named(None, None, Some(1)), "OtherSigningCertificate");
}

#[test]
fn a_token_is_about_one_message() {
    assert_eq!(refused(|it| it.imprint = Some(vec![7; 32])), "OtherMessage");
}

#[test]
fn a_signature_fits_key_and_digest_and_holds() {
    assert_eq!(
        refused(|it| it.signed_by = KeyHolder::Stranger),
        "Signature"
    );
    // SHA-384 in the algorithm, SHA-256 beside it; RSA for a P-256 key; no signature algorithm at all.
    for other in ["1.2.840.10045.4.3.3", "1.2.840.113549.1.1.11", DATA] {
        assert_eq!(
            refused(|it| it.signature_algorithm = Some(other.into())),
            "SignatureAlgorithm"
        );
    }
}

#[test]
fn times_are_held_against_now_the_window_and_the_certificates() {
    let minted = authority();
    let der = |time: Timestamp| {
        let recipe = minted.recipe(time).unwrap();
        minted.stamp(&recipe, MESSAGE).unwrap()
    };
    let within = |start, end, time| {
        let certificates = minted.certificates();
        let read = Authority::read(URI, &certificates, start, end, default_provider());
        name(verify(&der(time), &[read.unwrap()]))
    };
    let second = SignedDuration::from_secs(1);
    assert_eq!(within(None, None, now() + MINUTE), "accepted");
    assert_eq!(within(None, None, now() + MINUTE + second), "InFuture");
    // Both ends belong to the window.
    assert_eq!(within(Some(now()), Some(now()), now()), "accepted");
    let outside = "OutsideWindow";
    assert_eq!(within(Some(now() + second), None, now()), outside);
    assert_eq!(within(None, Some(now() - second), now()), outside);
    let year = SignedDuration::from_hours(24 * 365);
    assert_eq!(within(None, None, now() - year), "accepted");
    assert_eq!(
        within(None, None, now() - year - second),
        "CertificateNotYetValid"
    );
    let ended = |position: usize| {
        let mut recipes = [signer(), issuer("root", 0)];
        recipes[position].not_after = now() - second;
        let minted = StampAuthority::from_recipes(&recipes).unwrap();
        let recipe = minted.recipe(now()).unwrap();
        let der = minted.stamp(&recipe, MESSAGE).unwrap();
        name(verify(&der, &[read(&minted.certificates()).unwrap()]))
    };
    assert_eq!(ended(0), "CertificateExpired");
    assert_eq!(ended(1), "CertificateExpired");
}

#[test]
fn no_changed_byte_changes_what_is_proved() {
    let minted = authority();
    let root = [read(&minted.certificates()).unwrap()];
    let above = [read(&minted.certificates()[1..]).unwrap()];
    let der = minted.stamp(&minted.recipe(now()).unwrap(), MESSAGE);
    let der = der.unwrap();
    let mut unchanged = 0;
    for position in 0..der.len() {
        for mask in [0x01, 0x20, 0xff] {
            let mut changed = der.clone();
            changed[position] ^= mask;
            for authorities in [&root, &above] {
                if let Ok(stamp) = verify(&changed, authorities) {
                    assert_eq!((stamp.time, stamp.authority.as_str()), (now(), URI));
                    unchanged += 1;
                }
            }
        }
    }
    // The status, versions, the list of hash functions, and the embedded certificate where the root has it.
    assert!(unchanged > 0);
}

#[test]
fn a_signer_of_no_authority_is_told_apart() {
    let (minted, other) = (authority(), authority());
    let der = minted.stamp(&minted.recipe(now()).unwrap(), MESSAGE);
    let der = der.unwrap();
    assert_eq!(name(verify(&der, &[])), "UnknownAuthority");
    // The names are the same, the keys are others.
    let strangers = [read(&other.certificates()).unwrap()];
    assert_eq!(name(verify(&der, &strangers)), "UnknownAuthority");
    let both = [
        read(&other.certificates()).unwrap(),
        read(&minted.certificates()).unwrap(),
    ];
    verify(&der, &both).unwrap();
    // Nobody knows whose it is, so what else is wrong with it is nobody's matter.
    let message = Token::parse(&der).unwrap();
    let outcome = message.verify(b"another", &strangers, now() - MINUTE, default_provider());
    assert_eq!(name(outcome), "UnknownAuthority");
}

/// A token that embeds all certificates but the root, of which alone the authority is made.
fn embedded(recipes: &[StampCertificateRecipe]) -> String {
    let minted = StampAuthority::from_recipes(recipes).unwrap();
    let mut certificates = minted.certificates();
    let root = certificates.pop().unwrap();
    let mut recipe = minted.recipe(now()).unwrap();
    recipe.embedded = certificates;
    let der = minted.stamp(&recipe, MESSAGE).unwrap();
    let embedded = name(verify(&der, &[read(&[root]).unwrap()]));
    // The same chain in the root is refused by the same rule, when it is read.
    let whole = read(&minted.certificates()).map(|authority| name(verify(&der, &[authority])));
    let whole = whole.unwrap_or_else(|error| name::<()>(Err(error)));
    if embedded != "UnknownAuthority" {
        assert_eq!(whole, embedded);
    }
    embedded
}

#[test]
fn an_embedded_certificate_is_believed_where_it_leads_to_an_authority() {
    assert_eq!(embedded(&[signer(), issuer("root", 0)]), "accepted");
    let three = [signer(), issuer("middle", 0), issuer("root", 1)];
    assert_eq!(embedded(&three), "accepted");
    let without_ids = three.clone().map(|it| StampCertificateRecipe {
        has_key_ids: false,
        ..it
    });
    assert_eq!(embedded(&without_ids), "accepted");
    // A sibling of the signer that the root names.
    let minted = StampAuthority::from_recipes(&three).unwrap();
    let certificates = minted.certificates();
    let above = [read(&certificates[1..]).unwrap()];
    let der = minted.stamp(&minted.recipe(now()).unwrap(), MESSAGE);
    let der = der.unwrap();
    verify(&der, &above).unwrap();
    // What leads nowhere, and what is not even embedded.
    let root = [read(&certificates[2..]).unwrap()];
    assert_eq!(name(verify(&der, &root)), "UnknownAuthority");
    let mut recipe = minted.recipe(now()).unwrap();
    recipe.embedded = vec![b"\x30\x00".to_vec()];
    let der = minted.stamp(&recipe, MESSAGE).unwrap();
    assert_eq!(name(verify(&der, &above)), "UnknownAuthority");
}

#[test]
fn a_root_that_names_the_signer_says_when_it_is_believed() {
    let minted = authority();
    let certificates = minted.certificates();
    let der = minted.stamp(&minted.recipe(now()).unwrap(), MESSAGE);
    let ended = Authority::read(
        URI,
        &certificates,
        None,
        Some(now() - MINUTE),
        default_provider(),
    );
    // Under the same issuer and still believed, but not whose signer it is.
    let neighbour = read(&certificates[1..]).unwrap();
    let outcome = verify(&der.unwrap(), &[ended.unwrap(), neighbour]);
    assert_eq!(name(outcome), "OutsideWindow");
}

#[test]
fn a_signers_certificate_is_for_timestamps_alone() {
    let changed = |change: fn(&mut StampCertificateRecipe)| {
        let mut signer = signer();
        change(&mut signer);
        embedded(&[signer, issuer("root", 0)])
    };
    assert_eq!(
        changed(|it| it.extended_key_usage.clear()),
        "NoExtendedKeyUsage"
    );
    let code_signing = "1.3.6.1.5.5.7.3.3";
    assert_eq!(
        changed(|it| it.extended_key_usage.push("1.3.6.1.5.5.7.3.3".into())),
        "ExtendedKeyUsage"
    );
    assert_eq!(
        changed(|it| it.extended_key_usage = vec!["2.5.29.37.0".into()]),
        "ExtendedKeyUsage"
    );
    assert_eq!(
        changed(|it| it.extended_is_critical = false),
        "ExtendedKeyUsageNotCritical"
    );
    assert_eq!(
        changed(|it| (it.signs, it.issues) = (false, true)),
        "KeyUsage"
    );
    assert_eq!(changed(|it| it.signs = false), "accepted");
    assert_eq!(
        changed(|it| it.extensions.push(("1.2.3.4".into(), true, vec![5, 0]))),
        "CertificateExtension"
    );
    assert_eq!(
        changed(|it| it.extensions.push(("1.2.3.4".into(), false, vec![5, 0]))),
        "accepted"
    );
    let middle = StampCertificateRecipe {
        extended_key_usage: vec![code_signing.into()],
        ..issuer("middle", 0)
    };
    assert_eq!(
        embedded(&[signer(), middle, issuer("root", 1)]),
        "IssuerExtendedKeyUsage"
    );
}

#[test]
fn each_certificate_is_issued_by_an_authority() {
    let middle = |change: fn(&mut StampCertificateRecipe)| {
        let mut middle = issuer("middle", 0);
        change(&mut middle);
        embedded(&[signer(), middle, issuer("root", 1)])
    };
    assert_eq!(middle(|_| ()), "accepted");
    assert_eq!(middle(|it| it.is_authority = false), "NotAuthority");
    assert_eq!(
        middle(|it| (it.signs, it.issues) = (true, false)),
        "MaySignNoCertificates"
    );
    assert_eq!(
        middle(|it| it
            .extensions
            .push(("2.5.29.30".into(), true, vec![0x30, 0]))),
        "CertificateExtension"
    );
    assert_eq!(
        middle(|it| it.signed_by_stranger = Some(KeyKind::P256)),
        "PathSignature"
    );
    // An algorithm that the issuer's key has not.
    assert_eq!(
        middle(|it| it.signed_by_stranger = Some(KeyKind::Ed25519)),
        "PathAlgorithm"
    );
    assert_eq!(
        embedded(&[signer(), issuer("middle", 0), issuer("root", 0)]),
        "PathTooLong"
    );
    let mut forged = signer();
    forged.signed_by_stranger = Some(KeyKind::P256);
    assert_eq!(embedded(&[forged, issuer("root", 0)]), "PathSignature");
}

#[test]
fn an_authoritys_certificates_are_a_chain() {
    let chain = authority().certificates();
    assert_eq!(name(read(&[])), "CertificateCount");
    let many = vec![chain[1].clone(); MAX_AUTHORITY_CERTIFICATES + 1];
    assert_eq!(name(read(&many)), "CertificateCount");
    assert_eq!(
        name(read(&[chain[0].clone(), b"junk".to_vec()])),
        "Certificate"
    );
    // Of the same name, with another key.
    let other = authority().certificates();
    assert_eq!(
        name(read(&[chain[0].clone(), other[1].clone()])),
        "BrokenChain"
    );
    let mut named = signer();
    named.other_issuer = Some("another".to_owned());
    let minted = StampAuthority::from_recipes(&[named, issuer("root", 0)]);
    assert_eq!(name(read(&minted.unwrap().certificates())), "BrokenChain");
    let mut lone = chain[0].clone();
    read(std::slice::from_ref(&lone)).unwrap();
    // P-256's OID ends in 7; no curve's ends in 0x70.
    let p256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let at = lone.windows(p256.len()).position(|it| it == p256).unwrap();
    lone[at + 9] = 0x70;
    assert_eq!(name(read(&[lone])), "Key");
}

#[test]
fn an_authority_that_cannot_be_used_leaves_the_rest_of_its_root_usable() {
    let case = Case::good();
    let mut lax = signer();
    lax.extended_is_critical = false;
    let lax = StampAuthority::from_recipes(&[lax, issuer("root", 0)]).unwrap();
    let chain = |certificates: Vec<Vec<u8>>| -> Vec<Value> {
        let der = |der| json!({"rawBytes": base64::encode(der)});
        certificates.iter().map(|it| der(it)).collect()
    };
    for certificates in [vec![], lax.certificates()] {
        let mut root = case.root.clone();
        root["timestampAuthorities"][0]["certChain"]["certificates"] = chain(certificates).into();
        let root = TrustRoot::from_json(root.to_string().as_bytes()).unwrap();
        // A log's word is enough; a timestamp has no authority in this root.
        let mint = |recipe| Attestation::parse(case.mint(&recipe).to_string().as_bytes()).unwrap();
        let logged = mint(case.recipe());
        verify_attestation(&case.file, &logged, &root, case.now).unwrap();
        let stamped = mint(case.recipe().in_rekor_v2(case.now));
        let refused = verify_attestation(&case.file, &stamped, &root, case.now).unwrap_err();
        assert!(
            matches!(
                refused,
                VerifyError::Timestamp {
                    position: 1,
                    source: TimestampError::Token(StampError::UnknownAuthority)
                }
            ),
            "{refused:?}"
        );
    }
}
