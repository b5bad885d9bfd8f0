use serde_json::{Map, Value, json};
use touchplate_attest::{TokenClaims, TokenMismatch};
use touchplate_client::publish::downgrade::{Allowed, Attesting, Comparison, Worse, compare};
use touchplate_client::publish::remote::{Listing, SimpleApi};
use url::Url;

use crate::server::{Server, answer};
use crate::{agent, entry, page};

const ATTESTATION: &str = include_str!("../../../../fuzz/fixtures/attestation.json");

/// A provenance object by a workflow of `owner/demo`.
fn provenance(workflow: &str) -> Vec<u8> {
    let object = format!(
        r#"{{"version":1,"attestation_bundles":[{{"publisher":{{"kind":"GitHub","repository":"owner/demo","workflow":"{workflow}"}},"attestations":[{ATTESTATION}]}}]}}"#
    );
    answer(
        "200 OK",
        &[("content-type", "application/json")],
        object.as_bytes(),
    )
}

/// What the token of a run of that workflow says.
fn claims(workflow: &str) -> TokenClaims {
    let of = format!("owner/demo/.github/workflows/{workflow}@refs/tags/v1");
    let claims = json!({
        "sub": "repo:owner/demo:ref:refs/tags/v1",
        "repository": "owner/demo",
        "repository_owner": "owner",
        "repository_owner_id": "1",
        "job_workflow_ref": of,
        "workflow_ref": of,
        "event_name": "push",
        "ref": "refs/tags/v1",
        "sha": "0123456789012345678901234567890123456789",
    });
    let claims: Map<String, Value> = claims.as_object().unwrap().clone();
    TokenClaims::new("https://token.actions.githubusercontent.com", claims)
}

/// An index with these files, each with the workflow that attested it, none where there is no attestation.
struct World {
    files: Vec<(&'static str, Option<&'static str>)>,
    broken: bool,
}

impl World {
    fn new(files: &[(&'static str, Option<&'static str>)]) -> Self {
        Self {
            files: files.to_vec(),
            broken: false,
        }
    }

    fn broken(files: &[(&'static str, Option<&'static str>)]) -> Self {
        Self {
            broken: true,
            ..Self::new(files)
        }
    }

    fn compare(&self, version: &str, attesting: Attesting<'_>) -> Comparison {
        let (files, broken) = (self.files.clone(), self.broken);
        let server = Server::start(move |request| {
            let host = request.header("host").unwrap_or_default();
            if let Some(workflow) = request.path.strip_prefix("/provenance/") {
                return if broken {
                    answer("200 OK", &[], b"{}")
                } else {
                    provenance(workflow)
                };
            }
            let entries = files.iter().map(|(filename, workflow)| {
                let key =
                    workflow.map(|it| format!(r#","provenance":"http://{host}/provenance/{it}""#));
                entry(filename, filename, &key.unwrap_or_default())
            });
            page("1.4", &entries.collect::<Vec<_>>())
        });
        let said: Url = format!("{}/simple/", server.url).parse().unwrap();
        let simple = SimpleApi::of(&said, Some(&said), None).unwrap();
        let agent = agent();
        let listing = Listing::ask(&agent, Some(&simple), &"demo".parse().unwrap()).unwrap();
        let version = version.parse().unwrap();
        compare(&agent, &simple.url, &listing, &version, attesting).unwrap()
    }
}

const RELEASED: [(&str, Option<&str>); 3] = [
    ("demo-0.9.tar.gz", None),
    ("demo-1.0-py3-none-any.whl", Some("release.yml")),
    ("demo-1.0.tar.gz", Some("release.yml")),
];

#[test]
fn a_release_without_attestation_after_one_with_is_a_downgrade() {
    let world = World::new(&RELEASED);
    let found = world.compare("1.1", Attesting::Nobody);
    let refused = found.permit(Allowed::default()).unwrap_err();
    assert_eq!(refused.allowed_by(), "--allow-downgrade");
    assert_eq!(
        refused.to_string(),
        "release 1.0 is attested by GitHub workflow release.yml of owner/demo, and what this run publishes would not be"
    );
    let new_identity = Allowed {
        new_identity: true,
        ..Allowed::default()
    };
    assert!(found.permit(new_identity).is_err());
    let downgrade = Allowed {
        downgrade: true,
        ..Allowed::default()
    };
    found.permit(downgrade).unwrap();
    // That it was attested is known even where it cannot be read by whom.
    let found = World::broken(&RELEASED).compare("1.1", Attesting::Nobody);
    assert!(found.permit(Allowed::default()).is_err(), "{found:?}");
}

#[test]
fn another_workflow_is_another_identity() {
    let world = World::new(&RELEASED);
    let same = world.compare("1.1", Attesting::Holder(&claims("release.yml")));
    assert!(matches!(same, Comparison::Same { .. }), "{same:?}");
    same.permit(Allowed::default()).unwrap();
    let other = world.compare("1.1", Attesting::Holder(&claims("other.yml")));
    let refused = other.permit(Allowed::default()).unwrap_err();
    assert_eq!(refused.allowed_by(), "--allow-new-identity");
    let Worse::NewIdentity { difference, .. } = refused else {
        panic!("{other:?}");
    };
    assert!(
        matches!(difference, TokenMismatch::Workflow { .. }),
        "{difference}"
    );
    let allowed = Allowed {
        new_identity: true,
        ..Allowed::default()
    };
    other.permit(allowed).unwrap();
}

#[test]
fn the_last_release_is_the_one_before_this_one() {
    let world = World::new(&RELEASED);
    // Of an older line, the release before it had none.
    let older = world.compare("0.9.1", Attesting::Nobody);
    assert!(matches!(&older, Comparison::NeverAttested { last } if last.to_string() == "0.9"));
    // Older than all: the newest.
    let oldest = world.compare("0.1", Attesting::Nobody);
    assert!(matches!(&oldest, Comparison::Downgrade { last, .. } if last.to_string() == "1.0"));
    // A further file of an attested release.
    let own = world.compare("1.0", Attesting::Nobody);
    assert!(matches!(&own, Comparison::Downgrade { last, .. } if last.to_string() == "1.0"));
    let none = World::new(&[]).compare("1.0", Attesting::Nobody);
    assert_eq!(none, Comparison::First);
    let again = World::new(&[("demo-1.0.tar.gz", None)]).compare("1.0", Attesting::Nobody);
    assert_eq!(again, Comparison::First);
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nobody_who_attests() {
    let untold = World::broken(&RELEASED).compare("1.1", Attesting::Holder(&claims("release.yml")));
    assert!(
        matches!(untold, Comparison::CannotBeTold { .. }),
        "{untold:?}"
    );
    untold.permit(Allowed::default()).unwrap();
    // One of two that attested is enough.
    let mixed = World::new(&[
        ("demo-1.0-py3-none-any.whl", Some("wheels.yml")),
        ("demo-1.0.tar.gz", Some("release.yml")),
    ]);
    let same = mixed.compare("1.1", Attesting::Holder(&claims("release.yml")));
    assert!(matches!(same, Comparison::Same { .. }), "{same:?}");
}
