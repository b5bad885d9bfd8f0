//! `audit`: verdicts on whole lockfiles, and every entry accounted for.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_trust::Workload;

use crate::paper_index::{PaperIndex, digest};
use crate::run::{Run, shape};

/// A release's workflow.
pub(crate) fn workflow(repository: &str, version: &str) -> Workload {
    Workload::github(repository, "release.yml", &format!("refs/tags/v{version}"))
}

/// An index with `demo` 1.0 and 1.1, both by its workflow.
fn demo() -> PaperIndex {
    let mut index = PaperIndex::new();
    for (version, day) in [("1.0", 1), ("1.1", 2)] {
        index.release(
            "demo",
            version,
            day,
            Some(&workflow("example/demo", version)),
        );
    }
    index
}

/// The words of what was found of an entry.
#[track_caller]
pub(crate) fn findings(report: &Value, entry: usize) -> Vec<String> {
    let entry = &report["lockfiles"][0]["entries"][entry];
    let reasons = entry["reasons"].as_array().unwrap().iter();
    reasons
        .map(|it| it["finding"].as_str().unwrap().to_owned())
        .collect()
}

/// Each standing's count, of those that are not 0.
fn counts(run: &Run) -> Value {
    let mut counts = run.json()["counts"].clone();
    counts
        .as_object_mut()
        .unwrap()
        .retain(|_, count| *count != json!(0));
    counts
}

#[test]
fn every_format_is_audited_and_every_entry_accounted_for() {
    let mut index = demo();
    index.release("bare", "2.0", 1, None);
    let url = index.serve();
    let (demo, bare) = (digest("demo-1.1.tar.gz"), digest("bare-2.0.tar.gz"));
    let uv = |name: &str, version: &str, sha256: &Sha256| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"{url}\" }}\n\
             sdist = {{ url = \"https://files.example/{name}-{version}.tar.gz\", hash = \"sha256:{sha256}\", size = 1 }}\n"
        )
    };
    index.write(
        "uv.lock",
        format!(
            "version = 1\nrequires-python = \">=3.12\"\n{}{}[[package]]\nname = \"own\"\nversion = \"0.1\"\nsource = {{ editable = \".\" }}\n",
            uv("demo", "1.1", &demo),
            uv("bare", "2.0", &bare)
        ),
    );
    let listed = |name: &str, version: &str, sha256: &Sha256| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nfiles = [{{file = \"{name}-{version}.tar.gz\", hash = \"sha256:{sha256}\"}}]\n"
        )
    };
    let both = format!(
        "{}{}",
        listed("demo", "1.1", &demo),
        listed("bare", "2.0", &bare)
    );
    index.write("poetry.lock", format!("{both}[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"0\"\n"));
    index.write("pdm.lock", format!("[metadata]\ngroups = [\"default\"]\nstrategy = []\nlock_version = \"4.5.0\"\ncontent_hash = \"0\"\n{both}"));
    index.write(
        "requirements.txt",
        format!("demo==1.1 --hash=sha256:{demo}\nbare==2.0 \\\n    --hash=sha256:{bare}\n"),
    );
    let installed = |name: &str, version: &str, sha256: &Sha256| {
        json!({"metadata": {"name": name, "version": version}, "is_direct": false, "requested": true,
            "download_info": {"url": format!("https://files.example/{name}-{version}.tar.gz"), "archive_info": {"hashes": {"sha256": sha256.to_string()}}}})
    };
    let report = json!({"version": "1", "pip_version": "26.0", "install": [installed("demo", "1.1", &demo), installed("bare", "2.0", &bare)], "environment": {}});
    index.write("report.json", report.to_string());
    index.pylock(&["demo-1.1.tar.gz", "bare-2.0.tar.gz"]);
    for file in [
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "requirements.txt",
        "report.json",
        "pylock.toml",
    ] {
        let more: &[&str] = if file == "uv.lock" {
            &[]
        } else {
            &["--index", &url]
        };
        let run = index
            .run(&[&["audit", file, "--format", "json"], more].concat())
            .ended(0);
        let expected = match file {
            "uv.lock" => json!({"entries": 3, "unattested": 1, "unknown": 1, "unpinned": 1}),
            _ => json!({"entries": 2, "unattested": 1, "unpinned": 1}),
        };
        assert_eq!(counts(&run), expected, "{file}: {}", run.stdout);
        assert_eq!(run.json()["signatures"], 1, "{file}");
        let text = index.run(&[&["audit", file], more].concat()).ended(0);
        text.says(&[
            "demo 1.1",
            "GitHub workflow release.yml of example/demo",
            "bare 2.0",
            "--first-use",
        ]);
    }
    let run = index.run(&["audit", "uv.lock", "--format", "json"]);
    assert_json_snapshot!("audited", shape(&run.json()));
    // What is only worth knowing fails for who wants that.
    for (fail_on, status) in [
        ("never", 0),
        ("violation", 0),
        ("unknown", 1),
        ("notice", 1),
    ] {
        index
            .run(&["audit", "uv.lock", "--fail-on", fail_on])
            .ended(status);
    }
}

