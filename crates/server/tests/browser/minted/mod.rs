//! An index with everything that a page may have to show, attested under a trust domain of its own.

mod hostile;
mod kinds;

use jiff::SignedDuration;
use touchplate_index::ports::NewProject;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::server::Account;
use touchplate_trust::Workload;

/// Wheels of each of the [`RELEASES`] of `many-files`: 300 files, as a package with compiled parts has after three years.
const WHEELS: usize = 10;
const RELEASES: usize = 30;

/// The pages of this index, under the names of their screenshots. A page that nobody sees yet is added here with its route.
pub(crate) const PAGES: &[(&str, &str)] = &[
    ("front", "/"),
    ("project", "/project/sampleproject/"),
    (
        "file",
        "/project/sampleproject/4.1/sampleproject-4.1-py3-none-any.whl",
    ),
    (
        "file-unattested",
        "/project/sampleproject/4.2/sampleproject-4.2.tar.gz",
    ),
    (
        "file-yanked",
        "/project/sampleproject/3.0/sampleproject-3.0-py3-none-any.whl",
    ),
    (
        "contents",
        "/project/sampleproject/4.1/sampleproject-4.1-py3-none-any.whl/contents",
    ),
    (
        "member",
        "/project/sampleproject/4.1/sampleproject-4.1-py3-none-any.whl/contents/sample/simple.py",
    ),
    (
        "member-binary",
        "/project/sampleproject/4.1/sampleproject-4.1-py3-none-any.whl/contents/sample/data.bin",
    ),
    ("coverage", "/coverage"),
    ("coverage-by-day", "/coverage?by=day"),
    ("project-300-files", "/project/many-files/"),
    ("release", "/project/sampleproject/2.0/"),
    ("release-yanked", "/project/sampleproject/3.0/"),
    ("history", "/project/sampleproject/history/"),
    ("history-300-files", "/project/many-files/history/"),
    ("history-every-kind", "/project/every-kind/history/"),
    ("search", "/search?q=project"),
    (
        "search-by-builder",
        "/search?q=publisher%3Agithub.com%2Fexample",
    ),
    ("search-unasked", "/search"),
    (
        "file-of-300",
        "/project/many-files/2.9/many_files-2.9-cp310-cp310-manylinux_2_28_x86_64.whl",
    ),
    ("project-empty", "/project/nothing-yet/"),
    ("project-archived", "/project/archived-project/"),
    ("project-quarantined", "/project/quarantined-project/"),
    ("project-hostile", "/project/hostile/"),
    (
        "file-hostile",
        "/project/hostile/1.0/hostile-1.0-py3-none-any.whl",
    ),
    ("project-long-name", hostile::LONG_NAME_PAGE),
    ("project-every-kind", "/project/every-kind/"),
    ("error-not-found", "/project/no-such-project/"),
    ("error-method-not-allowed", "/legacy/"),
];

/// Of each kind of publisher a file, whose pages are looked at less closely: `file-…`.
pub(crate) fn kinds() -> Vec<(String, String)> {
    kinds::pages()
}

/// The index, filled.
pub(crate) async fn index() -> TestServer {
    let server = TestServer::start().await;
    sampleproject(&server).await;
    many_files(&server).await;
    quiet_ones(&server).await;
    hostile::fill(&server).await;
    kinds::fill(&server).await;
    server
}

const README: &str = "\
# A sample project

A sample project that exists as an aid to the [Python Packaging User Guide][guide]'s tutorial on packaging.

## Why

This is **the README**, which says *at some length* what the project does, so that the measure of a line can be judged. It has a
list:

1. of things that are there,
2. of things that are not, with a second line that goes on for long enough to be wrapped on a narrow screen, and `code` in it,
   - and a list below it.

> A quotation, by somebody who is not here.

## How

```python
from sample import simple

assert simple.add_one(5) == 6  # a comment that is longer than the width of a telephone, to see what becomes of it
```

| Python | Linux | macOS | Windows | a column with a long heading |
|-------:|:-----:|:-----:|:-------:|------------------------------|
|   3.12 |  yes  |  yes  |   yes   | and a long text in it, for a table that does not fit everywhere |
|   3.13 |  yes  |  yes  |   no    | and another                  |

