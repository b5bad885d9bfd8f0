use serde_json::json;
use touchplate_client::identity::ambient::{AmbientError, Source};

use crate::server::{Server, answer, ok};
use crate::{agent, token};

fn some_token() -> String {
    token(
        &json!({"iss": "https://ci.example", "sub": "job", "exp": 4_000_000_000_u64, "aud": "sigstore"}),
    )
}

#[test]
fn a_github_job_is_asked_at_its_own_url_with_its_own_secret() {
    let server = Server::start(|request| {
        assert_eq!(request.path, "/token?api-version=2&audience=sigstore");
        assert_eq!(request.header("authorization"), Some("bearer job-secret"));
        ok(json!({"value": some_token(), "count": 1})
            .to_string()
            .as_bytes())
    });
    let url = format!("{}/token?api-version=2", server.url);
    let variable = |name: &str| match name {
        "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(url.clone()),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some("job-secret".to_owned()),
        _ => None,
    };
    let token = Source::GitHub
        .token("sigstore", &agent(), &variable)
        .unwrap();
    assert_eq!(token.subject(), "job");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_github_job_without_the_permission_is_told_which() {
    let refused = Source::GitHub
        .token("sigstore", &agent(), &|_| None)
        .unwrap_err();
    assert!(refused.to_string().contains("id-token: write"));
    let server = Server::start(|_| answer("403 Forbidden", &[], b"{}"));
    let variable = |name: &str| match name {
        "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(server.url.clone()),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some("job-secret".to_owned()),
        _ => None,
    };
    let refused = Source::GitHub
        .token("sigstore", &agent(), &variable)
        .unwrap_err();
    assert!(matches!(refused, AmbientError::Refused { status: 403, .. }));
}

#[test]
fn a_google_machine_is_asked_at_its_metadata_server() {
    let server = Server::start(|request| {
        assert_eq!(
            request.path,
            "/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full"
        );
        assert_eq!(request.header("metadata-flavor"), Some("Google"));
        ok(some_token().as_bytes())
    });
    let host = server.url.strip_prefix("http://").unwrap().to_owned();
    let variable = |name: &str| (name == "GCE_METADATA_HOST").then(|| host.clone());
    assert_eq!(Source::detect(&variable), Some(Source::Google));
    let token = Source::Google
        .token("sigstore", &agent(), &variable)
        .unwrap();
    assert_eq!(token.issuer(), "https://ci.example");
}

#[test]
fn what_a_service_answers_must_be_a_token() {
    let server = Server::start(|_| ok(br#"{"value":"not a token"}"#));
    let variable = |name: &str| match name {
        "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(server.url.clone()),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some("job-secret".to_owned()),
        _ => None,
    };
    let refused = Source::GitHub
        .token("sigstore", &agent(), &variable)
        .unwrap_err();
    assert!(matches!(refused, AmbientError::NotAToken { .. }));
    let gitlab = |name: &str| (name == "ACME_ID_TOKEN").then(some_token);
    assert!(Source::GitLab.token("acme", &agent(), &gitlab).is_ok());
    assert!(matches!(
        Source::GitLab.token("sigstore", &agent(), &gitlab),
        Err(AmbientError::GitLab { .. })
    ));
}
