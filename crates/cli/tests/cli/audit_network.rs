//! `audit` against indexes that are slow, cut off or endless, and one of ours, which answers for many files at once.

use serde_json::json;

use crate::audit::{findings, workflow};
use crate::odd_index::{Answer, ok, serve, status};
use crate::paper_index::PaperIndex;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// `demo` 1.0, whose provenance is what `answer` says.
fn audited(
    index: &PaperIndex,
    answer: impl Fn() -> Answer + Send + Sync + 'static,
    more: &[&str],
) -> crate::run::Run {
    let provenance = serve(move |_| answer());
    let page = index.page("demo", |file| Some(format!("{provenance}/{file}")));
    let origin = serve(move |path| match path {
        "/simple/demo/" => ok(JSON, page.clone()),
        _ => status("404 Not Found"),
    });
    let words = [&["--format", "json", "--no-cache"], more].concat();
    index.audit(&format!("{origin}/simple/"), &words)
}

fn demo() -> PaperIndex {
    let mut index = PaperIndex::new();
    index.release("demo", "1.0", 1, Some(&workflow("example/demo", "1.0")));
    index.pylock(&["demo-1.0.tar.gz"]);
    index
}

#[test]
fn provenance_that_is_slow_cut_off_or_endless_is_a_failure_of_the_network() {
    let index = demo();
    let object = index.provenance("demo-1.0.tar.gz", &workflow("example/demo", "1.0"));
    let whole = object.clone();
    let run = audited(&index, move || ok("application/json", whole.clone()), &[]).ended(0);
    assert_eq!(findings(&run.json(), 0), ["unpinned"]);
    let half = object[..object.len() / 2].to_vec();
    let length = Some(object.len());
    let cut = move || Answer {
        length,
        ..ok("application/json", half.clone())
    };
    let endless = || Answer {
        length: Some(usize::MAX / 4),
        ..ok("application/json", vec![b' '; (4 << 20) + 1])
    };
    let silent = || {
        std::thread::sleep(std::time::Duration::from_secs(20));
        status("500 Oh")
    };
    let run = audited(&index, cut, &[]).ended(3);
    assert_eq!(findings(&run.json(), 0), ["unreachable"]);
    assert!(run.stdout.contains("broke off after"), "{run:?}");
    let run = audited(&index, endless, &[]).ended(3);
    assert_eq!(findings(&run.json(), 0), ["unreachable"]);
    assert!(
        run.stdout.contains("has more than the 4194304 bytes"),
        "{run:?}"
    );
    // Long before the server would say anything.
    let run = audited(&index, silent, &["--timeout", "1"]).ended(3);
    assert_eq!(findings(&run.json(), 0), ["unreachable"]);
    assert_eq!(run.json()["counts"]["unknown"], 1);
    run.complains(&["for 1 of the entries"]);
}

#[test]
fn once_the_time_for_all_is_over_nothing_more_is_asked_and_each_entry_says_so() {
    let index = demo();
    let lines: Vec<String> = (0..40)
        .map(|number| format!("p{number}==1.0 --hash=sha256:{}", "0".repeat(64)))
        .collect();
    index.write("many.txt", lines.join("\n"));
    let origin = serve(|_| {
        std::thread::sleep(std::time::Duration::from_secs(20));
        status("500 Oh")
    });
    let url = format!("{origin}/simple/");
    let run = index
        .run(&[
            "audit",
            "many.txt",
            "--index",
            &url,
            "--timeout",
            "1",
            "--format",
            "json",
        ])
        .ended(3);
    assert_eq!(run.json()["counts"]["unknown"], 40);
    assert!(run.stdout.contains("took longer than 1 seconds"), "{run:?}");
    index.run(&["audit", "many.txt", "--timeout", "0"]).ended(2);
}

