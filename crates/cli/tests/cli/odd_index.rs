//! `verify` against indexes that fail, lie, or are old.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher, Sha256};
use touchplate_trust::Predicate;

use crate::run::Run;
use crate::verify::{BYTES, Case, NAME, PUBLISHER};

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// What `Content-Length` says, where it lies.
    pub(crate) length: Option<usize>,
}

pub(crate) fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status: "200 OK",
        content_type,
        body: body.into(),
        length: None,
    }
}

pub(crate) fn status(status: &'static str) -> Answer {
    Answer {
        status,
        ..ok("text/plain", "")
    }
}

const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// Serves what `answer` says to each path, until the test ends; returns its address.
pub(crate) fn serve(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || one(stream.unwrap(), &*answer));
        }
    });
    url
}

/// Serves JSON at these paths; where it says `BASE`, its own address.
pub(crate) fn serve_paths(paths: Vec<(String, Vec<u8>)>) -> String {
    let base = Arc::new(std::sync::OnceLock::<String>::new());
    let known = base.clone();
    let url = serve(move |path| {
        let found = paths.iter().find(|(at, _)| at == path);
        found.map_or_else(
            || status("404 Not Found"),
            |(_, body)| {
                let base = known.get().map_or("", String::as_str);
                let text = String::from_utf8(body.clone()).unwrap();
                ok(JSON, text.replace("BASE", base))
            },
        )
    });
    base.set(url.clone()).unwrap();
    url
}

fn one(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    // A body that is not read would be answered with a reset.
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<u64>().unwrap())
    });
    let mut body = Vec::new();
    let _ = (&mut stream)
        .take(length.unwrap_or(0))
        .read_to_end(&mut body);
    let answer = answer(head.split(' ').nth(1).unwrap());
    let length = answer.length.unwrap_or(answer.body.len());
    let head = format!(
        "HTTP/1.1 {}\r\nconnection: close\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n",
        answer.status, answer.content_type
    );
    // A client that has had enough hangs up.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&answer.body);
}

fn provenance(case: &Case) -> Vec<u8> {
    let attestation = Attestation::parse(&case.mint(Predicate::Publish)).unwrap();
    let publisher = Publisher::parse(PUBLISHER.as_bytes()).unwrap();
    Provenance::new(vec![AttestationBundle::new(publisher, vec![attestation])]).to_json()
}

/// A page with the one file, and more of its keys.
fn page(more: &str) -> String {
    let sha256 = Sha256::of(BYTES);
    format!(
        r#"{{"meta":{{"api-version":"1.4"}},"name":"sampleproject","files":[{{"filename":"{NAME}","url":"/f/{NAME}","hashes":{{"sha256":"{sha256}"}}{more}}}]}}"#
    )
}

fn release(case: &Case, origin: &str) -> Run {
    case.verify(&[
        "sampleproject==1.0",
        "--index",
        &format!("{origin}/simple"),
        "--publisher",
        PUBLISHER,
    ])
}

#[test]
fn an_index_with_html_alone_is_asked_by_the_integrity_api() {
    let case = Case::new();
    let (object, sha256) = (provenance(&case), Sha256::of(BYTES));
    let html = format!("<html><body><a href='../../f/{NAME}#sha256={sha256}'>it</a>");
    let origin = serve(move |path| match path {
        "/simple/sampleproject/" => ok("text/html; charset=UTF-8", html.clone()),
        "/integrity/sampleproject/1.0/sampleproject-1.0.tar.gz/provenance" => {
            ok("application/json", object.clone())
        }
        "/f/sampleproject-1.0.tar.gz" => ok("application/octet-stream", BYTES),
        _ => status("404 Not Found"),
    });
    release(&case, &origin)
        .ended(0)
        .says(&["✓ sampleproject-1.0.tar.gz: verified"]);
}

#[test]
fn an_index_that_fails_is_a_failure_of_the_network() {
    let case = Case::new();
    let origin = serve(|_| status("500 Oh"));
    release(&case, &origin)
        .ended(3)
        .complains(&["answered 500: the server failed"]);
    let object = provenance(&case);
    let truncated = serve(move |path| match path {
        "/simple/sampleproject/" => ok(JSON, page("")),
        "/integrity/x" => ok("application/json", object.clone()),
        _ => Answer {
            length: Some(500),
            ..ok("application/octet-stream", BYTES)
        },
    });
    // Without an announced provenance nothing is fetched.
    release(&case, &truncated)
        .ended(1)
        .says(&["there is no attestation"]);
    let run = case.verify(&[&format!("{truncated}/f/{NAME}"), "--publisher", PUBLISHER]);
    run.ended(3).complains(&["broke off after"]);
}

