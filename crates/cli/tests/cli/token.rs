//! `token narrow`: offline, by whoever holds the token.

use tempfile::TempDir;

use crate::run::{Server, touchplate_given, touchplate_in};

#[test]
fn a_token_is_narrowed_with_nobody_s_help_and_the_index_keeps_to_it() {
    let place = TempDir::new().unwrap();
    let admin = |words: &[&str]| {
        let words = [&["--data", "index", "admin"], words].concat();
        touchplate_in(place.path(), &words).ended(0).stdout
    };
    admin(&["user", "add", "alice"]);
    admin(&["project", "create", "demo", "--owner", "alice"]);
    admin(&["project", "visibility", "demo", "private"]);
    let whole = admin(&["token", "create", "--user", "alice"]);
    let narrow = |token: &str, words: &[&str]| {
        let run = touchplate_given(token, &[&["token", "narrow"], words].concat());
        run.ended(0)
    };
    let server = Server::start(&place.path().join("index"));
    let status = |token: &str| {
        let bearer = format!("Bearer {}", token.trim());
        let headers = [("Authorization", bearer.as_str())];
        server.fetch_with("/simple/demo/", &headers).0
    };
    assert_eq!(status(&whole), 200);
    let demo = narrow(&whole, &["--project", "Demo", "--expires", "2h"]).complains(&[
        "narrowed the token",
        "to the project `demo`",
        "until 2",
    ]);
    assert!(demo.stdout.starts_with("tp-2-") && demo.stdout.lines().count() == 1);
    assert_eq!(status(&demo.stdout), 200);
    let here = narrow(
        &demo.stdout,
        &["--network", "127.0.0.0/8", "--network", "::1"],
    )
    .stdout;
    assert_eq!(status(&here), 200);
    let elsewhere = narrow(&here, &["--network", "192.0.2.0/24"]).stdout;
    assert_eq!(status(&elsewhere), 401);
    let other = narrow(&whole, &["--project", "other", "--expires", "7d"]).stdout;
    assert_eq!(status(&other), 404);

    // By any of them the one token that the index knows is revoked.
    admin(&["token", "revoke", elsewhere.trim()]);
    assert_eq!([&whole, &here].map(|token| status(token)), [401, 401]);
}

#[test]
fn what_cannot_be_narrowed_is_said() {
    let narrow = |token: &str, words: &[&str]| {
        touchplate_given(token, &[&["token", "narrow"], words].concat())
    };
    let token = format!("tp-1-{}-{}\n", "0".repeat(16), "A".repeat(43));
    narrow(&token, &[]).ended(2).complains(&["--project"]);
    for given in ["", "pypi-x", &"tp-2-".repeat(2000)] {
        narrow(given, &["--project", "demo"])
            .ended(2)
            .complains(&["expected a token of the form `tp-1-…`", "hint: "]);
    }
    for (words, why) in [
        (["--expires", "soon"], "expected a time such as"),
        (["--expires", "2h ago"], "expected a time such as"),
        (["--expires", "2020-01-01T00:00:00Z"], "has passed"),
        (
            ["--network", "10.0.0.0/33"],
            "expected an address or a network",
        ),
        (["--project", "-"], "is an invalid value for Name"),
    ] {
        let run = narrow(&token, &words).ended(2).complains(&[why]);
        assert!(run.stdout.is_empty(), "{words:?}");
    }
    let mut often = token.clone();
    for _ in 0..8 {
        often = narrow(&often, &["--project", "demo"]).ended(0).stdout;
    }
    narrow(&often, &["--project", "demo"])
        .ended(1)
        .complains(&["narrowed 8 times already"]);
}
