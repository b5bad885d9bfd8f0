//! `trust`: what is believed is shown, carried and refreshed, and nothing wrong takes its place.

mod refresh;
mod verify;

use std::fs;
use std::path::Path;

use insta::assert_json_snapshot;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use touchplate_attest::Sha256;
use touchplate_trust::Domain;

use crate::run::{Run, command, shape, touchplate_in};

const GITLAB: &str = "https://gitlab.acme.example";

/// A folder with a trust store in it.
struct Case {
    folder: TempDir,
}

fn root(name: &str) -> Vec<u8> {
    let domain = Domain::new(name, Timestamp::now()).unwrap();
    domain.trusted_root_json()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

impl Case {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// `trust`, with the store in the folder.
    fn trust(&self, arguments: &[&str]) -> Run {
        self.trust_in("store", arguments)
    }

    fn trust_in(&self, store: &str, arguments: &[&str]) -> Run {
        touchplate_in(
            self.path(),
            &[&["trust", "--trust", store], arguments].concat(),
        )
    }

    /// The domain `acme` is imported.
    fn with_acme() -> (Self, Vec<u8>) {
        let case = Self::new();
        let root = root("trust.acme.example");
        case.write("root.json", &root);
        case.trust(&[
            "import",
            "--name",
            "acme",
            "--projects",
            "acme-*,Tools",
            "--issuer",
            GITLAB,
            "root.json",
        ])
        .ended(0)
        .says(&[
            "acme: a new trust domain",
            "acme-*, tools",
            GITLAB,
            &digest(&root),
        ]);
        (case, root)
    }

    fn shown(&self, store: &str, name: &str) -> Value {
        let run = self.trust_in(store, &["show", "--domain", name, "--format", "json"]);
        run.ended(0).json()["domains"][0].clone()
    }

    /// The digest of a domain's root.
    fn root_of(&self, name: &str) -> String {
        let shown = self.shown("store", name);
        shown["root_sha256"].as_str().unwrap().to_owned()
    }
}

#[test]
fn without_a_store_the_embedded_root_is_shown() {
    let case = Case::new();
    case.trust(&["show"]).ended(0).says(&[
        "public-good\n",
        "every name that no other domain lists",
        "embedded in this program, current at 2026-10-23",
        "https://rekor.sigstore.dev, since 2021-01-12",
        "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d (PKIX_ECDSA_P256_SHA_256)",
        "2021-03-07 to 2022-12-31 (ended)",
        "CN=sigstore-intermediate,O=sigstore.dev, certificate 2022-04-13 to 2031-10-05",
        "there are no trust domains in store yet",
    ]);
    touchplate_in(case.path(), &["trust", "show"])
        .ended(0)
        .says(&["no trust store: what is embedded is believed"]);
    assert!(!case.path().join("store").exists());
    let shown = case.trust(&["show", "--format", "json"]).ended(0).json();
    assert_eq!(
        (&shown["version"], &shown["store"]),
        (&1.into(), &Value::Null)
    );
    assert_eq!(shown["domains"][0]["origin"]["kind"], "embedded");
    assert_json_snapshot!("shown", shape(&shown));
}

#[test]
fn one_root_is_shown_without_a_store() {
    let case = Case::new();
    case.write("root.json", &root("trust.acme.example"));
    let run = touchplate_in(
        case.path(),
        &["trust", "show", "--trusted-root", "root.json"],
    );
    run.ended(0).says(&[
        "the root given, for every name",
        "https://rekor.trust.acme.example",
    ]);
    let both = [
        "trust",
        "show",
        "--trusted-root",
        "root.json",
        "--trust",
        "store",
    ];
    touchplate_in(case.path(), &both).ended(2);
    let export = ["trust", "export", "--trusted-root", "root.json", "x"];
    touchplate_in(case.path(), &export)
        .ended(2)
        .complains(&["one root for all names"]);
}

#[test]
fn a_private_domain_is_imported_with_its_scope() {
    let (case, root) = Case::with_acme();
    let acme = case.shown("store", "acme");
    assert_eq!(acme["root_sha256"], digest(&root));
    assert_eq!(acme["projects"], serde_json::json!(["acme-*", "tools"]));
    assert_eq!(acme["issuers"], serde_json::json!([GITLAB]));
    assert_eq!(
        (&acme["all_names"], &acme["origin"]["kind"]),
        (&false.into(), &"file".into())
    );
    // The public-good one is there as before.
    assert_eq!(
        case.shown("store", "public-good")["origin"]["kind"],
        "embedded"
    );
    case.trust(&["show", "--domain", "other"])
        .ended(2)
        .complains(&["there is no trust domain other; there is acme, public-good"]);
    // Another root, with the scope as it was.
    let next = self::root("trust.acme.example");
    case.write("next.json", &next);
    case.trust(&["import", "--name", "acme", "next.json", "--dry-run"])
        .ended(0)
        .says(&["acme: a new root", "nothing was changed"]);
    assert_eq!(case.root_of("acme"), digest(&root));
    case.trust(&["import", "--name", "acme", "next.json"])
        .ended(0);
    assert_eq!(case.root_of("acme"), digest(&next));
    assert_eq!(case.shown("store", "acme")["issuers"][0], GITLAB);
}

#[test]
fn a_client_trust_config_is_imported_with_its_signing_configuration() {
    let case = Case::new();
    let root = root("trust.acme.example");
    let config = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json","trustedRoot":{},"signingConfig":{{"caUrls":[]}}}}"#,
        String::from_utf8(root.clone()).unwrap()
    );
    case.write("config.json", config.as_bytes());
    case.trust(&[
        "import",
        "--name",
        "acme",
        "--projects",
        "acme-*",
        "config.json",
    ])
    .ended(0);
    let acme = case.shown("store", "acme");
    assert_eq!(
        (&acme["root_sha256"], &acme["signing_config"]),
        (&digest(&root).into(), &true.into())
    );
}

