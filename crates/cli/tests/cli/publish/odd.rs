//! Indexes that are no index, fail, lie, or have nothing but uploads.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use tempfile::TempDir;
use touchplate_attest::Sha256;
use touchplate_testkit::sample;

use crate::run::{Run, touchplate_with};

const TOKEN: &str = "a-token-that-nobody-may-see";
const SIMPLE: &str = "application/vnd.pypi.simple.v1+json";

/// A whole answer: status, further headers, media type, body.
struct Answer(&'static str, String, &'static str, String);

fn plain(status: &'static str, body: &str) -> Answer {
    Answer(status, String::new(), "text/plain", body.to_owned())
}

fn nothing() -> Answer {
    plain("404 Not Found", "")
}

/// What was asked, in order: `POST /legacy/`.
type Asked = Arc<Mutex<Vec<String>>>;

/// An index that answers as `answer` says to `METHOD PATH`, and a folder with a release for it.
struct Odd {
    folder: TempDir,
    url: String,
    asked: Asked,
}

impl Odd {
    fn new(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let folder = TempDir::new().unwrap();
        for file in [sample::wheel("demo", "1.0"), sample::sdist("demo", "1.0")] {
            fs::write(folder.path().join(file.filename()), file.bytes()).unwrap();
        }
        fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let (answer, heard) = (Arc::new(answer), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, heard) = (answer.clone(), heard.clone());
                thread::spawn(move || one(stream.unwrap(), &*answer, &heard));
            }
        });
        Self { folder, url, asked }
    }

    fn publish(&self, words: &[&str]) -> Run {
        let index = format!("{}/legacy/", self.url);
        let files = ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"];
        let by = ["publish", "--index", &index, "--token-file", "token"];
        let words = [&by[..], &files, words].concat();
        let run = touchplate_with(self.folder.path(), &[("HOME", "/nonexistent")], &words);
        assert!(!format!("{run:?}").contains(TOKEN), "{run:#?}");
        run
    }

    fn count(&self, asked: &str) -> usize {
        let all = self.asked.lock().unwrap();
        all.iter().filter(|it| *it == asked).count()
    }
}

fn listing(wheel: Option<&[u8]>) -> Answer {
    let file = wheel.map(|bytes| {
        let digest = Sha256::of(bytes);
        format!(
            r#"{{"filename":"demo-1.0-py3-none-any.whl","url":"/f","hashes":{{"sha256":"{digest}"}}}}"#
        )
    });
    let files = file.unwrap_or_default();
    let body = format!(r#"{{"meta":{{"api-version":"1.0"}},"name":"demo","files":[{files}]}}"#);
    Answer("200 OK", String::new(), SIMPLE, body)
}

fn one(mut stream: TcpStream, answer: &dyn Fn(&str, &str) -> Answer, asked: &Asked) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |it| it.trim().parse().unwrap());
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap().to_uppercase(), words.next().unwrap());
    asked.lock().unwrap().push(format!("{method} {path}"));
    let Answer(status, headers, kind, body) = answer(&method, path);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    );
    // A client that has had enough hangs up.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

/// An index that lists nothing, and answers so to uploads.
fn answering(upload: impl Fn() -> Answer + Send + Sync + 'static) -> Odd {
    Odd::new(move |method, path| match (method, path) {
        ("POST", "/legacy/") => upload(),
        ("GET", "/simple/demo/") => listing(None),
        _ => nothing(),
    })
}

#[test]
fn each_answer_that_is_none_has_its_own_remedy() {
    let page = || {
        Answer(
            "200 OK",
            String::new(),
            "text/html",
            "<p>Welcome</p>".into(),
        )
    };
    answering(page)
        .publish(&[])
        .ended(2)
        .complains(&["a page for people (HTML)", "not the index URL that pip has"]);
    let away = || {
        let location = "location: https://elsewhere.example/legacy/\r\n".to_owned();
        Answer(
            "301 Moved Permanently",
            location,
            "text/plain",
            String::new(),
        )
    };
    let index = answering(away);
    index.publish(&[]).ended(2).complains(&[
        "uploads are redirected to https://elsewhere.example/legacy/",
        "nothing follows a redirect with a credential",
    ]);
    assert_eq!(index.count("POST /legacy/"), 1);
    for status in ["404 Not Found", "405 Method Not Allowed"] {
        answering(move || plain(status, ""))
            .publish(&[])
            .ended(2)
            .complains(&["takes no uploads"]);
    }
    answering(|| plain("413 Content Too Large", "the limit is 1 kB"))
        .publish(&[])
        .ended(1)
        .complains(&["does not take files of", "the limit is 1 kB"]);
    answering(|| plain("403 Forbidden", "no such token"))
        .publish(&[])
        .ended(1)
        .complains(&[
            "this uploader may not",
            "no such token",
            "whether it has ended",
        ]);
    answering(|| plain("400 Bad Request", "Invalid classifier"))
        .publish(&[])
        .ended(1)
        .says(&["not sent, since another file failed"])
        .complains(&["400", "Invalid classifier"]);
}

#[test]
fn an_index_that_has_no_time_is_left_alone_for_as_long_as_it_says() {
    let count = AtomicUsize::new(0);
    let index = answering(move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Answer(
            "429 Too Many Requests",
            "retry-after: 1\r\n".to_owned(),
            "text/plain",
            String::new(),
        ),
        1 => plain("503 Service Unavailable", ""),
        _ => plain("200 OK", ""),
    });
    index.publish(&[]).ended(0).says(&["published"]);
    assert_eq!(index.count("POST /legacy/"), 4);
}

