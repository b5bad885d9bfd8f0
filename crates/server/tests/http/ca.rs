//! The certificate authority as signers ask it: what a certificate says, and each bad request's exact answer.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::asn1::{BitString, Ia5String};
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, EncodePem as _};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::crypto::{Algorithm, AwsLc, Provider as _};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_client::fetch::Proxies;
use touchplate_server::Clock as _;
use touchplate_server::outbound::{Issuers, Outbound};
use touchplate_server::trust::limits::Limits;
use touchplate_server::wiring;
use touchplate_trust::{KeyKind, LocalIssuer, SigningKey, github_claims};
use tower::ServiceExt as _;
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::request::{CertReq, CertReqInfo};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::stack::Stack;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const SIGNING_CERT: &str = "/api/v2/signingCert";
const SUBJECT: &str = "repo:acme/tools:ref:refs/tags/v1";

/// An authority that believes GitHub's keys out of a file, for the repositories of acme.
struct World {
    stack: Stack,
    issuer: LocalIssuer,
    _folder: tempfile::TempDir,
}

pub(crate) struct Said {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Refused as Fulcio's gateway refuses, in exactly these words.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, code: u16, message: &str) {
        assert_eq!(
            (self.status, self.json()),
            (
                status,
                json!({"code": code, "message": message, "details": []})
            )
        );
        assert_eq!(self.headers["content-type"], "application/json");
    }

    fn certificates(&self) -> Vec<Certificate> {
        assert_eq!(self.status, 200, "{}", self.text());
        let answer = self.json();
        let chain = &answer["signedCertificateEmbeddedSct"]["chain"]["certificates"];
        let pem = chain.as_array().unwrap().iter();
        let der = pem.map(|pem| {
            der::pem::decode_vec(pem.as_str().unwrap().as_bytes())
                .unwrap()
                .1
        });
        der.map(|der| Certificate::from_der(&der).unwrap())
            .collect()
    }
}

impl World {
    async fn new() -> Self {
        let limits = NonZeroU32::new(1000).unwrap();
        Self::limited(Limits::new(limits, limits)).await
    }

    async fn limited(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = LocalIssuer::new(GITHUB, "key-1", TokenAlgorithm::ES256).unwrap();
        std::fs::write(folder.path().join("github.json"), issuer.key_set().unwrap()).unwrap();
        let list = format!(
            "[[issuer]]\nissuer = '{GITHUB}'\nkind = 'github'\nalgorithms = ['RS256', 'ES256']\n\
             jwks_file = 'github.json'\nallow = ['https://github.com/acme/*']\n"
        );
        let stack = Stack::limited(issuers(folder.path(), &list), limits).await;
        Self {
            stack,
            issuer,
            _folder: folder,
        }
    }

    fn token(&self, claims: Value) -> String {
        let mut all = github_claims("acme/tools", "release.yml", "refs/tags/v1");
        if let (Value::Object(all), Value::Object(claims)) = (&mut all, claims) {
            all.extend(claims);
        }
        let now = self.stack.clock.now();
        self.issuer.token(SUBJECT, "sigstore", all, now).unwrap()
    }

    async fn ask(&self, token: &str) -> Said {
        ask(&self.stack, token).await
    }

    #[track_caller]
    fn refuses(
        &self,
        token: &str,
        status: u16,
        code: u16,
        message: &str,
    ) -> impl Future<Output = ()> {
        let asking = ask(&self.stack, token);
        async move { asking.await.refuses(status, code, message) }
    }
}

/// The list of issuers, as an operator would write it.
pub(crate) fn issuers(folder: &Path, list: &str) -> Issuers {
    let path = folder.join("issuers.toml");
    std::fs::write(&path, list).unwrap();
    Issuers::load(&path, &Outbound::through(Proxies::default())).unwrap()
}

/// With a new key and a signing request of it, as sigstore-python asks.
pub(crate) fn ask(stack: &Stack, token: &str) -> impl Future<Output = Said> + use<> {
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let body = json!({"certificateSigningRequest": STANDARD.encode(csr(&key, &key))});
    send(stack, Some(token), &body)
}