#[test]
fn who_is_seen_first_is_pinned_and_another_one_is_a_violation() {
    let mut index = demo();
    index.release("demo", "1.2", 3, Some(&workflow("mallory/demo", "1.2")));
    let url = index.serve();
    index.pylock(&["demo-1.1.tar.gz"]);
    index.audit(&url, &["--fail-on", "notice"]).ended(1);
    index
        .audit(&url, &["--first-use", "--fail-on", "notice"])
        .ended(0)
        .says(&[
            "pinned now",
            "GitHub workflow release.yml of example/demo for demo",
        ]);
    let pinned = index.read("touchplate.lock.toml");
    index
        .audit(&url, &["--first-use"])
        .ended(0)
        .says(&["Attested by whom is pinned or recorded (1)"]);
    assert_eq!(index.read("touchplate.lock.toml"), pinned);
    index.pylock(&["demo-1.2.tar.gz"]);
    index.audit(&url, &["--first-use"]).ended(1).says(&[
        "✗ demo 1.2",
        "not-pinned",
        "expected GitHub workflow release.yml of example/demo, as pinned; found GitHub workflow release.yml of mallory/demo",
        "1 violation",
    ]);
    assert_eq!(index.read("touchplate.lock.toml"), pinned);
    // Without pins the history says it.
    index.write("touchplate.lock.toml", "version = 1\n");
    let run = index.audit(&url, &["--format", "json"]).ended(1);
    assert_eq!(findings(&run.json(), 0), ["changed", "unpinned"]);
    index.audit(&url, &["--first-use"]).ended(1);
    assert_eq!(index.read("touchplate.lock.toml"), "version = 1\n");
}

#[test]
fn what_comes_from_no_index_or_cannot_be_tied_to_a_file_is_told() {
    let index = demo();
    let url = index.serve();
    let (sha256, other) = (digest("demo-1.1.tar.gz"), "0".repeat(64));
    index.write(
        "requirements.txt",
        format!(
            "demo==1.1 --hash=sha256:{sha256}\n\
             demo==1.0\n\
             demo==1.0 --hash=sha512:00\n\
             demo==1.0 --hash=sha256:xyz\n\
             demo==1.0 --hash=sha256:{other}\n\
             demo==9.0 --hash=sha256:{sha256}\n\
             nobody==1.0 --hash=sha256:{sha256}\n\
             demo>=1\n\
             git+https://u:secret@code.example/demo.git@v1\n\
             https://files.example/demo-1.0.tar.gz\n\
             ./beside\n\
             -r more.txt\n\
             demo==1.1 --hash=sha256:{sha256}\n"
        ),
    );
    let words = [
        "audit",
        "requirements.txt",
        "--index",
        &url,
        "--format",
        "json",
    ];
    let run = index.run(&words).ended(0);
    let report = run.json();
    let found: Vec<_> = (0..13).map(|at| findings(&report, at).join(" ")).collect();
    assert_eq!(
        found,
        [
            "unpinned",
            "no-files",
            "other-digest repeated",
            "bad-digest repeated",
            "not-at-index repeated",
            "not-at-index",
            "not-at-index",
            "no-version",
            "vcs",
            "url",
            "directory",
            "included",
            "unpinned repeated",
        ]
    );
    assert_eq!(
        counts(&run),
        json!({"entries": 13, "unknown": 11, "unpinned": 2})
    );
    assert!(!run.stdout.contains("secret"));
    index
        .run(&[&words[..], &["--fail-on", "unknown"]].concat())
        .ended(1);
}

