//! A project's pages: what they tell of a release, and of all of them.

use insta::assert_snapshot;
use jiff::SignedDuration;
use touchplate_attest::Publisher;
use touchplate_index::Reader;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::http::Answer;
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::{TestServer, server::Account};
use touchplate_trust::Workload;

use crate::simple::server_sees;

/// The main part of a page, in the words that people read: without tags, one line each.
fn words(page: &Answer) -> String {
    let main = page.main();
    let mut told = String::new();
    for part in main.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap();
        let is_line = [
            "p", "h1", "h2", "h3", "tr", "li", "dt", "nav", "details", "figure",
        ]
        .iter()
        .any(|name| tag == *name || tag.starts_with(&format!("{name} ")));
        if is_line {
            told.push('\n');
        } else if tag.starts_with("td") || tag.starts_with("dd") || tag.starts_with("th ") {
            told.push_str(" | ");
        }
        told.push_str(words);
    }
    let lines = told.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn described(sample: Sample) -> Sample {
    sample
        .field("metadata_version", "2.4")
        .field("license_expression", "MIT")
        .field("author", "Alice <b>")
        .field("project_urls", "Source, https://github.com/example/demo")
        .field_again(
            "project_urls",
            "Issues, https://github.com/Example/Demo/issues",
        )
        .field_again("project_urls", "Docs, https://example.org/?a=1&b=2")
        .field_again(
            "project_urls",
            "Look-alike, https://github.com/example/demo-mirror",
        )
        .field("requires_dist", "peppercorn")
        .field("keywords", "one,two")
        .field("classifiers", "Topic :: Software Development")
}

async fn moves_on(server: &TestServer) {
    server.clock.advance(SignedDuration::from_hours(24));
}

async fn upload(account: &Account<'_>, samples: impl IntoIterator<Item = Sample>) {
    for sample in samples {
        account.upload(sample).await.assert_ok();
    }
}

async fn yank(server: &TestServer, version: &str, reason: &str) {
    let (project, version) = ("demo".parse().unwrap(), version.parse().unwrap());
    let reason = Some(reason.to_owned());
    let yanked = server
        .index
        .yank(&server.operator(), &project, &version, reason)
        .await;
    yanked.unwrap();
    server_sees(server).await;
}

#[tokio::test]
async fn a_release_tells_what_is_proved_apart_from_what_is_claimed() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let (wheel, sdist) = (sample::wheel("demo", "1.0"), sample::sdist("demo", "1.0"));
    upload(&alice, [described(wheel).attested(), sdist]).await;
    let page = server.get("/project/demo/").await.assert_ok();
    assert_snapshot!(words(&page));
    let text = page.text();
    for said in [
        "<title>demo 1.0</title>",
        "<link rel=\"canonical\" href=\"https://packages.example/project/demo/\">",
        "<meta property=\"og:description\" content=\"A sample\">",
        "href=\"/project/demo/releases.atom\"",
    ] {
        assert!(text.contains(said), "{said}");
    }
    let (proved, claimed) = text.split_once("badge-claimed").unwrap();
    for link in [
        "https://github.com/example/demo\"",
        "https://github.com/Example/Demo/issues\"",
    ] {
        assert!(
            proved.contains(link) && !claimed.contains(&format!("<dd><a href=\"{link}")),
            "{link}"
        );
    }
    for link in [
        "https://example.org/?a=1&#38;b=2",
        "https://github.com/example/demo-mirror",
    ] {
        assert!(claimed.contains(link) && !proved.contains(link), "{link}");
    }
}

/// Without a certificate that names it, a repository's link is a claim like any other, whoever claims it.
#[tokio::test]
async fn links_of_an_unattested_release_are_claims() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    upload(&alice, [described(sample::wheel("demo", "1.0")).attested()]).await;
    upload(&alice, [described(sample::wheel("demo", "2.0"))]).await;
    let page = server.get("/project/demo/2.0/").await.assert_ok();
    assert_snapshot!(words(&page));
    assert!(
        !page
            .text()
            .split("badge-claimed")
            .next()
            .unwrap()
            .contains("github.com")
    );
}