fn send(stack: &Stack, bearer: Option<&str>, body: &Value) -> impl Future<Output = Said> + use<> {
    let mut request = Request::post(SIGNING_CERT).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    answer(stack, request.body(Body::from(body.to_string())).unwrap())
}

fn answer(stack: &Stack, request: Request<Body>) -> impl Future<Output = Said> + use<> {
    let router = wiring::router(stack.app.clone());
    async move {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        Said {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// A request for `key`, signed by `signer`, PEM.
fn csr(key: &SigningKey, signer: &SigningKey) -> String {
    let info = CertReqInfo {
        version: Default::default(),
        subject: Default::default(),
        public_key: SubjectPublicKeyInfoOwned::from_der(key.public()).unwrap(),
        attributes: Default::default(),
    };
    let oid = match signer.kind() {
        KeyKind::Rsa => "1.2.840.113549.1.1.11",
        _ => "1.2.840.10045.4.3.2",
    };
    let signature = signer.sign(&info.to_der().unwrap()).unwrap();
    let request = CertReq {
        algorithm: AlgorithmIdentifierOwned {
            oid: oid.parse().unwrap(),
            parameters: None,
        },
        signature: BitString::from_bytes(&signature).unwrap(),
        info,
    };
    request.to_pem(LineEnding::LF).unwrap()
}

/// A public key, PEM.
fn spki_pem(key: &SigningKey) -> String {
    let key = SubjectPublicKeyInfoOwned::from_der(key.public()).unwrap();
    key.to_pem(LineEnding::LF).unwrap()
}

/// An extension's value by its OID.
fn extension(certificate: &Certificate, oid: &str) -> Option<(bool, Vec<u8>)> {
    let extensions = certificate.tbs_certificate.extensions.as_ref().unwrap();
    let found = extensions.iter().find(|it| it.extn_id.to_string() == oid)?;
    Some((found.critical, found.extn_value.as_bytes().to_vec()))
}

/// A claim of Fulcio's, a UTF8String.
fn claim(certificate: &Certificate, number: u32) -> Option<String> {
    let (_, value) = extension(certificate, &format!("1.3.6.1.4.1.57264.1.{number}"))?;
    Some(String::from_der(&value).unwrap())
}

#[tokio::test]
async fn a_certificate_has_fulcios_profile_and_is_in_the_log() {
    let world = World::new().await;
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let body = json!({"certificateSigningRequest": STANDARD.encode(csr(&key, &key))});
    let token = world.token(json!({"environment": "release"}));
    let chain = send(&world.stack, Some(&token), &body).await.certificates();
    assert_eq!(chain.len(), 3);
    let leaf = &chain[0].tbs_certificate;
    let issuing = &chain[1].tbs_certificate;
    assert!(leaf.subject.is_empty());
    assert_eq!(leaf.issuer, issuing.subject);
    assert_eq!(leaf.subject_public_key_info.to_der().unwrap(), key.public());
    let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
    let now = u64::try_from(world.stack.clock.now().as_second()).unwrap();
    assert_eq!(seconds(&leaf.validity.not_before), now);
    assert_eq!(seconds(&leaf.validity.not_after), now + 600);
    // The authority signed it.
    let signed = leaf.to_der().unwrap();
    let issuing_key = issuing.subject_public_key_info.to_der().unwrap();
    let signature = chain[0].signature.as_bytes().unwrap();
    holds(&issuing_key, &signed, signature);
    // Extensions, in Fulcio's order.
    let extensions = leaf.extensions.as_ref().unwrap().iter();
    let oids: Vec<String> = extensions.map(|it| it.extn_id.to_string()).collect();
    let fulcio = (1..=24).filter(|number| *number != 7);
    let mut expected: Vec<String> = [
        "2.5.29.15",
        "2.5.29.37",
        "2.5.29.14",
        "2.5.29.35",
        "2.5.29.17",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.extend(fulcio.map(|number| format!("1.3.6.1.4.1.57264.1.{number}")));
    expected.push("1.3.6.1.4.1.11129.2.4.2".to_owned());
    assert_eq!(oids, expected);
    let (critical, usage) = extension(&chain[0], "2.5.29.15").unwrap();
    assert!(critical);
    assert_eq!(
        KeyUsage::from_der(&usage).unwrap(),
        KeyUsage(KeyUsages::DigitalSignature.into())
    );
    let (critical, name) = extension(&chain[0], "2.5.29.17").unwrap();
    assert!(critical);
    let uri = "https://github.com/acme/tools/.github/workflows/release.yml@refs/tags/v1";
    assert_eq!(
        SubjectAltName::from_der(&name).unwrap().0,
        [GeneralName::UniformResourceIdentifier(
            Ia5String::new(uri).unwrap()
        )]
    );
    let (_, old_issuer) = extension(&chain[0], "1.3.6.1.4.1.57264.1.1").unwrap();
    assert_eq!(old_issuer, GITHUB.as_bytes());
    for (number, value) in [
        (8, GITHUB),
        (9, uri),
        (12, "https://github.com/acme/tools"),
        (14, "refs/tags/v1"),
        (15, "123456"),
        (16, "https://github.com/acme"),
        (18, uri),
        (
            21,
            "https://github.com/acme/tools/actions/runs/1/attempts/1",
        ),
        (23, "release"),
        (24, SUBJECT),
    ] {
        assert_eq!(claim(&chain[0], number).as_deref(), Some(value), "{number}");
    }
    logged(&world.stack, &chain).await;
}

/// The one timestamp is of the log, over the certificate without it, and that is the log's newest entry.
async fn logged(stack: &Stack, chain: &[Certificate]) {
    let (_, list) = extension(&chain[0], "1.3.6.1.4.1.11129.2.4.2").unwrap();
    let list = der::asn1::OctetString::from_der(&list).unwrap();
    let list = list.as_bytes();
    // Two lengths, the version, the log's id, the time, no extensions, SHA-256 and ECDSA, a length, the signature.
    let log_id = &list[5..37];
    let log_key = &stack.keys.ct.current(stack.clock.now()).unwrap().key;
    assert_eq!(log_id, log_key.id());
    let millis = u64::from_be_bytes(list[37..45].try_into().unwrap());
    let now = u64::try_from(stack.clock.now().as_millisecond()).unwrap();
    assert_eq!(millis, now);
    assert_eq!(list[45..49], [0, 0, 4, 3]);
    let head = stack.ct.head().await.unwrap();
    let entry = stack.ct.entry(head.size - 1).await.unwrap().unwrap();
    holds(log_key.public(), &entry.body, &list[51..]);
    let mut body = chain[0].tbs_certificate.clone();
    body.extensions.as_mut().unwrap().pop();
    let body = body.to_der().unwrap();
    assert_eq!(entry.body[47..entry.body.len() - 2], body);
}

#[track_caller]
fn holds(spki: &[u8], message: &[u8], signature: &[u8]) {
    let key = AwsLc.key(Algorithm::EcdsaP256Sha256, spki).unwrap();
    key.verify(message, signature).unwrap();
}

#[tokio::test]
async fn a_public_key_with_its_proof_is_as_good_as_a_request() {
    let world = World::new().await;
    let key = SigningKey::generate(KeyKind::P256).unwrap();
    let proving = |challenge: &str, token: &str| {
        json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": spki_pem(&key)},
                "proofOfPossession": STANDARD.encode(key.sign(challenge.as_bytes()).unwrap()),
            },
        })
    };
    let token = world.token(json!({}));
    let said = send(&world.stack, None, &proving(SUBJECT, &token)).await;
    assert_eq!(said.certificates().len(), 3);
    // Signers take the e-mail address where the token has one.
    let with_email = world.token(json!({"email": "me@acme.example"}));
    let said = send(&world.stack, None, &proving("me@acme.example", &with_email)).await;
    assert_eq!(said.certificates().len(), 3);
    // The same at the protocol's base URL.
    let request = Request::post("/trust/ca/api/v2/signingCert")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(proving(SUBJECT, &token).to_string()));
    let said = answer(&world.stack, request.unwrap()).await;
    assert_eq!(said.certificates().len(), 3);
    let said = send(&world.stack, None, &proving("somebody else", &token)).await;
    said.refuses(
        400,
        3,
        "the key is not accepted: the request's signature does not hold for the key that it is for",
    );
}

