//! Uploads that are not welcome: each with its answer in every shape, and nothing left of it.

use std::fmt::Write as _;

use insta::assert_snapshot;
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::server::Account;
use touchplate_trust::{Fault, Predicate, Workload};

/// What a script, uv and a browser accept.
const SHAPES: [(&str, Option<&str>); 3] = [
    ("text", None),
    (
        "json",
        Some("application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"),
    ),
    ("html", Some("text/html,application/xhtml+xml,*/*;q=0.8")),
];

/// What an upload can leave behind. The list of projects is the index's own: a page may lag behind the operator's changes.
async fn traces(server: &TestServer) -> (Vec<String>, Vec<std::path::PathBuf>, u64, String) {
    let serial = server.index.head().await.unwrap();
    let projects = server.index.index_page().await.unwrap().to_json();
    (
        server.stored_blobs().await,
        server.spooled(),
        serial.0,
        String::from_utf8(projects).unwrap(),
    )
}

/// Sends a request in each shape, and writes down what came back. The request must leave nothing.
async fn refused(server: &TestServer, told: &mut String, case: &str, request: &Request) {
    let before = traces(server).await;
    writeln!(told, "== {case}").unwrap();
    for (shape, accept) in SHAPES {
        let request =
            accept.map_or_else(|| request.clone(), |accept| request.clone().accept(accept));
        let answer = server.client.send(&request).await;
        assert!(answer.status >= 400, "{case}: {}", answer.whole());
        if shape == "text" {
            writeln!(told, "{} {}", answer.status, answer.reason).unwrap();
        }
        let content_type = answer.header("content-type").unwrap_or_default().to_owned();
        // A page is a frame around the message.
        let body = answer.main();
        let message = body.split_once("<p class=\"lede\">");
        let message = message.and_then(|(_, rest)| rest.split_once("</p>"));
        let body = message.map_or(body.clone(), |(message, _)| format!("<p>{message}</p>"));
        writeln!(told, "{shape} ({content_type}): {}", body.trim_end()).unwrap();
    }
    assert_eq!(traces(server).await, before, "{case} left something");
}

async fn all_refused(
    server: &TestServer,
    alice: &Account<'_>,
    cases: Vec<(&str, Sample)>,
) -> String {
    let mut told = String::new();
    for (case, sample) in cases {
        refused(server, &mut told, case, &alice.uploading(&sample)).await;
    }
    told
}

fn demo() -> Sample {
    sample::wheel("demo", "2.0")
}

#[tokio::test]
async fn a_client_that_takes_anything_is_told_in_text() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let request = alice.uploading(&demo().field("filetype", "bdist_egg"));
    // requests, httpx and curl accept anything; a browser names HTML, whatever else it takes.
    for (accept, expected) in [
        ("*/*", "text/plain; charset=utf-8"),
        ("text/*", "text/plain; charset=utf-8"),
        ("application/json, */*;q=0.5", "application/json"),
        ("text/html, */*;q=0.8", "text/html; charset=utf-8"),
    ] {
        let answer = server.client.send(&request.clone().accept(accept)).await;
        assert_eq!(answer.header("content-type"), Some(expected), "{accept}");
    }
}

#[tokio::test]
async fn a_whole_refusal() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let request = alice.uploading(&demo().field("filetype", "bdist_egg <b>ü→"));
    let mut told = String::new();
    for (_, accept) in SHAPES {
        let request =
            accept.map_or_else(|| request.clone(), |accept| request.clone().accept(accept));
        told.push_str(&server.client.send(&request).await.whole());
        told.push_str("\n----\n");
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn forms_that_do_not_hold_together() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let zeros = "0".repeat(64);
    let cases = vec![
        ("unknown action", demo().field(":action", "submit")),
        ("unknown protocol", demo().field("protocol_version", "2")),
        (
            "no digest",
            demo()
                .without_field("sha256_digest")
                .without_field("blake2_256_digest"),
        ),
        ("wrong sha256", demo().field("sha256_digest", &zeros)),
        ("wrong blake2", demo().field("blake2_256_digest", &zeros)),
        ("wrong md5", demo().field("md5_digest", &zeros[..32])),
        ("no such digest", demo().field("sha256_digest", "xyz")),
        ("digest twice", demo().field_again("sha256_digest", &zeros)),
        ("no name", demo().without_field("name")),
        ("bad name", demo().field("name", "demo-")),
        ("name of a file", sample::wheel("requirements.txt", "1.0")),
        ("bad version", demo().field("version", "two")),
        ("no filetype", demo().without_field("filetype")),
        ("no pyversion", demo().without_field("pyversion")),
        (
            "unknown metadata version",
            demo().field("metadata_version", "9.0"),
        ),
        (
            "summary of two lines",
            demo().field("summary", "one\r\ntwo"),
        ),
        (
            "bad requires_python",
            demo().field("requires_python", "new"),
        ),
        ("not a distribution's name", demo().called("demo.whl")),
        ("an egg", demo().called("demo-2.0-py3.egg")),
        (
            "path in the name",
            demo().called("../demo-2.0-py3-none-any.whl"),
        ),
        (
            "filename of another project",
            demo().called("other-2.0-py3-none-any.whl"),
        ),
        (
            "filename of another version",
            demo().called("demo-3.0-py3-none-any.whl"),
        ),
        (
            "filename not normalised",
            sample::wheel("De.mo", "2.0").called("De.mo-2.0-py3-none-any.whl"),
        ),
        (
            "sdist that is said to be a wheel",
            demo().called("demo-2.0.tar.gz"),
        ),
    ];
    assert_snapshot!(all_refused(&server, &alice, cases).await);
}

