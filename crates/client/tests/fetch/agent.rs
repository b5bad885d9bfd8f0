//! What the agent takes, what it refuses, and how often it asks.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use touchplate_client::fetch::{
    Agent, Cause, Credentials, FetchError, Netrc, Proxies, Settings, parse_url,
};
use touchplate_packaging::Sha256;
use url::Url;

use crate::server::{Server, answer, ok};

pub(crate) fn agent(credentials: Credentials) -> Agent {
    Agent::new(Settings {
        user_agent: "touchplate-test/1".to_owned(),
        credentials,
        proxies: Proxies::default(),
    })
}

fn get(url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
    agent(Credentials::default()).get_bounded(&url.parse().unwrap(), limit)
}

#[test]
fn a_document_is_taken_up_to_its_bound() {
    let server = Server::start(|_| ok(b"0123456789"));
    assert_eq!(get(&server.url, 10).unwrap(), b"0123456789");
    let error = get(&server.url, 9).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 9, .. }));
    assert_eq!(
        server.asked()[0].header("user-agent"),
        Some("touchplate-test/1")
    );
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_small_answer_that_unpacks_to_a_large_one_is_stopped() {
    let mut zip = GzEncoder::new(Vec::new(), Compression::best());
    zip.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let zipped = zip.finish().unwrap();
    let server = Server::start(move |_| answer("200 OK", &[("content-encoding", "gzip")], &zipped));
    assert_eq!(get(&server.url, 1 << 20).unwrap().len(), 1 << 20);
    let error = get(&server.url, (1 << 20) - 1).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[test]
fn statuses_are_told_apart() {
    let server = Server::start(|request| answer(&request.path[1..].replace('_', " "), &[], b""));
    let fails = |status: &str| get(&format!("{}/{status}", server.url), 1).unwrap_err();
    for (status, cause) in [
        ("404_No", Cause::No),
        ("410_Gone", Cause::No),
        ("401_Who", Cause::Configuration),
        ("403_No", Cause::Configuration),
        ("500_Oh", Cause::Outside),
        ("206_Part", Cause::Outside),
    ] {
        assert_eq!(fails(status).cause(), cause, "{status}");
    }
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn what_fails_in_passing_is_tried_again() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer("503 Later", &[("retry-after", "0")], b""),
        1 => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab".to_vec(),
        _ => ok(b"hello"),
    });
    assert_eq!(get(&server.url, 5).unwrap(), b"hello");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn an_answer_that_always_breaks_off_is_a_failure_of_the_network() {
    let server = Server::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab".to_vec());
    let error = get(&server.url, 5).unwrap_err();
    assert!(
        matches!(error, FetchError::BrokenOff { received: 2, .. }),
        "{error:?}"
    );
    assert_eq!(error.cause(), Cause::Outside);
    assert_eq!(server.asked().len(), 4);
    let nobody = get("http://127.0.0.1:1/", 5).unwrap_err();
    assert!(
        matches!(nobody, FetchError::Unreachable { .. }),
        "{nobody:?}"
    );
}

#[test]
fn redirects_are_followed_so_far_and_to_http_and_https_only() {
    let server = Server::start(|request| {
        let to = match request.path.as_str() {
            "/relative" => "end?x=1#fragment",
            "/around" => "/around",
            "/file" => "file:///etc/passwd",
            "/nowhere" => "",
            _ => return ok(b"end"),
        };
        answer("302 Found", &[("location", to)], b"ignored")
    });
    assert_eq!(get(&format!("{}/relative", server.url), 9).unwrap(), b"end");
    assert_eq!(server.asked()[1].path, "/end?x=1");
    let fails = |path: &str| get(&format!("{}/{path}", server.url), 9).unwrap_err();
    assert!(matches!(
        fails("around"),
        FetchError::TooManyRedirects { .. }
    ));
    assert!(matches!(fails("file"), FetchError::BadRedirect { .. }));
    assert!(matches!(fails("nowhere"), FetchError::BadRedirect { .. }));
    assert!(matches!(
        agent(Credentials::default()).get_bounded(&"ftp://x/".parse().unwrap(), 1),
        Err(FetchError::Scheme { .. })
    ));
}

#[test]
fn credentials_stay_with_their_server() {
    let other = Server::start(|_| ok(b"other"));
    let away = other.url.clone();
    let own = Server::start(move |request| match request.path.as_str() {
        "/away" => answer("302 Found", &[("location", &away)], b""),
        "/home" => answer("302 Found", &[("location", "/end")], b""),
        _ => ok(b"own"),
    });
    let with = own.url.replace("http://", "http://alice:secret@");
    let (url, header) = parse_url(&format!("{with}/home")).unwrap();
    let mut credentials = Credentials::new(Netrc::default());
    credentials.give(&url, header);
    let agent = agent(credentials);
    assert_eq!(agent.get_bounded(&url, 9).unwrap(), b"own");
    for request in own.asked() {
        assert_eq!(
            request.header("authorization"),
            Some("Basic YWxpY2U6c2VjcmV0")
        );
    }
    assert_eq!(
        agent.get_bounded(&url.join("/away").unwrap(), 9).unwrap(),
        b"other"
    );
    assert_eq!(other.asked()[0].header("authorization"), None);
    // A page's link that brings its own is somebody else speaking in the caller's name.
    let link: Url = other.url.replace("http://", "http://m:m@").parse().unwrap();
    agent.get_bounded(&link, 9).unwrap();
    assert_eq!(other.asked()[1].header("authorization"), None);
}

#[test]
fn a_file_is_hashed_on_its_way_and_begun_anew_after_a_break() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nwrong".to_vec(),
        _ => ok(b"right"),
    });
    let mut file = tempfile::tempfile().unwrap();
    let url = server.url.parse().unwrap();
    let mut heard = Vec::new();
    let agent = agent(Credentials::default());
    let done = agent
        .download(&url, 5, &mut file, &mut |count| heard.push(count))
        .unwrap();
    assert_eq!(done.sha256, Sha256::of(b"right"));
    assert_eq!((done.bytes, file.metadata().unwrap().len()), (5, 5));
    assert_eq!(heard, [5, 5]);
    assert_eq!(
        server.asked()[0].header("accept-encoding"),
        Some("identity")
    );
    let error = agent.download(&url, 4, &mut file, &mut |_| ()).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 4, .. }));
}

#[test]
fn a_proxy_is_asked_for_the_host_and_gets_no_credentials_of_it() {
    let proxy = Server::start(|_| answer("403 Not Here", &[], b""));
    let address = proxy.url.replace("http://", "http://me:pw@");
    let proxies = Proxies::from_environment(&move |name| {
        (name == "https_proxy" || name == "http_proxy").then(|| address.clone())
    });
    let mut credentials = Credentials::default();
    let (url, header) = parse_url("https://alice:secret@packages.example/simple/").unwrap();
    credentials.give(&url, header);
    let agent = Agent::new(Settings {
        user_agent: "touchplate-test/1".to_owned(),
        credentials,
        proxies: proxies.unwrap(),
    });
    let error = agent.get_bounded(&url, 9).unwrap_err();
    assert_eq!(error.cause(), Cause::Outside, "{error:?}");
    // No name is looked up here, and none of this could be: the proxy does that.
    let asked = &proxy.asked()[0];
    assert_eq!(asked.path, "packages.example:443");
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(asked.header("proxy-authorization"), Some("Basic bWU6cHc="));
    // This machine's own addresses are not for it.
    let own = Server::start(|_| ok(b"own"));
    assert_eq!(
        agent.get_bounded(&own.url.parse().unwrap(), 9).unwrap(),
        b"own"
    );
}
