//! ID tokens: what is accepted, and each rule's refusal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::id_token::{
    IdToken, IdTokenError, KeySet, KeySetError, MAX_KEY_SET_BYTES, MAX_TOKEN_BYTES, ReceivedToken,
    Rules, TokenAlgorithm, check,
};
use touchplate_trust::LocalIssuer;

const ISSUER: &str = "https://issuer.example";

fn now() -> Timestamp {
    "2025-06-01T12:00:00Z".parse().unwrap()
}

struct World {
    issuer: LocalIssuer,
    keys: KeySet,
}

impl World {
    fn new(algorithm: TokenAlgorithm) -> Self {
        let issuer = LocalIssuer::new(ISSUER, "key-1", algorithm).unwrap();
        let keys = KeySet::parse(&issuer.key_set().unwrap()).unwrap();
        Self { issuer, keys }
    }

    fn token(&self, claims: Value) -> String {
        let token = self.issuer.token("job", "sigstore", claims, now());
        token.unwrap()
    }

    fn check(&self, token: &str) -> Result<IdToken, IdTokenError> {
        let audiences = ["sigstore".to_owned(), "mine".to_owned()];
        let rules = Rules {
            issuer: ISSUER,
            audiences: &audiences,
            algorithms: &TokenAlgorithm::ALL,
        };
        check(token, &self.keys, &rules, now())
    }

    fn refusal(&self, token: &str) -> String {
        self.check(token).unwrap_err().to_string()
    }
}

fn world() -> World {
    World::new(TokenAlgorithm::ES256)
}

/// Another header before the same claims and signature.
fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    format!("{header}.{rest}")
}

#[test]
fn each_algorithm_is_accepted_and_a_changed_claim_is_not() {
    for algorithm in TokenAlgorithm::ALL {
        let world = World::new(algorithm);
        let token = world.token(json!({"jti": "one", "ref": "refs/tags/v1", "n": 1}));
        let read = world.check(&token).unwrap();
        assert_eq!(read.issuer(), ISSUER);
        assert_eq!(read.subject(), "job");
        assert_eq!(read.audience(), "sigstore");
        assert_eq!(read.id(), Some("one"));
        assert_eq!(read.text("ref"), Some("refs/tags/v1"));
        assert_eq!(read.text("n"), None);
        assert_eq!(read.issued_at(), now());
        let [header, _, signature]: [&str; 3] =
            token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other = world.token(json!({"jti": "two"}));
        let claims = other.split('.').nth(1).unwrap();
        let forged = format!("{header}.{claims}.{signature}");
        assert_eq!(
            world.refusal(&forged),
            "the token's signature does not hold",
            "{algorithm}"
        );
        // A key of the same name that is another one.
        let stranger = World::new(algorithm);
        assert!(matches!(
            stranger.check(&token),
            Err(IdTokenError::Signature)
        ));
    }
}

#[test]
fn an_audience_is_a_text_or_a_list_of_one() {
    let world = world();
    world.check(&world.token(json!({"aud": ["mine"]}))).unwrap();
    for (aud, refusal) in [
        (json!(null), "the token has no claim `aud`"),
        (
            json!("pypi"),
            "expected a token for the audience sigstore or mine, found one for \"pypi\"",
        ),
        (
            json!(["sigstore", "pypi"]),
            "expected a token for one audience, found one for 2",
        ),
        (
            json!(["sigstore", "sigstore"]),
            "expected a token for one audience, found one for 2",
        ),
        (
            json!([]),
            "expected a string or a list of one string as the token's claim `aud`",
        ),
        (
            json!({"0": "sigstore"}),
            "expected a string or a list of one string as the token's claim `aud`",
        ),
    ] {
        assert_eq!(world.refusal(&world.token(json!({"aud": aud}))), refusal);
    }
}

