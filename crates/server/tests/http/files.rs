//! Distribution files on the wire.

use std::time::Duration;

use insta::assert_snapshot;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::{self, Sample};

pub(crate) fn path(sample: &Sample) -> String {
    let digest = sample.sha256().to_string();
    format!(
        "/files/{}/{}/{}/{}",
        &digest[..2],
        &digest[2..4],
        &digest[4..],
        sample.filename()
    )
}

fn head_of(answer: &Answer) -> String {
    answer.whole().split("\n\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_sent_as_it_came() {
    let server = TestServer::start().await;
    let wheel = sample::wheel("demo", "1.0").member("demo/big.bin", &vec![7; 3 << 20]);
    server
        .user("alice")
        .await
        .upload(wheel.clone())
        .await
        .assert_ok();
    let answer = server.get(&path(&wheel)).await;
    assert_snapshot!("file", head_of(&answer));
    assert_eq!(answer.body, wheel.bytes());
    let head = server
        .client
        .send(&Request::new("HEAD", &path(&wheel)))
        .await;
    assert_eq!((head_of(&head), head.body.len()), (head_of(&answer), 0));
    let metadata = server.get(&format!("{}.metadata", path(&wheel))).await;
    assert_snapshot!("metadata", metadata.whole());
    let etag = metadata.header("etag").unwrap();
    let again = Request::get(&format!("{}.metadata", path(&wheel))).header("if-none-match", etag);
    assert_eq!(server.client.send(&again).await.status, 304);
}

#[tokio::test]
async fn a_part_of_a_file_is_sent_where_it_was_asked_for() {
    let server = TestServer::start().await;
    let wheel = sample::wheel("demo", "1.0");
    server
        .user("alice")
        .await
        .upload(wheel.clone())
        .await
        .assert_ok();
    let (bytes, path) = (wheel.bytes(), path(&wheel));
    let size = bytes.len();
    let etag = format!("\"{}\"", wheel.sha256());
    let ask = |range: &str| Request::get(&path).header("range", range);
    let part = server.client.send(&ask("bytes=2-5")).await;
    assert_snapshot!("part", head_of(&part));
    assert_eq!(part.body, &bytes[2..6]);
    let end = server.client.send(&ask("bytes=-22")).await;
    assert_eq!(
        (end.status, end.body.as_slice()),
        (206, &bytes[size - 22..])
    );
    assert_snapshot!(
        "beyond",
        server
            .client
            .send(&ask(&format!("bytes={size}-")))
            .await
            .whole()
    );

    let whole = [
        ask("bytes=0-1,3-4"),
        ask("lines=1-2"),
        ask("bytes=2-5").header("if-range", "\"another\""),
        ask("bytes=2-5").header("if-range", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ];
    for request in whole {
        let answer = server.client.send(&request).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (200, size),
            "{request:?}"
        );
    }
    let same = server
        .client
        .send(&ask("bytes=2-5").header("if-range", &etag))
        .await;
    assert_eq!(same.status, 206);
    let had = server
        .client
        .send(&ask("bytes=2-5").header("if-none-match", &etag))
        .await;
    assert_snapshot!("had", had.whole());
    let head = server
        .client
        .send(&Request::new("HEAD", &path).header("range", "bytes=2-5"))
        .await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some(size.to_string().as_str()))
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let (wheel, sdist) = (sample::wheel("demo", "1.0"), sample::sdist("demo", "1.0"));
    alice.upload(wheel.clone()).await.assert_ok();
    alice.upload(sdist.clone()).await.assert_ok();
    let private = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0");
    private.upload(secret.clone()).await.assert_ok();
    let good = path(&wheel);
    let unknown = server.get(&good.replace("demo-1.0", "demo-1.1")).await;
    assert_snapshot!("unknown", unknown.whole());
    for bad in [
        // Another file's digest, a digest cut elsewhere, no digest, no filename, no METADATA.
        good.replace(
            &wheel.sha256().to_string()[4..],
            &sdist.sha256().to_string()[4..],
        ),
        good.replacen("/files/", "/files/0", 1),
        good.replacen("/files/", "/files/zz", 1),
        good.replace(".whl", ".exe"),
        format!("{}.metadata", path(&sdist)),
        path(&secret),
        format!("{}.metadata", path(&secret)),
    ] {
        assert_eq!(server.get(&bad).await.whole(), unknown.whole(), "{bad}");
    }
    let seen = private.get(&path(&secret)).await.assert_ok();
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));

    let name = "demo".parse().unwrap();
    server
        .index
        .set_status(&server.operator(), &name, ProjectStatus::Quarantined, None)
        .await
        .unwrap();
    while server.get(&good).await.status == 200 {
        // The server hears of it from the journal, within a second.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.get(&good).await.status, 404);
}
