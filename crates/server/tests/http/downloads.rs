//! Downloads are counted, and written down in batches.

use jiff::SignedDuration;
use touchplate_index::Reader;
use touchplate_index::downloads::DownloadCount;
use touchplate_packaging::Filename;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample::{self, Sample};

fn path(sample: &Sample) -> String {
    let digest = sample.sha256().to_string();
    let (first, rest) = digest.split_at(2);
    let (second, rest) = rest.split_at(2);
    format!("/files/{first}/{second}/{rest}/{}", sample.filename())
}

/// How often the project `demo` and one file of it were downloaded, as written down.
async fn counts(server: &TestServer, filename: &str) -> (DownloadCount, DownloadCount) {
    let (index, now) = (&server.index, server.now());
    let demo = "demo".parse().unwrap();
    let project = index.project(&Reader::Anonymous, &demo).await.unwrap();
    let filename: Filename = filename.parse().unwrap();
    let found = index.file_by_name(&Reader::Anonymous, &filename).await;
    let file = found.unwrap().file.id;
    (
        index.downloads_of_project(&project, now).await.unwrap(),
        index.downloads_of_file(file, now).await.unwrap(),
    )
}

#[tokio::test]
async fn whole_files_are_counted_and_nothing_else() {
    let mut server = TestServer::start().await;
    let alice = server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0");
    let sdist = sample::sdist("demo", "1.0");
    for sample in [wheel.clone(), sdist.clone()] {
        alice.upload(sample).await.assert_ok();
    }
    drop(alice);
    let part = |range: &str| Request::get(&path(&wheel)).header("range", range);
    let etag = format!("\"{}\"", wheel.sha256());
    for (asked, status) in [
        (Request::get(&path(&wheel)), 200),
        (part("bytes=0-"), 206),
        (Request::get(&path(&sdist)), 200),
        // None of these is a download of its own.
        (part("bytes=10-"), 206),
        (part("bytes=-10"), 206),
        (part("bytes=99999999-"), 416),
        (Request::new("HEAD", &path(&wheel)), 200),
        (Request::get(&format!("{}.metadata", path(&wheel))), 200),
        (
            Request::get(&path(&wheel)).header("if-none-match", &etag),
            304,
        ),
        (Request::get(&path(&wheel).replace("py3", "py2")), 404),
    ] {
        assert_eq!(server.client.send(&asked).await.status, status, "{asked:?}");
    }
    server.stop().await;
    let twice = DownloadCount { ever: 2, lately: 2 };
    let thrice = DownloadCount { ever: 3, lately: 3 };
    let counted = counts(&server, &wheel.filename()).await;
    assert_eq!(counted, (thrice, twice));
    let server = server.beside().await;
    let page = format!("/project/demo/1.0/{}", wheel.filename());
    let page = server.get(&page).await.assert_ok().text();
    assert!(
        page.contains("<dd>about 2 in 30 days, 2 ever</dd>"),
        "{page}"
    );
    server.clock.advance(SignedDuration::from_hours(30 * 24));
    let (project, file) = counts(&server, &wheel.filename()).await;
    assert_eq!((project.ever, project.lately), (3, 0));
    assert_eq!((file.ever, file.lately), (2, 0));
}
