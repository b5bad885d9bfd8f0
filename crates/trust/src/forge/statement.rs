//! in-toto statements: what is signed about a file.

use serde::Serialize;
use serde_json::{Map, Value, json};
use touchplate_attest::Claims;

use crate::forge::domain::TrustError;
use crate::forge::recipe::StatementRecipe;
use crate::forge::workload::Workload;

/// The keys in the order in which in-toto and Sigstore's clients write them.
#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    type_uri: &'a str,
    subject: Vec<Subject<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: &'a Value,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    digest: &'a std::collections::BTreeMap<String, String>,
}

impl StatementRecipe {
    /// The bytes that are signed.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, TrustError> {
        let subjects = self.subjects.iter();
        let statement = Statement {
            type_uri: &self.type_uri,
            subject: subjects
                .map(|(name, digest)| Subject { name, digest })
                .collect(),
            predicate_type: &self.predicate_type,
            predicate: &self.predicate,
        };
        Ok(serde_json::to_vec(&statement)?)
    }
}

/// SLSA provenance v1 of a build by `who`, in GitHub's build type where it is GitHub's, and as far as its claims tell.
pub(crate) fn provenance(who: &Workload) -> Value {
    let Claims {
        source_repository_uri: repository,
        source_repository_ref: git_ref,
        build_config_uri: config,
        ..
    } = &who.claims;
    let (build_type, platform) = if who.claims.github_workflow_repository.is_some() {
        ("https://actions.github.io/buildtypes/workflow/v1", "github")
    } else {
        ("https://build.example/simulated/v1", "simulated")
    };
    let path = config.as_deref().and_then(|config| {
        let below = config.strip_prefix(repository.as_deref()?)?;
        Some(below.trim_start_matches('/').split('@').next()?.to_owned())
    });
    let dependency = repository.as_deref().map(|repository| {
        let at = git_ref
            .as_deref()
            .map_or_else(String::new, |git_ref| format!("@{git_ref}"));
        let digest = &who.claims.source_repository_digest;
        json!({
            "uri": format!("git+{repository}{at}"),
            "digest": known([("gitCommit", digest)]),
        })
    });
    json!({
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {
                "workflow": known([("ref", git_ref), ("repository", repository), ("path", &path)]),
            },
            "internalParameters": {
                platform: known([
                    ("event_name", &who.claims.build_trigger),
                    ("repository_id", &who.claims.source_repository_id),
                    ("repository_owner_id", &who.claims.source_repository_owner_id),
                    ("runner_environment", &who.claims.runner_environment),
                ]),
            },
            "resolvedDependencies": dependency.into_iter().collect::<Vec<_>>(),
        },
        "runDetails": {
            "builder": {"id": who.claims.build_signer_uri.as_deref().unwrap_or(who.san.as_str())},
            "metadata": known([("invocationId", &who.claims.run_invocation_uri)]),
        },
    })
}

/// An object of the fields that have a value.
fn known<const N: usize>(fields: [(&str, &Option<String>); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    let fields = fields.filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into())));
    fields.collect()
}
