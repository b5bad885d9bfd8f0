//! `verify` under trust domains: each project's files are held against the domain of its name, without a network.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use touchplate_trust::Predicate;

use crate::run::{Run, touchplate_in};
use crate::verify::{Case, NAME, PUBLISHER};

const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The case's root is `acme`'s, for these projects and issuers.
fn scoped(projects: &str, issuer: &str) -> Case {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    let import = [
        "trust",
        "import",
        "--trust",
        "store",
        "--name",
        "acme",
        "--projects",
        projects,
        "--issuer",
        issuer,
        "root.json",
    ];
    touchplate_in(case.path(), &import).ended(0);
    case
}

const VERIFY: [&str; 6] = [
    "verify",
    NAME,
    "--attestation",
    "a.json",
    "--publisher",
    PUBLISHER,
];

fn verify(case: &Case) -> Run {
    touchplate_in(case.path(), &[&VERIFY[..], &["--trust", "store"]].concat())
}

#[test]
fn a_private_authority_speaks_for_its_own_names() {
    let case = scoped("other,sample*", GITHUB);
    let run = verify(&case).ended(0);
    run.says(&["verified", "acme"]);
}

#[test]
fn a_private_authority_does_not_speak_for_a_public_name() {
    let case = scoped("acme-*", GITHUB);
    verify(&case).ended(1).says(&[
        "not verified",
        "the trust domain acme vouches for it, and may not speak for the project sampleproject",
        "that name belongs to public-good",
    ]);
    // Told to believe this root alone, for every name, it does.
    let alone = ["--trusted-root", "root.json"];
    touchplate_in(case.path(), &[&VERIFY[..], &alone].concat()).ended(0);
}

#[test]
fn a_private_authority_speaks_on_the_word_of_its_issuers_alone() {
    let case = scoped("sample*", "https://gitlab.acme.example");
    verify(&case).ended(1).says(&[
        "the trust domain acme, which alone speaks for the project sampleproject",
        "expected a certificate issued on the word of https://gitlab.acme.example",
        GITHUB,
    ]);
}

#[test]
fn a_folder_without_domains_is_not_taken_for_the_embedded_root() {
    let case = scoped("sample*", GITHUB);
    let absent = ["--trust", "stroe"];
    touchplate_in(case.path(), &[&VERIFY[..], &absent].concat())
        .ended(2)
        .complains(&["there are no trust domains in `stroe`", "hint:"]);
}

#[test]
fn nothing_is_asked_of_the_network() {
    let case = scoped("sample*", GITHUB);
    // A proxy that nobody may ask: whoever does is found waiting.
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let proxy = format!("http://{}", trap.local_addr().unwrap());
    let arguments = [&VERIFY[..], &["--trust", "store"]].concat();
    let proxied = |command: &mut Command| {
        for name in [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "ALL_PROXY",
            "HTTPS_PROXY",
        ] {
            command.env(name, &proxy);
        }
        command
            .current_dir(case.path())
            .args(&arguments)
            .output()
            .unwrap()
    };
    assert!(proxied(&mut crate::run::command()).status.success());
    assert!(trap.accept().is_err(), "verify asked the proxy");

    // A namespace in which there is no network at all, not even the loopback.
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--net"]);
    let possible = unshare.arg("true").stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        println!("skipped: this machine does not let a test make a network namespace");
        return;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--net", env!("CARGO_BIN_EXE_touchplate")]);
    let output = proxied(&mut unshare);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
