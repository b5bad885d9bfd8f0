//! What certificates and logs say in codes, in words.

use jiff::Timestamp;
use touchplate_attest::LogEntryFacts;

/// `github.com/o/r` of `https://github.com/o/r`.
pub(super) fn without_scheme(url: &str) -> &str {
    let bare = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    bare.unwrap_or(url).trim_end_matches('/')
}

/// `rekor.sigstore.dev` of any of its URLs.
pub(super) fn host(url: &str) -> &str {
    let bare = without_scheme(url);
    bare.split('/').next().unwrap_or(bare)
}

/// The workflow's path within its repository, without the ref behind it; GitHub has them all in one folder.
pub(super) fn workflow(config: &str, repository: &str) -> String {
    let path = config
        .strip_prefix(repository)
        .map_or(config, |path| path.trim_start_matches('/'));
    let path = path.rsplit_once('@').map_or(path, |(path, _)| path);
    let name = path.strip_prefix(".github/workflows/");
    name.unwrap_or(path).to_owned()
}

/// Repository and name of a workflow by its whole URI.
pub(super) fn called(uri: &str) -> Option<(String, String)> {
    let (repository, rest) = uri.split_once("/.github/workflows/")?;
    let name = rest.rsplit_once('@').map_or(rest, |(name, _)| name);
    Some((repository.to_owned(), name.to_owned()))
}

/// Project and pipeline definition of a CircleCI subject name.
pub(super) fn circleci(san: &str) -> Option<(&str, &str)> {
    let (before, definition) = san.rsplit_once("/pipeline-definitions/")?;
    Some((before.rsplit('/').next()?, definition))
}

/// As many digits as git shows.
pub(super) fn short_commit(commit: &str) -> &str {
    let is_hex = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let short = commit.get(..7).filter(|_| is_hex);
    short.unwrap_or(commit)
}

/// Where a commit can be looked at, of the two hosts whose pages are known.
pub(super) fn commit_page(repository: Option<&str>, commit: &str) -> Option<String> {
    let repository = repository?;
    if !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    if repository.starts_with("https://github.com/") {
        Some(format!("{repository}/commit/{commit}"))
    } else if repository.starts_with("https://gitlab.com/") {
        Some(format!("{repository}/-/commit/{commit}"))
    } else {
        None
    }
}

/// Where anybody can look an entry up: Sigstore's public log has such a page.
pub(super) fn entry_page(entry: &LogEntryFacts) -> Option<String> {
    let is_public = entry.log_url.trim_end_matches('/') == "https://rekor.sigstore.dev";
    is_public.then(|| format!("https://search.sigstore.dev/?logIndex={}", entry.log_index))
}

/// `6 November 2024 at 22:37 UTC`.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%-d %B %Y at %H:%M UTC").to_string()
}

/// `on a GitHub-hosted runner`, of the kinds that are known.
pub(super) fn runner(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "github-hosted" => "on a GitHub-hosted runner",
        "gitlab-hosted" => "on a GitLab-hosted runner",
        "circleci-hosted" => "on a CircleCI-hosted runner",
        "self-hosted" => "on a self-hosted runner",
        _ => return None,
    })
}

/// What started a build: words, and the name of a branch or tag that ends them.
pub(super) fn started(
    trigger: Option<&str>,
    git_ref: Option<&str>,
) -> Option<(String, Option<String>)> {
    let tag = git_ref.and_then(|it| it.strip_prefix("refs/tags/"));
    let branch = git_ref.map(|it| it.strip_prefix("refs/heads/").unwrap_or(it));
    let name = tag.or(branch).map(str::to_owned);
    let of = |words: &str, at: &str| {
        let at = match (&name, tag) {
            (None, _) => "",
            (Some(_), Some(_)) if at.is_empty() => " for the tag ",
            (Some(_), Some(_)) => " of the tag ",
            (Some(_), None) if at.is_empty() => " on ",
            (Some(_), None) => at,
        };
        format!("started by {words}{at}")
    };
    let words = match trigger {
        None => match (&name, tag) {
            (None, _) => return None,
            (Some(_), Some(_)) => "from the tag ".to_owned(),
            (Some(_), None) => "from the branch ".to_owned(),
        },
        Some("push") => of(if tag.is_some() { "the push" } else { "a push" }, " to "),
        Some("release") => of("a release", ""),
        Some("workflow_dispatch" | "web") => of("hand", ""),
        Some("schedule") => of("a schedule", ""),
        Some("workflow_run") => of("the end of another workflow", ""),
        Some("workflow_call") => of("another workflow", ""),
        Some("repository_dispatch" | "api" | "trigger") => of("a call of the API", ""),
        Some("pull_request" | "pull_request_target") => of("a pull request", ""),
        Some("merge_request_event") => of("a merge request", ""),
        Some("webhook") => of("a webhook", ""),
        Some(other) => {
            return Some(("started by the event ".to_owned(), Some(other.to_owned())));
        }
    };
    Some((words, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_are_named_within_their_repository() {
        let github = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1";
        let workflow_of = |config| workflow(config, "https://github.com/o/r");
        assert_eq!(workflow_of(github), "release.yml");
        assert_eq!(workflow_of("https://ci.example/x"), "https://ci.example/x");
        let gitlab = "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main";
        assert_eq!(workflow(gitlab, "https://gitlab.com/g/p"), ".gitlab-ci.yml");
    }

    #[test]
    fn what_started_a_build_is_told_in_words() {
        let told = |trigger, git_ref| {
            let (words, name) = started(trigger, git_ref).unwrap();
            format!("{words}{}", name.unwrap_or_default())
        };
        for (trigger, git_ref, expected) in [
            (
                Some("push"),
                Some("refs/heads/main"),
                "started by a push to main",
            ),
            (
                Some("push"),
                Some("refs/tags/v1"),
                "started by the push of the tag v1",
            ),
            (
                Some("release"),
                Some("refs/tags/v1"),
                "started by a release for the tag v1",
            ),
            (
                Some("workflow_dispatch"),
                Some("refs/heads/x/y"),
                "started by hand on x/y",
            ),
            (Some("schedule"), None, "started by a schedule"),
            (
                Some("sunrise"),
                Some("refs/heads/main"),
                "started by the event sunrise",
            ),
            (None, Some("refs/heads/main"), "from the branch main"),
            (
                Some("push"),
                Some("refs/pull/1/merge"),
                "started by a push to refs/pull/1/merge",
            ),
        ] {
            assert_eq!(told(trigger, git_ref), expected);
        }
        assert_eq!(started(None, None), None);
    }

    #[test]
    fn only_commits_on_known_hosts_have_a_page() {
        let commit = "621e4974ca25ce531773def586ba3ed8e736b3fc";
        assert_eq!(short_commit(commit), "621e497");
        assert_eq!(short_commit("v1"), "v1");
        let page = |repository| commit_page(Some(repository), commit).is_some();
        assert!(page("https://github.com/o/r") && page("https://gitlab.com/g/p"));
        assert!(!page("https://git.acme.example/o/r") && !page("javascript:alert(1)"));
        assert_eq!(commit_page(Some("https://github.com/o/r"), "../x"), None);
    }
}