#[test]
fn times_have_a_leeway_of_thirty_seconds() {
    let world = world();
    let at = |seconds: i64| now().as_second() + seconds;
    for good in [
        json!({"exp": at(-29)}),
        json!({"iat": at(30)}),
        json!({"nbf": at(30)}),
        json!({"nbf": null}),
        // Some issuers write fractions.
        json!({"exp": 1_748_779_260.5}),
    ] {
        world
            .check(&world.token(good.clone()))
            .expect("within the leeway");
    }
    for (claims, refusal) in [
        (
            json!({"exp": at(-30)}),
            "the token expired at 2025-06-01T11:59:30Z",
        ),
        (
            json!({"iat": at(31)}),
            "the token says that it will be issued at 2025-06-01T12:00:31Z",
        ),
        (
            json!({"nbf": at(31)}),
            "the token may not be used before 2025-06-01T12:00:31Z",
        ),
        (json!({"exp": null}), "the token has no claim `exp`"),
        (json!({"iat": null}), "the token has no claim `iat`"),
        (
            json!({"exp": "2030"}),
            "expected a time in seconds since 1970 as the token's claim `exp`",
        ),
        (
            json!({"exp": 1e300}),
            "expected a time in seconds since 1970 as the token's claim `exp`",
        ),
        (
            json!({"exp": i64::MAX}),
            "expected a time in seconds since 1970 as the token's claim `exp`",
        ),
    ] {
        assert_eq!(world.refusal(&world.token(claims)), refusal);
    }
    // The last moment that there is.
    let last = Timestamp::MAX.as_second();
    world.check(&world.token(json!({"exp": last}))).unwrap();
}

#[test]
fn who_and_about_whom_must_be_said() {
    let world = world();
    for (claims, refusal) in [
        (json!({"iss": null}), "the token has no claim `iss`"),
        (
            json!({"iss": "https://issuer.example/"}),
            "expected a token of https://issuer.example, found one of \"https://issuer.example/\"",
        ),
        (
            json!({"iss": ["https://issuer.example"]}),
            "expected text that is not empty as the token's claim `iss`",
        ),
        (json!({"sub": null}), "the token has no claim `sub`"),
        (
            json!({"sub": ""}),
            "expected text that is not empty as the token's claim `sub`",
        ),
        (
            json!({"jti": 7}),
            "expected text that is not empty as the token's claim `jti`",
        ),
    ] {
        assert_eq!(world.refusal(&world.token(claims)), refusal);
    }
}

#[test]
fn a_header_that_asks_for_another_check_is_refused() {
    let world = world();
    let token = world.token(json!({}));
    for (header, refusal) in [
        (
            json!({"alg": "none", "kid": "key-1"}),
            "the token is not signed (alg: none)",
        ),
        (
            json!({"alg": "NonE", "kid": "key-1"}),
            "the token is not signed (alg: none)",
        ),
        (
            json!({"kid": "key-1"}),
            "the token's header does not say how it is signed (alg)",
        ),
        (
            json!({"alg": "HS256", "kid": "key-1"}),
            "expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found \"HS256\"",
        ),
        (
            json!({"alg": "RS256", "kid": "key-1"}),
            "the issuer's key \"key-1\" is not for RS256",
        ),
        (
            json!({"alg": "ES256"}),
            "the token's header does not say which key it is signed with (kid)",
        ),
        (
            json!({"alg": "ES256", "kid": ""}),
            "the token's header does not say which key it is signed with (kid)",
        ),
        (
            json!({"alg": "ES256", "kid": "key-2"}),
            "the issuer has no key \"key-2\"",
        ),
        (
            json!({"alg": "ES256", "kid": "key-1", "crit": ["b64"], "b64": false}),
            "the token's header names extensions that must be understood (crit); none are",
        ),
        // A key that the token brings along is nobody's.
        (
            json!({"alg": "ES256", "kid": "key-1", "jwk": {"kty": "EC"}}),
            "the token's signature does not hold",
        ),
        (json!([]), "the token's header is not a JSON object"),
    ] {
        assert_eq!(world.refusal(&with_header(&token, &header)), refusal);
    }
    let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","alg":"none","kid":"key-1"}"#);
    let rest = token.split_once('.').unwrap().1;
    let refused = world.check(&format!("{twice}.{rest}")).unwrap_err();
    assert!(matches!(refused, IdTokenError::Header(Some(_))));
}

