//! The flags that accept what was proved, for a caller who has seen who it was.

use serde_json::Value;
use touchplate_attest::{Proven, Publisher};

use crate::screen::{printable, quoted};

/// The flags that would expect exactly the holder of this proof's certificate; none where they could not be typed.
pub(crate) fn flags(proven: &Proven) -> Option<String> {
    let publisher = github(proven)
        .or_else(|| gitlab(proven))
        .filter(|one| proven.clone().by(one).is_ok());
    let words = match publisher {
        Some(publisher) => vec!["--publisher".to_owned(), without_nulls(&publisher)],
        None => {
            let san = proven.identity().only_san()?.as_str().to_owned();
            vec![
                "--identity".to_owned(),
                san,
                "--issuer".to_owned(),
                proven.identity().issuer().to_owned(),
            ]
        }
    };
    if words.iter().any(|word| printable(word) != *word) {
        return None;
    }
    Some(
        words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn github(proven: &Proven) -> Option<Publisher> {
    let claims = proven.claims();
    let repository = claims
        .source_repository_uri
        .as_deref()?
        .strip_prefix("https://github.com/")?;
    let folder = format!("https://github.com/{repository}/.github/workflows/");
    let (workflow, _at) = claims
        .build_config_uri
        .as_deref()?
        .strip_prefix(&folder)?
        .split_once('@')?;
    Some(Publisher::github(repository, workflow))
}

fn gitlab(proven: &Proven) -> Option<Publisher> {
    let claims = proven.claims();
    let repository = claims
        .source_repository_uri
        .as_deref()?
        .strip_prefix("https://gitlab.com/")?;
    let folder = format!("https://gitlab.com/{repository}//");
    let (path, _at) = claims
        .build_config_uri
        .as_deref()?
        .strip_prefix(&folder)?
        .split_once('@')?;
    let (repository, workflow_filepath) = (repository.to_owned(), path.to_owned());
    Some(Publisher::GitLab {
        repository,
        workflow_filepath,
        environment: None,
    })
}

/// The publisher object without fields that restrict nothing.
pub(crate) fn without_nulls(publisher: &Publisher) -> String {
    let mut json = publisher.to_json();
    if let Value::Object(fields) = &mut json {
        fields.retain(|_, value| !value.is_null());
    }
    json.to_string()
}
