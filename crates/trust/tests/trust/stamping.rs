//! The timestamp authority: what it stamps, what it refuses, and which time it says.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use der::asn1::{Any, Int, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use touchplate_attest::Sha256;
use touchplate_attest::crypto::default_provider;
use touchplate_attest::stamp::{Authority, Token};
use touchplate_trust::layout::{Founding, Layout, Operator, SecretFile, StackUrl};
use touchplate_trust::stamp::{
    ClockState, FloorError, MAX_REQUEST_BYTES, StampFloor, StampRefusal, TimestampAuthority,
};
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion};

const MESSAGE: &[u8] = b"what is stamped";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn now() -> Timestamp {
    "2026-11-29T12:00:00.5Z".parse().unwrap()
}

fn second() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

/// A floor in memory, which counts how often it was raised.
#[derive(Default)]
struct Floor(Mutex<(Option<Timestamp>, u32)>);

#[async_trait]
impl StampFloor for Floor {
    async fn raise(&self, to: Timestamp) -> Result<Timestamp, FloorError> {
        let mut kept = self.0.lock().unwrap();
        let floor = kept.0.map_or(to, |it| it.max(to));
        *kept = (Some(floor), kept.1 + 1);
        Ok(floor)
    }
}

/// A floor that cannot be kept.
struct Broken;

#[async_trait]
impl StampFloor for Broken {
    async fn raise(&self, _: Timestamp) -> Result<Timestamp, FloorError> {
        Err(FloorError("the disk is full".into()))
    }
}

struct Stage {
    layout: Layout,
    authority: TimestampAuthority,
    floor: Arc<Floor>,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let layout = found(folder.path());
        let floor = Arc::new(Floor::default());
        Self {
            authority: authority(&layout, floor.clone()),
            layout,
            floor,
            _folder: folder,
        }
    }

    /// Another process of the same stack.
    fn restarted(&self) -> TimestampAuthority {
        authority(&self.layout, self.floor.clone())
    }

    fn believed(&self) -> Authority {
        let chain = self.authority.chain(now()).unwrap();
        Authority::read("stack", chain, Some(second()), None, default_provider()).unwrap()
    }

    async fn stamp(&self, request: &TimeStampReq) -> Result<Vec<u8>, StampRefusal> {
        let der = request.to_der().unwrap();
        self.authority
            .stamp(&der, now(), &ClockState::Synchronised)
            .await
    }

    async fn refuses(&self, change: impl FnOnce(&mut TimeStampReq)) -> StampRefusal {
        let mut request = request();
        change(&mut request);
        self.stamp(&request).await.unwrap_err()
    }
}

fn found(folder: &Path) -> Layout {
    let url: StackUrl = "http://127.0.0.1:8740".parse().unwrap();
    let founding = Founding {
        folder: folder.to_owned(),
        operator: Operator::of_host(&url),
        url,
        domain: "private".parse().unwrap(),
        projects: vec!["*".parse().unwrap()],
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    founding.found(now()).unwrap()
}

fn authority(layout: &Layout, floor: Arc<dyn StampFloor>) -> TimestampAuthority {
    let keys = layout.unlock(&layout.secret(None).unwrap(), now()).unwrap();
    TimestampAuthority::new(&keys.tsa, floor).unwrap()
}

fn request() -> TimeStampReq {
    TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: ObjectIdentifier::new(SHA256).unwrap(),
                parameters: Some(Any::null()),
            },
            hashed_message: OctetString::new(Sha256::of(MESSAGE).as_bytes().as_slice()).unwrap(),
        },
        req_policy: None,
        nonce: Some(Int::new(&[0x12, 0x34, 0x56]).unwrap()),
        cert_req: true,
        extensions: None,
    }
}

