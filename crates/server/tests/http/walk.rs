//! Every route, walked as nobody and as a stranger; what they may see is a list that one has to change on purpose.

use std::fmt::Write as _;

use insta::assert_snapshot;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/// One URL of each route, for a public project or a private one.
fn routes(project: &str) -> Vec<String> {
    let wheel = sample::wheel(project, "1.0").attested();
    let digest = wheel.sha256().to_string();
    let filename = wheel.filename();
    let file = format!(
        "/files/{}/{}/{}/{filename}",
        &digest[..2],
        &digest[2..4],
        &digest[4..]
    );
    vec![
        "/".to_owned(),
        format!("/search?q={project}"),
        "/legacy/".to_owned(),
        "/legacy".to_owned(),
        "/simple/".to_owned(),
        "/simple".to_owned(),
        format!("/simple/{project}/"),
        format!("/simple/{project}"),
        format!("/integrity/{project}/1.0/{filename}/provenance"),
        format!("/pypi/{project}/json"),
        format!("/pypi/{project}/json/"),
        format!("/pypi/{project}/1.0/json"),
        format!("/pypi/{project}/1.0/json/"),
        file.clone(),
        format!("{file}.metadata"),
        format!("/project/{project}/"),
        format!("/project/{project}"),
        format!("/project/{project}/history/"),
        format!("/project/{project}/history"),
        format!("/project/{project}/1.0/"),
        format!("/project/{project}/1.0"),
        format!("/project/{project}/1.0/{filename}"),
        format!("/project/{project}/releases.atom"),
        "/feeds/releases.atom".to_owned(),
        "/robots.txt".to_owned(),
        "/api/v1/pending-publishers".to_owned(),
        "/api/v1/pending-publishers/1".to_owned(),
        format!("/api/v1/projects/{project}/publishers"),
        format!("/api/v1/projects/{project}/publishers/1"),
        format!("/api/v1/projects/{project}/publishers/1/terms"),
        format!("/api/v1/projects/{project}/attesters"),
        format!("/api/v1/projects/{project}/attesters/1"),
        format!("/api/v1/projects/{project}/1.0/{filename}/attestations"),
        format!("/api/v1/projects/{project}/1.0/{filename}/provenance"),
        "/api/v1/projects".to_owned(),
        format!("/api/v1/projects/{project}"),
        format!("/api/v1/projects/{project}/releases"),
        format!("/api/v1/projects/{project}/releases/1.0"),
        format!("/api/v1/projects/{project}/releases/1.0/yank"),
        format!("/api/v1/projects/{project}/status"),
        format!("/api/v1/projects/{project}/visibility"),
        format!("/api/v1/projects/{project}/provenance"),
        format!("/api/v1/projects/{project}/downloads"),
        format!("/api/v1/projects/{project}/1.0/{filename}"),
        format!("/api/v1/projects/{project}/1.0/{filename}/downloads"),
        "/api/v1/search".to_owned(),
        "/api/v1/openapi.json".to_owned(),
        "/api/v1/provenance".to_owned(),
        "/api/v1/nothing".to_owned(),
        "/coverage".to_owned(),
        "/static/none.css".to_owned(),
        "/_/oidc/audience".to_owned(),
        "/_/oidc/mint-token".to_owned(),
        "/_/oidc/github/mint-token".to_owned(),
        "/.well-known/pytp?discover=%2Flegacy%2F".to_owned(),
        "/healthz".to_owned(),
        "/readyz".to_owned(),
        "/no/such/page".to_owned(),
    ]
}

/// One URL of each route of a private trust stack.
const STACK: [&str; 23] = [
    "/trust/root.json",
    "/trust/signing_config.json",
    "/trust/signing_config.rekor1.json",
    "/trust/trust_config.json",
    "/trust/trust_config.rekor1.json",
    "/api/v2/signingCert",
    "/api/v2/trustBundle",
    "/api/v2/configuration",
    "/trust/ca/api/v2/trustBundle",
    "/trust/rekor1/api/v1/log",
    "/trust/rekor1/api/v1/log/publicKey",
    "/trust/rekor1/api/v1/log/proof",
    "/trust/rekor1/api/v1/log/entries",
    "/trust/rekor1/api/v1/log/entries/retrieve",
    "/trust/rekor1/api/v1/index/retrieve",
    "/trust/rekor1/checkpoint",
    "/trust/rekor2/api/v2/checkpoint",
    "/trust/rekor2/api/v2/log/entries",
    "/trust/rekor2/api/v2/tile/0/000",
    "/trust/ct/checkpoint",
    "/trust/tsa/api/v1/timestamp",
    "/trust/tsa/api/v1/timestamp/certchain",
    "/trust/stack.toml",
];

