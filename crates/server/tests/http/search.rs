//! Search, by its page.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use touchplate_attest::Publisher;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::server::Account;

/// The names that a search lists, in its order.
async fn found(server: &TestServer, query: &str) -> Vec<String> {
    names(&asked(server, query).await)
}

async fn asked(server: &TestServer, query: &str) -> String {
    let page = server.get(&format!("/search?{query}")).await.assert_ok();
    page.text()
}

fn names(page: &str) -> Vec<String> {
    let links = page.split("<a class=\"name\" href=\"/project/").skip(1);
    let name = |link: &str| link.split('/').next().unwrap_or_default().to_owned();
    links.map(name).collect()
}

/// Waits until a search lists these, or says what it lists instead: search hears of a change within a second, and a busy
/// machine is given more.
async fn finds(server: &TestServer, query: &str, expected: &[&str]) {
    let began = Instant::now();
    loop {
        let names = found(server, query).await;
        if names == expected {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{query} finds {names:?}, not {expected:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn says(name: &str, version: &str, summary: &str) -> Sample {
    sample::wheel(name, version)
        .field("summary", summary)
        .archive_says("Summary", summary)
}

async fn has(alice: &Account<'_>, name: &str, summary: &str) {
    alice.upload(says(name, "1.0", summary)).await.assert_ok();
}

#[tokio::test]
async fn names_come_first_then_their_beginnings_then_words() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    has(&alice, "http-client", "Speaks to servers").await;
    has(&alice, "http-client-extras", "More of it").await;
    has(&alice, "client-for-http", "Another one").await;
    has(&alice, "fetch", "A client of HTTP, and other libraries").await;
    has(&alice, "unrelated", "Nothing of the kind").await;
    let all = [
        "http-client",
        "http-client-extras",
        "client-for-http",
        "fetch",
    ];
    finds(&server, "q=http+client", &all).await;
    // Exact about names, whatever separates their words; forgiving about the rest.
    for same in ["q=HTTP_Client", "q=http.client", "q=+http++client+"] {
        assert_eq!(found(&server, same).await, all, "{same}");
    }
    assert_eq!(
        found(&server, "q=httpclient").await,
        ["http-client", "http-client-extras"]
    );
    // Names that have the words, in any order: the shorter first.
    assert_eq!(
        found(&server, "q=clients+http").await,
        [
            "http-client",
            "client-for-http",
            "http-client-extras",
            "fetch"
        ]
    );
    assert_eq!(found(&server, "q=library").await, ["fetch"]);
    assert_eq!(found(&server, "q=libr").await, ["fetch"]);
    assert_eq!(found(&server, "q=http+kind").await.len(), 5);
    assert!(
        asked(&server, "q=http+kind")
            .await
            .contains("No project has all of these words")
    );
}

#[tokio::test]
async fn a_slip_of_the_finger_is_forgiven_in_names() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    has(&alice, "scikit-learn", "Learning").await;
    for slip in [
        "scikitlearn",
        "sciki-learn",
        "sckiit-learn",
        "scikit-laern",
        "scikitt-learn",
    ] {
        finds(&server, &format!("q={slip}"), &["scikit-learn"]).await;
    }
    assert!(
        asked(&server, "q=sckiit-learn")
            .await
            .contains("nearly the same")
    );
    assert!(found(&server, "q=sckiit-laern").await.is_empty());
    // Where a project has exactly this name, those that only look like it stay away.
    has(&alice, "scikit-learm", "Another").await;
    finds(&server, "q=scikit-learm", &["scikit-learm"]).await;
}

#[tokio::test]
async fn projects_are_found_by_who_built_them() {
    let server = TestServer::start().await;
    let alice = server
        .publisher("alice")
        .await
        .of("one")
        .await
        .of("two")
        .await
        .of("three")
        .await;
    alice
        .upload(sample::wheel("one", "1.0").attested())
        .await
        .assert_ok();
    alice.upload(sample::wheel("two", "1.0")).await.assert_ok();
    let publisher = Publisher::github("Example/Sub.Project", "ci-release.yaml");
    let name = "three".parse().unwrap();
    server
        .index
        .add_publisher(&server.operator(), &name, &publisher)
        .await
        .unwrap();
    let who = touchplate_trust::Workload::github(
        "Example/Sub.Project",
        "ci-release.yaml",
        "refs/heads/main",
    );
    alice
        .upload(sample::wheel("three", "1.0").attested_by(who))
        .await
        .assert_ok();
    finds(&server, "q=publisher:github.com/example", &["one", "three"]).await;
    for (query, expected) in [
        ("q=github.com/example", &["one", "three"][..]),
        ("q=publisher:example", &["one", "three"]),
        ("q=https://github.com/example/one", &["one"]),
        ("q=publisher:example/sub.project", &["three"]),
        ("q=publisher:github.com/exam", &[]),
        ("q=publisher:gitlab.com", &[]),
        ("q=workflow:release.yml", &["one"]),
        ("q=ci-release.yaml", &["three"]),
        ("q=two+publisher:example", &[]),
        ("q=thre+publisher:example", &["three"]),
        ("q=sample+example+one", &["one"]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_page_of_results_is_told() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("attested").await;
    let summary = "A <b>bold</b> \u{202e}summary";
    alice
        .upload(says("attested", "1.0", summary).attested())
        .await
        .assert_ok();
    alice
        .upload(sample::sdist("attested", "1.0"))
        .await
        .assert_ok();
    has(&alice, "yanked", "A summary").await;
    let name = "yanked".parse().unwrap();
    server
        .index
        .yank(&server.operator(), &name, &"1.0".parse().unwrap(), None)
        .await
        .unwrap();
    let olga = server.publisher("olga").await.of("empty-summary").await;
    drop(olga);
    server
        .index
        .set_status(&server.operator(), &name, ProjectStatus::Deprecated, None)
        .await
        .unwrap();
    finds(
        &server,
        "q=summary",
        &["empty-summary", "attested", "yanked"],
    )
    .await;
    // The last of the changes is another row of the journal.
    let began = Instant::now();
    while !asked(&server, "q=summary").await.contains("Deprecated") {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = server
        .get("/search?q=summary+%22example%22")
        .await
        .assert_ok();
    assert_eq!(
        page.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    assert_snapshot!("some", server.get("/search?q=summary").await.main());
    assert_snapshot!(
        "none",
        server
            .get("/search?q=github.com/nobody+%3Cscript%3E")
            .await
            .main()
    );
    assert_snapshot!("unasked", server.get("/search").await.main());
    assert_snapshot!(
        "suggested",
        server.get("/search?q=att&fragment").await.text()
    );
}

#[tokio::test]
async fn long_lists_have_pages() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for number in 0..45 {
        let name = format!("many-{number:02}").parse().unwrap();
        let project = touchplate_index::ports::NewProject {
            display: name,
            visibility: Visibility::Public,
            owner: Some(alice.user.clone()),
        };
        server
            .index
            .create_project(&server.operator(), &project)
            .await
            .unwrap();
    }
    let began = Instant::now();
    while !asked(&server, "q=many").await.contains("45 projects") {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut all = Vec::new();
    for page in 1..=3 {
        let page = found(&server, &format!("q=many&page={page}")).await;
        assert_eq!(
            page,
            found(&server, &format!("q=many+&page={}", all.len() / 20 + 1)).await
        );
        all.extend(page);
    }
    assert_eq!(all.len(), 45);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 45);
    let second = asked(&server, "q=many&page=2").await;
    assert!(second.contains("45 projects, 21 to 40"), "{second}");
    assert!(
        second.contains("<a href=\"/search?q=many\" rel=\"prev\">Previous</a>"),
        "{second}"
    );
    assert!(
        second.contains("<a href=\"/search?q=many&#38;page=3\" rel=\"next\">Next</a>"),
        "{second}"
    );
    for nowhere in ["4", "99999999999999999999", "0", "-1", "x", ""] {
        let page = asked(&server, &format!("q=many&page={nowhere}")).await;
        assert!(page.contains("45 projects"), "{nowhere}");
    }
}

#[tokio::test]
async fn whatever_is_typed_is_answered() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    has(&alice, "demo", "It's 100% \"quoted\" (AND) NOT NEAR/2 a*b").await;
    finds(&server, "q=demo", &["demo"]).await;
    for (query, finds_it) in [
        ("", false),
        ("q=", false),
        ("q=%00", false),
        ("q=demo%00", true),
        ("q=%22", false),
        ("q=%22demo", true),
        ("q=de*", true),
        ("q=*", false),
        ("q=%25", false),
        ("q=_", false),
        ("q=demo+AND", true),
        ("q=NOT+demo", true),
        ("q=NEAR(demo)", true),
        ("q=demo%27%3B+DROP+TABLE+sets--", true),
        ("q=terms:demo", true),
        ("q=%5Edemo", true),
        ("q=%7Bname%7D:demo", true),
        ("q=%ff%fe", false),
        ("q=publisher:%22", false),
        ("q=%3Ddemo", true),
        ("q=~demo", true),
        ("q=%E2%80%AEdemo", true),
        ("page=2&q=demo&q=demo", false),
        ("%", false),
        ("q=%zz", false),
        ("fragment", false),
    ] {
        let answer = server.get(&format!("/search?{query}")).await.assert_ok();
        assert_eq!(names(&answer.text()) == ["demo"], finds_it, "{query}");
    }
    for long in ["x", "demo+", "%22", "publisher:a", "%00", "%F0%9F%92%A9"] {
        let query = format!("/search?q={}", long.repeat(10_000));
        let answer = server.get(&query).await;
        assert!(
            answer.status == 200 || answer.status == 414 || answer.status == 431,
            "{long}: {}",
            answer.status
        );
    }
    let long = server
        .get(&format!("/search?q={}", "demo+".repeat(1000)))
        .await
        .assert_ok();
    assert!(long.text().contains("more than is looked for"));
    assert!(long.text().len() < 10_000);
}

#[tokio::test]
async fn what_changes_reaches_search() {
    let server = TestServer::start().await;
    let other = server.beside().await;
    let alice = server.user("alice").await;
    let (origin, name) = (server.operator(), "demo".parse().unwrap());
    has(&alice, "demo", "The first summary").await;
    for server in [&server, &other] {
        finds(server, "q=first", &["demo"]).await;
    }
    alice
        .upload(says("demo", "2.0", "The second summary"))
        .await
        .assert_ok();
    finds(&other, "q=second", &["demo"]).await;
    assert!(found(&other, "q=first").await.is_empty());
    server
        .index
        .yank(&origin, &name, &"2.0".parse().unwrap(), None)
        .await
        .unwrap();
    finds(&other, "q=first", &["demo"]).await;
    server
        .index
        .set_visibility(&origin, &name, Visibility::Internal)
        .await
        .unwrap();
    finds(&other, "q=demo", &[]).await;
    assert!(
        !alice
            .get("/search?q=demo")
            .await
            .text()
            .contains("/project/demo/")
    );
    server
        .index
        .set_visibility(&origin, &name, Visibility::Public)
        .await
        .unwrap();
    finds(&other, "q=demo", &["demo"]).await;
    server
        .index
        .set_status(&origin, &name, ProjectStatus::Quarantined, None)
        .await
        .unwrap();
    finds(&other, "q=demo", &[]).await;
    server
        .index
        .set_status(&origin, &name, ProjectStatus::Active, None)
        .await
        .unwrap();
    finds(&other, "q=demo", &["demo"]).await;
    server.index.delete_project(&origin, &name).await.unwrap();
    finds(&other, "q=demo", &[]).await;
    finds(&server, "q=demo", &[]).await;
}

#[tokio::test]
async fn search_is_made_anew_unseen_and_may_be_killed_in_the_middle() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for name in ["one", "two", "three"] {
        has(&alice, name, "A kept summary").await;
    }
    let all = ["one", "two", "three"];
    finds(&server, "q=kept", &all).await;
    let live = |sets: touchplate_index::ports::DocumentSets| sets.live.unwrap().id;
    for steps in 0..6 {
        let before = live(server.search().await.sets().await.unwrap());
        let killed = server.search().await;
        killed.rebuild().await.unwrap();
        for _ in 0..steps {
            // The server takes steps of it too; of two that take the same, one changes nothing.
            killed.advance().await.unwrap();
            assert_eq!(found(&server, "q=kept").await, all);
        }
        drop(killed);
        let began = Instant::now();
        loop {
            assert_eq!(found(&server, "q=kept").await, all);
            let sets = server.search().await.sets().await.unwrap();
            if sets.building.is_none() && live(sets) != before {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20));
        }
    }
}

#[tokio::test]
async fn search_needs_credentials_where_every_read_does() {
    let server = TestServer::start_with(|config| config.anonymous_read = false).await;
    let alice = server.user("alice").await;
    has(&alice, "demo", "A summary").await;
    assert_eq!(server.get("/search?q=demo").await.status, 401);
    let began = Instant::now();
    loop {
        let page = alice.get("/search?q=demo").await.assert_ok();
        assert_eq!(page.header("cache-control"), Some("private, no-store"));
        if names(&page.text()) == ["demo"] {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
