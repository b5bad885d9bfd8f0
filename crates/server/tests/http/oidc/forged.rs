//! Tokens that somebody made up or bent: the same attacks that the certificate authority is tested with, and what the
//! exchange answers, row 5. That they mint nothing is looked at too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::LocalIssuer;

use super::{AUDIENCE, GITHUB, World, demo};

/// What an attack is, its code, and what is said of it.
type Attack = (Value, &'static str, &'static str);

const INVALID: &str = "malformed or invalid token: ";
const MALFORMED: &str = "malformed JWT: ";

impl World {
    async fn with_demo() -> Self {
        let world = Self::new().await;
        world.project("demo", &demo()).await;
        world
    }

    /// Row 5: it is a token, and does not hold.
    async fn invalid(&self, token: &str, why: &str) {
        let words = format!("{INVALID}{why}");
        self.refuses(token, "invalid-token", &words).await;
    }

    /// Row 2: it cannot be read as a token.
    async fn malformed(&self, token: &str, why: &str) {
        let words = format!("{MALFORMED}{why}");
        self.refuses(token, "invalid-payload", &words).await;
    }

    async fn has_minted(&self, count: usize) {
        let project = "demo".parse().unwrap();
        let minted = self.server.index.minted_tokens(&project, 100).await;
        assert_eq!(minted.unwrap().len(), count);
    }
}

/// The same claims and signature below another header.
fn with_header(token: &str, header: &[u8]) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

