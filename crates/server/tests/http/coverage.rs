//! How much of the index has provenance, told to everybody.

use insta::assert_snapshot;
use jiff::SignedDuration;
use touchplate_index::projects::Visibility;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample;

/// The page's own part, once everything is counted.
async fn page(server: &TestServer, target: &str) -> String {
    server.index.count_coverage().await.unwrap();
    server.get(target).await.assert_ok().main()
}

/// The rows of the tables of a page, without markup.
fn rows(page: &str) -> Vec<String> {
    let row = |line: &&str| line.starts_with("<tr><th scope=\"row\">");
    let plain = |line: &str| {
        let mut text = String::new();
        for piece in line.split('<') {
            let (_, piece) = piece.split_once('>').unwrap_or(("", piece));
            if !piece.trim().is_empty() {
                text.push_str(&format!("{} | ", piece.trim()));
            }
        }
        text.trim_end_matches(" | ").to_owned()
    };
    page.lines().filter(row).map(plain).collect()
}

#[tokio::test]
async fn an_empty_index_says_what_it_will_tell() {
    let server = TestServer::start().await;
    assert_snapshot!(page(&server, "/coverage").await);
    let answer = server.get("/coverage").await;
    assert_eq!(
        answer.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
}

#[tokio::test]
async fn what_has_provenance_is_told_by_time_and_publisher_and_who_lost_it() {
    let mut server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let bob = server.publisher("bob").await.of("partly").await;
    let first = sample::wheel("demo", "1.0").attested();
    alice.upload(first.clone()).await.assert_ok();
    let sdist = sample::sdist("demo", "1.0").attested();
    alice.upload(sdist).await.assert_ok();
    for sample in [
        sample::wheel("partly", "0.1").attested(),
        sample::sdist("partly", "0.1"),
    ] {
        bob.upload(sample).await.assert_ok();
    }
    server.clock.advance(SignedDuration::from_hours(40 * 24));
    for version in ["2.0", "2.1"] {
        let wheel = sample::wheel("demo", version);
        alice.upload(wheel).await.assert_ok();
    }
    drop((alice, bob));
    let digest = first.sha256().to_string();
    let (a, b, c) = (&digest[..2], &digest[2..4], &digest[4..]);
    let file = format!("/files/{a}/{b}/{c}/{}", first.filename());
    for _ in 0..3 {
        server.get(&file).await.assert_ok();
    }
    server.stop().await;
    let server = server.beside().await;
    assert_snapshot!("by_month", page(&server, "/coverage?by=month").await);
    assert_snapshot!(
        "by_day",
        rows(&page(&server, "/coverage?by=day").await).join("\n")
    );
    // Two months are told by day unless one asks.
    assert_eq!(
        page(&server, "/coverage").await,
        page(&server, "/coverage?by=day").await
    );
}

#[tokio::test]
async fn what_not_everybody_may_see_is_not_counted() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let olga = server.publisher("olga").await;
    let olga = olga.owning("secret", Visibility::Private).await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    olga.upload(sample::wheel("secret", "1.0").attested())
        .await
        .assert_ok();
    server.clock.advance(SignedDuration::from_hours(1));
    alice.upload(sample::wheel("demo", "2.0")).await.assert_ok();
    olga.upload(sample::wheel("secret", "2.0"))
        .await
        .assert_ok();
    let told = page(&server, "/coverage").await;
    assert!(
        told.contains("Of the 2 files in this index one has") && !told.contains("secret"),
        "{told}"
    );
    assert!(told.contains("href=\"/project/demo/\""));
    let demo: ProjectName = "demo".parse().unwrap();
    let index = &server.index;
    for visibility in [Visibility::Internal, Visibility::Private] {
        index
            .set_visibility(&server.operator(), &demo, visibility)
            .await
            .unwrap();
        // Before it is counted, and after.
        assert!(!server.get("/coverage").await.main().contains("demo"));
        assert!(
            page(&server, "/coverage")
                .await
                .contains("There are no files")
        );
    }
    let public = Visibility::Public;
    index
        .set_visibility(&server.operator(), &demo, public)
        .await
        .unwrap();
    assert!(
        page(&server, "/coverage")
            .await
            .contains("Of the 2 files in this index one has")
    );
    let quarantined = ProjectStatus::Quarantined;
    index
        .set_status(&server.operator(), &demo, quarantined, None)
        .await
        .unwrap();
    assert!(!server.get("/coverage").await.main().contains("demo"));
    assert!(
        page(&server, "/coverage")
            .await
            .contains("There are no files")
    );
}

#[tokio::test]
async fn what_goes_is_taken_back_whoever_counts() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for version in ["1.0", "2.0"] {
        alice
            .upload(sample::wheel("demo", version).attested())
            .await
            .assert_ok();
        alice
            .upload(sample::sdist("demo", version))
            .await
            .assert_ok();
    }
    let other = server.beside().await;
    let counted = tokio::join!(server.index.count_coverage(), other.index.count_coverage());
    assert!(counted.0.is_ok() && counted.1.is_ok());
    assert!(
        page(&server, "/coverage")
            .await
            .contains("Of the 4 files in this index 2 have")
    );
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let version = "2.0".parse().unwrap();
    server
        .index
        .delete_release(&origin, &demo, &version)
        .await
        .unwrap();
    assert!(
        page(&other, "/coverage")
            .await
            .contains("Of the 2 files in this index one has")
    );
    let sdist = "demo-1.0.tar.gz".parse().unwrap();
    server.index.delete_file(&origin, &sdist).await.unwrap();
    let all = page(&server, "/coverage").await;
    assert!(
        all.contains(
            "Every file in this index has provenance, 1 in all: it is proved who built it."
        ),
        "{all}"
    );
    server.index.delete_project(&origin, &demo).await.unwrap();
    assert!(
        page(&server, "/coverage")
            .await
            .contains("There are no files")
    );
}

#[tokio::test]
async fn odd_questions_are_answered_as_none() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let plain = page(&server, "/coverage").await;
    for odd in [
        "by=",
        "by=year",
        "by=%00",
        "by=day&by=month",
        "%ff",
        "by=%3Cscript%3E",
    ] {
        assert_eq!(
            page(&server, &format!("/coverage?{odd}")).await,
            plain,
            "{odd}"
        );
    }
}
