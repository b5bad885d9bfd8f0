//! What signers send to the certificate authority: ID tokens and proofs of keys; and the key sets of issuers.

use touchplate_attest::id_token::{KeySet, ReceivedToken, Rules, TokenAlgorithm};
use touchplate_trust::authority::ProvenKey;

const TOKEN: &str = include_str!("../fixtures/id_token.jwt");
const KEYS: &[u8] = include_bytes!("../fixtures/key_set.json");

/// Of the issuer of the fixtures, which signed one token.
const ISSUER: &str = "https://issuer.example";

/// A token, as it came. Only what the issuer signed is believed.
pub(crate) fn id_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(token) = ReceivedToken::parse(text) else {
        return;
    };
    let keys = KeySet::parse(KEYS).expect("the fixture is a key set");
    let audiences = ["sigstore".to_owned()];
    let rules = Rules {
        issuer: ISSUER,
        audiences: &audiences,
        algorithms: &TokenAlgorithm::ALL,
    };
    let now = "2025-06-15T12:00:00Z".parse().expect("it is a time");
    if token.check(&keys, &rules, now).is_ok() {
        // An ECDSA signature has a twin; what is signed has none.
        let signed = |token: &str| {
            token
                .rsplit_once('.')
                .map(|(message, _)| message.to_owned())
        };
        assert_eq!(signed(text), signed(TOKEN.trim_end()), "forged");
    }
}

/// A key set.
pub(crate) fn key_set(bytes: &[u8]) {
    let _ = KeySet::parse(bytes);
}

/// A certificate signing request, PEM. What is taken is a P-256 key as it stands in certificates.
pub(crate) fn signing_request(bytes: &[u8]) {
    if let Ok(key) = ProvenKey::from_request(bytes) {
        assert_eq!(
            key.spki().len(),
            91,
            "an uncompressed P-256 key has one form"
        );
    }
}
