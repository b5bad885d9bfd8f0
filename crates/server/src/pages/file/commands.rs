//! Commands that check a file again on the reader's own machine, with tools of several makers.

use touchplate_attest::{Identity, Publisher};

use super::root::Root;
use crate::pages::text;

/// Commands that belong together, in the order in which they are run.
pub(super) struct Commands {
    /// With which tool.
    pub(super) title: &'static str,
    /// What one should know before.
    pub(super) note: &'static str,
    pub(super) lines: Vec<String>,
}

/// What commands are made of.
pub(super) struct Told<'p> {
    pub(super) filename: &'p str,
    /// Where the file's bytes are.
    pub(super) download: &'p str,
    /// Where its page is.
    pub(super) page: &'p str,
    /// Where its provenance object is.
    pub(super) provenance: &'p str,
    pub(super) root: Root,
    /// Those whose attestations the provenance object has.
    pub(super) publishers: Vec<&'p Publisher>,
    /// Who signed each attestation that Sigstore's own client can read, by its number.
    pub(super) signers: Vec<(usize, &'p Identity)>,
}

/// The commands that check a file's attestations on the reader's own machine; none if it has none.
pub(super) fn commands(told: &Told<'_>) -> Vec<Commands> {
    if told.publishers.is_empty() && told.signers.is_empty() {
        return Vec::new();
    }
    let all = [
        Some(fetch(told)),
        touchplate(told),
        sigstore(told),
        pypi(told),
    ];
    let mut all: Vec<Commands> = all.into_iter().flatten().collect();
    // What a reader copies is what they see, or it is not offered.
    all.retain(|group| group.lines.iter().all(|line| text::block(line) == *line));
    all
}

fn get(file: &str, url: &str) -> String {
    format!("curl -fsSo {} {}", quoted(file), quoted(url))
}

impl Told<'_> {
    fn beside(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.filename)
    }

    fn raw(&self, name: &str) -> String {
        format!("{}/attestations/{name}", self.page)
    }
}

fn fetch(told: &Told<'_>) -> Commands {
    let mut lines = vec![get(told.filename, told.download)];
    if told.root == Root::Private {
        lines.push(get("trusted_root.json", &told.raw("trusted_root.json")));
        lines.push(get("trust_config.json", &told.raw("trust_config.json")));
    }
    let note = match told.root {
        Root::Private => {
            "First the file, and the trust root that this index checks against, in the two forms that tools read. Whoever \
             checks an index by a root that it offers itself believes the index: compare the root's SHA-256 above with one \
             that you have from its operator, or use that one."
        }
        Root::PublicGood | Root::Staging => {
            "First the file. The trust root is Sigstore's, which each tool brings; without --offline the last two ask Sigstore \
             for its newest keys before."
        }
    };
    Commands {
        title: "Get the file",
        note,
        lines,
    }
}

fn touchplate(told: &Told<'_>) -> Option<Commands> {
    let (file, beside) = (quoted(told.filename), told.beside(".provenance"));
    let root = match told.root {
        Root::PublicGood => "",
        Root::Staging | Root::Private => " --trusted-root trusted_root.json",
    };
    let mut lines = vec![get(&beside, told.provenance)];
    if told.root == Root::Staging {
        lines.push(get("trusted_root.json", &told.raw("trusted_root.json")));
    }
    let fetching = lines.len();
    for publisher in &told.publishers {
        let publisher = quoted(&publisher.to_json().to_string());
        let check = format!(
            "touchplate verify {file} --provenance {} --publisher {publisher}{root}",
            quoted(&beside)
        );
        if !lines.contains(&check) {
            lines.push(check);
        }
    }
    (lines.len() > fetching).then_some(Commands {
        title: "With touchplate",
        note: "It checks what this page shows, and that the publisher is the one that you expect.",
        lines,
    })
}

fn sigstore(told: &Told<'_>) -> Option<Commands> {
    let file = quoted(told.filename);
    let (options, offline) = match told.root {
        Root::PublicGood => ("", " --offline"),
        Root::Staging => (" --staging", " --offline"),
        Root::Private => (" --trust-config trust_config.json", ""),
    };
    let mut lines = Vec::new();
    for (number, identity) in &told.signers {
        let bundle = told.beside(&format!(".{number}.sigstore.json"));
        lines.push(get(&bundle, &told.raw(&format!("{number}.sigstore.json"))));
        lines.push(format!(
            "sigstore{options} verify identity --bundle {}{offline} --cert-identity {} --cert-oidc-issuer {} {file}",
            quoted(&bundle),
            quoted(identity.san().as_str()),
            quoted(identity.issuer()),
        ));
    }
    (!lines.is_empty()).then_some(Commands {
        title: "With sigstore",
        note: "Sigstore's own client (pip install sigstore) checks each attestation as a bundle, by who signed it.",
        lines,
    })
}

/// PyPI's own tool knows four kinds of publishers and Sigstore's two roots, and wants all attestations to be by one.
fn pypi(told: &Told<'_>) -> Option<Commands> {
    let staging = match told.root {
        Root::PublicGood => "",
        Root::Staging => " --staging",
        Root::Private => return None,
    };
    let (first, others) = told.publishers.split_first()?;
    let expected = expected(first)?;
    if others
        .iter()
        .any(|it| self::expected(it).as_ref() != Some(&expected))
    {
        return None;
    }
    let beside = told.beside(".provenance");
    let lines = vec![
        get(&beside, told.provenance),
        format!(
            "pypi-attestations verify pypi{staging} --offline --provenance-file {} {expected} {}",
            quoted(&beside),
            quoted(told.filename)
        ),
    ];
    Some(Commands {
        title: "With pypi-attestations",
        note: "PyPI's own tool (pip install pypi-attestations) checks the provenance object by the repository or account alone.",
        lines,
    })
}

fn expected(publisher: &Publisher) -> Option<String> {
    match publisher {
        Publisher::GitHub { repository, .. } => Some(format!(
            "--repository {}",
            quoted(&format!("https://github.com/{repository}"))
        )),
        Publisher::GitLab { repository, .. } => Some(format!(
            "--repository {}",
            quoted(&format!("https://gitlab.com/{repository}"))
        )),
        Publisher::Google { email } => Some(format!("--gcp-service-account {}", quoted(email))),
        Publisher::CircleCI {
            project_id,
            pipeline_definition_id,
            ..
        } => Some(format!(
            "--circleci-project-id {} --circleci-pipeline-definition-id {}",
            quoted(project_id),
            quoted(pipeline_definition_id)
        )),
        _ => None,
    }
}

/// A word of a shell's command line (POSIX sh).
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("demo-1.0.whl"), "demo-1.0.whl");
        assert_eq!(quoted("it's; rm -r ~"), r"'it'\''s; rm -r ~'");
        assert_eq!(
            (quoted(""), quoted("-x")),
            ("''".to_owned(), "'-x'".to_owned())
        );
    }
}
