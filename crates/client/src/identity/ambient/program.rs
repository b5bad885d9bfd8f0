//! CI services that hand out ID tokens by a program of theirs, which is in each job's path.

use std::process::{Command, Stdio};

use serde_json::json;

use super::error::AmbientError;

/// CircleCI: `circleci run oidc get`. By the issuer of all its organisations, which is the one that Sigstore and readers of its
/// certificates know; `id` and uv ask in the same way.
pub(super) fn circleci(audience: &str) -> Result<String, AmbientError> {
    let claims = json!({"aud": audience}).to_string();
    run(
        "circleci",
        &["run", "oidc", "get", "--claims", &claims, "--root-issuer"],
    )
}

/// Buildkite: `buildkite-agent oidc request-token`.
pub(super) fn buildkite(audience: &str) -> Result<String, AmbientError> {
    let arguments = ["oidc", "request-token", "--audience", audience];
    run("buildkite-agent", &arguments)
}

/// What a program prints. The arguments hold no secret.
fn run(program: &'static str, arguments: &[&str]) -> Result<String, AmbientError> {
    /// Enough for a sentence.
    const SHOWN: usize = 300;
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|source| AmbientError::Program { program, source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(AmbientError::ProgramFailed {
            program,
            status: output.status,
            said: said.trim().chars().take(SHOWN).collect(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
