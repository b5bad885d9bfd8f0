//! What a project asks of an upload beside its contents, and what trusted publishing adds.

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::Verified;
use touchplate_packaging::{ProjectName, Version};

use super::{Forbidden, Target, UploadError, UploadForm, takes_uploads};
use crate::Index;
use crate::ports::UploadRun;
use crate::trusted_publishing::{MintedCaller, RatchetKind, Uploader};

impl Index {
    /// A minted token reaches its publisher's projects, as long as the publisher is theirs; it creates none.
    pub(super) async fn run_may_upload(
        &self,
        minted: &MintedCaller,
        name: &ProjectName,
    ) -> Result<Target, UploadError> {
        let reached = minted.scope.reaches(name);
        reached.map_err(|why| UploadError::Forbidden {
            project: name.clone(),
            reason: why.into(),
        })?;
        let Some(project) = self.ports.projects.by_name(name).await? else {
            return Err(UploadError::NoSuchProject {
                project: name.clone(),
            });
        };
        let reached = self.ports.trusted.reached(&minted.token, project.id);
        if reached.await?.is_none() {
            return Err(UploadError::Forbidden {
                project: name.clone(),
                reason: Forbidden::OutOfReach {
                    publisher: minted.publisher.clone(),
                },
            });
        }
        takes_uploads(&project)?;
        let ratchets = self.ratchets_of(project.id).await?;
        Ok(Target::Existing(project, ratchets))
    }

    /// Whether a release takes new files still.
    pub(super) async fn is_open(
        &self,
        target: &Target,
        version: &Version,
        now: Timestamp,
    ) -> Result<(), UploadError> {
        let Some((project, ratchets)) = target.project() else {
            return Ok(());
        };
        let Some(days) = ratchets.closed_after() else {
            return Ok(());
        };
        let began = self
            .ports
            .trusted
            .release_began(project.id, version)
            .await?;
        let open_for = SignedDuration::from_hours(24 * i64::from(days.get()));
        let closed = began.is_some_and(|began| now.duration_since(began) > open_for);
        if closed {
            return Err(UploadError::ReleaseClosed {
                project: project.name.clone(),
                days: days.get(),
            });
        }
        Ok(())
    }

    /// Whether the attestations are what the index and the project ask for, and what is recorded of the run.
    pub(super) fn run_of_upload(
        &self,
        uploader: &Uploader,
        target: &Target,
        form: &UploadForm,
        attestations: &[Verified],
    ) -> Result<Option<UploadRun>, UploadError> {
        let run = run_of_upload(uploader, target, attestations)?;
        if self.lacks_binding(target.project(), attestations) {
            return Err(UploadError::NotBound {
                project: form.metadata.name.normalised(),
            });
        }
        Ok(run)
    }
}

/// Whether the attestations are what the project asks for, and what is recorded of the run that uploads: also a commit
/// of theirs that is not the run's.
fn run_of_upload(
    uploader: &Uploader,
    target: &Target,
    attestations: &[Verified],
) -> Result<Option<UploadRun>, UploadError> {
    let asks = |kind| target.project().filter(|(_, ratchets)| ratchets.has(kind));
    if let Some((project, _)) = asks(RatchetKind::AttestationsRequired)
        // One that names this index is none that installers are shown.
        && !attestations.iter().any(in_provenance)
    {
        return Err(UploadError::NoAttestations {
            project: project.name.clone(),
        });
    }
    let Uploader::Run(minted) = uploader else {
        return Ok(None);
    };
    let mut run = UploadRun {
        token: minted.token.clone(),
        publisher: minted.publisher.clone(),
        run: minted.run.clone(),
        attested_commit: None,
    };
    run.attested_commit = same_commit(target, &run, attestations)?;
    Ok(Some(run))
}

/// A commit that an attestation names, where it is another than the run's; an error where the project demands that they agree.
pub(super) fn same_commit(
    target: &Target,
    run: &UploadRun,
    attestations: &[Verified],
) -> Result<Option<String>, UploadError> {
    let claims = attestations.iter().map(|it| it.proven().claims());
    let others = run.other_commits(claims);
    let Some(attested) = others.first() else {
        return Ok(None);
    };
    match target.project() {
        Some((project, ratchets)) if ratchets.has(RatchetKind::SameCommit) => {
            Err(UploadError::OtherCommit {
                project: project.name.clone(),
                run: run.run.commit.clone().unwrap_or_default(),
                attested: (*attested).to_owned(),
            })
        }
        Some(_) | None => Ok(Some((*attested).to_owned())),
    }
}

fn in_provenance(verified: &Verified) -> bool {
    let predicate_type = verified.proven().predicate_type();
    predicate_type.is_known_to_readers()
}

/// The same bytes again change nothing, so they need no attestation.
pub(super) fn even_without_attestations(refused: UploadError) -> Result<(), UploadError> {
    match refused {
        UploadError::NoAttestations { .. } | UploadError::NotBound { .. } => Ok(()),
        other => Err(other),
    }
}