#[test]
fn an_answer_that_was_lost_is_looked_for_before_anything_is_sent_again() {
    let wheel = sample::wheel("demo", "1.0");
    let posts = AtomicUsize::new(0);
    let index = Odd::new(move |method, path| match (method, path) {
        ("POST", "/legacy/") => match posts.fetch_add(1, Ordering::Relaxed) {
            0 => plain("502 Bad Gateway", "the file was stored all the same"),
            _ => plain("200 OK", ""),
        },
        ("GET", "/simple/demo/") => {
            let stored = posts.load(Ordering::Relaxed) > 0;
            listing(stored.then_some(&*wheel.bytes()))
        }
        _ => nothing(),
    });
    index
        .publish(&[])
        .ended(0)
        .says(&["byte for byte", "demo-1.0.tar.gz: published"]);
    assert_eq!(index.count("POST /legacy/"), 2);
}

#[test]
fn a_name_that_is_taken_is_told_by_its_bytes() {
    // There before the run: nothing is sent.
    let index = Odd::new(|method, path| match (method, path) {
        ("GET", "/simple/demo/") => listing(Some(b"other bytes")),
        _ => nothing(),
    });
    index.publish(&["--skip-existing"]).ended(1).complains(&[
        "the index has another `demo-1.0-py3-none-any.whl`",
        "nothing was sent",
    ]);
    assert_eq!(index.count("POST /legacy/"), 0);
    // It comes while the run is on its way.
    let posted = Arc::new(AtomicUsize::new(0));
    let index = Odd::new(move |method, path| match (method, path) {
        ("POST", "/legacy/") => {
            posted.fetch_add(1, Ordering::Relaxed);
            plain("409 Conflict", "File already exists")
        }
        ("GET", "/simple/demo/") if posted.load(Ordering::Relaxed) > 0 => {
            listing(Some(b"other bytes"))
        }
        ("GET", "/simple/demo/") => listing(None),
        _ => nothing(),
    });
    index
        .publish(&[])
        .ended(1)
        .complains(&["the index has another", "files of a release never change"]);
    // There is nothing to compare with.
    let index = Odd::new(|method, path| match (method, path) {
        ("POST", "/legacy/") => plain("400 Bad Request", "File already exists"),
        _ => nothing(),
    });
    index
        .publish(&[])
        .ended(1)
        .complains(&["cannot be told", "--check-url"]);
    index
        .publish(&["--skip-existing"])
        .ended(2)
        .complains(&["--skip-existing needs to know what is there"]);
}

#[test]
fn what_is_there_is_left_alone_by_its_hash() {
    let wheel = sample::wheel("demo", "1.0");
    let listed = Odd::new(move |method, path| match (method, path) {
        ("POST", "/legacy/") => plain("200 OK", ""),
        ("GET", "/simple/demo/") => listing(Some(&wheel.bytes())),
        _ => nothing(),
    });
    listed
        .publish(&["--skip-existing"])
        .ended(0)
        .says(&["demo-1.0-py3-none-any.whl: is there, byte for byte"]);
    assert_eq!(listed.count("POST /legacy/"), 1);
}

#[test]
fn attestations_are_held_back_where_they_would_be_lost() {
    let index = answering(|| plain("200 OK", ""));
    index
        .publish(&[])
        .ended(0)
        .says(&["not attested", "the index does not say that it takes them"]);
    index
        .publish(&["--attestations"])
        .ended(2)
        .complains(&["--no-attestations publishes without"]);
}

#[test]
fn an_index_that_sends_identities_elsewhere_is_not_followed() {
    for (key, url) in [
        ("token-mint-endpoint", "https://elsewhere.example/mint"),
        ("audience-endpoint", "http://192.0.2.1/audience"),
    ] {
        let index = Odd::new(move |_, path| {
            if !path.starts_with("/.well-known/pytp?discover=%2flegacy%2f") {
                return nothing();
            }
            let other = if key == "audience-endpoint" {
                "token-mint-endpoint"
            } else {
                "audience-endpoint"
            };
            let body = format!(r#"{{"{key}":"{url}","{other}":"http://127.0.0.1:1/x"}}"#);
            Answer(
                "200 OK",
                String::new(),
                "application/vnd.pypi.pytp.v1+json",
                body,
            )
        });
        index
            .publish(&[])
            .ended(3)
            .complains(&[key, url, "expected a URL of the host of"]);
    }
}

#[test]
fn a_clock_that_is_off_is_told() {
    let index = Odd::new(|method, path| match (method, path) {
        ("GET", "/_/oidc/audience") => Answer(
            "200 OK",
            String::new(),
            "application/json",
            r#"{"audience":"odd"}"#.into(),
        ),
        ("POST", "/_/oidc/mint-token") => {
            let body = r#"{"message":"Token request failed","errors":[{"code":"invalid-token","description":"not yet valid"}]}"#;
            let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".to_owned();
            Answer(
                "422 Unprocessable Entity",
                date,
                "application/json",
                body.into(),
            )
        }
        ("GET", "/simple/demo/") => listing(None),
        _ => nothing(),
    });
    let claims = serde_json::json!({"iss": "https://i.example", "sub": "s", "aud": "odd", "exp": 9_999_999_999_i64});
    let part = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let token = format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256"}"#),
        part(&claims.to_string()),
        part("s")
    );
    fs::write(index.folder.path().join("jwt"), token).unwrap();
    let more = [
        "--trusted-publishing",
        "always",
        "--index-token-file",
        "jwt",
        "--no-attestations",
    ];
    index.publish(&more).ended(1).complains(&[
        "invalid-token: not yet valid",
        "this machine's clock and the index's differ by",
    ]);
}