#[tokio::test]
async fn what_an_installer_would_take_is_told_first_and_others_say_so() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for version in ["1.0", "1.5", "2.0rc1"] {
        upload(&alice, [sample::wheel("demo", version)]).await;
    }
    yank(&server, "1.5", "it <breaks>").await;
    let mut told = String::new();
    for path in ["", "1.0/", "1.5/", "2.0rc1/"] {
        let page = server
            .get(&format!("/project/demo/{path}"))
            .await
            .assert_ok();
        let words = words(&page);
        let head = words
            .lines()
            .take_while(|line| !line.starts_with("Overview"));
        told.push_str(&format!(
            "{path}: {}\n",
            head.collect::<Vec<_>>().join(" / ")
        ));
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn a_status_is_told_and_a_quarantined_project_is_not_offered() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    upload(
        &alice,
        [sample::wheel("demo", "1.0"), sample::wheel("demo", "1.1")],
    )
    .await;
    let name = "demo".parse().unwrap();
    for (status, offered) in [
        (ProjectStatus::Archived, true),
        (ProjectStatus::Deprecated, true),
        (ProjectStatus::Quarantined, false),
    ] {
        let (origin, reason) = (server.operator(), Some("use <other>"));
        let set = server
            .index
            .set_status(&origin, &name, status, reason)
            .await;
        set.unwrap();
        server_sees(&server).await;
        for path in [
            "/project/demo/",
            "/project/demo/1.0/",
            "/project/demo/history/",
        ] {
            let page = server.get(path).await.assert_ok().text();
            let says = format!("This project is {}:", status.as_str());
            assert!(page.contains(&says), "{path}: {says}");
            assert!(page.contains("Reason given: use &#60;other&#62;"), "{path}");
            let is_history = path.ends_with("history/");
            assert_eq!(
                page.contains("pip install"),
                offered && !is_history,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_history_tells_every_change_of_builder() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let name = "demo".parse().unwrap();
    let email = Publisher::Email {
        email: "alice@example.org".to_owned(),
        issuer: "https://accounts.example".to_owned(),
    };
    let added = server
        .index
        .add_publisher(&server.operator(), &name, &email)
        .await;
    added.unwrap();
    let alices = || Workload::email("alice@example.org", "https://accounts.example");
    let wheel = |version: &str| sample::wheel("demo", version);
    let sdist = |version: &str| sample::sdist("demo", version);
    for release in [
        vec![wheel("1.0")],
        vec![
            wheel("1.1").attested_by(alices()),
            sdist("1.1").attested_by(alices()),
        ],
        vec![wheel("1.2").attested(), sdist("1.2")],
        vec![wheel("1.3")],
        vec![wheel("1.4").attested(), sdist("1.4").attested_by(alices())],
        vec![wheel("2.0").attested(), sdist("2.0").attested()],
    ] {
        upload(&alice, release).await;
        moves_on(&server).await;
    }
    yank(&server, "1.3", "no provenance").await;
    let page = server.get("/project/demo/history/").await.assert_ok();
    assert_snapshot!("told", words(&page));
    let text = page.text();
    let strip = text.split("<tbody>").nth(1).unwrap();
    assert_snapshot!("strip", strip.split("</tbody>").next().unwrap());
}

#[tokio::test]
async fn a_project_without_files_and_one_of_a_single_release_read_well() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for path in ["/project/demo/", "/project/demo/history/"] {
        let page = server.get(path).await.assert_ok();
        assert!(words(&page).contains("Nothing was released yet."), "{path}");
    }
    upload(&alice, [sample::wheel("demo", "1.0").attested()]).await;
    server_sees(&server).await;
    let page = server.get("/project/demo/history/").await.assert_ok();
    assert_snapshot!(words(&page));
    assert!(
        !page.text().contains("<svg viewBox=\"0 0 1"),
        "one release says nothing over time"
    );
}

#[tokio::test]
async fn other_spellings_lead_to_a_release_and_unknown_ones_nowhere() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    upload(&alice, [sample::wheel("demo", "1.0+local.1")]).await;
    server.get("/project/demo/1.0%2Blocal.1/").await.assert_ok();
    server.get("/project/demo/1.0+local.1/").await.assert_ok();
    for (given, to) in [
        (
            "/project/Demo/history/?page=1",
            "/project/demo/history/?page=1",
        ),
        ("/project/demo/history", "/project/demo/history/"),
        (
            "/project/demo/v1.0+local-1/",
            "/project/demo/1.0%2Blocal.1/",
        ),
        (
            "/project/demo/1.0+local.1?page=1",
            "/project/demo/1.0%2Blocal.1/?page=1",
        ),
        ("/project/None/9/", "/project/none/9/"),
    ] {
        let answer = server.get(given).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, Some(to)),
            "{given}"
        );
    }
    for none in [
        "/project/demo/2.0/",
        "/project/demo/no-version/",
        "/project/demo/?page=0",
        "/project/demo/?page=2",
        "/project/demo/?page=x",
        "/project/demo/?page=18446744073709551616",
        "/project/demo/?page=18446744073709551615",
        "/project/demo/history/?page=2",
        "/project/none/history/",
        "/project/none/1.0/",
    ] {
        assert_eq!(server.get(none).await.status, 404, "{none}");
    }
}

