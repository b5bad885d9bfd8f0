//! What a shared cache keeps of an answer is the same whatever else a request said: a header of one client must not reach
//! another one through it.

use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;

/// Headers that servers and frameworks are known to take into an answer without saying so, each with a value that would show.
/// Each request says besides that it is for `elsewhere.example`, which no answer may tell.
const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/vnd.pypi.simple.v1+json"),
    ("accept", "text/html;q=0.1, application/json"),
    ("accept-charset", "utf-7"),
    ("accept-encoding", "gzip"),
    ("accept-encoding", "zstd;q=0"),
    ("accept-language", "de"),
    ("authorization", "Basic bm9ib2R5OnRwLTE="),
    ("cookie", "session=evil; token=evil"),
    ("forwarded", "for=192.0.2.1;host=evil.example;proto=http"),
    ("max-forwards", "0"),
    ("origin", "https://evil.example"),
    ("referer", "https://evil.example/"),
    ("true-client-ip", "192.0.2.1"),
    ("user-agent", "<script>evil</script>"),
    ("via", "1.1 evil.example"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-prefix", "/evil"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-scheme", "nothttps"),
    ("x-forwarded-server", "evil.example"),
    ("x-host", "evil.example"),
    ("x-http-method-override", "DELETE"),
    ("x-method-override", "HEAD"),
    ("x-original-host", "evil.example"),
    ("x-original-url", "/evil"),
    ("x-pypi-last-serial", "1"),
    ("x-real-ip", "192.0.2.1"),
    ("x-request-id", "evil"),
    ("x-rewrite-url", "/evil"),
    ("x-wap-profile", "https://evil.example/"),
    ("cache-control", "max-age=9999"),
    ("pragma", "no-cache"),
    ("content-type", "application/json"),
    ("expect", "evil"),
    ("if-modified-since", "Thu, 01 Jan 2099 00:00:00 GMT"),
    ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("if-match", "\"evil\""),
    ("if-range", "\"evil\""),
    ("range", "bytes=0-0"),
    ("te", "trailers"),
    ("upgrade", "h2c"),
];

fn same(one: &Answer, other: &Answer) -> bool {
    one.status == other.status && one.whole() == other.whole() && one.body == other.body
}

#[tokio::test]
async fn no_header_changes_what_a_shared_cache_may_keep_unless_it_says_so() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    let (digest, filename) = (wheel.sha256().to_string(), wheel.filename());
    alice.upload(wheel).await.assert_ok();
    let file = format!(
        "/files/{}/{}/{}/{filename}",
        &digest[..2],
        &digest[2..4],
        &digest[4..]
    );
    let metadata = format!("{file}.metadata");
    let provenance = format!("/integrity/demo/1.0/{filename}/provenance");
    let page = format!("/project/demo/1.0/{filename}");
    let urls = [
        "/",
        "/simple/",
        "/simple/demo/",
        "/simple/Demo/",
        "/simple/none/",
        "/project/demo/",
        "/pypi/demo/json",
        "/api/v1/projects/demo/attesters",
        "/search?q=demo",
        "/feeds/releases.atom",
        "/no/such/page",
        "/robots.txt",
        file.as_str(),
        metadata.as_str(),
        provenance.as_str(),
        page.as_str(),
    ];
    for url in urls {
        let clean = server.get(url).await;
        // Asked for the second time, it may come from the memory of answers.
        assert!(same(&server.get(url).await, &clean), "{url}");
        for (name, value) in HEADERS {
            let with = server
                .client
                .send(&Request::get(url).header(name, value))
                .await;
            let kept = with.header("cache-control").unwrap_or_default().to_owned();
            let vary = with.header("vary").unwrap_or_default().to_ascii_lowercase();
            let says_so = vary.split(", ").any(|varies| varies == *name);
            // A part is no answer to whoever wants the whole (RFC 9111 §3.3), and says what it is.
            let is_part = with.status == 206 && with.header("content-range").is_some();
            let may_be_kept = !kept.contains("no-store");
            assert!(
                same(&with, &clean) || says_so || is_part || !may_be_kept,
                "{url} with {name}: {value} may be kept, and differs:\n{}\n{}",
                with.whole(),
                clean.whole()
            );
            for evil in ["evil", "elsewhere", "192.0.2.1", "nothttps"] {
                assert!(
                    !with.whole().contains(evil),
                    "{url} tells {name}:\n{}",
                    with.whole()
                );
            }
            let after = server.get(url).await;
            assert!(
                same(&after, &clean),
                "{url} after {name}: {value}:\n{}",
                after.whole()
            );
        }
    }
}

/// What a member was given is given to nobody else, whoever asked first and with whatever.
#[tokio::test]
async fn an_answer_to_a_member_reaches_nobody_else_through_any_cache() {
    let server = TestServer::start().await;
    let olga = server
        .user("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let wheel = sample::wheel("secret", "1.0").attested();
    let (digest, filename) = (wheel.sha256().to_string(), wheel.filename());
    olga.upload(wheel).await.assert_ok();
    let file = format!(
        "/files/{}/{}/{}/{filename}",
        &digest[..2],
        &digest[2..4],
        &digest[4..]
    );
    let urls = [
        "/simple/secret/".to_owned(),
        "/project/secret/".to_owned(),
        "/pypi/secret/json".to_owned(),
        format!("/integrity/secret/1.0/{filename}/provenance"),
        format!("{file}.metadata"),
        file,
    ];
    for url in urls {
        let before = server.get(&url).await;
        assert_eq!(before.status, 404, "{url}");
        for _ in 0..3 {
            let seen = olga.get(&url).await.assert_ok();
            let kept = seen.header("cache-control").unwrap();
            assert_eq!(kept, "private, no-store", "{url}");
            let head = Request::new("HEAD", &url).token(&olga.token);
            server.client.send(&head).await.assert_ok();
            assert!(same(&server.get(&url).await, &before), "{url}");
            // As text beside a token that is no token.
            let wrong = server
                .client
                .send(&Request::get(&url).token("tp-1-evil"))
                .await;
            assert_eq!(wrong.status, 401, "{url}");
        }
    }
}