/// Nine releases, each by its workflow.
fn nine() -> (PaperIndex, Vec<String>) {
    let mut index = PaperIndex::new();
    let mut files = Vec::new();
    for number in 0..9 {
        let version = format!("1.{number}");
        index.release(
            "demo",
            &version,
            number + 1,
            Some(&workflow("example/demo", &version)),
        );
        files.push(format!("demo-{version}.tar.gz"));
    }
    let named: Vec<&str> = files.iter().map(String::as_str).collect();
    index.pylock(&named);
    (index, files)
}

/// As one of ours: what it says of itself, and the objects of many files in one answer.
fn ours(
    index: &PaperIndex,
    files: &[String],
    object: impl Fn(&str) -> serde_json::Value,
) -> Vec<(String, Vec<u8>)> {
    let results: Vec<_> = files
        .iter()
        .map(|file| {
            let sha256 = crate::paper_index::digest(file);
            let known = json!({"project": "demo", "filename": file, "sha256": sha256, "provenance": object(file), "attestations": []});
            json!({"sha256": sha256, "known": true, "files": [known]})
        })
        .collect();
    let described = json!({"touchplate": {"index": "BASE", "simple": "BASE/simple/"}});
    let page = index.page("demo", |file| Some(format!("BASE/provenance/{file}")));
    vec![
        ("/simple/demo/".to_owned(), page.into_bytes()),
        (
            "/.well-known/pytp?discover=%2F".to_owned(),
            described.to_string().into_bytes(),
        ),
        (
            "/api/v1/provenance".to_owned(),
            json!({"version": 1, "results": results})
                .to_string()
                .into_bytes(),
        ),
    ]
}

#[test]
fn an_index_of_ours_is_asked_for_many_files_at_once() {
    let (index, files) = nine();
    let object = |file: &str| {
        let version = file.trim_start_matches("demo-").trim_end_matches(".tar.gz");
        let bytes = index.provenance(file, &workflow("example/demo", version));
        serde_json::from_slice(&bytes).unwrap()
    };
    // The files' own addresses answer nothing: what is verified came in one answer.
    let served = ours(&index, &files, object);
    let url = format!("{}/simple/", crate::odd_index::serve_paths(served));
    let run = index.audit(&url, &["--format", "json"]).ended(0);
    assert_eq!(run.json()["counts"]["unpinned"], 9, "{run:?}");
    assert_eq!(run.json()["signatures"], 9);
    // Earlier releases are asked for one by one where nothing is kept.
    let run = index.audit(&url, &["--format", "json", "--no-cache"]);
    assert_eq!(run.ended(0).json()["signatures"], 9);
}

#[test]
fn what_an_answer_for_many_files_says_is_verified_and_asked_for_anew_where_it_is_not_theirs() {
    let (index, files) = nine();
    let object = |file: &str| {
        let version = file.trim_start_matches("demo-").trim_end_matches(".tar.gz");
        let bytes = index.provenance(file, &workflow("example/demo", version));
        serde_json::from_slice(&bytes).unwrap()
    };
    // Objects of another file: each is asked for where the page says, and is not there.
    let wrong: serde_json::Value = object("demo-1.0.tar.gz");
    let served = ours(&index, &files, |_| wrong.clone());
    let url = format!("{}/simple/", crate::odd_index::serve_paths(served));
    let run = index.audit(&url, &["--format", "json", "--no-cache"]);
    let run = run.ended(1);
    assert_eq!(run.json()["counts"]["violation"], 8, "{run:?}");
    assert!(run.stdout.contains("withheld"), "{run:?}");
    // An index that says that it is another one is asked file by file.
    let mut served = ours(&index, &files, object);
    served[1].1 = json!({"touchplate": {"simple": "BASE/other/simple/"}})
        .to_string()
        .into_bytes();
    let url = format!("{}/simple/", crate::odd_index::serve_paths(served));
    let run = index.audit(&url, &["--no-cache"]);
    run.ended(1).says(&["withheld"]);
}
