//! Every route as everybody: what each of them gets is a list that one has to change on purpose. The routes are read from the
//! tables in the source, so that a new one without a row here fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use insta::assert_snapshot;
use touchplate_index::accounts::{MadeFor, Role};
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;

/// Every URL of the index itself; the trust stack, which knows nothing of projects, is in `walk`.
fn routes() -> BTreeSet<&'static str> {
    let source = include_str!("../../src/routes.rs");
    let table = source.split("pub(crate) fn is_open").next().unwrap();
    let texts = table.split('"').skip(1).step_by(2);
    texts.filter(|text| text.starts_with('/')).collect()
}

/// One URL of a route. A parameter that this does not know is a new one: say here what stands for it.
fn url(route: &str, project: &str) -> String {
    // Of a project that is not there as of one that is: a path has to be one.
    let wheel = sample::wheel("secret", "1.0").attested();
    let digest = wheel.sha256().to_string();
    let filename = wheel.filename().replace("secret", project);
    let url = route
        .replace("{project}", project)
        .replace("{version}", "1.0")
        .replace("{first}", &digest[..2])
        .replace("{second}", &digest[2..4])
        .replace("{rest}", &digest[4..])
        .replace("{filename}", &filename)
        .replace("{*member}", &format!("{project}/__init__.py"))
        // None of the project's: what is refused is not refused for that.
        .replace("{id}", "999")
        .replace("{token}", "0123456789abcdef")
        .replace("{user}", "nobody")
        .replace("/attestations/{name}", "/attestations/publish-1.json")
        .replace("/static/{name}", "/static/none.css");
    assert!(
        !url.contains('{'),
        "what stands for a parameter of {route}?"
    );
    url
}

