//! The run that uploaded a file, as JSON.

use serde::Serialize;
use touchplate_attest::Claims;
use touchplate_index::ports::UploadRun;

/// The run that uploaded a file by trusted publishing, as its ID token told it. Not who started it: whoever may read the
/// file reads this. Members see that too, beside the token.
#[derive(Serialize)]
pub(super) struct RunTold<'k> {
    publisher: &'k str,
    url: Option<&'k str>,
    commit: Option<&'k str>,
    git_ref: Option<&'k str>,
    environment: Option<&'k str>,
    trigger: Option<&'k str>,
    called: Option<&'k str>,
    /// Commits that attestations of the file name and that are not the run's.
    other_commits: Vec<&'k str>,
}

impl<'k> RunTold<'k> {
    pub(super) fn of(uploaded: &'k UploadRun, claims: impl Iterator<Item = &'k Claims>) -> Self {
        let run = &uploaded.run;
        Self {
            publisher: &uploaded.publisher,
            url: run.url.as_deref(),
            commit: run.commit.as_deref(),
            git_ref: run.git_ref.as_deref(),
            environment: run.environment.as_deref(),
            trigger: run.trigger.as_deref(),
            called: run.called.as_deref(),
            other_commits: uploaded.other_commits(claims),
        }
    }
}
