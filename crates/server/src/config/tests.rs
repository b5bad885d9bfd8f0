use std::error::Error as _;
use std::fs;
use std::time::Duration;

use touchplate_trust::authority::IssuerKind;

use super::*;

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn load(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("touchplate.toml");
    fs::write(&path, file).unwrap();
    Config::load(Some(&path), pairs(environment), pairs(flags))
}

fn refusal(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> String {
    let error = load(file, environment, flags).unwrap_err();
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    let message = format!("{error}{cause}");
    // The file's folder is another in each run.
    match (message.find("/"), message.find("touchplate.toml")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &message[..from], &message[to..]),
        _ => message,
    }
}

#[test]
fn nothing_given_is_the_default() {
    let config = Config::load(None, [], []).unwrap();
    assert_eq!(config, Config::in_folder(Path::new("touchplate-data")));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8740");
    assert_eq!(
        config.location.database.to_string(),
        "sqlite:touchplate-data/touchplate.sqlite"
    );
}

#[test]
fn every_key_is_read_and_later_sources_win() {
    let file = r#"
        url = "https://packages.example/"
        listen = "0.0.0.0:80"
        data = "/srv/one"
        database = "sqlite:/srv/rows"
        blobs = "file:/srv/bytes"
        profile = "pypi"
        trusted_root = "/etc/root.json"
        trust = "/etc/trust"
        forwarded_from = ["10.0.0.0/8", "::1"]
        forwarded_header = "Forwarded"
        files_url = "https://files.example"
        anonymous_read = false
        default_visibility = "internal"
        readme_images = "show"
        index_binding_required = true
        read_only = true
        max_file_bytes = 1000
        max_project_bytes = 5000
        trust_key_file = "/run/secrets/trust"
        trust_clock = "unchecked"
        tls_cert = "/etc/chain.pem"
        tls_key = "/etc/key.pem"
        trusted_publishing = false
        trusted_publishing_except = ["github", "https://gitlab.example"]
        oidc_audience = "acme-index"
        trust_issuers = "/etc/issuers.toml"
        log_format = "json"
        max_connections = 1
        max_connections_per_address = 2
        max_http2_streams = 3
        max_headers = 4
        max_head_bytes = 8192
        head_seconds = 5
        idle_seconds = 6
        stall_seconds = 7
        min_bytes_per_second = 8
        stop_delay_seconds = 0
        stop_seconds = 9
        metrics_from = ["192.0.2.0/24"]
        otlp_endpoint = "https://collector.example/otlp"
        otlp_share = "0.25"
    "#;
    let environment = [
        ("TOUCHPLATE_DATA", "/srv/two"),
        ("TOUCHPLATE_LISTEN", "[::]:81"),
        ("HOME", "/root"),
    ];
    let config = load(file, &environment, &[("listen", "127.0.0.1:0")]).unwrap();
    let expected = Config {
        url: Some("https://packages.example".parse().unwrap()),
        listen: "127.0.0.1:0".parse().unwrap(),
        data: "/srv/two".into(),
        location: Location {
            database: "sqlite:/srv/rows".parse().unwrap(),
            blobs: "file:/srv/bytes".parse().unwrap(),
        },
        profile: Profile::Pypi,
        trusted_root: Some("/etc/root.json".into()),
        trust: Some("/etc/trust".into()),
        forwarded_from: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
        forwarded_header: ForwardedHeader::Forwarded,
        files_url: Some("https://files.example".parse().unwrap()),
        anonymous_read: false,
        default_visibility: Visibility::Internal,
        readme_images: Images::Show,
        index_binding_required: true,
        read_only: true,
        max_file_bytes: 1000,
        max_project_bytes: Some(5000),
        trust_key_file: Some("/run/secrets/trust".into()),
        trust_clock: TrustClock::Unchecked,
        tls_cert: Some("/etc/chain.pem".into()),
        tls_key: Some("/etc/key.pem".into()),
        trusted_publishing: false,
        trusted_publishing_except: vec![
            Provider::Kind(IssuerKind::GitHub),
            Provider::Issuer("https://gitlab.example".to_owned()),
        ],
        oidc_audience: Some("acme-index".parse().unwrap()),
        trust_issuers: Some("/etc/issuers.toml".into()),
        limits: Limits {
            connections: 1,
            connections_per_address: 2,
            http2_streams: 3,
            headers: 4,
            head_bytes: 8192,
            head_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(6),
            stall_time: Duration::from_secs(7),
            bytes_per_second: 8,
            stop_delay: Duration::ZERO,
            stop_time: Duration::from_secs(9),
        },
        metrics_from: vec!["192.0.2.0/24".parse().unwrap()],
        otlp_endpoint: Some("https://collector.example/otlp".parse().unwrap()),
        otlp_share: "0.25".parse().unwrap(),
        log_format: LogFormat::Json,
    };
    assert_eq!(config, expected);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    assert_eq!(
        refusal("lisen = \"x\"", &[], &[]),
        "touchplate.toml: there is no key `lisen`; did you mean `listen`?"
    );
    assert!(
        refusal("trusted_publishing_except = [\"githup\"]", &[], &[]).ends_with(
            "expected an issuer's URL or one of github, gitlab, google, circleci, buildkite, kubernetes, email, activestate, \
             generic, found `githup`"
        )
    );
    assert!(
        refusal("colour = 1", &[], &[])
            .contains("there is no key `colour`; the keys are url, listen, data,")
    );
    assert_eq!(
        refusal("", &[("TOUCHPLATE_ANONYMUS_READ", "false")], &[]),
        "the environment variable TOUCHPLATE_ANONYMUS_READ: there is no key `ANONYMUS_READ`; did you mean \
         `anonymous_read`?"
    );
    assert_eq!(
        refusal("", &[], &[("listen", "here")]),
        "the flag --listen: the value of `listen` is wrong: invalid socket address syntax"
    );
    assert_eq!(
        refusal("", &[("TOUCHPLATE_PROFILE", "open")], &[])
            .split(':')
            .next(),
        Some("the environment variable TOUCHPLATE_PROFILE")
    );
    for (key, given, expected) in [
        ("max_connections", "0", "1 to 1000000, found `0`"),
        ("max_head_bytes", "8191", "8192 to 1048576, found `8191`"),
        ("head_seconds", "30s", "1 to 86400, found `30s`"),
        ("stop_seconds", "-1", "1 to 86400, found `-1`"),
        ("max_headers", "+7", "1 to 1000000, found `+7`"),
        (
            "stall_seconds",
            "99999999999999999999",
            "1 to 86400, found `99999999999999999999`",
        ),
    ] {
        let refused = refusal("", &[], &[(key, given)]);
        let expected = format!("expected a whole number from {expected}");
        assert!(refused.ends_with(&expected), "{refused}");
    }
    assert!(refusal("[url]\nx = 1", &[], &[]).contains("`url` takes text, a number"));
    assert!(refusal("url = ", &[], &[]).contains("is no TOML"));
    assert!(
        load(
            "",
            &[("TOUCHPLATE_TOKEN", "x"), ("TOUCHPLATE_LOG", "debug")],
            &[]
        )
        .is_ok()
    );
}