#[test]
fn digests_and_names_that_disagree_are_violations() {
    let index = demo();
    let url = index.serve();
    let lie = Sha256::of(b"other bytes");
    index.write(
        "pylock.toml",
        format!(
            "lock-version = \"1.0\"\ncreated-by = \"a test\"\n\
             [[packages]]\nname = \"demo\"\nversion = \"1.1\"\n[packages.sdist]\nname = \"demo-1.1.tar.gz\"\nhashes = {{ sha256 = \"{lie}\" }}\n\
             [[packages]]\nname = \"demo\"\nversion = \"1.0\"\n[packages.sdist]\nname = \"demo-1.1.tar.gz\"\nhashes = {{ sha256 = \"{}\" }}\n",
            digest("demo-1.1.tar.gz")
        ),
    );
    let report = index.audit(&url, &["--format", "json"]).ended(1).json();
    assert_eq!(findings(&report, 0), ["digest-disagrees"]);
    assert_eq!(findings(&report, 1), ["misnamed"]);
}

#[test]
fn provenance_that_does_not_hold_is_a_violation_whatever_is_wrong() {
    let mut index = PaperIndex::new();
    let who = workflow("example/demo", "1.0");
    let of_another = index.provenance("other-1.0.tar.gz", &who);
    let of_another_release = index.provenance("demo-9.0.tar.gz", &who);
    index.served_with("demo-1.0.tar.gz", 1, Some(of_another));
    index.served_with("demo-1.1.tar.gz", 2, Some(of_another_release));
    index.served_with("demo-1.2.tar.gz", 3, Some(b"<html>".to_vec()));
    index.served_with(
        "demo-1.3.tar.gz",
        4,
        Some(br#"{"version":1,"attestation_bundles":[]}"#.to_vec()),
    );
    let stranger = PaperIndex::new();
    let forged = stranger.provenance("demo-1.4.tar.gz", &who);
    index.served_with("demo-1.4.tar.gz", 5, Some(forged));
    let files = ["1.0", "1.1", "1.2", "1.3", "1.4"].map(|it| format!("demo-{it}.tar.gz"));
    index.pylock(&files.each_ref().map(String::as_str));
    let url = index.serve();
    let report = index.audit(&url, &["--format", "json"]).ended(1).json();
    let found: Vec<_> = (0..5).map(|at| findings(&report, at).join(" ")).collect();
    let fails = "does-not-verify";
    assert_eq!(found, ["other-project", fails, fails, fails, fails]);
    assert_eq!(report["counts"]["violation"], 5);
    // Nobody is pinned by what does not hold.
    index.audit(&url, &["--first-use"]).ended(1);
    assert!(!index.path().join("touchplate.lock.toml").exists());
}

#[test]
fn an_index_that_fails_is_no_failed_verification() {
    let index = demo();
    index.pylock(&["demo-1.1.tar.gz"]);
    let nobody = "http://127.0.0.1:1/simple/";
    let run = index.audit(nobody, &["--format", "json"]).ended(3);
    assert_eq!(findings(&run.json(), 0), ["unreachable"]);
    assert_eq!(counts(&run), json!({"entries": 1, "unknown": 1}));
    run.complains(&["gave no answer that can be used"]);
    index.audit(nobody, &["--fail-on", "unknown"]).ended(1);
    // A page that is none.
    let html =
        crate::odd_index::serve_paths(vec![("/simple/demo/".to_owned(), b"<html>".to_vec())]);
    index
        .audit(&format!("{html}/simple/"), &[])
        .ended(3)
        .says(&["it is not PEP 691 JSON"]);
    // None at all, and none allowed.
    index
        .run(&["audit", "pylock.toml", "--fail-on", "unknown"])
        .ended(1)
        .says(&["no-index"]);
    index
        .audit(nobody, &["--offline"])
        .ended(2)
        .complains(&["--offline forbids that"]);
}

#[test]
fn a_lockfile_that_cannot_be_read_stops_none_of_the_others() {
    let index = demo();
    let url = index.serve();
    index.pylock(&["demo-1.1.tar.gz"]);
    index.write("uv.lock", "version = 99\n");
    let run = index
        .audit(&url, &["uv.lock", "absent.txt", "--format", "json"])
        .ended(3);
    assert_eq!(run.json()["unread"].as_array().unwrap().len(), 2);
    assert_eq!(
        run.json()["lockfiles"][0]["entries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    run.complains(&["expected version 1 of", "absent.txt"]);
    index
        .audit(&url, &["uv.lock"])
        .ended(2)
        .complains(&["`uv.lock` cannot be audited"]);
}

#[test]
fn provenance_is_kept_and_verified_again_and_damage_is_mended() {
    let index = demo();
    let url = index.serve();
    index.pylock(&["demo-1.1.tar.gz"]);
    index.audit(&url, &["--no-cache"]).ended(0);
    let cache = index.path().join("cache");
    assert!(!cache.exists());
    index.audit(&url, &[]).ended(0);
    let kept = || -> Vec<_> {
        let folders = std::fs::read_dir(cache.join("touchplate/provenance")).unwrap();
        let files = folders.flat_map(|it| std::fs::read_dir(it.unwrap().path()).unwrap());
        files.map(|it| it.unwrap().path()).collect()
    };
    // Of the file itself, and of the release before.
    assert_eq!(kept().len(), 2);
    for path in kept() {
        std::fs::write(path, b"{}").unwrap();
    }
    index.audit(&url, &[]).ended(0).says(&["demo 1.1"]);
    for path in kept() {
        assert!(std::fs::metadata(path).unwrap().len() > 1000);
    }
}

#[test]
fn sarif_and_annotations_have_every_reason_at_its_line() {
    let mut index = demo();
    index.release("demo", "1.2", 3, None);
    index.release("lost", "1.0", 1, Some(&workflow("example/lost", "1.0")));
    index.release("lost", "1.1", 2, None);
    let url = index.serve();
    index.write(
        "touchplate.lock.toml",
        "version = 1\n[[project]]\nname = \"lost\"\n[[project.accepted]]\nfinding = \"lost\"\nreason = \"by hand, 100%\"\nuntil = 2999-01-01\n",
    );
    index.write(
        "my requirements.txt",
        format!(
            "demo==1.2 --hash=sha256:{}\nlost==1.1 --hash=sha256:{}\n./beside,now\ndemo==1.1 --hash=sha256:{}\n",
            digest("demo-1.2.tar.gz"),
            digest("lost-1.1.tar.gz"),
            digest("demo-1.1.tar.gz")
        ),
    );
    let audit = |format: &str| {
        index.run(&[
            "audit",
            "my requirements.txt",
            "--index",
            &url,
            "--format",
            format,
        ])
    };
    let run = audit("github").ended(1);
    let expected = "\
::error file=my requirements.txt,line=1,title=demo 1.2%3A lost::no file of this release has provenance, and 1.1 had%0Ademo-1.2.tar.gz
::notice file=my requirements.txt,line=2,title=lost 1.1%3A lost::no file of this release has provenance, and 1.0 had%0Alost-1.1.tar.gz%0Aaccepted until 2999-01-01: by hand, 100%25
::warning file=my requirements.txt,line=3,title=./beside%2Cnow%3A directory::it is a directory, ./beside,now
::notice title=touchplate audit::4 entries: 1 violation, 1 cannot be told, 1 accepted, 0 without provenance, 1 attested and not pinned, 0 verified
";
    assert_eq!(run.stdout, expected);
    let sarif = audit("sarif").ended(1).json();
    let run = &sarif["runs"][0];
    assert_eq!(run["properties"]["entries"], 4);
    let results = run["results"].as_array().unwrap().iter().map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20requirements.txt");
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        json!([
            result["level"],
            result["ruleId"],
            place["region"]["startLine"],
            result["suppressions"][0]["justification"]
        ])
    });
    let expected = json!([
        ["error", "lost", 1, null],
        ["error", "lost", 2, "until 2999-01-01: by hand, 100%"],
        ["warning", "directory", 3, null],
        ["note", "unpinned", 4, null],
    ]);
    assert_eq!(Value::Array(results.collect()), expected);
}