![the build's state](https://example.org/badge.svg)

[guide]: https://example.org/guide
";

/// A project with a history: unattested, attested, by another workflow, partly, lost.
async fn sampleproject(server: &TestServer) {
    let alice = server.publisher("alice").await.of("sampleproject").await;
    let wheel = |version: &str| with_modules(sample::wheel("sampleproject", version), "");
    let sdist = |version: &str| {
        let top = format!("sampleproject-{version}/src/");
        with_modules(sample::sdist("sampleproject", version), &top)
    };
    let releases = [
        ("1.0", wheel("1.0"), sdist("1.0")),
        ("2.0", wheel("2.0").attested(), sdist("2.0").attested()),
        ("3.0", wheel("3.0").attested(), sdist("3.0").attested()),
        ("4.0", by_pipeline(wheel("4.0")), by_pipeline(sdist("4.0"))),
        ("4.1", wheel("4.1").attested(), sdist("4.1").attested()),
        ("4.2", wheel("4.2").attested(), sdist("4.2")),
        ("4.3", wheel("4.3"), sdist("4.3")),
        (
            "5.0rc1",
            wheel("5.0rc1").attested(),
            sdist("5.0rc1").attested(),
        ),
    ];
    let pipeline = serde_json::json!({"kind": "GitHub", "repository": "example/sampleproject", "workflow": "pipeline.yml"});
    expect(server, "sampleproject", &pipeline).await;
    for (_, wheel, sdist) in releases {
        upload(&alice, wheel).await;
        upload(&alice, sdist).await;
        server.clock.advance(SignedDuration::from_hours(24 * 17));
    }
    let why = Some("the wheel lacks a module".to_owned());
    let (origin, name) = (server.operator(), "sampleproject".parse().unwrap());
    server
        .index
        .yank(&origin, &name, &"3.0".parse().unwrap(), why)
        .await
        .unwrap();
}

fn with_modules(sample: Sample, folder: &str) -> Sample {
    told(sample)
        .member(
            &format!("{folder}sample/__init__.py"),
            b"\"\"\"A sample.\"\"\"\n",
        )
        .member(
            &format!("{folder}sample/simple.py"),
            b"def add_one(number):\n    return number + 1\n",
        )
        .member(&format!("{folder}sample/data.bin"), &[0, 1, 2, 255, 254])
}

fn told(sample: Sample) -> Sample {
    sample
        .field(
            "summary",
            "A sample project that shows how packages are made",
        )
        .field("description", README)
        .field(
            "description_content_type",
            "text/markdown; charset=UTF-8; variant=GFM",
        )
        .field("keywords", "sample,setuptools,development")
        .field(
            "author_email",
            "\"A. Random Developer\" <author@example.com>",
        )
        .field(
            "maintainer_email",
            "\"A. Great Maintainer\" <maintainer@example.com>",
        )
        .field("license", "MIT")
        .field("classifiers", "Development Status :: 5 - Production/Stable")
        .field_again("classifiers", "Intended Audience :: Developers")
        .field_again("classifiers", "Programming Language :: Python :: 3.13")
        .field("requires_dist", "peppercorn")
        .field_again("requires_dist", "check-manifest; extra == \"dev\"")
        .field(
            "project_urls",
            "Source, https://github.com/example/sampleproject",
        )
        .field_again(
            "project_urls",
            "Homepage, https://example.org/sampleproject",
        )
        .field_again(
            "project_urls",
            "Bug reports, https://github.com/example/sampleproject/issues",
        )
}

fn by_pipeline(sample: Sample) -> Sample {
    sample.attested_by(Workload::github(
        "example/sampleproject",
        "pipeline.yml",
        "refs/heads/main",
    ))
}

async fn many_files(server: &TestServer) {
    let mia = server.publisher("mia").await.of("many-files").await;
    for release in 0..RELEASES {
        let version = format!("{}.{}", release / 10, release % 10);
        for number in 0..WHEELS {
            let python = format!("cp3{}", 9 + number % 5);
            let platform = ["manylinux_2_28_x86_64", "macosx_11_0_arm64"][number / 5];
            let name = format!("many_files-{version}-{python}-{python}-{platform}.whl");
            let wheel = sample::wheel("many-files", &version)
                .called(&name)
                .member("built", name.as_bytes());
            let wheel = wheel.field("pyversion", &python);
            // The first releases are from before provenance.
            upload(&mia, if release < 8 { wheel } else { wheel.attested() }).await;
        }
        server.clock.advance(SignedDuration::from_hours(24 * 5));
    }
}

/// Projects that have little to say, or may not say it.
async fn quiet_ones(server: &TestServer) {
    let statuses = [
        ("nothing-yet", ProjectStatus::Active, None),
        (
            "archived-project",
            ProjectStatus::Archived,
            Some("its successor is sampleproject"),
        ),
        (
            "quarantined-project",
            ProjectStatus::Quarantined,
            Some("under examination"),
        ),
    ];
    for (project, status, why) in statuses {
        let owner = server.publisher(&format!("owner-of-{project}")).await;
        let owner = owner.of(project).await;
        if status == ProjectStatus::Active {
            continue;
        }
        upload(&owner, sample::wheel(project, "1.0").attested()).await;
        let name = project.parse().unwrap();
        server
            .index
            .set_status(&server.operator(), &name, status, why)
            .await
            .unwrap();
    }
}

/// Adds a publisher that a project expects.
async fn expect(server: &TestServer, project: &str, publisher: &serde_json::Value) {
    let publisher = serde_json::from_value(publisher.clone()).unwrap();
    let name = project.parse().unwrap();
    server
        .index
        .add_publisher(&server.operator(), &name, &publisher)
        .await
        .unwrap();
}

async fn create(server: &TestServer, owner: &Account<'_>, project: &str) {
    let new = NewProject {
        display: project.parse().unwrap(),
        visibility: Visibility::Public,
        owner: Some(owner.user.clone()),
    };
    server
        .index
        .create_project(&server.operator(), &new)
        .await
        .unwrap();
}

async fn upload(account: &Account<'_>, sample: Sample) {
    let filename = sample.filename();
    let answer = account.upload(sample).await;
    assert_eq!(
        answer.status,
        200,
        "{filename}: {} {}",
        answer.reason,
        answer.text()
    );
}
