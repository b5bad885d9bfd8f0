//! Where an agent goes that others send, and where it does not.

use touchplate_client::fetch::{
    Agent, Authorities, Cause, Credentials, FetchError, Guard, InvalidAuthorities, Proxies, Reach,
    Settings,
};

use crate::server::{Server, answer, ok};

fn get(reach: Reach, url: &str) -> Result<Vec<u8>, FetchError> {
    let settings = Settings {
        user_agent: "touchplate-test/1".to_owned(),
        credentials: Credentials::default(),
        proxies: Proxies::default(),
    };
    let guard = Guard {
        reach,
        authorities: Authorities::default(),
        seconds: 5,
        attempts: 1,
    };
    Agent::guarded(settings, guard).get_bounded(&url.parse().unwrap(), 100)
}

#[test]
fn plain_http_is_for_the_loopback_alone_and_for_who_may_go_there() {
    let server = Server::start(|_| ok(b"own"));
    assert_eq!(get(Reach::Loopback, &server.url).unwrap(), b"own");
    for (reach, url) in [
        (Reach::Private, server.url.as_str()),
        (Reach::Public, server.url.as_str()),
        (Reach::Loopback, "http://issuer.example/"),
        (Reach::Loopback, "http://10.0.0.1/"),
    ] {
        let error = get(reach, url).unwrap_err();
        assert!(matches!(error, FetchError::Insecure { .. }), "{error:?}");
        assert_eq!(error.cause(), Cause::Configuration);
    }
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_address_out_of_reach_is_not_connected_to_whatever_its_name() {
    let server = Server::start(|_| ok(b"own"));
    let port = server.url.rsplit(':').next().unwrap();
    for host in ["localhost", "127.0.0.1", "[::1]", "2130706433"] {
        let error = get(Reach::Private, &format!("https://{host}:{port}/")).unwrap_err();
        assert!(matches!(error, FetchError::OutOfReach { .. }), "{error:?}");
    }
    let cloud = get(Reach::Private, "https://169.254.169.254/latest").unwrap_err();
    assert_eq!(
        cloud.to_string(),
        "https://169.254.169.254/latest is at 169.254.169.254, which is out of reach: private and local addresses are \
         connected to only if that is configured"
    );
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn a_redirect_stays_with_its_host() {
    let other = Server::start(|_| ok(b"other"));
    let away = other.url.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/away" => answer("302 Found", &[("location", &away)], b""),
        "/home" => answer("302 Found", &[("location", "/end")], b""),
        _ => ok(b"own"),
    });
    let home = get(Reach::Loopback, &format!("{}/home", server.url));
    assert_eq!(home.unwrap(), b"own");
    let error = get(Reach::Loopback, &format!("{}/away", server.url)).unwrap_err();
    assert!(matches!(error, FetchError::OtherHost { .. }), "{error:?}");
    assert_eq!(other.asked().len(), 0);
}

#[test]
fn a_guarded_agent_asks_as_often_as_it_may() {
    let server = Server::start(|_| answer("503 Later", &[], b""));
    let error = get(Reach::Loopback, &server.url).unwrap_err();
    assert!(matches!(error, FetchError::ServerFailed { .. }));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn authorities_are_certificates_in_pem() {
    assert_eq!(
        Authorities::from_pem(b"nothing").unwrap_err(),
        InvalidAuthorities
    );
    let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert_eq!(
        Authorities::from_pem(broken).unwrap_err(),
        InvalidAuthorities
    );
}

#[test]
fn a_proxy_decides_what_is_in_its_reach() {
    let proxy = Server::start(|_| answer("403 Not Here", &[], b""));
    let address = proxy.url.clone();
    let proxies =
        Proxies::from_environment(&move |name| (name == "https_proxy").then(|| address.clone()));
    let settings = Settings {
        user_agent: "touchplate-test/1".to_owned(),
        credentials: Credentials::default(),
        proxies: proxies.unwrap(),
    };
    let guard = Guard {
        reach: Reach::Public,
        authorities: Authorities::default(),
        seconds: 5,
        attempts: 1,
    };
    let agent = Agent::guarded(settings, guard);
    let url = "https://issuer.example/keys".parse().unwrap();
    let error = agent.get_bounded(&url, 9).unwrap_err();
    // The proxy itself is at a private address, and was reached: nothing was looked up here.
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    assert_eq!(proxy.asked()[0].path, "issuer.example:443");
}