#[tokio::test]
async fn names_that_are_taken() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    alice.upload(sample::wheel("demo", "0.9")).await.assert_ok();
    let gone = "demo-0.9-py3-none-any.whl".parse().unwrap();
    server
        .index
        .delete_file(&server.operator(), &gone)
        .await
        .unwrap();
    let cases = vec![
        (
            "other bytes under the name",
            sample::wheel("demo", "1.0").member("x.py", b"x"),
        ),
        ("deleted filename", sample::wheel("demo", "0.9")),
        (
            "second sdist",
            sample::sdist("demo", "1.0").called("demo-1.0.zip"),
        ),
    ];
    assert_snapshot!(all_refused(&server, &alice, cases).await);
}

#[tokio::test]
async fn archives_that_lie_about_themselves() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let sdist = || sample::sdist("demo", "2.0");
    let cases = vec![
        ("no zip", demo().holding("not a zip")),
        ("empty", demo().holding("")),
        ("no METADATA", demo().without_metadata()),
        ("another name inside", demo().archive_says("Name", "other")),
        (
            "another version inside",
            demo().archive_says("Version", "3.0"),
        ),
        (
            "another requires-python inside",
            demo().archive_says("Requires-Python", ">=3.8"),
        ),
        ("member outside", demo().member("../evil.py", b"x")),
        ("no tar", sdist().holding("not a tar")),
        ("no PKG-INFO", sdist().without_metadata()),
        (
            "another name in the sdist",
            sdist().archive_says("Name", "other"),
        ),
        (
            "a wheel that is said to be an sdist",
            sdist().holding(demo().bytes()),
        ),
    ];
    assert_snapshot!(all_refused(&server, &alice, cases).await);
}

#[tokio::test]
async fn attestations_that_do_not_hold() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let good = String::from_utf8(server.attestations(&demo().attested()).unwrap()).unwrap();
    let inner = &good[1..good.len() - 1];
    let wrong = |fault| {
        let (who, digest) = (sample::workload("demo", "2.0"), demo().sha256());
        let now = touchplate_server::Clock::now(&*server.clock);
        let filename = demo().filename();
        let minted =
            server
                .domain
                .attest_wrongly(&who, &filename, &digest, Predicate::Publish, now, &fault);
        demo().attestations([b"[".as_slice(), &minted.unwrap(), b"]"].concat())
    };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let duplicate = format!("[{{\"version\":1,{}]", &inner[1..]);
    let huge = format!("[{}{}]", " ".repeat(3 << 20), inner);
    let stranger = Workload::github("stranger/demo", "release.yml", "refs/tags/v2.0");
    let cases = vec![
        ("empty field", demo().attestations("")),
        ("no JSON", demo().attestations("attested, honestly")),
        ("not an array", demo().attestations(inner)),
        ("empty array", demo().attestations("[]")),
        (
            "too many",
            demo().attestations(format!("[{inner},{inner},{inner}]")),
        ),
        ("deep", demo().attestations(deep)),
        ("huge", demo().attestations(huge)),
        ("duplicate keys", demo().attestations(duplicate)),
        (
            "unknown version",
            demo().attestations(good.replacen("\"version\":1", "\"version\":2", 1)),
        ),
        (
            "two different ones of one kind",
            demo().attested().attested(),
        ),
        ("another publisher", demo().attested_by(stranger)),
        (
            "a person",
            demo().attested_by(Workload::email(
                "eve@example.org",
                "https://accounts.example",
            )),
        ),
        (
            "of another file",
            sample::wheel("demo", "2.1").attestations(good.clone()),
        ),
        (
            "of other bytes",
            demo().member("x.py", b"x").attestations(good.clone()),
        ),
        ("expired certificate", wrong(Fault::CertificateExpired)),
        ("new project", sample::wheel("unheard-of", "2.0").attested()),
    ];
    let told = all_refused(&server, &alice, cases).await;
    assert_snapshot!(told);
    // The control: what differs only in being right is welcome.
    alice.upload(demo().attestations(good)).await.assert_ok();
}

