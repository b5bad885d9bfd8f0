//! The timestamp authority and the documents of a private stack, as their clients ask.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use touchplate_attest::crypto::default_provider;
use touchplate_attest::stamp::{Authority, Token};
use touchplate_attest::{Sha256, TrustRoot};
use touchplate_server::outbound::Issuers;
use touchplate_server::{Clock as _, wiring};
use touchplate_trust::stamp::ClockState;
use tower::ServiceExt as _;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion};

use crate::stack::Stack;

const URL: &str = "/trust/tsa/api/v1/timestamp";
const MESSAGE: &[u8] = b"what is stamped";

struct Said {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Said {
    fn kind(&self) -> &str {
        self.headers["content-type"].to_str().unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn world() -> Stack {
    Stack::new(Issuers::default()).await
}

async fn ask(stack: &Stack, request: Request<Body>) -> Said {
    let response = wiring::router(stack.app.clone()).oneshot(request).await;
    let (parts, body) = response.unwrap().into_parts();
    Said {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

async fn post(stack: &Stack, body: Vec<u8>) -> Said {
    let request = Request::post(URL).header("content-type", "application/timestamp-query");
    ask(stack, request.body(body.into()).unwrap()).await
}

async fn get(stack: &Stack, path: &str) -> Said {
    ask(stack, Request::get(path).body(Body::empty()).unwrap()).await
}

fn request(hash: &str, digest: &[u8]) -> Vec<u8> {
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: ObjectIdentifier::new(hash).unwrap(),
                parameters: Some(Any::null()),
            },
            hashed_message: OctetString::new(digest).unwrap(),
        },
        req_policy: None,
        nonce: None,
        cert_req: true,
        extensions: None,
    };
    request.to_der().unwrap()
}

fn right() -> Vec<u8> {
    request("2.16.840.1.101.3.4.2.1", Sha256::of(MESSAGE).as_bytes())
}

/// The second text of a refusal: PKIStatusInfo's, in a response with status 2.
fn refused(said: &Said) -> (u16, String) {
    assert_eq!(
        said.kind(),
        "application/timestamp-reply",
        "{}",
        said.text()
    );
    let response = Any::from_der(&said.body).unwrap();
    let status = Any::from_der(response.value()).unwrap();
    assert!(status.value().starts_with(&[2, 1, 2]), "{:?}", said.body);
    (said.status, said.text())
}

#[tokio::test]
async fn a_stamp_verifies_by_the_chain_that_is_served() {
    let stack = world().await;
    let said = post(&stack, right()).await;
    assert_eq!(
        (said.status, said.kind()),
        (201, "application/timestamp-reply")
    );
    assert_eq!(said.headers["cache-control"], "no-store");
    let chain = get(&stack, &format!("{URL}/certchain")).await;
    assert_eq!(
        (chain.status, chain.kind()),
        (200, "application/pem-certificate-chain")
    );
    let chain: Vec<_> = x509_cert::Certificate::load_pem_chain(&chain.body).unwrap();
    let chain: Vec<_> = chain.iter().map(|it| it.to_der().unwrap()).collect();
    let provider = default_provider();
    let authority = Authority::read("stack", &chain, None, None, provider).unwrap();
    let token = Token::parse(&said.body).unwrap();
    let stamp = token
        .verify(MESSAGE, &[authority], stack.clock.now(), provider)
        .unwrap();
    assert_eq!(stamp.time, stack.clock.now());
}

#[tokio::test]
async fn what_cannot_be_stamped_is_refused_in_the_protocols_own_form() {
    let stack = world().await;
    let sha1 = request("1.3.14.3.2.26", &[0; 20]);
    for (body, status, words) in [
        (Vec::new(), 400, "expected a timestamp request"),
        (
            b"{\"json\": true}".to_vec(),
            400,
            "expected a timestamp request",
        ),
        (right()[..20].to_vec(), 400, "expected a timestamp request"),
        (sha1, 400, "found one by 1.3.14.3.2.26"),
        (vec![0x30; 513], 413, "at most 512 bytes"),
        (vec![0x30; 10 << 20], 413, "at most 512 bytes"),
    ] {
        let (found, text) = refused(&post(&stack, body).await);
        assert!(found == status && text.contains(words), "{found} {text}");
    }
    let typeless = Request::post(URL).body(Body::from(right())).unwrap();
    assert_eq!(ask(&stack, typeless).await.status, 415);
    assert_eq!(get(&stack, URL).await.status, 405);
}

#[tokio::test]
async fn a_clock_that_cannot_be_relied_on_gives_no_stamps() {
    let stack = world().await;
    for (state, words) in [
        (ClockState::Unsynchronised, "not synchronised"),
        (
            ClockState::Unknown {
                reason: "not permitted".into(),
            },
            "not permitted",
        ),
    ] {
        stack.clock.is(state);
        let said = post(&stack, right()).await;
        assert_eq!(said.headers["retry-after"], "60");
        let (status, text) = refused(&said);
        assert!(status == 503 && text.contains(words), "{status} {text}");
    }
    stack.clock.is(ClockState::Synchronised);
    stack.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(post(&stack, right()).await.status, 201);
    stack.clock.advance(SignedDuration::from_hours(-1));
    let (status, text) = refused(&post(&stack, right()).await);
    assert!(
        status == 503 && text.contains("behind the latest stamp"),
        "{status} {text}"
    );
}

#[tokio::test]
async fn clients_find_what_they_need() {
    let stack = world().await;
    for name in touchplate_trust::roots::NAMES {
        let said = get(&stack, &format!("/trust/{name}")).await;
        assert_eq!(
            (said.status, said.kind()),
            (200, "application/json"),
            "{name}"
        );
        assert_eq!(
            said.headers["cache-control"],
            "public, max-age=0, must-revalidate"
        );
        assert!(serde_json::from_slice::<serde_json::Value>(&said.body).is_ok());
    }
    let root = get(&stack, "/trust/root.json").await;
    assert!(TrustRoot::from_json(&root.body).is_ok());
    assert_eq!(get(&stack, "/trust/stack.toml").await.status, 404);
    assert_eq!(get(&stack, "/trust/..%2fsecret.key").await.status, 404);
}
