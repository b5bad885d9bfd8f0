//! Who a builder is, and which links lead to its repository.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use touchplate_attest::Publisher;
use touchplate_policy::repository::leads_to;
use touchplate_policy::{Builder, Shown};

fn builder(publisher: &str, shown: Shown<'_>) -> Builder {
    Builder::new(&Publisher::parse(publisher.as_bytes()).unwrap(), shown)
}

#[test]
fn each_kind_is_told_by_where_it_is_and_what_runs_there() {
    let shown = Shown {
        san: "https://ci.example/run/1",
        repository: Some("https://git.example/o/r"),
    };
    for (publisher, told, url) in [
        (
            r#"{"kind":"GitHub","repository":"pypa/sampleproject","workflow":"release.yml"}"#,
            "release.yml of github.com/pypa/sampleproject",
            Some("https://github.com/pypa/sampleproject"),
        ),
        (
            r#"{"kind":"GitLab","repository":"g/s/p","workflow_filepath":".gitlab-ci.yml"}"#,
            ".gitlab-ci.yml of gitlab.com/g/s/p",
            Some("https://gitlab.com/g/s/p"),
        ),
        (
            r#"{"kind":"GitLabSelfManaged","issuer":"https://git.example","repository":"g/p","workflow_filepath":"ci.yml"}"#,
            "ci.yml of git.example/g/p",
            Some("https://git.example/g/p"),
        ),
        (
            r#"{"kind":"GitHubEnterprise","issuer":"https://git.example/_services/token","repository":"o/r","workflow":"ci.yml"}"#,
            "ci.yml of git.example/o/r",
            Some("https://git.example/o/r"),
        ),
        (
            r#"{"kind":"Google","email":"a@p.iam.gserviceaccount.com"}"#,
            "a@p.iam.gserviceaccount.com",
            None,
        ),
        (
            r#"{"kind":"Email","email":"alice@example.org","issuer":"https://accounts.example"}"#,
            "alice@example.org",
            None,
        ),
        (
            r#"{"kind":"Buildkite","organization":"o","pipeline":"p"}"#,
            "buildkite.com/o/p",
            Some("https://buildkite.com/o/p"),
        ),
        (
            r#"{"kind":"OIDC","issuer":"https://ci.example","claims":{"sub":"x"}}"#,
            "git.example/o/r",
            Some("https://git.example/o/r"),
        ),
    ] {
        let builder = builder(publisher, shown);
        assert_eq!(builder.to_string(), told);
        assert_eq!(builder.source.url(), url, "{told}");
    }
}

#[test]
fn a_repository_is_one_whatever_its_case_and_another_on_another_host() {
    let of = |publisher: &str| builder(publisher, Shown::default());
    let github = of(r#"{"kind":"GitHub","repository":"Foo/Bar","workflow":"r.yml"}"#);
    let lower = of(r#"{"kind":"GitHub","repository":"foo/bar","workflow":"r.yml"}"#);
    let other = of(r#"{"kind":"GitHub","repository":"foo/bar","workflow":"R.yml"}"#);
    let gitlab = of(r#"{"kind":"GitLab","repository":"Foo/Bar","workflow_filepath":"r.yml"}"#);
    assert_eq!(github, lower);
    assert_eq!(github.source, other.source);
    assert_ne!(github, other);
    assert_ne!(github.source, gitlab.source);
}

#[test]
fn a_person_is_another_where_another_vouches() {
    let of = |issuer: &str| {
        let json = format!(r#"{{"kind":"Email","email":"a@example.org","issuer":"{issuer}"}}"#);
        builder(&json, Shown::default())
    };
    assert_ne!(of("https://one.example"), of("https://two.example"));
}

const REPOSITORY: &str = "https://github.com/pypa/sampleproject";

#[test]
fn links_to_the_repository_and_into_it_lead_there() {
    for link in [
        "https://github.com/pypa/sampleproject",
        "https://github.com/pypa/sampleproject/",
        " https://github.com/PyPA/SampleProject ",
        "https://GitHub.com/pypa/sampleproject.git",
        "https://github.com/pypa/sampleproject/issues?q=1#top",
        "https://github.com:443/pypa/sampleproject",
        "https://github.com/other/../pypa/sampleproject/",
    ] {
        assert!(leads_to(link, REPOSITORY), "{link}");
    }
}

#[test]
fn links_to_anything_else_do_not() {
    for link in [
        "http://github.com/pypa/sampleproject",
        "https://github.com/pypa/sampleproject-evil",
        "https://github.com/pypa/sampleproject/../evil",
        "https://github.com/pypa/sampleproject/%2e%2e/evil",
        "https://github.com/pypa/sampleproject/%2E./evil",
        "https://github.com/pypa/sampleproject\\..\\evil",
        "https://github.com/pypa%2Fsampleproject",
        "https://github.com.evil.example/pypa/sampleproject",
        "https://github.com@evil.example/pypa/sampleproject",
        "https://evil@github.com/pypa/sampleproject",
        "https://github.com:8443/pypa/sampleproject",
        "https://pypa.github.io/sampleproject",
        "https://gitlab.com/pypa/sampleproject",
        "https://github.com/pypa",
        "//github.com/pypa/sampleproject",
        "javascript:https://github.com/pypa/sampleproject",
        "https://github.com/pypa/sample\u{200b}project",
        "",
    ] {
        assert!(!leads_to(link, REPOSITORY), "{link}");
    }
    // A name that covers a whole host is nobody's repository.
    assert!(!leads_to("https://github.com/pypa", "https://github.com/"));
    // Where nobody says that case does not count, it counts.
    assert!(!leads_to(
        "https://git.example/O/r",
        "https://git.example/o/r"
    ));
}