#[tokio::test]
async fn a_secret_projects_releases_are_as_no_project() {
    let server = TestServer::start().await;
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    upload(&olga, [sample::wheel("secret", "1.0").attested()]).await;
    for path in ["/project/secret/1.0/", "/project/secret/history/"] {
        let unknown = server.get(&path.replace("secret", "none")).await.whole();
        assert_eq!(server.get(path).await.whole(), unknown, "{path}");
        let seen = olga.get(path).await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

#[tokio::test]
async fn a_long_list_of_files_is_told_page_by_page() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for number in 0..101 {
        let name = format!("demo-1.0-{number}-py3-none-any.whl");
        let bytes = name.clone();
        let wheel = sample::wheel("demo", "1.0").called(&name);
        upload(&alice, [wheel.member("demo/number", bytes.as_bytes())]).await;
    }
    let listed = async |path: &str| {
        let page = server.get(path).await.assert_ok().text();
        (page.matches("-py3-none-any.whl</a>").count(), page)
    };
    let (first, page) = listed("/project/demo/").await;
    assert!(first == 100 && page.contains("<a rel=\"next\" href=\"?page=2\">"));
    assert_eq!(page.matches("--hash=sha256:").count(), 101);
    let (second, page) = listed("/project/demo/?page=2").await;
    assert!(second == 1 && page.contains("<a rel=\"prev\" href=\"?page=1\">"));
    assert!(page.contains("Page 2 of 2"));
    assert_eq!(server.get("/project/demo/?page=3").await.status, 404);
}

#[tokio::test]
async fn downloads_are_told_with_the_day_on_which_they_were_counted() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    upload(&alice, [sample::wheel("demo", "1.0")]).await;
    // A process that has no page yet: one that has shows it for some minutes.
    let told = async || {
        let page = server.beside().await.get("/project/demo/").await;
        let page = page.assert_ok();
        let words = words(&page);
        let line = words.lines().find(|line| line.starts_with("Downloads"));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!(told().await, "");
    let filename = "demo-1.0-py3-none-any.whl".parse().unwrap();
    let found = server
        .index
        .file_by_name(&Reader::Anonymous, &filename)
        .await;
    let found = found.unwrap();
    for days in 1..=2 {
        server.index.downloaded(&found, &(0..1), server.now());
        server.index.write_downloads_down().await.unwrap();
        server.clock.advance(SignedDuration::from_hours(24 * 20));
        let day = server.now().strftime("%Y-%m-%d").to_string();
        let expected = format!("about 1 in 30 days, {days} ever; counted on {day}");
        assert_eq!(
            told().await,
            format!("Downloads of the project | {expected}")
        );
    }
}

/// What a hostile uploader may say at most makes no page that nobody can read.
#[tokio::test]
async fn long_lists_of_metadata_are_cut_and_say_so() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let long = "x".repeat(10_000);
    let mut wheel = sample::wheel("demo", "1.0");
    for number in 0..150 {
        wheel = wheel
            .field_again("requires_dist", &format!("package-{number}"))
            .field_again("classifiers", &format!("Private :: {number} {long}"));
    }
    let keywords: Vec<String> = (0..150).map(|number| format!("word{number}")).collect();
    upload(&alice, [wheel.field("keywords", &keywords.join(","))]).await;
    let page = server.get("/project/demo/").await.assert_ok();
    let words = words(&page);
    for said in [
        "Requires 150",
        "and 50 more",
        "word99, and 50 more",
        "more characters)",
    ] {
        assert!(words.contains(said), "{said}");
    }
    assert!(!words.contains("package-100") && !words.contains("word100"));
    assert!(page.text().len() < 300_000);
}