#[tokio::test]
async fn callers_who_may_not() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let _owner = server
        .publisher("olga")
        .await
        .owning("other", Visibility::Private)
        .await;
    let only = server
        .user("bob")
        .await
        .with_role("demo", Role::Maintainer)
        .await
        .token_for("demo")
        .await;
    let revoked = server.user("carol").await;
    let id = revoked.token.split('-').nth(2).unwrap().parse().unwrap();
    server
        .index
        .revoke_token(&server.operator(), &id)
        .await
        .unwrap();
    let form = |sample: &Sample| {
        let (content_type, body) = server.form(sample);
        Request::new("POST", "/legacy/").body(&content_type, body)
    };
    let secret = alice.token.splitn(4, '-').nth(3).unwrap();
    let reversed: String = secret.chars().rev().collect();
    let wrong_secret = alice.token.replace(secret, &reversed);
    let mut told = String::new();
    for (case, request) in [
        ("nobody", form(&demo())),
        ("a password", form(&demo()).basic("alice", "hunter2")),
        (
            "a token under another name",
            form(&demo()).basic("alice", &alice.token),
        ),
        (
            "no token of ours",
            form(&demo()).token("pypi-AgEIcHlwaS5vcmc"),
        ),
        (
            "unknown token",
            form(&demo()).token(&format!("tp-1-{}-{}", "0".repeat(16), "A".repeat(43))),
        ),
        ("wrong secret", form(&demo()).token(&wrong_secret)),
        ("revoked token", form(&demo()).token(&revoked.token)),
        (
            "unknown scheme",
            form(&demo()).header("authorization", "Digest username=alice"),
        ),
        (
            "token for another project",
            only.uploading(&sample::wheel("other", "1.0")),
        ),
        (
            "token for one project creates none",
            only.uploading(&sample::wheel("third", "1.0")),
        ),
        ("no member", alice.uploading(&sample::wheel("other", "1.0"))),
    ] {
        refused(&server, &mut told, case, &request).await;
    }
    let demo_name = "demo".parse().unwrap();
    for (case, status) in [
        ("archived", ProjectStatus::Archived),
        ("quarantined", ProjectStatus::Quarantined),
    ] {
        server
            .index
            .set_status(&server.operator(), &demo_name, status, None)
            .await
            .unwrap();
        refused(&server, &mut told, case, &alice.uploading(&demo())).await;
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn what_pypi_refuses_is_refused_under_its_profile_alone() {
    let cases = || {
        vec![
            (
                "linux wheel",
                demo().called("demo-2.0-cp312-cp312-linux_x86_64.whl"),
            ),
            ("local version", sample::wheel("demo", "2.0+cu121")),
            (
                "private classifier",
                demo().field("classifiers", "Private :: Do Not Upload"),
            ),
        ]
    };
    let server =
        TestServer::start_with(|config| config.profile = touchplate_packaging::Profile::Pypi).await;
    let alice = server.publisher("alice").await.of("demo").await;
    assert_snapshot!("profile_pypi", all_refused(&server, &alice, cases()).await);
    alice.upload(demo()).await.assert_ok();
    let twin = vec![("equal bytes", demo().called("demo-2.0-py2-none-any.whl"))];
    assert_snapshot!("equal_bytes", all_refused(&server, &alice, twin).await);

    let private = TestServer::start().await;
    let alice = private.publisher("alice").await.of("demo").await;
    for (_, sample) in cases() {
        alice.upload(sample).await.assert_ok();
    }
}

#[tokio::test]
async fn a_name_that_looks_like_another_s() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let (serial, listed) = (
        server.index.head().await.unwrap(),
        server.get_json("/simple/").await,
    );
    let blobs = server.stored_blobs().await;
    for name in ["dem0", "de-mo", "d.e.m.0"] {
        assert_snapshot!(alice.upload(sample::wheel(name, "1.0")).await.whole());
    }
    assert_eq!(server.index.head().await.unwrap(), serial);
    assert_eq!(server.get_json("/simple/").await, listed);
    // The database decides who was first, so the bytes were there already; a refusal takes them back.
    assert_eq!(server.stored_blobs().await, blobs);
}
