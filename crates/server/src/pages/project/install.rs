//! Commands that install a release, ready to be copied.

use touchplate_index::ports::StoredFile;
use touchplate_packaging::{ProjectName, Version};

/// Commands and files, each for one tool.
pub(super) struct Install {
    pub(super) pip: String,
    pub(super) uv: String,
    pub(super) poetry: String,
    /// `requirements.txt` with every file's hash; none where it would be longer than anybody wants.
    pub(super) pinned: Option<String>,
    /// The command that makes such a file.
    pub(super) pinning: String,
}

/// Files of a release whose hashes are listed. A wheel for each platform and Python of the widest matrices that we know is
/// about a hundred; hashes do not compress, and those of so many are a third of what a page may weigh.
const MAX_PINNED: usize = 200;

impl Install {
    /// How to install `version` of a project, or what its latest is, from the index at `url`.
    pub(super) fn of(
        url: &str,
        name: &ProjectName,
        version: &Version,
        is_asked_for: bool,
        files: &[&StoredFile],
    ) -> Self {
        let exactly = format!("{name}=={version}");
        let requirement = if is_asked_for {
            quoted(&exactly)
        } else {
            name.to_string()
        };
        let index = format!("{url}/simple/");
        Self {
            pip: format!("pip install --index-url {index} {requirement}"),
            uv: format!("uv add --index touchplate={index} {requirement}"),
            poetry: format!(
                "poetry source add --priority=supplemental touchplate {index}\n\
                 poetry add --source touchplate {requirement}"
            ),
            pinned: (files.len() <= MAX_PINNED).then(|| pinned(&index, &exactly, files)),
            pinning: format!(
                "echo {} | uv pip compile --generate-hashes --index-url {index} -",
                quoted(&exactly)
            ),
        }
    }
}

fn pinned(index: &str, exactly: &str, files: &[&StoredFile]) -> String {
    let mut hashes: Vec<String> = files
        .iter()
        .map(|file| format!(" \\\n    --hash=sha256:{}", file.digests.sha256))
        .collect();
    // The same bytes may be there under two names.
    hashes.sort();
    hashes.dedup();
    format!("--index-url {index}\n{exactly}{}", hashes.concat())
}

/// A requirement as a word of a shell: an epoch has an exclamation mark, which some shells take for a command of before.
fn quoted(requirement: &str) -> String {
    if requirement.contains('!') {
        format!("'{requirement}'")
    } else {
        requirement.to_owned()
    }
}
