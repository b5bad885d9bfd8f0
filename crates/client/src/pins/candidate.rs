//! The publisher that a certificate is most plainly one of.

use serde_json::{Value, json};
use touchplate_attest::{Proven, Publisher};

/// The publisher, in any environment, that the holder of this proof's certificate is: of those kinds whose certificates
/// name the release, so that the name itself would not last. None for the others, and where it does not match.
pub fn publisher_of(proven: &Proven) -> Option<Publisher> {
    let publisher = Publisher::parse(candidate(proven)?.to_string().as_bytes()).ok()?;
    proven.clone().by(&publisher).ok()?;
    Some(publisher)
}

fn candidate(proven: &Proven) -> Option<Value> {
    let claims = proven.claims();
    let repository_url = claims.source_repository_uri.as_deref()?;
    let (_scheme, address) = repository_url.split_once("://")?;
    let (host, repository) = address.split_once('/')?;
    // The first one: a ref may hold the sign too.
    let (configuration, _ref) = claims.build_config_uri.as_deref()?.split_once('@')?;
    let within = configuration.strip_prefix(repository_url)?;
    let issuer = proven.identity().issuer();
    if let Some(workflow) = within.strip_prefix("/.github/workflows/") {
        return Some(match host {
            "github.com" => {
                json!({"kind": "GitHub", "repository": repository, "workflow": workflow})
            }
            _ => json!({
                "kind": "GitHubEnterprise", "issuer": issuer, "repository": repository, "workflow": workflow,
            }),
        });
    }
    let path = within.strip_prefix("//")?;
    Some(match host {
        "gitlab.com" => {
            json!({"kind": "GitLab", "repository": repository, "workflow_filepath": path})
        }
        _ => json!({
            "kind": "GitLabSelfManaged", "issuer": issuer, "repository": repository, "workflow_filepath": path,
        }),
    })
}