/// Other claims below the same header and signature.
fn with_claims(token: &str, claims: &[u8]) -> String {
    let [header, _, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().unwrap();
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn signed_claims_that_do_not_hold() {
    let world = World::with_demo().await;
    let at = |seconds: i64| world.server.now().as_second() + seconds;
    let attacks: [Attack; 15] = [
        (
            json!({"exp": at(-30)}),
            "invalid-token",
            "the token expired at 2025-06-01T11:59:30Z",
        ),
        (
            json!({"exp": null}),
            "invalid-token",
            "the token has no claim `exp`",
        ),
        (
            json!({"exp": "never"}),
            "invalid-token",
            "expected a time in seconds since 1970 as the token's claim `exp`",
        ),
        (
            json!({"nbf": at(31)}),
            "invalid-token",
            "the token may not be used before 2025-06-01T12:00:31Z",
        ),
        (
            json!({"iat": at(31)}),
            "invalid-token",
            "the token says that it will be issued at 2025-06-01T12:00:31Z",
        ),
        (
            json!({"iat": null}),
            "invalid-token",
            "the token has no claim `iat`",
        ),
        (
            json!({"aud": "pypi"}),
            "invalid-token",
            "expected a token for the audience packages.example, found one for \"pypi\"",
        ),
        (
            json!({"aud": [AUDIENCE, AUDIENCE]}),
            "invalid-token",
            "expected a token for one audience, found one for 2",
        ),
        (
            json!({"aud": []}),
            "invalid-token",
            "expected a string or a list of one string as the token's claim `aud`",
        ),
        (
            json!({"aud": null}),
            "invalid-token",
            "the token has no claim `aud`",
        ),
        (
            json!({"sub": null}),
            "invalid-token",
            "the token has no claim `sub`",
        ),
        (
            json!({"jti": 7}),
            "invalid-token",
            "expected text that is not empty as the token's claim `jti`",
        ),
        (
            json!({"iss": null}),
            "invalid-payload",
            "the token has no claim `iss`",
        ),
        (
            json!({"iss": format!("{GITHUB}/")}),
            "invalid-payload",
            "unknown trusted publishing issuer",
        ),
        (
            json!({"iss": "https://evil.example"}),
            "invalid-payload",
            "unknown trusted publishing issuer",
        ),
    ];
    for (claims, code, why) in attacks {
        let words = match why {
            "unknown trusted publishing issuer" => why.to_owned(),
            why if code == "invalid-payload" => format!("{MALFORMED}{why}"),
            why => format!("{INVALID}{why}"),
        };
        world.refuses(&world.token(claims), code, &words).await;
    }
    // One issuer's signature below another's name: both are listed.
    let forged = world.signed(&world.gitlab, AUDIENCE, json!({"iss": GITHUB}));
    world.invalid(&forged, "the issuer has no key \"l\"").await;
    let other = LocalIssuer::new(GITHUB, "g", TokenAlgorithm::ES256).unwrap();
    let forged = world.signed(&other, AUDIENCE, json!({}));
    world
        .invalid(&forged, "the token's signature does not hold")
        .await;
    world.has_minted(0).await;
    world.minted(json!({})).await;
    world.has_minted(1).await;
}

#[tokio::test]
async fn headers_that_ask_for_another_check() {
    let world = World::with_demo().await;
    let good = world.token(json!({}));
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": "g"});
    let algorithms =
        "expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found \"HS256\"";
    for (member, value, why) in [
        ("alg", json!("none"), "the token is not signed (alg: none)"),
        ("alg", json!("nOnE"), "the token is not signed (alg: none)"),
        (
            "alg",
            json!(null),
            "the token's header does not say how it is signed (alg)",
        ),
        ("alg", json!("HS256"), algorithms),
        (
            "alg",
            json!("RS256"),
            "expected a token signed with ES256, found RS256",
        ),
        (
            "kid",
            json!(null),
            "the token's header does not say which key it is signed with (kid)",
        ),
        ("kid", json!("other"), "the issuer has no key \"other\""),
        (
            "kid",
            json!("../../etc/passwd"),
            "the issuer has no key \"../../etc/passwd\"",
        ),
        (
            "crit",
            json!(["exp"]),
            "the token's header names extensions that must be understood (crit); none are",
        ),
        // Keys that the token brings along, or says where to fetch, are nobody's.
        (
            "jwk",
            json!({"kty": "EC"}),
            "the token's signature does not hold",
        ),
        (
            "jku",
            json!("http://127.0.0.1:1/"),
            "the token's signature does not hold",
        ),
        (
            "x5u",
            json!("http://127.0.0.1:1/"),
            "the token's signature does not hold",
        ),
    ] {
        let mut header = header.clone();
        header[member] = value;
        let token = with_header(&good, header.to_string().as_bytes());
        world.invalid(&token, why).await;
    }
    // Said twice: which would hold?
    let twice = with_header(&good, br#"{"alg":"ES256","alg":"none","kid":"g"}"#);
    world
        .malformed(&twice, "the token's header is not a JSON object")
        .await;
    // No header of these was the one that was signed; as it was, it is taken.
    world.has_minted(0).await;
    world.mint(&good).await.assert_ok();
}

#[tokio::test]
async fn hs256_with_the_public_key_as_the_secret() {
    let world = World::with_demo().await;
    let set: Value = serde_json::from_slice(&world.github.key_set().unwrap()).unwrap();
    let point = ["x", "y"].map(|it| set["keys"][0][it].as_str().unwrap().to_owned());
    let secrets = [set.to_string(), set["keys"][0].to_string(), point.concat()];
    for secret in secrets {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("g".to_owned());
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes()).unwrap();
        let now = world.server.now().as_second();
        let claims =
            json!({"iss": GITHUB, "sub": "x", "aud": AUDIENCE, "iat": now, "exp": now + 60});
        let forged = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let why = "expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found \"HS256\"";
        world.invalid(&forged, why).await;
    }
    world.has_minted(0).await;
}

#[tokio::test]
async fn what_was_signed_is_all_of_it() {
    let world = World::with_demo().await;
    let good = world.token(json!({}));
    let others = world.token(json!({"environment": "release"}));
    let [claims, signature]: [&str; 2] = others
        .split('.')
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let header = good.split('.').next().unwrap();
    let own: Vec<&str> = good.split('.').collect();
    let broken = "the token's signature does not hold";
    for token in [
        format!("{header}.{claims}.{}", own[2]),
        format!("{header}.{}.{signature}", own[1]),
        format!("{header}.{}.", own[1]),
        format!("{header}.{}.AAAA", own[1]),
    ] {
        let answer = world.mint(&token).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    let token = format!("{header}.{claims}.{}", own[2]);
    world.invalid(&token, broken).await;
    let twice = with_claims(
        &good,
        br#"{"iss":"https://a.example","iss":"https://b.example"}"#,
    );
    world
        .malformed(&twice, "the token's claims are not a JSON object")
        .await;
    let form = "expected a JSON Web Token: three parts in base64url with dots between them";
    for token in [
        format!("{good}="),
        format!("{good}."),
        format!(" {good}"),
        good.replace('.', ".."),
        String::new(),
    ] {
        world.malformed(&token, form).await;
    }
    let long = "x".repeat(16_385);
    let words = "expected a token of at most 16384 bytes, found 16385";
    world.malformed(&long, words).await;
    world.has_minted(0).await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_takes_no_token_twice() {
    let world = World::with_demo().await;
    let token = world.token(json!({}));
    world.mint(&token).await.assert_ok();
    world.server.clock.advance(SignedDuration::from_hours(-1));
    let early = "the token says that it will be issued at 2025-06-01T12:00:00Z";
    world.invalid(&token, early).await;
    // One that an issuer with the right time makes meanwhile is refused, not kept for later.
    world.server.clock.advance(SignedDuration::from_hours(1));
    let reused = "invalid token: already used";
    world.refuses(&token, "invalid-reuse-token", reused).await;
    world.has_minted(1).await;
}
