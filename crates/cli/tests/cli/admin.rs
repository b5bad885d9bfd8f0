//! `serve` and `admin` on one data directory.

use insta::assert_json_snapshot;
use tempfile::TempDir;

use crate::run::{Run, Server, shape, touchplate_in};

const SIMPLE: &str = "application/vnd.pypi.simple.v1+json";

/// A data directory.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn admin(&self, arguments: &[&str]) -> Run {
        touchplate_in(
            self.0.path(),
            &[&["--data", "index", "admin"], arguments].concat(),
        )
    }

    fn serve(&self) -> Server {
        Server::start(&self.0.path().join("index"))
    }
}

#[test]
fn the_first_start_says_how_to_make_a_token_and_signals_stop_it() {
    let place = Place::new();
    for signal in ["-TERM", "-INT"] {
        let server = place.serve();
        assert_eq!(server.fetch("/healthz", "*/*").0, 200);
        let (status, stderr) = server.stop(signal);
        assert_eq!(status, 0, "{stderr}");
        assert!(stderr.contains("admin token create --user"), "{stderr}");
    }
    place.admin(&["user", "add", "alice"]).ended(0);
    place
        .admin(&["token", "create", "--user", "alice"])
        .ended(0);
    let (_, stderr) = place.serve().stop("-TERM");
    assert!(!stderr.contains("admin token create"), "{stderr}");
}