async fn walk_stack(server: &TestServer) -> String {
    let mut told = String::new();
    for route in STACK {
        write!(told, "{route}:").unwrap();
        for method in METHODS {
            let answer = server.client.send(&Request::new(method, route)).await;
            write!(told, " {method} {}", answer.status).unwrap();
        }
        told.push('\n');
    }
    told
}

/// A stack's clients have no credentials of the index; what it serves is for everybody who reaches it.
#[tokio::test]
async fn every_route_of_a_trust_stack_as_nobody() {
    let stack = TestServer::start_with(|config| {
        config.anonymous_read = false;
        let founding = touchplate_trust::layout::Founding {
            folder: config.data.join("trust"),
            url: touchplate_testkit::server::URL.parse().unwrap(),
            operator: "Example".parse().unwrap(),
            domain: "example".parse().unwrap(),
            projects: vec!["*".parse().unwrap()],
            sign_in: None,
            secret: touchplate_trust::layout::SecretFile::Beside,
            root_key: None,
        };
        let now = touchplate_server::Clock::now(&touchplate_testkit::FixedClock::default());
        founding.found(now).unwrap();
    })
    .await;
    assert_snapshot!("stack_nobody", walk_stack(&stack).await);
    let without = TestServer::start().await;
    for line in walk_stack(&without).await.lines() {
        let mut answers = line.split(' ').filter_map(|word| word.parse::<u16>().ok());
        assert!(answers.all(|status| status == 404), "{line}");
    }
}

async fn walk(server: &TestServer, token: Option<&str>) -> String {
    let mut told = String::new();
    for project in ["open", "secret"] {
        let mut routes = routes(project);
        // The others are the same for every project.
        routes.retain(|route| project == "open" || route.contains(project));
        for route in routes {
            write!(
                told,
                "{}:",
                route.replace(
                    &sample::wheel(project, "1.0").sha256().to_string()[4..],
                    "<60>"
                )
            )
            .unwrap();
            for method in METHODS {
                let mut request = Request::new(method, &route);
                if let Some(token) = token {
                    request = request.token(token);
                }
                let answer = server.client.send(&request).await;
                let allow = answer
                    .header("allow")
                    .map(|allow| format!(" ({allow})"))
                    .unwrap_or_default();
                write!(told, " {method} {}{allow}", answer.status).unwrap();
            }
            told.push('\n');
        }
    }
    told
}

async fn two_projects(server: &TestServer) {
    let alice = server.publisher("alice").await.of("open").await;
    alice
        .upload(sample::wheel("open", "1.0").attested())
        .await
        .assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    olga.upload(sample::wheel("secret", "1.0").attested())
        .await
        .assert_ok();
}

#[tokio::test]
async fn every_route_as_nobody_and_as_a_stranger() {
    let server = TestServer::start().await;
    two_projects(&server).await;
    let stranger = server.user("sam").await;
    assert_snapshot!("nobody", walk(&server, None).await);
    assert_snapshot!("stranger", walk(&server, Some(&stranger.token)).await);
}

#[tokio::test]
async fn every_route_where_reading_needs_credentials() {
    let server = TestServer::start_with(|config| config.anonymous_read = false).await;
    two_projects(&server).await;
    let stranger = server.user("sam").await;
    assert_snapshot!("closed_nobody", walk(&server, None).await);
    assert_snapshot!(
        "closed_stranger",
        walk(&server, Some(&stranger.token)).await
    );
    assert_snapshot!("challenge", server.get("/simple/open/").await.whole());
    // What is public among those who may read is not public for caches.
    let seen = stranger.get("/simple/open/").await.assert_ok();
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
}
