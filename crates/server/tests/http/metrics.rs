//! What `/metrics` tells, and whom.

use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

/// The value of a series, as written.
fn value<'t>(text: &'t str, series: &str) -> &'t str {
    let found = text.lines().find_map(|line| {
        let value = line.strip_prefix(series)?;
        value.strip_prefix(' ')
    });
    found.unwrap_or_else(|| panic!("there is no {series} in\n{text}"))
}

#[tokio::test]
async fn what_happened_is_counted_and_what_is_is_told() {
    let mut server = TestServer::start().await;
    // Each process tells of itself.
    server.stay_with_one_process();
    let alice = server.publisher("alice").await.of("gauged").await;
    let wheel = sample::wheel("gauged", "1.0").attested();
    alice.upload(wheel.clone()).await.assert_ok();
    alice.upload(wheel).await.assert_ok();
    let other = sample::wheel("gauged", "1.0").member("gauged/other.py", b"other");
    assert_eq!(alice.upload(other).await.status, 400);
    let nobody = Request::new("POST", "/legacy/");
    assert_eq!(server.client.send(&nobody).await.status, 403);
    for _ in 0..2 {
        server.get("/simple/gauged/").await.assert_ok();
    }
    assert_eq!(server.get("/simple/ungauged/").await.status, 404);
    let answer = server.get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = answer.text();
    for (series, expected) in [
        ("uploads_total{attested=\"yes\",stored=\"yes\"}", "1"),
        ("uploads_total{attested=\"no\",stored=\"no\"}", "1"),
        (
            "refusals_total{route=\"upload\",reason=\"file-exists\"}",
            "1",
        ),
        ("refusals_total{route=\"upload\",reason=\"Forbidden\"}", "1"),
        ("refusals_total{route=\"simple\",reason=\"Not Found\"}", "1"),
        (
            "http_requests_total{route=\"simple\",method=\"GET\",status=\"200\"}",
            "2",
        ),
        (
            "http_requests_total{route=\"upload\",method=\"POST\",status=\"200\"}",
            "2",
        ),
        ("http_request_duration_seconds_count{route=\"simple\"}", "3"),
        ("cache_lookups_total{cache=\"answers\",found=\"yes\"}", "1"),
        ("http_requests_in_flight", "1"),
        ("engine_up{engine=\"database\"}", "1"),
        ("engine_up{engine=\"blobs\"}", "1"),
        ("trust_root_age_seconds{domain=\"\"", "0"),
    ] {
        let series = format!("touchplate_{series}");
        let found = match series.ends_with('}') || !series.contains('{') {
            true => value(&text, &series),
            false => {
                let line = text.lines().find(|line| line.starts_with(&series)).unwrap();
                line.rsplit(' ').next().unwrap()
            }
        };
        assert_eq!(found.trim_end_matches(".0"), expected, "{series}");
    }
    let serial: u64 = value(&text, "touchplate_journal_serial").parse().unwrap();
    assert_eq!(serial, server.index.head().await.unwrap().0);
    let put =
        "touchplate_blob_operation_duration_seconds_count{operation=\"put\",outcome=\"done\"}";
    assert_eq!(value(&text, put), "1");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(
        !text.contains("gauged"),
        "names are nobody's affair:\n{text}"
    );
}

#[tokio::test]
async fn nobody_else_finds_anything_there() {
    let server = TestServer::start().await;
    let absent = server.get("/nothing-here").await;
    // A proxy on this machine that the configuration does not know, on behalf of whomever.
    for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let request = Request::get("/metrics").header(header, "127.0.0.1");
        let answer = server.client.send(&request).await;
        assert_eq!(
            (answer.status, answer.text()),
            (404, absent.text()),
            "{header}"
        );
    }
    let elsewhere = TestServer::start_with(|config| {
        config.metrics_from = vec!["192.0.2.0/24".parse().unwrap()];
        config.forwarded_from = vec!["127.0.0.1".parse().unwrap()];
        config.anonymous_read = false;
    })
    .await;
    assert_eq!(elsewhere.get("/metrics").await.status, 404);
    for (client, status) in [("192.0.2.7", 200), ("198.51.100.7", 404)] {
        let request = Request::get("/metrics").header("x-forwarded-for", client);
        assert_eq!(
            elsewhere.client.send(&request).await.status,
            status,
            "{client}"
        );
    }
}