/// Who asks, with a token or without.
type Callers = Vec<(&'static str, Option<String>)>;

async fn callers(server: &TestServer) -> Callers {
    let mut callers: Callers = vec![("nobody", None)];
    let stranger = server.user("stranger").await;
    callers.push(("stranger", Some(stranger.token.clone())));
    for role in Role::ALL {
        let member = server.user(role.as_str()).await;
        let mut member = member;
        for project in ["secret", "inner", "known"] {
            member = member.with_role(project, role).await;
        }
        callers.push((role.as_str(), Some(member.token.clone())));
        if role == Role::Owner {
            let narrowed = member.token_for("other").await.token.clone();
            callers.push(("owner's token for another project", Some(narrowed)));
            let reading = member.reading(&[]).await.token.clone();
            callers.push(("owner's read token", Some(reading)));
            let reading = member.reading(&["other"]).await.token.clone();
            callers.push(("owner's read token for another project", Some(reading)));
        }
    }
    let root = server.user("root").await;
    let operator = server.operator();
    let promoted = server.index.set_administrator(&operator, &root.user, true);
    assert!(promoted.await.unwrap());
    callers.push(("administrator", Some(root.token.clone())));
    callers
}

async fn four_projects(server: &TestServer) {
    for (project, visibility) in [
        ("secret", Visibility::Private),
        ("inner", Visibility::Internal),
        ("known", Visibility::Public),
        ("other", Visibility::Public),
    ] {
        let founder = server.user(&format!("founder-of-{project}")).await;
        let founder = founder.owning(project, visibility).await;
        let wheel = sample::wheel(project, "1.0").attested();
        founder.upload(wheel).await.assert_ok();
    }
}

async fn ask(server: &TestServer, method: &str, url: &str, token: Option<&str>) -> Answer {
    let mut request = Request::new(method, url);
    if let Some(token) = token {
        request = request.token(token);
    }
    server.client.send(&request).await
}

/// The methods of a route, deletion last.
async fn methods(server: &TestServer, url: &str) -> Vec<String> {
    let options = ask(server, "OPTIONS", url, None).await;
    let allow = options.header("allow").unwrap_or_default().to_owned();
    let methods = allow.split(", ").filter(|method| *method != "HEAD");
    let mut methods: Vec<String> = methods.map(str::to_owned).collect();
    methods.sort_by_key(|method| method == "DELETE");
    methods
}

async fn table(server: &TestServer, callers: &Callers, project: &str, all: bool) -> String {
    let mut told = String::new();
    // What takes away comes last, and of that the whole project.
    let mut asked: Vec<(String, &str, String)> = Vec::new();
    for route in routes() {
        if all || route.contains("{project}") || route.contains("{filename}") {
            let url = url(route, project);
            for method in methods(server, &url).await {
                asked.push((method, route, url.clone()));
            }
        }
    }
    asked.sort_by_key(|(method, route, _)| (method == "DELETE", usize::MAX - route.len()));
    for (method, route, url) in asked {
        // Who answered the same stands together.
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for (who, token) in callers {
            let answer = ask(server, &method, &url, token.as_deref()).await;
            if method == "GET" {
                let head = ask(server, "HEAD", &url, token.as_deref()).await;
                assert_eq!(head.status, answer.status, "HEAD {url} as {who}");
            }
            let kept = answer.header("cache-control").unwrap_or_default();
            if project != "known" && route.contains("{project}") {
                let redirected = answer.status == 308 || answer.status == 301;
                assert!(
                    kept.contains("no-store") || redirected,
                    "{method} {url} as {who}: {kept}"
                );
            }
            by_status.entry(answer.status).or_default().push(who);
        }
        write!(told, "{method} {route}:").unwrap();
        for (status, who) in by_status {
            write!(told, " {status} {};", who.join(", ")).unwrap();
        }
        told.push('\n');
    }
    told
}

#[tokio::test]
async fn every_route_as_everybody() {
    let server = TestServer::start().await;
    four_projects(&server).await;
    let callers = callers(&server).await;
    assert_snapshot!("private", table(&server, &callers, "secret", true).await);
    assert_snapshot!("internal", table(&server, &callers, "inner", false).await);
    assert_snapshot!("public", table(&server, &callers, "known", false).await);
}

/// The whole answer, with the project's name and the request's number taken out.
fn without(answer: &Answer, project: &str) -> String {
    let request = answer.header("x-request-id").unwrap_or("none");
    let whole = answer.whole().replace(project, "<project>");
    whole.replace(request, "<id>")
}

#[tokio::test]
async fn a_hidden_name_answers_as_an_unknown_one_on_every_route() {
    let server = TestServer::start().await;
    four_projects(&server).await;
    let sam = server.user("sam").await;
    let reading = sam.reading(&[]).await;
    let owner = server
        .user("olaf")
        .await
        .with_role("secret", Role::Owner)
        .await;
    // Of somebody who sees it, for another project.
    let elsewhere = owner.reading(&["other"]).await;
    let callers = [
        ("nobody", None),
        ("a stranger", Some(&sam.token)),
        ("a stranger's read token", Some(&reading.token)),
        (
            "an owner's token for another project",
            Some(&elsewhere.token),
        ),
    ];
    let mut compared = 0;
    for route in routes() {
        if !route.contains("{project}") && !route.contains("{filename}") {
            continue;
        }
        // As long as each other, or the lengths of answers would differ.
        let (hidden, unknown) = (url(route, "secret"), url(route, "absent"));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            for (who, token) in callers {
                let token = token.map(String::as_str);
                let hidden = ask(&server, method, &hidden, token).await;
                let unknown = ask(&server, method, &unknown, token).await;
                assert_eq!(
                    without(&hidden, "secret"),
                    without(&unknown, "absent"),
                    "{method} {route} as {who}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 400, "{compared}");
}

#[tokio::test]
async fn a_validator_of_a_hidden_page_is_worth_nothing_to_others() {
    let server = TestServer::start().await;
    four_projects(&server).await;
    let owner = server
        .user("olaf")
        .await
        .with_role("secret", Role::Owner)
        .await;
    let sam = server.user("sam").await;
    for route in routes() {
        let url = url(route, "secret");
        let seen = ask(&server, "GET", &url, Some(&owner.token)).await;
        let Some(etag) = seen.header("etag").map(str::to_owned) else {
            continue;
        };
        if !route.contains("{project}") && !route.contains("{filename}") {
            continue;
        }
        for (name, value) in [
            ("if-none-match", etag.as_str()),
            ("if-none-match", "*"),
            ("range", "bytes=0-0"),
            ("if-match", etag.as_str()),
        ] {
            for token in [None, Some(&sam.token)] {
                let mut request = Request::get(&url).header(name, value);
                if let Some(token) = token {
                    request = request.token(token);
                }
                let answer = server.client.send(&request).await;
                // 401: what members alone see is refused before anybody looks for it.
                assert!(
                    matches!(answer.status, 404 | 401),
                    "{name} {url}: {}",
                    answer.status
                );
            }
        }
        let request = Request::get(&url)
            .header("if-none-match", &etag)
            .token(&owner.token);
        assert_eq!(server.client.send(&request).await.status, 304, "{url}");
    }
}

#[tokio::test]
async fn an_upload_by_a_narrowed_token_learns_no_name() {
    let server = TestServer::start().await;
    four_projects(&server).await;
    let sam = server.user("sam").await;
    let mut answers = Vec::new();
    for project in ["secret", "absent"] {
        let caveats = touchplate_index::accounts::Caveats {
            projects: [project.parse().unwrap()].into(),
            ..Default::default()
        };
        let whole: touchplate_index::accounts::Bearer = sam.token.parse().unwrap();
        let narrowed = whole.narrow(&caveats).unwrap();
        let (content_type, body) = server.form(&sample::wheel(project, "9.0"));
        let request = Request::new("POST", "/legacy/")
            .token(&narrowed)
            .body(&content_type, body);
        let answer = server.client.send(&request).await;
        assert_eq!(answer.status, 403);
        answers.push(without(&answer, project));
    }
    assert_eq!(answers[0], answers[1]);
    // As everywhere: who asks for a token of such projects learns no more.
    let user = sam.user.clone();
    let made_for = MadeFor::Reading(None);
    assert!(
        server
            .index
            .create_token(&server.operator(), &user, made_for, None)
            .await
            .is_ok()
    );
}