#[test]
fn pages_that_are_none_are_said_to_be() {
    let case = Case::new();
    let refuses = |answer: fn() -> Answer, message: &str| {
        let origin = serve(move |_| answer());
        release(&case, &origin).ended(3).complains(&[message]);
    };
    refuses(
        || ok("application/pdf", "%PDF"),
        "expected a page of the Simple API",
    );
    refuses(|| ok(JSON, "{"), "it is not PEP 691 JSON");
    refuses(
        || ok(JSON, page("").replace("1.4", "2.0")),
        "expected version 1 of the Simple API",
    );
    refuses(
        || Answer {
            // The body never comes: its length alone is no reason to wait or to make room.
            length: Some(usize::MAX / 4),
            ..ok(JSON, vec![b' '; (64 << 20) + 1])
        },
        "has more than the 67108864 bytes that are allowed for it",
    );
}

#[test]
fn a_file_or_an_object_that_is_not_what_was_announced_is_refused() {
    let case = Case::new();
    let object = provenance(&case);
    let origin = |more: &str, file: &'static [u8], object: Option<Vec<u8>>| {
        let more = more.to_owned();
        serve(move |path| match (path, &object) {
            // The page has to name its own address, which is known to the request alone.
            ("/f/sampleproject-1.0.tar.gz", _) => ok("application/octet-stream", file),
            ("/simple/sampleproject/", _) => ok(JSON, page(&more).replace("1.4", "1.0")),
            (_, Some(object)) => ok("application/json", object.clone()),
            (_, None) => status("404 Not Found"),
        })
    };
    release(&case, &origin("", BYTES, Some(object.clone()))).ended(0);
    release(
        &case,
        &origin("", b"other bytes of it", Some(object.clone())),
    )
    .ended(1)
    .complains(&["is not the file that was announced"]);
    release(&case, &origin(r#","size":3"#, BYTES, Some(object.clone())))
        .ended(1)
        .complains(&["has more than the 3 bytes that the index announced"]);
    release(&case, &origin(r#","size":99"#, BYTES, Some(object)))
        .ended(1)
        .complains(&["has 16 bytes, and the index announced 99"]);
    // An object of another file, and one that has nothing in it.
    let foreign = {
        let other = Case::new();
        provenance(&other)
    };
    release(&case, &origin("", BYTES, Some(foreign)))
        .ended(1)
        .says(&["not verified"]);
    let empty = br#"{"version":1,"attestation_bundles":[]}"#.to_vec();
    release(&case, &origin("", BYTES, Some(empty)))
        .ended(1)
        .says(&["vouches for nothing"]);
    release(&case, &origin("", BYTES, Some(b"<html>".to_vec())))
        .ended(1)
        .says(&["it is not a PEP 740 provenance object"]);
    release(&case, &origin("", BYTES, None))
        .ended(1)
        .says(&["there is no attestation"]);
}

#[test]
fn an_announced_object_has_to_be_there_and_at_a_secure_address() {
    let case = Case::new();
    let origin = serve(|path| match path {
        "/simple/sampleproject/" => ok(
            JSON,
            page(r#","provenance":"http://127.0.0.1:1/provenance""#),
        ),
        _ => status("404 Not Found"),
    });
    release(&case, &origin)
        .ended(3)
        .complains(&["could not be reached"]);
    let origin = serve(|path| match path {
        "/simple/sampleproject/" => ok(
            JSON,
            page(r#","provenance":"http://packages.example/provenance""#),
        ),
        _ => status("404 Not Found"),
    });
    release(&case, &origin)
        .ended(1)
        .complains(&["which is not a full https URL"]);
    let gone = serve(|_| status("410 Gone"));
    let announced = page(&format!(r#","provenance":"{gone}/provenance""#));
    let origin = serve(move |_| ok(JSON, announced.clone()));
    release(&case, &origin).ended(1).complains(&[
        "announces a provenance object of `sampleproject-1.0.tar.gz` that is not there",
        "the server answered 410",
    ]);
}

#[test]
fn an_object_of_another_file_does_not_verify_this_one() {
    let case = Case::new();
    let sha256 = Sha256::of(b"another file");
    let now = jiff::Timestamp::now();
    let workload = touchplate_trust::Workload::github(
        "example/sampleproject",
        "release.yml",
        "refs/tags/v1.0",
    );
    let minted = case
        .domain
        .attest(
            &workload,
            "sampleproject-1.1.tar.gz",
            &sha256,
            Predicate::Publish,
            now,
        )
        .unwrap();
    let publisher = Publisher::parse(PUBLISHER.as_bytes()).unwrap();
    let bundle = AttestationBundle::new(publisher, vec![Attestation::parse(&minted).unwrap()]);
    let object = Provenance::new(vec![bundle]).to_json();
    let origin = serve(move |path| match path {
        "/f/sampleproject-1.0.tar.gz" => ok("application/octet-stream", BYTES),
        "/f/sampleproject-1.0.tar.gz.provenance" => ok("application/json", object.clone()),
        _ => status("404 Not Found"),
    });
    case.verify(&[&format!("{origin}/f/{NAME}"), "--publisher", PUBLISHER])
        .ended(1)
        .says(&["is about the file sampleproject-1.1.tar.gz"]);
}
