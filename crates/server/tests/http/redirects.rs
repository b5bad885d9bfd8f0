//! Downloads that are led to the object store.

use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Client, Request};
use touchplate_testkit::s3::TestBucket;
use touchplate_testkit::sample::{self, Sample};

/// A server whose readers are sent to its store; none where there is no S3.
async fn leading() -> Option<TestServer> {
    let bucket = TestBucket::fresh()?;
    let url = bucket.url();
    let endpoint = url
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("endpoint="));
    let url = format!("{url}&redirect_to={}", endpoint.unwrap());
    let server = TestServer::start_with(|config| config.location.blobs = url.parse().unwrap());
    Some(server.await)
}

fn path(sample: &Sample) -> String {
    let digest = sample.sha256().to_string();
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    format!("/files/{first}/{second}/{rest}/{}", sample.filename())
}

/// Asks for what an answer led to.
async fn follow(location: &str, range: Option<&str>) -> Answer {
    let place = location.strip_prefix("http://").unwrap();
    let (server, target) = place.split_once('/').unwrap();
    let address = server.parse().unwrap();
    let range = range.map_or_else(String::new, |range| format!("range: {range}\r\n"));
    let request =
        format!("GET /{target} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n{range}\r\n");
    Client::at(address).send_bytes(request.as_bytes()).await
}

#[tokio::test]
async fn whoever_may_have_a_file_is_led_to_its_bytes_in_the_store() {
    let Some(server) = leading().await else {
        return;
    };
    let alice = server.publisher("alice").await.of("led").await;
    let alice = alice.owning("hidden", Visibility::Private).await;
    let (open, hidden) = (sample::wheel("led", "1.0"), sample::wheel("hidden", "1.0"));
    for sample in [&open, &hidden] {
        alice.upload(sample.clone()).await.assert_ok();
    }
    // Twice: nothing of it is given again.
    for _ in 0..2 {
        let led = server.get(&path(&open)).await;
        assert_eq!((led.status, led.body.len()), (307, 0), "{}", led.whole());
        assert_eq!(led.header("cache-control"), Some("private, no-store"));
        let location = led.header("location").unwrap();
        assert!(location.contains("X-Amz-Expires=300"), "{location}");
        let got = follow(location, None).await;
        assert_eq!((got.status, got.body), (200, open.bytes()));
        let got = follow(location, Some("bytes=2-5")).await;
        assert_eq!(
            (got.status, got.body.as_slice()),
            (206, &open.bytes()[2..6])
        );
        let disposition = format!("attachment; filename=\"{}\"", open.filename());
        assert_eq!(
            got.header("content-disposition"),
            Some(disposition.as_str())
        );
        assert_eq!(got.header("content-type"), Some("application/octet-stream"));
    }
    let head = server
        .client
        .send(&Request::new("HEAD", &path(&open)))
        .await;
    let length = open.bytes().len().to_string();
    let found = (head.status, head.header("content-length"));
    assert_eq!(found, (200, Some(length.as_str())));
    assert_eq!(server.get(&path(&hidden)).await.status, 404);
    let led = alice.get(&path(&hidden)).await;
    let got = follow(led.header("location").unwrap(), None).await;
    assert_eq!((led.status, got.body), (307, hidden.bytes()));
    let metadata = format!("{}.metadata", path(&open));
    assert_eq!(server.get(&metadata).await.status, 200);
}

#[tokio::test]
async fn a_url_that_was_changed_leads_nowhere() {
    let Some(server) = leading().await else {
        return;
    };
    let alice = server.publisher("alice").await.of("led").await;
    let wheel = sample::wheel("led", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    let led = server.get(&path(&wheel)).await;
    let location = led.header("location").unwrap();
    let longer = location.replace("X-Amz-Expires=300", "X-Amz-Expires=3000");
    assert_ne!(longer, location);
    assert_eq!(follow(&longer, None).await.status, 403);
}