#[tokio::test]
async fn a_token_gets_several_certificates_each_its_own() {
    let world = World::new().await;
    let token = world.token(json!({"jti": "once"}));
    let first = world.ask(&token).await.certificates();
    let second = world.ask(&token).await.certificates();
    assert_ne!(
        first[0].tbs_certificate.serial_number,
        second[0].tbs_certificate.serial_number
    );
    assert_eq!(world.stack.ct.head().await.unwrap().size, 2);
}

#[tokio::test]
async fn clients_learn_the_chains_and_whose_tokens_are_believed() {
    let world = World::new().await;
    let get = |path: &str| {
        answer(
            &world.stack,
            Request::get(path).body(Body::empty()).unwrap(),
        )
    };
    for base in ["", "/trust/ca"] {
        let bundle = get(&format!("{base}/api/v2/trustBundle")).await.json();
        let chains = bundle["chains"].as_array().unwrap();
        assert_eq!(chains.len(), 1);
        assert_eq!(chains[0]["certificates"].as_array().unwrap().len(), 2);
        let configuration = get(&format!("{base}/api/v2/configuration")).await;
        assert_eq!(
            configuration.json(),
            json!({"issuers": [{
                "issuerUrl": GITHUB,
                "audience": "sigstore",
                "challengeClaim": "sub",
                "issuerType": "ci-provider",
            }]})
        );
    }
    get(SIGNING_CERT)
        .await
        .refuses(405, 12, "Method Not Allowed: this URL takes POST");
}

