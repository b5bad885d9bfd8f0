//! Every field that an uploader controls, with values that would like to be more than text, on every page.

use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample::{self, Sample};

use crate::simple::server_sees;

/// Fields of the upload form that have words in them, as uploaders fill them.
const FIELDS: &[&str] = &[
    "summary",
    "description",
    "keywords",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "home_page",
    "download_url",
    "project_urls",
    "classifiers",
    "platform",
    "supported_platform",
    "requires_dist",
    "requires_external",
    "requires_python",
    "provides_extra",
    "dynamic",
    "description_content_type",
    "comment",
];

/// Markup, in every way in which it could end what it stands in; then characters that hide or turn others around.
fn values() -> Vec<String> {
    let markup = [
        "<x-hostile onx=1>",
        "\"><x-hostile>",
        "'><x-hostile>",
        "\" onx=\"1",
        "</p></li></td></pre></title></summary></entry><x-hostile>",
        "<!--<x-hostile>",
        "]]><x-hostile>",
        "Label, javascript:x-hostile()",
        "Label, https://example.org/\"><x-hostile>",
        "{{ x-hostile }}{% x-hostile %}",
        "&lt;x-hostile&gt;&#60;x-hostile&#62;",
    ];
    let deceptive = [
        "\u{202e}gnp.exe\u{202c}",
        "\u{2066}a\u{2069}\u{200f}",
        "a\u{200b}b\u{feff}c\u{ad}d\u{e0041}",
        "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "a\u{1}\u{1b}[31m\u{7f}\u{85}b",
    ];
    let long = ["x".repeat(10_000), "\u{202e}".repeat(10_000)];
    markup
        .iter()
        .chain(&deceptive)
        .map(|&value| value.to_owned())
        .chain(long)
        .collect()
}

/// The pages that show something of the release.
fn pages(version: &str) -> Vec<String> {
    vec![
        "/".to_owned(),
        "/feeds/releases.atom".to_owned(),
        "/project/demo/".to_owned(),
        "/project/demo/releases.atom".to_owned(),
        "/project/demo/history/".to_owned(),
        format!("/project/demo/{version}/"),
        "/search?q=demo".to_owned(),
        format!("/project/demo/{version}/demo-{version}-py3-none-any.whl"),
    ]
}

/// What stands in the tags of a page, without the values in quotes.
fn tags(page: &str) -> String {
    let (mut inside, mut quote) = (false, None);
    let told = page.chars().filter(|&c| match (inside, quote) {
        (false, _) => {
            inside = c == '<';
            false
        }
        (true, Some(end)) => {
            quote = (c != end).then_some(end);
            false
        }
        (true, None) => {
            quote = matches!(c, '"' | '\'').then_some(c);
            inside = c != '>';
            true
        }
    });
    told.collect()
}

/// A page's rendered description, if it shows one, and all the rest of it.
fn description_of(page: &str) -> (&str, String) {
    let Some((before, from)) = page.split_once("<div class=\"readme\"") else {
        return ("", page.to_owned());
    };
    let (description, after) = from.split_once("</section>").unwrap();
    (description, format!("{before}{after}"))
}

/// Fails if `page` has anything of a value but as text that everybody sees, and not at any length.
fn check(page: &str, at: &str, case: &str) {
    let lower = page.to_lowercase();
    for raw in ["<x-hostile", "=\"javascript:", "<!--<"] {
        assert!(!lower.contains(raw), "{case}: {raw} at {at}");
    }
    assert!(
        !tags(&lower).contains("onx"),
        "{case}: an attribute at {at}"
    );
    let deceives = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    // Prose of a description may have them: Persian, Hebrew and long words need them (`touchplate_readme` leaves out the rest).
    let in_prose = |c: char| matches!(c, '\u{ad}' | '\u{200e}' | '\u{200f}');
    let (description, rest) = description_of(page);
    let found = rest.chars().find(|&c| deceives(c));
    assert_eq!(found, None, "{case}: at {at}");
    let found = description.chars().find(|&c| deceives(c) && !in_prose(c));
    assert_eq!(found, None, "{case}: in the description at {at}");
    assert!(
        !page.contains("\u{301}\u{301}\u{301}\u{301}\u{301}"),
        "{case}: at {at}"
    );
    let long = "x".repeat(1_001);
    assert!(!page.contains(&long), "{case}: at {at} in full");
}

async fn check_all(server: &TestServer, version: &str, case: &str) {
    server_sees(server).await;
    for at in pages(version) {
        let answer = server.get(&at).await.assert_ok();
        check(&answer.text(), &at, case);
        assert!(answer.body.len() < 200_000, "{case}: {at}");
    }
}

fn wheel(version: &str) -> Sample {
    sample::wheel("demo", version)
}

#[tokio::test]
async fn whatever_an_uploader_writes_is_text_on_every_page() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let mut taken = 0;
    let mut number = 0;
    for value in values() {
        // What the door refuses reaches no page; the rest comes in one release.
        number += 1;
        let version = format!("{number}.0");
        let mut all = wheel(&version).attested();
        // Ten thousand characters of prose are none too many, and a description may pile up its accents: it has a box of
        // its own.
        let in_prose = value.len() < 10_000 && !value.contains('\u{301}');
        let fields = FIELDS.iter().filter(|&&it| in_prose || it != "description");
        for field in fields {
            let alone = format!("{number}.0.dev{}", taken + 1);
            let given = sample::sdist("demo", &alone).field(field, &value);
            if alice.upload(given).await.status == 200 {
                taken += 1;
                all = all.field(field, &value);
            }
        }
        alice.upload(all).await.assert_ok();
        check_all(
            &server,
            &version,
            &value.chars().take(40).collect::<String>(),
        )
        .await;
    }
    assert!(taken > 100, "the door refuses nearly all: {taken}");
}

#[tokio::test]
async fn reasons_and_agents_and_paths_are_text_too() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let (origin, name) = (server.operator(), "demo".parse().unwrap());
    alice.upload(wheel("1.0")).await.assert_ok();
    for value in values() {
        let version = "1.0".parse().unwrap();
        let reason = Some(value.clone());
        let yanked = server.index.yank(&origin, &name, &version, reason).await;
        yanked.unwrap();
        let status = ProjectStatus::Deprecated;
        let status = server
            .index
            .set_status(&origin, &name, status, Some(&value));
        status.await.unwrap();
        check_all(&server, "1.0", "a reason").await;
        let escaped: String = value
            .bytes()
            .take(500)
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        for at in [format!("/project/{escaped}/"), format!("/{escaped}")] {
            let request = touchplate_testkit::http::Request::new("GET", &at).accept("text/html");
            let answer = server.client.send(&request).await;
            assert_eq!(answer.status, 404);
            check(&answer.text(), &at, "a path");
        }
    }
}