#[test]
fn each_scope_that_would_let_a_private_authority_speak_for_others_is_refused() {
    let case = Case::new();
    case.write("root.json", &root("trust.acme.example"));
    case.write("no.json", b"{}");
    let import = |arguments: &[&str]| {
        let run = case.trust(&[&["import"], arguments].concat());
        assert!(!case.path().join("store/domains.toml").exists());
        run.ended(2)
    };
    import(&["--name", "acme", "root.json"]).complains(&["acme lists no project names"]);
    import(&["--name", "acme", "--projects", "*", "root.json"])
        .complains(&["acme lists `*`", "all-names = true"]);
    import(&["--name", "acme", "--projects", "a*b", "root.json"])
        .complains(&["--projects", "acme-*"]);
    import(&["--name", "Acme", "--projects", "a", "root.json"]).complains(&["lower-case letters"]);
    import(&[
        "--name",
        "acme",
        "--projects",
        "a",
        "--issuer",
        "x",
        "root.json",
    ])
    .complains(&["--issuer", "an https URL"]);
    import(&["--name", "acme", "--projects", "a", "no.json"])
        .complains(&["not a usable trust root"]);
    import(&["--name", "acme", "--projects", "a"]).complains(&["needs a FILE"]);
    import(&["root.json"]).complains(&["without --name", "hint:"]);
    import(&["--projects", "a", "root.json"]).complains(&["--name"]);
    import(&[]).complains(&["FILE"]);
    case.trust(&[
        "import",
        "--name",
        "acme",
        "--projects",
        "*",
        "--all-names",
        "root.json",
    ])
    .ended(0);
    // Sigstore's staging instance is embedded, and no less bound to a scope.
    case.trust(&["import", "--name", "staging"]).ended(2);
    case.trust(&["import", "--name", "staging", "--projects", "rehearsal"])
        .ended(0);
    assert_eq!(case.shown("store", "staging")["origin"]["kind"], "embedded");
}

#[test]
fn an_export_carries_domains_to_another_machine() {
    let (case, root) = Case::with_acme();
    let exported = case
        .trust(&["export", "trust.json", "--format", "json"])
        .ended(0);
    assert_json_snapshot!("exported", shape(&exported.json()));
    let report = case
        .trust_in("other", &["import", "trust.json", "--format", "json"])
        .ended(0)
        .json();
    assert_json_snapshot!("imported", shape(&report));
    let acme = case.shown("other", "acme");
    assert_eq!(acme["root_sha256"], digest(&root));
    assert_eq!(acme["projects"], serde_json::json!(["acme-*", "tools"]));
    // One that is there keeps its scope, and is told of the other.
    case.trust(&[
        "import",
        "--name",
        "acme",
        "--projects",
        "acme-*,tools,web",
        "root.json",
    ])
    .ended(0);
    case.trust(&["export", "wider.json", "--domain", "acme"])
        .ended(0);
    case.trust_in("other", &["import", "wider.json"])
        .ended(0)
        .says(&[
            "the root is the one that was here",
            "not taken",
            "acme-*, tools, web",
        ]);
    assert_eq!(case.shown("other", "acme")["projects"], acme["projects"]);
    case.trust(&["export", "x.json", "--domain", "none"])
        .ended(2);
    case.trust(&["export", "no/such/folder.json"])
        .ended(3)
        .complains(&["could not be written"]);
}