#[test]
fn an_operator_works_while_a_server_runs() {
    let place = Place::new();
    let server = place.serve();
    place
        .admin(&["user", "add", "alice"])
        .ended(0)
        .complains(&["added the user alice"]);
    place
        .admin(&["user", "add", "alice"])
        .ended(1)
        .complains(&["the user `alice` exists already"]);
    place
        .admin(&["project", "create", "Demo", "--owner", "alice"])
        .ended(0);
    place
        .admin(&["project", "create", "demo"])
        .ended(1)
        .complains(&["exists already"]);
    place
        .admin(&["project", "create", "other", "--owner", "bob"])
        .ended(1)
        .complains(&["no user `bob`", "hint:"]);
    assert_eq!(server.fetch("/simple/demo/", SIMPLE).0, 200);

    place
        .admin(&["project", "status", "demo", "archived", "--reason", "moved"])
        .ended(0);
    place
        .admin(&["project", "visibility", "demo", "private"])
        .ended(0);
    // The cache notices a change by another process within a second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(server.fetch("/simple/demo/", SIMPLE).0, 404);
    place
        .admin(&["project", "visibility", "demo", "public"])
        .ended(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (status, page) = server.fetch("/simple/demo/", SIMPLE);
    assert!(
        status == 200 && page.contains("archived"),
        "{status} {page}"
    );

    place.admin(&["user", "add", "bob"]).ended(0);
    place
        .admin(&[
            "member",
            "add",
            "--project",
            "demo",
            "--user",
            "bob",
            "--role",
            "maintainer",
        ])
        .ended(0);
    place
        .admin(&["yank", "demo", "1.0"])
        .ended(1)
        .complains(&["no such project, release or file"]);
    place.admin(&["unyank", "demo", "1.0"]).ended(1);
    place.admin(&["delete-file", "demo-1.0.tar.gz"]).ended(1);
    place.admin(&["delete-release", "demo", "1.0"]).ended(1);
    let swept = place.admin(&["sweep", "--format", "json"]).ended(0).json();
    assert_eq!(
        (&swept["version"], &swept["removed"]),
        (&1.into(), &0.into())
    );
    place
        .admin(&["project", "delete", "demo"])
        .ended(2)
        .complains(&["--yes"]);
    place
        .admin(&["project", "delete", "demo", "--yes"])
        .ended(0);
    place
        .admin(&["project", "delete", "demo", "--yes"])
        .ended(1);
}

#[test]
fn a_token_is_shown_alone_and_once() {
    let place = Place::new();
    place
        .admin(&["token", "create", "--user", "alice"])
        .ended(1)
        .complains(&["no user `alice`", "admin user add alice"]);
    place.admin(&["user", "add", "alice"]).ended(0);
    let token = place
        .admin(&["token", "create", "--user", "alice", "--expires-in", "30"])
        .ended(0)
        .stdout;
    assert!(
        token.starts_with("tp-1-") && token.ends_with('\n') && token.lines().count() == 1,
        "{token:?}"
    );
    place
        .admin(&["token", "create", "--user", "alice", "--project", "demo"])
        .ended(1)
        .complains(&["no project `demo`"]);

    let list = place
        .admin(&["token", "list", "--user", "alice", "--format", "json"])
        .ended(0)
        .json();
    assert_json_snapshot!("tokens", shape(&list));
    let id = list["tokens"][0]["id"].as_str().unwrap();
    assert!(
        token.contains(id)
            && !place
                .admin(&["token", "list", "--user", "alice"])
                .stdout
                .contains(token.trim())
    );
    place
        .admin(&["token", "list", "--user", "alice"])
        .ended(0)
        .says(&[id, "until "]);
    // By the whole token: that is what one finds in a leak.
    place.admin(&["token", "revoke", token.trim()]).ended(0);
    place.admin(&["token", "revoke", id]).ended(0);
    place
        .admin(&["token", "list", "--user", "alice"])
        .ended(0)
        .says(&["revoked "]);
    place
        .admin(&["token", "revoke", "0123456789abcdef"])
        .ended(1)
        .complains(&["no token"]);
}

#[test]
fn publishers_of_each_kind_are_added_listed_and_removed() {
    let place = Place::new();
    place.admin(&["project", "create", "demo"]).ended(0);
    let add = |arguments: &[&str]| {
        place.admin(&[&["publisher", "add", "--project", "demo"], arguments].concat())
    };
    add(&[
        "--kind",
        "github",
        "--repository",
        "o/r",
        "--workflow",
        "w.yml",
        "--environment",
        "pypi",
    ])
    .ended(0);
    add(&[
        "--kind",
        "gitlab",
        "--repository",
        "g/p",
        "--workflow-filepath",
        ".gitlab-ci.yml",
    ])
    .ended(0);
    add(&["--kind", "google", "--email", "a@b.example"]).ended(0);
    add(&[
        "--kind",
        "activestate",
        "--organization",
        "o",
        "--activestate-project",
        "p",
        "--actor",
        "a",
    ])
    .ended(0);
    add(&[
        "--kind",
        "circleci",
        "--project-id",
        "1",
        "--pipeline-definition-id",
        "2",
        "--vcs-ref",
        "main",
    ])
    .ended(0);
    add(&[
        "--kind",
        "email",
        "--email",
        "a@b.example",
        "--issuer",
        "https://id.example",
    ])
    .ended(0);
    add(&[
        "--json",
        r#"{"kind":"GitHub","repository":"o/r2","workflow":"w.yml"}"#,
    ])
    .ended(0);

    add(&[
        "--json",
        r#"{"kind":"GitHub","repository":"o/r2","workflow":"w.yml"}"#,
    ])
    .ended(1)
    .complains(&["already"]);
    add(&["--kind", "github", "--repository", "o/r"])
        .ended(2)
        .complains(&["needs --workflow", "hint:"]);
    add(&["--kind", "google", "--email", "a@b", "--actor", "x"])
        .ended(2)
        .complains(&["has no --actor"]);
    add(&[
        "--kind",
        "github",
        "--repository",
        "r",
        "--workflow",
        "w.yml",
    ])
    .ended(2)
    .complains(&["owner/repository"]);
    add(&[]).ended(2).complains(&["--kind", "--json"]);
    add(&["--json", "{"]).ended(2).complains(&["--json"]);

    let list = place
        .admin(&["publisher", "list", "--project", "demo", "--format", "json"])
        .ended(0)
        .json();
    let publishers = list["publishers"].as_array().unwrap();
    let kinds: Vec<_> = publishers
        .iter()
        .map(|one| one["publisher"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "GitHub",
            "GitLab",
            "Google",
            "ActiveState",
            "CircleCI",
            "Email",
            "GitHub"
        ]
    );
    let id = publishers[0]["id"].to_string();
    let repin = |arguments: &[&str]| {
        place.admin(&[&["publisher", "repin", "--project", "demo", &id], arguments].concat())
    };
    repin(&["--repository-id", "12345", "--owner-id", "67890"])
        .ended(0)
        .complains(&["pinned to repository id 12345 of owner id 67890"]);
    place
        .admin(&["publisher", "list", "--project", "demo"])
        .ended(0)
        .says(&["REPOSITORY ID", "12345", "67890"]);
    repin(&[]).ended(2).complains(&["--forget-ids"]);
    repin(&["--forget-ids", "--owner-id", "1"]).ended(2);
    repin(&["--forget-ids"])
        .ended(0)
        .complains(&["its next attestation"]);
    let list = place
        .admin(&["publisher", "list", "--project", "demo", "--format", "json"])
        .ended(0)
        .json();
    assert!(list["publishers"][0]["owner_id"].is_null());
    place
        .admin(&[
            "publisher",
            "repin",
            "--project",
            "demo",
            "999",
            "--forget-ids",
        ])
        .ended(1);
    place
        .admin(&["publisher", "remove", "--project", "demo", &id])
        .ended(0);
    place
        .admin(&["publisher", "remove", "--project", "demo", &id])
        .ended(1);
    place
        .admin(&["publisher", "list", "--project", "demo"])
        .ended(0)
        .says(&["ID", "GitLab pipeline .gitlab-ci.yml of g/p"]);
    place
        .admin(&["publisher", "list", "--project", "nothing"])
        .ended(1);
}

#[test]
fn publishers_of_our_own_kinds_are_added() {
    let place = Place::new();
    place.admin(&["project", "create", "demo"]).ended(0);
    let add = |arguments: &str| {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        place.admin(&[&["publisher", "add", "--project", "demo"], words.as_slice()].concat())
    };
    for (arguments, told) in [
        (
            "--kind github --repository o/r --workflow w.yml --callee-repository c/d --callee-workflow v.yml",
            "GitHub workflow w.yml of o/r, calling v.yml of c/d",
        ),
        (
            "--kind buildkite --organization acme --pipeline release",
            "Buildkite pipeline acme/release",
        ),
        (
            "--kind kubernetes --issuer https://c.example --namespace n --service-account s",
            "Kubernetes service account n/s of the cluster https://c.example",
        ),
        (
            "--kind oidc --issuer https://ci.example --claim sub=a=b --claim source_repository_ref=main",
            "whoever has source_repository_ref main and sub a=b, vouched for by https://ci.example",
        ),
        (
            "--kind github-enterprise --issuer https://g.example/_services/token --repository o/r --workflow w.yml",
            "GitHub workflow w.yml of o/r, vouched for by https://g.example/_services/token",
        ),
        (
            "--kind gitlab-self-managed --issuer https://g.example --repository g/p --workflow-filepath w.yml",
            "GitLab pipeline w.yml of g/p, on https://g.example",
        ),
    ] {
        add(arguments).ended(0).complains(&[told]);
    }
    for (arguments, complaint) in [
        (
            "--kind github --repository o/r --workflow w.yml --callee-repository c/d",
            "--callee-workflow",
        ),
        (
            "--kind gitlab --repository g/p --workflow-filepath w.yml --callee-repository c/d --callee-workflow v.yml",
            "has no --callee-repository",
        ),
        (
            "--kind email --email a@b --issuer https://i.example --claim sub=x",
            "has no --claim",
        ),
        (
            "--kind oidc --issuer https://ci.example",
            "do not say who it is",
        ),
        (
            "--kind oidc --issuer https://ci.example --claim sub",
            "NAME=VALUE",
        ),
        (
            "--kind oidc --issuer https://ci.example --claim jti=a",
            "\"jti\"",
        ),
        (
            "--kind oidc --issuer https://ci.example --claim sub=a --claim sub=b",
            "given twice",
        ),
        (
            "--kind github-enterprise --issuer https://token.actions.githubusercontent.com --repository o/r --workflow w.yml",
            "kind GitHub",
        ),
    ] {
        add(arguments).ended(2).complains(&[complaint]);
    }
}

#[test]
fn trusted_publishing_is_set_up() {
    let place = Place::new();
    let github = "--kind github --repository o/r --workflow w.yml";
    let add = |words: &str| {
        let words = format!("publisher add {words}");
        place.admin(&words.split(' ').collect::<Vec<_>>())
    };
    add(&format!("--project New.Thing --pending {github}"))
        .ended(0)
        .complains(&["added pending publisher 1 of new-thing: GitHub workflow w.yml of o/r"]);
    add(&format!("--project new-thing --pending {github}")).ended(1);
    let listed = place.admin(&["publisher", "pending"]).ended(0);
    assert!(listed.stdout.contains("New.Thing"), "{}", listed.stdout);
    place.admin(&["publisher", "remove-pending", "1"]).ended(0);
    place.admin(&["publisher", "remove-pending", "1"]).ended(1);

    place.admin(&["project", "create", "demo"]).ended(0);
    let on_terms = "--project demo --kind gitlab --repository g/p --workflow-filepath ci.yml --token-seconds 3600 --git-ref refs/tags/v*";
    add(on_terms).ended(0);
    add(&on_terms.replace("3600", "60"))
        .ended(2)
        .complains(&["900 to 21600"]);
    let ci = place.admin(&["publisher", "show", "--project", "demo", "1", "--ci"]);
    assert!(
        ci.ended(0)
            .stdout
            .contains("    INDEX_127_0_0_1_8740_ID_TOKEN:\n      aud: index-127.0.0.1:8740\n")
    );

    let turn = ["ratchet", "turn", "--project", "demo", "no-late-files"];
    place.admin(&turn).ended(2);
    let fourteen = [&turn[..], &["--days", "14"]].concat();
    place.admin(&fourteen).ended(0);
    place
        .admin(&fourteen)
        .ended(0)
        .complains(&["nothing changed"]);
    place
        .admin(&[&turn[..], &["--days", "15"]].concat())
        .ended(1);
    let release = [
        "ratchet",
        "release",
        "--project",
        "demo",
        "no-late-files",
        "--reason",
        "x",
    ];
    place.admin(&release).ended(0);
    place.admin(&release).ended(1);
    place
        .admin(&["token", "minted", "--project", "demo"])
        .ended(0);
}

#[test]
fn publishers_are_as_a_file_has_them() {
    let place = Place::new();
    place.admin(&["project", "create", "demo"]).ended(0);
    let add = "publisher add --project demo --kind google --email a@b.example";
    place.admin(&add.split(' ').collect::<Vec<_>>()).ended(0);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("publishers.toml");
    let path = file.to_str().unwrap();
    std::fs::write(
        &file,
        "[projects.demo]\npublishers = [{ kind = \"GitHub\", repository = \"o/r\", workflow = \"w.yml\", git_ref = \"refs/tags/*\" }]\n\
         [projects.New]\npublishers = [{ kind = \"Buildkite\", organization = \"o\", pipeline = \"p\", token_seconds = 3600 }]\n",
    )
    .unwrap();
    let differs = "+ demo: GitHub workflow w.yml of o/r, {\"git_ref\":\"refs/tags/*\"}\n\
                   - demo: Google Cloud service account a@b.example\n\
                   + new (pending): Buildkite pipeline o/p, {\"token_seconds\":3600}\n";
    let dry = ["apply", path, "--dry-run"];
    assert_eq!(place.admin(&dry).ended(1).stdout, differs);
    assert_eq!(place.admin(&["apply", path]).ended(0).stdout, differs);
    assert_eq!(place.admin(&dry).ended(0).stdout, "");
    let again = place.admin(&["apply", path]).ended(0);
    assert_eq!(again.stdout, "");
    again.complains(&["nothing differs"]);
    std::fs::write(
        &file,
        "[projects.demo]\npublishers = [{ kind = \"GitHub\" }]\n",
    )
    .unwrap();
    place
        .admin(&dry)
        .ended(2)
        .complains(&["publisher 1 of `demo`"]);
    std::fs::write(&file, "[projects.demo]\npublisher = []\n").unwrap();
    place.admin(&dry).ended(2);
}

#[test]
fn a_token_for_a_project_makes_its_user_an_uploader_there() {
    let place = Place::new();
    place.admin(&["user", "add", "alice"]).ended(0);
    place.admin(&["project", "create", "demo"]).ended(0);
    let create = ["token", "create", "--user", "alice", "--project", "demo"];
    let made = place.admin(&create).ended(0);
    assert_eq!(made.stdout.lines().count(), 1, "{}", made.stdout);
    made.complains(&["made alice an uploader of demo"]);
    let again = place.admin(&create).ended(0);
    assert!(!again.stderr.contains("uploader"), "{}", again.stderr);
}

#[test]
fn attesters_are_added_listed_and_removed() {
    let place = Place::new();
    let add = |arguments: &[&str]| {
        place.admin(&[&["attester", "add", "--project", "demo"], arguments].concat())
    };
    let audit = [
        "--role",
        "auditor",
        "--identity",
        "audit@example.org",
        "--issuer",
        "https://id.example.org",
    ];
    add(&audit)
        .ended(1)
        .complains(&["no project `demo`", "project create demo"]);
    place.admin(&["project", "create", "demo"]).ended(0);
    add(&audit).ended(0).complains(&[
        "added attester",
        "auditor: audit@example.org (issuer https://id.example.org)",
    ]);
    add(&audit).ended(0).complains(&["was there already"]);
    add(&[&audit[..], &["--predicate-type", "urn:example:audit:v1"]].concat())
        .ended(0)
        .complains(&["changed what attester"]);
    let publisher = r#"{"kind":"GitHub","repository":"o/r","workflow":"w.yml"}"#;
    add(&["--role", "rebuilder", "--publisher", publisher]).ended(0);

    add(&["--role", "publisher", "--publisher", publisher])
        .ended(2)
        .complains(&["builder", "auditor", "rebuilder"]);
    add(&["--role", "auditor"])
        .ended(2)
        .complains(&["--publisher", "--identity"]);
    add(&["--role", "auditor", "--identity", "a"])
        .ended(2)
        .complains(&["--issuer"]);
    add(&[
        "--role",
        "auditor",
        "--publisher",
        publisher,
        "--issuer",
        "https://i",
    ])
    .ended(2)
    .complains(&["--identity"]);
    add(&["--role", "auditor", "--publisher", "{}"])
        .ended(2)
        .complains(&["kind"]);
    add(&["--role", "auditor", "--identity", "a", "--issuer", "b"])
        .ended(2)
        .complains(&["expected a URL as the identity's issuer"]);
    add(&[&audit[..], &["--predicate-type", "audit"]].concat())
        .ended(2)
        .complains(&["https or urn URI"]);

    let list = ["attester", "list", "--project", "demo"];
    place.admin(&list).ended(0).says(&[
        "MAY CLAIM",
        "rebuilder",
        "GitHub workflow w.yml of o/r",
        "anything",
        "urn:example:audit:v1",
    ]);
    let listed = place
        .admin(&[&list[..], &["--format", "json"]].concat())
        .ended(0)
        .json();
    assert_json_snapshot!("attesters", shape(&listed));
    let id = listed["attesters"][0]["id"].to_string();
    let remove = ["attester", "remove", "--project", "demo", &id];
    place.admin(&remove).ended(0);
    place
        .admin(&remove)
        .ended(1)
        .complains(&["has no attester", "attester list --project demo"]);
    place
        .admin(&["attester", "list", "--project", "nothing"])
        .ended(1);
}

#[test]
fn a_server_that_an_index_stands_on_and_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = "postgres://u@127.0.0.1:1/x";
    let at = ["--data", ".", "--database", nobody];
    for words in [
        [&["serve"], &at[..], &["--listen", "127.0.0.1:0"]].concat(),
        [&["admin"], &at[..], &["user", "add", "alice"]].concat(),
    ] {
        touchplate_in(folder.path(), &words).ended(3).complains(&[
            nobody,
            "cannot be opened",
            "PostgreSQL: the connection broke or could not be made",
            "hint: the keys `database` and `blobs` say where it is",
        ]);
    }
}