#[tokio::test]
async fn bad_tokens_have_their_answers() {
    let world = World::new().await;
    let at = |seconds: i64| world.stack.clock.now().as_second() + seconds;
    let refused = |what: &str| format!("the ID token is not accepted: {what}");
    for (claims, message) in [
        (
            json!({"exp": at(-30)}),
            "the token expired at 2025-06-01T11:59:30Z",
        ),
        (
            json!({"nbf": at(60)}),
            "the token may not be used before 2025-06-01T12:01:00Z",
        ),
        (
            json!({"iat": at(60)}),
            "the token says that it will be issued at 2025-06-01T12:01:00Z",
        ),
        (
            json!({"aud": "pypi"}),
            "expected a token for the audience sigstore, found one for \"pypi\"",
        ),
        (
            json!({"aud": ["sigstore", "pypi"]}),
            "expected a token for one audience, found one for 2",
        ),
        (
            json!({"iss": "https://gitlab.com"}),
            "tokens of \"https://gitlab.com\" are not accepted here",
        ),
        (
            json!({"iss": "https://token.actions.githubusercontent.com/"}),
            "tokens of \"https://token.actions.githubusercontent.com/\" are not accepted here",
        ),
        (json!({"iss": null}), "the token has no claim `iss`"),
        (json!({"sub": null}), "the token has no claim `sub`"),
    ] {
        let token = world.token(claims);
        world.refuses(&token, 400, 3, &refused(message)).await;
    }
    // The same bytes with another header.
    let good = world.token(json!({}));
    let (header, rest) = good.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    for (member, value, message) in [
        ("alg", json!("none"), "the token is not signed (alg: none)"),
        (
            "alg",
            json!("HS256"),
            "expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found \"HS256\"",
        ),
        (
            "alg",
            json!("EdDSA"),
            "expected a token signed with RS256 or ES256, found EdDSA",
        ),
        (
            "alg",
            json!("RS256"),
            "the issuer's key \"key-1\" is not for RS256",
        ),
        ("kid", json!("key-2"), "the issuer has no key \"key-2\""),
        (
            "kid",
            json!(null),
            "the token's header does not say which key it is signed with (kid)",
        ),
        ("typ", json!("other"), "the token's signature does not hold"),
    ] {
        let mut header = header.clone();
        header[member] = value;
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        world.refuses(&token, 400, 3, &refused(message)).await;
    }
    // HS256 with the public key as the secret, which a careless library takes.
    let key_set: Value = serde_json::from_slice(&world.issuer.key_set().unwrap()).unwrap();
    let secret = key_set["keys"][0].to_string();
    let mut hs256 = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    hs256.kid = Some("key-1".to_owned());
    let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes()).unwrap();
    let forged =
        json!({"iss": GITHUB, "sub": SUBJECT, "aud": "sigstore", "iat": at(0), "exp": at(60)});
    let forged = jsonwebtoken::encode(&hs256, &forged, &secret).unwrap();
    let hs256 = "expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found \"HS256\"";
    world.refuses(&forged, 400, 3, &refused(hs256)).await;
    let form = "expected a JSON Web Token: three parts in base64url with dots between them";
    world.refuses("nonsense", 400, 3, &refused(form)).await;
    let long = "x".repeat(17_000);
    let large = "expected a token of at most 16384 bytes, found 17000";
    world.refuses(&long, 400, 3, &refused(large)).await;
    assert_eq!(world.stack.ct.head().await.unwrap().size, 0);
}