#[test]
fn what_is_older_damaged_or_dated_ahead_is_not_imported() {
    let (case, _) = Case::with_acme();
    case.trust(&["export", "old.json", "--domain", "acme"])
        .ended(0);
    let next = root("trust.acme.example");
    case.write("next.json", &next);
    case.trust(&["import", "--name", "acme", "next.json"])
        .ended(0);
    case.trust(&["import", "old.json"]).ended(1).complains(&[
        "nothing changed",
        "it is older",
        "--force",
    ]);
    assert_eq!(case.root_of("acme"), digest(&next));

    let old = fs::read_to_string(case.path().join("old.json")).unwrap();
    let refuses = |from: &str, to: &str, because: &str| {
        let changed = old.replacen(from, to, 1);
        assert_ne!(changed, old, "{from}");
        case.write("changed.json", changed.as_bytes());
        case.trust(&["import", "changed.json"])
            .ended(1)
            .complains(&[because]);
        assert_eq!(case.root_of("acme"), digest(&next));
    };
    refuses(
        "trust.acme",
        "trust.acne",
        "of the root of the trust domain acme, found",
    );
    refuses("\"version\": 1", "\"version\": 2", "version 2");
    refuses("touchplate-trust-export", "other", "kind \"other\"");
    refuses("\"issuers\"", "\"isuers\"", "the export is malformed");
    refuses(
        "\"kind\"",
        "\"kind\": \"x\", \"kind\"",
        "the export is not readable",
    );
    refuses("\"as_of\": \"2", "\"as_of\": \"9", "still to come");
    case.write("empty.json", br#"{"kind":"touchplate-trust-export","version":1,"created_at":"2026-11-25T00:00:00Z","domains":[]}"#);
    case.trust(&["import", "empty.json"])
        .ended(1)
        .complains(&["at least one trust domain"]);
    case.trust(&["import", "gone.json"]).ended(3);
    case.trust(&["import", "old.json", "--force"]).ended(0);
    assert_ne!(case.root_of("acme"), digest(&next));
}

#[test]
fn a_root_whose_newest_key_is_older_is_not_imported() {
    let case = Case::new();
    let domain = Domain::new("trust.acme.example", Timestamp::now()).unwrap();
    case.write("old.json", &domain.trusted_root_json());
    let mut windows = domain.windows();
    windows.log.start = "2026-11-24T00:00:00Z".parse().unwrap();
    case.write("new.json", &domain.trusted_root_json_within(&windows));
    let import = ["import", "--name", "acme", "--projects", "acme-*"];
    case.trust(&[&import[..], &["new.json"]].concat()).ended(0);
    case.trust(&[&import[..], &["old.json"]].concat())
        .ended(1)
        .complains(&["the newest key offered", "2026-11-24T00:00:00Z", "--force"]);
    case.trust(&[&import[..], &["old.json", "--force"]].concat())
        .ended(0);
}

#[test]
fn age_and_ending_keys_are_warned_of() {
    let case = Case::new();
    let domain = Domain::new("trust.acme.example", Timestamp::now()).unwrap();
    let mut root: Value = serde_json::from_slice(&domain.trusted_root_json()).unwrap();
    for log in root["tlogs"].as_array_mut().unwrap() {
        log["publicKey"]["validFor"]["end"] = "2026-01-01T00:00:00Z".into();
    }
    case.write("root.json", root.to_string().as_bytes());
    case.trust(&[
        "import",
        "--name",
        "acme",
        "--projects",
        "acme-*",
        "root.json",
    ])
    .ended(0);
    case.trust(&["show"])
        .ended(0)
        .says(&["no transparency log of the root is in force: what is signed now cannot verify"]);
    // A public-good root that nobody refreshed for long.
    case.trust(&["export", "all.json", "--domain", "public-good"])
        .ended(0);
    let export = fs::read_to_string(case.path().join("all.json")).unwrap();
    let old = export.replace("2026-10-23T00:00:00Z", "2025-01-01T00:00:00Z");
    assert_ne!(old, export);
    case.write("all.json", old.as_bytes());
    case.trust(&["import", "all.json"])
        .ended(1)
        .complains(&["it is older"]);
    case.trust(&["import", "all.json", "--force"]).ended(0);
    case.trust(&["show", "--domain", "public-good"])
        .ended(0)
        .says(&[
            "days old: a newer key may be missing",
            "older than the one embedded in this program",
        ]);
}

#[test]
fn a_store_that_is_damaged_is_told() {
    let (case, _) = Case::with_acme();
    let list = case.path().join("store/domains.toml");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("projects", "project")).unwrap();
    case.trust(&["show"]).ended(2).complains(&[
        "not as its version says",
        "project",
        "docs/guide/trust.md",
    ]);
    fs::write(&list, text).unwrap();
    fs::remove_dir_all(case.path().join("store")).unwrap();
    fs::write(case.path().join("store"), "a file").unwrap();
    case.trust(&["import", "--name", "acme", "--projects", "a", "root.json"])
        .ended(3);
}

#[test]
fn the_store_is_where_the_environment_says() {
    let (case, _) = Case::with_acme();
    let show = |variable: &str, value: &Path| {
        let mut command = command();
        command.env_remove("XDG_DATA_HOME").env_remove("HOME");
        let output = command
            .args(["trust", "show"])
            .env(variable, value)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let store = case.path().join("store");
    assert!(show("TOUCHPLATE_TRUST", &store).contains("acme-*"));
    let below = case.path().join("data/touchplate");
    fs::create_dir_all(&below).unwrap();
    fs::rename(&store, below.join("trust")).unwrap();
    assert!(show("XDG_DATA_HOME", &case.path().join("data")).contains("acme-*"));
}
