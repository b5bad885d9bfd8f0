//! Whether a link is to the repository that a certificate names.

use url::Url;

/// Whether `link`, which somebody wrote, leads to the repository that a certificate names, or to something in it: the same
/// host, and the same path or one below. GitHub and GitLab do not mind case, and have repositories under `.git` as well.
///
/// Source: the rule that PyPI verifies links by (`reference/index-behaviour.md` §7.3), with the certificate in the
/// publisher's place. Pages below `github.io` are left out: what is there need not come from the repository.
pub fn leads_to(link: &str, repository: &str) -> bool {
    let (Some(link), Some(repository)) = (plain(link), plain(repository)) else {
        return false;
    };
    let is_same_place = link.scheme() == "https"
        && link.host_str() == repository.host_str()
        && link.port() == repository.port();
    if !is_same_place {
        return false;
    }
    let folds = matches!(repository.host_str(), Some("github.com" | "gitlab.com"));
    let segments = |url: &Url| -> Vec<String> {
        let path = url.path().trim_end_matches('/');
        let path = if folds {
            path.to_ascii_lowercase()
        } else {
            path.to_owned()
        };
        path.split('/').skip(1).map(str::to_owned).collect()
    };
    let (link, mut repository) = (segments(&link), segments(&repository));
    if repository.iter().all(String::is_empty) {
        return false;
    }
    if link.starts_with(&repository) {
        return true;
    }
    if folds && let Some(last) = repository.last_mut() {
        last.push_str(".git");
        return link == repository;
    }
    false
}

/// The URL, unless it is written so that programs read it differently: with backslashes, dots in disguise, or a user.
fn plain(url: &str) -> Option<Url> {
    let url = url.trim();
    let is_odd = url.contains('\\')
        || url.to_ascii_lowercase().contains("%2e")
        || url.to_ascii_lowercase().contains("%2f")
        || !url.bytes().all(|byte| byte.is_ascii_graphic());
    if is_odd {
        return None;
    }
    let url = Url::parse(url).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    (!has_user).then_some(url)
}