#[tokio::test]
async fn an_identity_that_the_operator_has_not_allowed_gets_nothing() {
    let world = World::new().await;
    let refused = |what: &str| format!("the ID token gives no right to a certificate: {what}");
    let other =
        world.token(json!({"repository": "acme-evil/tools", "repository_owner": "acme-evil"}));
    let message =
        refused("no certificates are issued here to \"https://github.com/acme-evil/tools\"");
    world.refuses(&other, 403, 7, &message).await;
    // Who calls a workflow of acme's is not acme.
    let caller = world.token(json!({
        "repository": "mallory/tools",
        "job_workflow_ref": "acme/tools/.github/workflows/release.yml@refs/tags/v1",
    }));
    let message =
        refused("no certificates are issued here to \"https://github.com/mallory/tools\"");
    world.refuses(&caller, 403, 7, &message).await;
    let half = world.token(json!({"job_workflow_ref": null}));
    let message =
        refused("the token has no claim `job_workflow_ref`, which tokens of github issuers have");
    world.refuses(&half, 400, 3, &message).await;
    let path = world.token(json!({"repository": "acme/tools/../../mallory"}));
    let message = refused(
        "expected `owner/repository` as the token's claim `repository`, found \"acme/tools/../../mallory\"",
    );
    world.refuses(&path, 400, 3, &message).await;
    let long = world.token(json!({"sha": "x".repeat(6500)}));
    let message = refused("the token's claims are too long for a certificate");
    world.refuses(&long, 400, 3, &message).await;
}

