//! What a user is in a project, and what each may do there: the one table of it. `docs/guide/access.md` shows it to people,
//! and a test below compares the two.

use std::fmt;
use std::str::FromStr;

/// What a user is in a project. Each may do what those above it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May see it.
    Reader,
    /// May upload.
    Uploader,
    /// May withdraw releases, and sees who publishes.
    Maintainer,
    /// May do everything.
    Owner,
}

impl Role {
    /// All of them, the one that may least first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Uploader, Self::Maintainer, Self::Owner];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Uploader => "uploader",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
        }
    }

    /// Whether they may.
    pub fn may(self, action: Action) -> bool {
        self >= action.least_role()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(given: &str) -> Result<Self, UnknownRole> {
        let named = |role: &Self| role.as_str() == given;
        Self::ALL.into_iter().find(named).ok_or(UnknownRole)
    }
}

/// A word that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is `owner`, `maintainer`, `uploader` or `reader`")]
pub struct UnknownRole;

/// What somebody does to a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sees it and has its files, where that is for members alone.
    Read,
    /// Uploads a file.
    Upload,
    /// Adds an attestation to a file that is there.
    Attest,
    /// Sees members, publishers and the tokens minted for them.
    SeeSettings,
    /// Yanks a release, or takes that back.
    Yank,
    /// Changes members, visibility, status, publishers, attesters and ratchets, and revokes minted tokens.
    ChangeSettings,
    /// Deletes a file, a release or all of it, for good.
    Delete,
}

impl Action {
    /// All of them, in the order of the guide's table.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Upload,
        Self::Attest,
        Self::SeeSettings,
        Self::Yank,
        Self::ChangeSettings,
        Self::Delete,
    ];

    /// The table: who may do it at least.
    pub fn least_role(self) -> Role {
        match self {
            Self::Read => Role::Reader,
            Self::Upload | Self::Attest => Role::Uploader,
            Self::SeeSettings | Self::Yank => Role::Maintainer,
            Self::ChangeSettings | Self::Delete => Role::Owner,
        }
    }

    /// Whether it takes a token for all of its user's projects: what a CI job uploads with must neither take releases away
    /// nor decide whom readers are to believe.
    pub fn takes_whole_token(self) -> bool {
        match self {
            Self::Read | Self::Upload | Self::Attest | Self::SeeSettings => false,
            Self::Yank | Self::ChangeSettings | Self::Delete => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn the_guide_shows_the_table() {
        let words = |action| match action {
            Action::Read => "see a private project and have its files",
            Action::Upload => "upload files",
            Action::Attest => "add attestations to files that are there",
            Action::SeeSettings => "see members, publishers and minted tokens",
            Action::Yank => "yank and unyank releases",
            Action::ChangeSettings => {
                "change members, visibility, status, publishers, attesters and ratchets; revoke minted tokens"
            }
            Action::Delete => "delete files, releases, the project",
        };
        let yes = |may| if may { "yes" } else { "" };
        let guide = include_str!("../../../../docs/guide/access.md");
        for action in Action::ALL {
            let may = Role::ALL.map(|role| yes(role.may(action)));
            let token = if action.takes_whole_token() {
                "for all of its user's projects"
            } else if action == Action::Read {
                "any that reaches the project"
            } else {
                "that reaches the project, not for reading alone"
            };
            let line = format!("| {} | {} | {token} |", words(action), may.join(" | "));
            assert!(guide.contains(&line), "docs/guide/access.md lacks:\n{line}");
        }
    }
}
