//! Switches of a project that turn one way: who can upload cannot turn them back, and whoever can leaves a reason.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use jiff::Timestamp;
use touchplate_packaging::ProjectName;

use crate::Index;
use crate::origin::Origin;
use crate::ports::{ProjectId, RatchetError, StoreError};
use crate::projects::ReadError;

/// Which switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RatchetKind {
    /// [`Ratchet::TrustedPublishingOnly`].
    TrustedPublishingOnly,
    /// [`Ratchet::AttestationsRequired`].
    AttestationsRequired,
    /// [`Ratchet::EnvironmentRequired`].
    EnvironmentRequired,
    /// [`Ratchet::NoLateFiles`].
    NoLateFiles,
    /// [`Ratchet::NoLeftoverTokens`].
    NoLeftoverTokens,
    /// [`Ratchet::SameCommit`].
    SameCommit,
    /// [`Ratchet::IndexBindingRequired`].
    IndexBindingRequired,
}

/// A switch, turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ratchet {
    /// Uploads come by trusted publishing alone.
    TrustedPublishingOnly,
    /// Every file comes with an attestation.
    AttestationsRequired,
    /// Publishers without a deployment environment get no token, and no attestation of theirs counts.
    EnvironmentRequired,
    /// Releases are closed to new files after so many days; the same bytes again are welcome.
    NoLateFiles {
        /// After how many.
        days: NonZeroU32,
    },
    /// Tokens for this project alone are revoked, and no new ones are made.
    NoLeftoverTokens,
    /// The commit of the run that uploads is the commit that the attestations name.
    SameCommit,
    /// Every file comes with an attestation that names this index.
    IndexBindingRequired,
}

/// A text that names no ratchet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}, found {given:?}", RatchetKind::ALL.map(RatchetKind::as_str).join(", "))]
pub struct UnknownRatchet {
    /// What was given, shortened.
    pub given: String,
}

/// A number of days is missing, or stands where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of days, at least 1, with `no-late-files`, and with no other ratchet")]
pub struct ZeroDays;

impl RatchetKind {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::TrustedPublishingOnly,
        Self::AttestationsRequired,
        Self::EnvironmentRequired,
        Self::NoLateFiles,
        Self::NoLeftoverTokens,
        Self::SameCommit,
        Self::IndexBindingRequired,
    ];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrustedPublishingOnly => "trusted-publishing-only",
            Self::AttestationsRequired => "attestations-required",
            Self::EnvironmentRequired => "environment-required",
            Self::NoLateFiles => "no-late-files",
            Self::NoLeftoverTokens => "no-leftover-tokens",
            Self::SameCommit => "same-commit",
            Self::IndexBindingRequired => "index-binding-required",
        }
    }

    /// The switch, with its number of days where it has one.
    pub fn turned(self, days: Option<u32>) -> Result<Ratchet, ZeroDays> {
        let days = days.map(|days| NonZeroU32::new(days).ok_or(ZeroDays));
        Ok(match (self, days.transpose()?) {
            (Self::NoLateFiles, Some(days)) => Ratchet::NoLateFiles { days },
            (Self::NoLateFiles, None) | (_, Some(_)) => return Err(ZeroDays),
            (Self::TrustedPublishingOnly, None) => Ratchet::TrustedPublishingOnly,
            (Self::AttestationsRequired, None) => Ratchet::AttestationsRequired,
            (Self::EnvironmentRequired, None) => Ratchet::EnvironmentRequired,
            (Self::NoLeftoverTokens, None) => Ratchet::NoLeftoverTokens,
            (Self::SameCommit, None) => Ratchet::SameCommit,
            (Self::IndexBindingRequired, None) => Ratchet::IndexBindingRequired,
        })
    }
}

impl FromStr for RatchetKind {
    type Err = UnknownRatchet;

    fn from_str(given: &str) -> Result<Self, UnknownRatchet> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == given);
        found.ok_or_else(|| UnknownRatchet {
            given: given.chars().take(80).collect(),
        })
    }
}

impl fmt::Display for RatchetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Ratchet {
    /// Which.
    pub fn kind(self) -> RatchetKind {
        match self {
            Self::TrustedPublishingOnly => RatchetKind::TrustedPublishingOnly,
            Self::AttestationsRequired => RatchetKind::AttestationsRequired,
            Self::EnvironmentRequired => RatchetKind::EnvironmentRequired,
            Self::NoLateFiles { .. } => RatchetKind::NoLateFiles,
            Self::NoLeftoverTokens => RatchetKind::NoLeftoverTokens,
            Self::SameCommit => RatchetKind::SameCommit,
            Self::IndexBindingRequired => RatchetKind::IndexBindingRequired,
        }
    }

    /// Its number of days.
    pub fn days(self) -> Option<u32> {
        match self {
            Self::NoLateFiles { days } => Some(days.get()),
            _ => None,
        }
    }
}

/// A ratchet of a project, and who turned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatchetSince {
    /// Which.
    pub ratchet: Ratchet,
    /// When.
    pub at: Timestamp,
    /// By whom (`user:alice`).
    pub by: String,
}

/// The ratchets of a project, as an upload asks for them.
#[derive(Clone, Debug, Default)]
pub struct Ratchets(Vec<RatchetSince>);

impl Ratchets {
    pub(crate) fn has(&self, kind: RatchetKind) -> bool {
        self.0.iter().any(|one| one.ratchet.kind() == kind)
    }

    /// After how many days releases are closed.
    pub(crate) fn closed_after(&self) -> Option<NonZeroU32> {
        self.0.iter().find_map(|one| match one.ratchet {
            Ratchet::NoLateFiles { days } => Some(days),
            _ => None,
        })
    }
}

impl Index {
    pub(crate) async fn ratchets_of(&self, project: ProjectId) -> Result<Ratchets, StoreError> {
        Ok(Ratchets(self.ports.trusted.ratchets(project).await?))
    }

    /// The ratchets of a project.
    pub async fn ratchets(&self, project: &ProjectName) -> Result<Vec<RatchetSince>, ReadError> {
        let project = self.ports.projects.by_name(project).await?;
        let project = project.ok_or(ReadError::NotFound)?;
        Ok(self.ports.trusted.ratchets(project.id).await?)
    }

    /// Turns a ratchet; false when it stands so already.
    pub async fn turn_ratchet(
        &self,
        origin: &Origin,
        project: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<bool, RatchetError> {
        self.ports.trusted.turn(origin, project, ratchet).await
    }

    /// Takes a ratchet back: the operator's alone to call, with a reason that the journal keeps.
    pub async fn release_ratchet(
        &self,
        origin: &Origin,
        project: &ProjectName,
        kind: RatchetKind,
        reason: &str,
    ) -> Result<(), ReadError> {
        let trusted = &self.ports.trusted;
        if trusted
            .release_ratchet(origin, project, kind, reason)
            .await?
        {
            Ok(())
        } else {
            Err(ReadError::NotFound)
        }
    }
}