#[tokio::test]
async fn bad_keys_have_their_answers() {
    let world = World::new().await;
    let token = world.token(json!({}));
    let p256 = SigningKey::generate(KeyKind::P256).unwrap();
    let other = SigningKey::generate(KeyKind::P256).unwrap();
    let rsa = SigningKey::generate(KeyKind::Rsa).unwrap();
    let p384 = SigningKey::generate(KeyKind::P384).unwrap();
    let requesting = |csr: String| json!({"certificateSigningRequest": STANDARD.encode(csr)});
    let proving = |pem: String, proof: &[u8]| {
        json!({"publicKeyRequest": {
            "publicKey": {"content": pem},
            "proofOfPossession": STANDARD.encode(proof),
        }})
    };
    let both = {
        let mut both = requesting(csr(&p256, &p256));
        both["publicKeyRequest"] = proving(spki_pem(&p256), b"x")["publicKeyRequest"].clone();
        both
    };
    for (body, message) in [
        (
            requesting(csr(&p256, &other)),
            "the key is not accepted: the request's signature does not hold for the key that it is for",
        ),
        (
            requesting(csr(&rsa, &rsa)),
            "the key is not accepted: expected an ECDSA key on P-256, uncompressed, found an RSA key",
        ),
        (
            requesting(csr(&p384, &p384)),
            "the key is not accepted: expected an ECDSA key on P-256, uncompressed, found one on P-384",
        ),
        (
            requesting(csr(&p256, &rsa)),
            "the key is not accepted: expected the request to be signed with ECDSA, found the algorithm 1.2.840.113549.1.1.11",
        ),
        (
            proving(spki_pem(&rsa), &rsa.sign(SUBJECT.as_bytes()).unwrap()),
            "the key is not accepted: expected an ECDSA key on P-256, uncompressed, found an RSA key",
        ),
        (
            proving(spki_pem(&p256), &other.sign(SUBJECT.as_bytes()).unwrap()),
            "the key is not accepted: the request's signature does not hold for the key that it is for",
        ),
        (
            proving(spki_pem(&p256), b""),
            "the key is not accepted: the request's signature does not hold for the key that it is for",
        ),
        (
            requesting("x".repeat(9000)),
            "the key is not accepted: expected at most 8192 bytes of PEM, found 9000",
        ),
        (
            json!({}),
            "expected either `certificateSigningRequest` or `publicKeyRequest`, found neither",
        ),
        (
            both,
            "expected either `certificateSigningRequest` or `publicKeyRequest`, found both",
        ),
    ] {
        send(&world.stack, Some(&token), &body)
            .await
            .refuses(400, 3, message);
    }
    for body in [
        requesting("nonsense".to_owned()),
        requesting(spki_pem(&p256)),
        proving(csr(&p256, &p256), b""),
        json!({"certificateSigningRequest": "!"}),
        json!({"certificateSigningRequest": 7}),
        json!([]),
    ] {
        let said = send(&world.stack, Some(&token), &body).await;
        assert_eq!((said.status, said.json()["code"].as_u64()), (400, Some(3)));
    }
    let good = requesting(csr(&p256, &p256));
    send(&world.stack, None, &good).await.refuses(
        400,
        3,
        "expected an ID token in `credentials.oidcIdentityToken` or as a bearer token, found none",
    );
    let large = json!({"certificateSigningRequest": "x".repeat(40_000)});
    let said = send(&world.stack, Some(&token), &large).await;
    assert_eq!(said.status, 413, "{}", said.text());
    assert_eq!(world.stack.ct.head().await.unwrap().size, 0);
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let few = |identity: u32, address: u32| {
        Limits::new(
            NonZeroU32::new(identity).unwrap(),
            NonZeroU32::new(address).unwrap(),
        )
    };
    let world = World::limited(few(2, 1000)).await;
    let token = world.token(json!({}));
    for _ in 0..2 {
        assert_eq!(world.ask(&token).await.status, 200);
    }
    let said = world.ask(&world.token(json!({}))).await;
    said.refuses(
        429,
        8,
        "too many requests from one identity; the header Retry-After says when to go on",
    );
    let wait: u64 = said.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    let other = "acme/tools/.github/workflows/other.yml@refs/tags/v1";
    let other = world.token(json!({"job_workflow_ref": other}));
    assert_eq!(world.ask(&other).await.status, 200);

    let world = World::limited(few(1000, 2)).await;
    let from = |address: &str| {
        let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let mut request = Request::get("/api/v2/configuration")
            .header("x-forwarded-for", address)
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(wiring::Peer(peer));
        answer(&world.stack, request)
    };
    for _ in 0..2 {
        assert_eq!(from("203.0.113.9").await.status, 200);
    }
    from("203.0.113.9").await.refuses(
        429,
        8,
        "too many requests from one address; the header Retry-After says when to go on",
    );
    assert_eq!(from("203.0.113.10").await.status, 200);
}

#[tokio::test]
async fn without_a_valid_certificate_of_its_own_the_authority_issues_nothing() {
    let world = World::new().await;
    world
        .stack
        .clock
        .advance(SignedDuration::from_hours(24 * 365 * 40));
    let said = world.ask(&world.token(json!({}))).await;
    assert_eq!(said.status, 500);
    assert_eq!(said.json()["code"], 13);
    assert_eq!(world.stack.ct.head().await.unwrap().size, 0);
}
