//! A private trust stack: made, served, rotated.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use touchplate_testkit::postgres::TestDatabase;

use crate::run::{Server, command, touchplate, touchplate_in, touchplate_with};

fn init(data: &Path, more: &[&str]) -> crate::run::Run {
    let data = data.to_str().unwrap();
    let arguments = [&["trust", "init", "--data", data][..], more].concat();
    touchplate(&arguments)
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn two_commands_are_a_stack() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("index");
    let address = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{address}");
    init(&data, &["--url", &url])
        .ended(0)
        .says(&["made ", &url, "authority", "rekor1", "tsa", "speaks for"])
        .complains(&[
            "secret.key",
            "keep it offline",
            "issuers.toml",
            "touchplate serve",
        ]);
    let server = Server::start_at(&address, &data);
    let (status, root) = server.fetch("/trust/root.json", "*/*");
    assert_eq!(status, 200);
    assert_eq!(
        root,
        fs::read_to_string(data.join("trust/root.json")).unwrap()
    );
    for path in [
        "trust/trust_config.json",
        "trust/rekor1/api/v1/log",
        "trust/rekor2/api/v2/checkpoint",
        "trust/ct/checkpoint",
        "trust/ca/api/v2/trustBundle",
        "api/v2/trustBundle",
        "trust/tsa/api/v1/timestamp/certchain",
    ] {
        let (status, body) = server.fetch(&format!("/{path}"), "*/*");
        assert_eq!(status, 200, "{path}: {body}");
    }
    for hidden in ["trust/stack.toml", "trust/secret.key", "trust/keys/"] {
        assert_eq!(
            server.fetch(&format!("/{hidden}"), "*/*").0,
            404,
            "{hidden}"
        );
    }
    drop(server);
    // Under another address the logs would have other names.
    let elsewhere = Server::start(&data);
    assert_eq!(elsewhere.fetch("/trust/root.json", "*/*").0, 404);
    assert_eq!(elsewhere.fetch("/simple/", "*/*").0, 200);
}

#[test]
fn a_stack_is_made_once() {
    let folder = TempDir::new().unwrap();
    init(folder.path(), &[]).ended(0);
    init(folder.path(), &[])
        .ended(1)
        .complains(&["is there already", "touchplate trust rotate"]);
    for (bad, words) in [
        (["--url", "http://h/path"], "no path"),
        (["--operator", "a,CN=b"], "letters, digits"),
        (["--projects", "a*b"], "project name"),
        (["--name", "A B"], "lower-case letters"),
    ] {
        init(&folder.path().join("other"), &bad)
            .ended(2)
            .complains(&[words]);
    }
    assert!(!folder.path().join("other").exists());
}

#[test]
fn keys_are_rotated_and_the_report_tells_their_times() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| touchplate_in(folder.path(), arguments);
    run(&["trust", "rotate", "tsa", "--data", "."])
        .ended(2)
        .complains(&["no trust stack", "touchplate trust init"]);
    fs::write(folder.path().join("passphrase"), "correct horse\n").unwrap();
    run(&[
        "trust",
        "init",
        "--data",
        ".",
        "--key-file",
        "passphrase",
        "--root-key",
        "root.pem",
        "--operator",
        "Acme Corp",
        "--projects",
        "acme-*,tools",
        "--name",
        "acme",
        "--format",
        "json",
    ])
    .ended(0);
    assert!(
        folder.path().join("root.pem").exists() && !folder.path().join("trust/secret.key").exists()
    );
    let rotate = |more: &[&str]| {
        let arguments = [
            &["trust", "rotate", "--data", ".", "--format", "json"][..],
            more,
        ]
        .concat();
        run(&arguments)
    };
    let told = rotate(&["tsa", "--overlap-hours", "0"]).ended(0).json();
    let of = |told: &Value, role: &str| {
        let keys = told["keys"].as_array().unwrap().clone().into_iter();
        keys.filter(|key| key["role"] == role).collect::<Vec<_>>()
    };
    let stamps = of(&told, "tsa");
    assert_eq!(stamps.len(), 2);
    assert_eq!(stamps[0]["end"], stamps[1]["start"]);
    fs::rename(
        folder.path().join("root.pem"),
        folder.path().join("away.pem"),
    )
    .unwrap();
    rotate(&["ca"]).ended(3).complains(&["root.pem"]);
    let told = rotate(&["ca", "--root-key", "away.pem"]).ended(0).json();
    assert_eq!(of(&told, "authority").len(), 2);
    fs::write(folder.path().join("wrong"), "another\n").unwrap();
    rotate(&["ca", "--root-key", "away.pem", "--key-file", "wrong"])
        .ended(2)
        .complains(&["away.pem", "key file"]);
}

#[test]
fn a_stack_that_cannot_be_opened_stops_the_server() {
    let folder = TempDir::new().unwrap();
    init(folder.path(), &[]).ended(0);
    fs::write(folder.path().join("trust/secret.key"), "another\n").unwrap();
    let mut serve = command();
    serve.args(["serve", "--data"]).arg(folder.path());
    let output = serve
        .args(["--listen", "127.0.0.1:0", "--url", "http://127.0.0.1:8740"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot be decrypted"), "{said}");
}

/// The logs of a stack move with the index, and are served on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_moves_to_postgresql_with_its_index() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("index");
    let address = format!("127.0.0.1:{}", free_port());
    init(&data, &["--url", &format!("http://{address}")]).ended(0);
    let checkpoints = |server: &Server| {
        ["rekor2/api/v2/checkpoint", "ct/checkpoint"].map(|path| {
            let (status, body) = server.fetch(&format!("/trust/{path}"), "*/*");
            assert_eq!(status, 200, "{path}: {body}");
            body
        })
    };
    let server = Server::start_at(&address, &data);
    let before = checkpoints(&server);
    drop(server);
    let at = data.to_str().unwrap();
    let blobs = format!("file:{at}/blobs");
    let url = database.url();
    let there = [("TOUCHPLATE_DATABASE", url.as_str())];
    let served = || {
        touchplate_with(
            folder.path(),
            &there,
            &["serve", "--listen", &address, "--data", at],
        )
    };
    served()
        .ended(3)
        .complains(&["trust/log.sqlite", "touchplate admin migrate"]);
    touchplate(&[
        "admin", "migrate", "--to", &url, "--blobs", &blobs, "--data", at,
    ])
    .ended(0)
    .says(&["the index is moved", "rows of the trust stack, the same"])
    .complains(&["no longer where they were"]);
    assert!(data.join("trust/log.sqlite.moved").exists());
    let server = Server::start_with(&address, &data, &there);
    assert_eq!(checkpoints(&server), before);
    drop(server);
    touchplate(&["serve", "--listen", &address, "--data", at])
        .ended(3)
        .complains(&["were moved to PostgreSQL", "name that database"]);
}