#[tokio::test]
async fn our_own_verifier_takes_a_stamp_and_refuses_it_changed() {
    let stage = Stage::new();
    let response = stage.stamp(&request()).await.unwrap();
    let token = Token::parse(&response).unwrap();
    let authorities = [stage.believed()];
    let stamp = token
        .verify(MESSAGE, &authorities, now(), default_provider())
        .unwrap();
    assert_eq!(stamp.time, second());
    assert_eq!(token.certificates().len(), 1);
    assert!(
        token
            .verify(b"other", &authorities, now(), default_provider())
            .is_err()
    );
    // Whatever byte is changed, it is refused or says the same.
    for at in 0..response.len() {
        let mut changed = response.clone();
        changed[at] ^= 1;
        let verified = Token::parse(&changed)
            .and_then(|token| token.verify(MESSAGE, &authorities, now(), default_provider()));
        assert!(verified.is_err() || verified.unwrap() == stamp, "byte {at}");
    }
}

#[tokio::test]
async fn the_certificate_comes_when_it_is_asked_for() {
    let stage = Stage::new();
    let mut request = request();
    request.cert_req = false;
    request.nonce = None;
    let response = stage.stamp(&request).await.unwrap();
    let token = Token::parse(&response).unwrap();
    assert!(token.certificates().is_empty());
    let stamped = token.verify(MESSAGE, &[stage.believed()], now(), default_provider());
    assert!(stamped.is_ok());
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_by_its_own_rule() {
    let stage = Stage::new();
    let hash = |request: &mut TimeStampReq, oid: &str, length: usize| {
        request.message_imprint.hash_algorithm.oid = ObjectIdentifier::new(oid).unwrap();
        request.message_imprint.hashed_message = OctetString::new(vec![0; length]).unwrap();
    };
    let sha1 = stage.refuses(|it| hash(it, "1.3.14.3.2.26", 20)).await;
    assert!(matches!(&sha1, StampRefusal::Hash { found } if found == "1.3.14.3.2.26"));
    let short = stage.refuses(|it| hash(it, SHA256, 31)).await;
    assert!(matches!(
        short,
        StampRefusal::DigestLength {
            expected: 32,
            found: 31
        }
    ));
    let parameters = stage
        .refuses(|it| {
            it.message_imprint.hash_algorithm.parameters =
                Some(Any::new(der::Tag::Integer, [1]).unwrap());
        })
        .await;
    assert!(matches!(parameters, StampRefusal::HashParameters));
    let policy = stage
        .refuses(|it| it.req_policy = Some(ObjectIdentifier::new("1.2.3.4").unwrap()))
        .await;
    assert!(
        matches!(&policy, StampRefusal::Policy { found } if found == "1.2.3.4"),
        "{policy:?}"
    );
    let extension = stage
        .refuses(|it| {
            it.extensions = Some(vec![Extension {
                extn_id: ObjectIdentifier::new("1.2.4.5").unwrap(),
                critical: false,
                extn_value: OctetString::new(vec![5, 0]).unwrap(),
            }]);
        })
        .await;
    assert!(matches!(&extension, StampRefusal::Extension { found } if found == "1.2.4.5"));
    for (oid, length) in [
        ("2.16.840.1.101.3.4.2.2", 48),
        ("2.16.840.1.101.3.4.2.3", 64),
    ] {
        let mut request = request();
        hash(&mut request, oid, length);
        request.req_policy = Some(ObjectIdentifier::new("1.3.6.1.4.1.57264.2").unwrap());
        stage.stamp(&request).await.unwrap();
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let stage = Stage::new();
    let right = request().to_der().unwrap();
    let mut malformed = vec![
        Vec::new(),
        vec![0x30],
        b"POST".to_vec(),
        [&right[..], &[0]].concat(),
    ];
    malformed.extend((1..right.len()).map(|length| right[..length].to_vec()));
    let mut version = right.clone();
    version[4] = 2;
    malformed.push(version);
    for request in malformed {
        let refused = stage
            .authority
            .stamp(&request, now(), &ClockState::Synchronised)
            .await;
        assert!(
            matches!(refused, Err(StampRefusal::Malformed(_))),
            "{request:02x?}"
        );
    }
    let long = vec![0x30; MAX_REQUEST_BYTES + 1];
    let refused = stage
        .authority
        .stamp(&long, now(), &ClockState::Synchronised)
        .await;
    assert!(matches!(refused, Err(StampRefusal::TooLong)));
    // Nothing of this touched the floor.
    assert_eq!(stage.floor.0.lock().unwrap().1, 0);
}

#[tokio::test]
async fn without_a_clock_to_rely_on_there_is_no_stamp() {
    let stage = Stage::new();
    let der = request().to_der().unwrap();
    let stamp = |clock| {
        let (authority, der) = (&stage.authority, &der);
        async move { authority.stamp(der, now(), &clock).await }
    };
    assert!(matches!(
        stamp(ClockState::Unsynchronised).await,
        Err(StampRefusal::Unsynchronised)
    ));
    let reason = "not permitted".to_owned();
    let unknown = stamp(ClockState::Unknown { reason }).await;
    assert!(matches!(unknown, Err(StampRefusal::UnknownClock { .. })));
    assert!(stamp(ClockState::Waived).await.is_ok());
}

#[tokio::test]
async fn no_stamp_is_before_an_earlier_one() {
    let stage = Stage::new();
    let der = request().to_der().unwrap();
    let time = async |authority: &TimestampAuthority, at: Timestamp| {
        let stamp = authority.stamp(&der, at, &ClockState::Synchronised).await;
        stamp.map(|response| Token::parse(&response).unwrap().time())
    };
    // Two hours after the key's time began.
    let (now, second) = (now() + HOUR * 2, second() + HOUR * 2);
    assert_eq!(time(&stage.authority, now).await.unwrap(), second);
    // An hour back: in this process, and in one that begins then.
    for authority in [&stage.authority, &stage.restarted()] {
        let refused = time(authority, now - HOUR).await;
        assert!(
            matches!(refused, Err(StampRefusal::ClockWentBack { latest }) if latest == second),
            "{refused:?}"
        );
    }
    // Less than a stamp may be off by: the latest second once more.
    let slewed = second - SignedDuration::from_millis(20);
    assert_eq!(time(&stage.authority, slewed).await.unwrap(), second);
    assert_eq!(time(&stage.restarted(), slewed).await.unwrap(), second);
    assert_eq!(
        time(&stage.authority, now + HOUR).await.unwrap(),
        second + HOUR
    );
}

/// Two processes over one floor, whose clocks disagree: no stamp is before one that the other gave.
#[tokio::test]
async fn of_two_processes_that_disagree_on_the_time_the_one_behind_waits() {
    let stage = Stage::new();
    let other = stage.restarted();
    let der = request().to_der().unwrap();
    let ask = async |authority: &TimestampAuthority, at: Timestamp| {
        let stamp = authority.stamp(&der, at, &ClockState::Synchronised).await;
        stamp.map(|response| Token::parse(&response).unwrap().time())
    };
    let (now, second) = (now() + HOUR * 2, second() + HOUR * 2);
    let ahead = SignedDuration::from_mins(10);
    assert_eq!(ask(&stage.authority, now).await.unwrap(), second);
    assert_eq!(ask(&other, now + ahead).await.unwrap(), second + ahead);
    let refused = ask(&stage.authority, now + SignedDuration::from_secs(1)).await;
    assert!(
        matches!(refused, Err(StampRefusal::ClockWentBack { latest }) if latest == second + ahead),
        "{refused:?}"
    );
    // Once its clock is there.
    assert_eq!(
        ask(&stage.authority, now + ahead * 2).await.unwrap(),
        second + ahead * 2
    );
}

#[tokio::test]
async fn the_floor_is_written_once_a_second() {
    let stage = Stage::new();
    for _ in 0..50 {
        stage.stamp(&request()).await.unwrap();
    }
    assert_eq!(*stage.floor.0.lock().unwrap(), (Some(second()), 1));
}

#[tokio::test]
async fn without_a_floor_there_is_no_stamp() {
    let stage = Stage::new();
    let authority = authority(&stage.layout, Arc::new(Broken));
    let der = request().to_der().unwrap();
    let refused = authority
        .stamp(&der, now(), &ClockState::Synchronised)
        .await
        .unwrap_err();
    assert!(matches!(refused, StampRefusal::Floor(_)));
    // The client is not told about our disk.
    let response = String::from_utf8_lossy(&refused.response().unwrap()).into_owned();
    assert!(response.contains("could not be made") && !response.contains("disk"));
    let before = stage
        .authority
        .stamp(&der, now() - HOUR, &ClockState::Synchronised)
        .await;
    assert!(matches!(before, Err(StampRefusal::NoKey)));
}

#[test]
fn refusals_are_responses_that_openssl_reads() {
    let Some(folder) = openssl_folder() else {
        return;
    };
    for (refusal, said) in [
        (
            StampRefusal::TooLong,
            "the data submitted has the wrong format",
        ),
        (
            StampRefusal::Hash {
                found: "1.2".into(),
            },
            "unrecognized or unsupported algorithm identifier",
        ),
        (
            StampRefusal::Policy {
                found: "1.2".into(),
            },
            "the requested TSA policy is not supported by the TSA",
        ),
        (
            StampRefusal::Unsynchronised,
            "the TSA's time source is not available",
        ),
        (
            StampRefusal::NoKey,
            "the request cannot be handled due to system failure",
        ),
    ] {
        let path = folder.path().join("refused.tsr");
        fs::write(&path, refusal.response().unwrap()).unwrap();
        let told = openssl(&["ts", "-reply", "-text", "-in", path.to_str().unwrap()]).1;
        assert!(told.contains("Status: Rejected."), "{told}");
        assert!(
            told.contains(said) && told.contains(&refusal.to_string()),
            "{told}"
        );
    }
}

#[tokio::test]
async fn openssl_takes_a_stamp_and_refuses_it_changed() {
    let Some(folder) = openssl_folder() else {
        return;
    };
    let stage = Stage::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("data"), MESSAGE).unwrap();
    let made = openssl(&[
        "ts",
        "-query",
        "-data",
        &path("data"),
        "-sha256",
        "-cert",
        "-out",
        &path("query"),
    ]);
    assert!(made.0, "{}", made.1);
    let query = fs::read(path("query")).unwrap();
    // OpenSSL holds certificates against its own clock.
    let response = stage
        .authority
        .stamp(&query, now(), &ClockState::Waived)
        .await
        .unwrap();
    let chain = stage.authority.chain(now()).unwrap();
    let pem = x509_cert::Certificate::from_der(chain.last().unwrap()).unwrap();
    let pem = der::EncodePem::to_pem(&pem, der::pem::LineEnding::LF).unwrap();
    fs::write(path("root"), pem).unwrap();
    let verify = |response: &[u8]| {
        fs::write(path("reply"), response).unwrap();
        let at = now().as_second().to_string();
        openssl(&[
            "ts",
            "-verify",
            "-queryfile",
            &path("query"),
            "-in",
            &path("reply"),
            "-CAfile",
            &path("root"),
            "-attime",
            &at,
        ])
    };
    let (taken, said) = verify(&response);
    assert!(taken, "{said}");
    for at in (0..response.len()).step_by(7) {
        let mut changed = response.clone();
        changed[at] ^= 1;
        let (taken, said) = verify(&changed);
        assert!(
            !taken || same_claim(&response, &changed),
            "byte {at}: {said}"
        );
    }
}

/// OpenSSL does not look at each byte around what is signed; whatever it takes must say the same.
fn same_claim(one: &[u8], other: &[u8]) -> bool {
    let time = |der| Token::parse(der).map(|token| token.time());
    match (time(one), time(other)) {
        (Ok(one), Ok(other)) => one == other,
        (_, Err(_)) => true,
        (Err(_), Ok(_)) => false,
    }
}

/// A folder to work in; none where there is no OpenSSL.
fn openssl_folder() -> Option<TempDir> {
    let there = Command::new("openssl").arg("version").output();
    there.is_ok().then(|| TempDir::new().unwrap())
}

fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}