#[test]
fn what_is_no_token_is_refused() {
    let world = world();
    let token = world.token(json!({}));
    let form = "expected a JSON Web Token: three parts in base64url with dots between them";
    for text in [
        String::new(),
        "..".to_owned(),
        "a.b".to_owned(),
        "a.b.c.d".to_owned(),
        format!("{token}="),
        format!("{token}\n"),
        format!("{token}."),
        format!("{token}.x"),
        token.rsplit_once('.').unwrap().0.to_owned() + ".",
    ] {
        assert_eq!(world.refusal(&text), form, "{text:?}");
    }
    let long = "x".repeat(MAX_TOKEN_BYTES + 1);
    assert_eq!(
        world.refusal(&long),
        "expected a token of at most 16384 bytes, found 16385"
    );
}

#[test]
fn an_issuer_may_use_the_algorithms_that_it_is_known_for() {
    let world = World::new(TokenAlgorithm::PS256);
    let token = world.token(json!({}));
    let audiences = ["sigstore".to_owned()];
    let rules = Rules {
        issuer: ISSUER,
        audiences: &audiences,
        algorithms: &[TokenAlgorithm::RS256, TokenAlgorithm::ES256],
    };
    let read = ReceivedToken::parse(&token).unwrap();
    assert_eq!((read.issuer(), read.key_id()), (ISSUER, "key-1"));
    // Who reads a log learns no signature.
    assert!(!format!("{read:?}").contains(token.rsplit('.').next().unwrap()));
    let refused = read.check(&world.keys, &rules, now() + SignedDuration::from_secs(1));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "expected a token signed with RS256 or ES256, found PS256"
    );
}

#[test]
fn a_key_set_is_read_within_bounds_and_what_cannot_be_used_is_passed_over() {
    let parse = |set: &Value| KeySet::parse(set.to_string().as_bytes());
    let good = LocalIssuer::new(ISSUER, "good", TokenAlgorithm::RS256).unwrap();
    let good: Value = serde_json::from_slice(&good.key_set().unwrap()).unwrap();
    let good = &good["keys"][0];
    let changed = |member: &str, value: Value| {
        let mut key = good.clone();
        key[member] = value;
        key
    };
    let others = [
        json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}),
        json!({"kty": "EC", "crv": "P-384", "kid": "other", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "short", "x": "AA", "y": "AA"}),
        json!("no key"),
        changed("use", json!("enc")),
        changed("key_ops", json!(["encrypt"])),
        changed("kid", json!(null)),
        changed("n", json!("AQAB")),
        // Its private half is known to everybody.
        changed("d", json!("AQAB")),
    ];
    for other in &others {
        assert!(
            matches!(
                parse(&json!({"keys": [other]})),
                Err(KeySetError::NoneUsable { found: 1 })
            ),
            "{other}"
        );
    }
    let mut all = others.to_vec();
    all.push(good.clone());
    let set = parse(&json!({"keys": all})).unwrap();
    assert!(set.has("good") && !set.has("shared"));
    assert!(matches!(
        parse(&json!({"keys": {}})),
        Err(KeySetError::Form)
    ));
    assert!(matches!(parse(&json!([])), Err(KeySetError::Form)));
    assert!(matches!(
        parse(&json!({"keys": vec![good.clone(); 65]})),
        Err(KeySetError::TooMany { found: 65 })
    ));
    let large = vec![b' '; MAX_KEY_SET_BYTES + 1];
    assert!(matches!(KeySet::parse(&large), Err(KeySetError::Json(_))));
}
