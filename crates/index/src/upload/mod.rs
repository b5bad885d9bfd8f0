//! An upload: may they? → is it what it says it is? → does each attestation verify? → bytes → one transaction.

mod attestations;
mod error;
mod form;
mod rules;

use touchplate_attest::Verified;
use touchplate_packaging::archive::{self, Contents, Difference};
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{DisplayName, FileKind, Filename, Profile, ProjectName, Sha256};
use tracing::Instrument as _;

use crate::Index;
use crate::accounts::{Action, Caller};
use crate::awaited::awaited;
use crate::origin::Origin;
use crate::ports::{NewFile, NewProject, Project, ProjectTarget, RecordError, StoredFile, Viewer};
use crate::spool::Spool;
use crate::trusted_publishing::{RatchetKind, Ratchets, Uploader};

pub use attestations::AttestationRefused;
use attestations::ExpectedPublishers;
pub use error::{Forbidden, UploadError};
pub use form::{ClaimedDigests, FormError, UploadForm};

/// What was uploaded: the form, parsed, and the bytes, spooled.
#[derive(Debug)]
pub struct Upload {
    /// The form's fields.
    pub form: UploadForm,
    /// The file.
    pub spool: Spool,
    /// The uploader's software, as it names itself.
    pub user_agent: Option<String>,
}

/// What became of an accepted upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The file is there now.
    Stored {
        /// How many attestations came with it.
        attestations: usize,
    },
    /// The same file was there already.
    Identical {
        /// How many attestations it did not have before.
        added: u32,
    },
}

/// Uploaded archives that are inspected at once: more threads than cores gain nothing, and the paths of a hostile one's
/// members take some ten megabytes.
pub(crate) const INSPECTED_AT_ONCE: usize = 8;

/// How often an upload is tried again when another changed the same project in between. Each try sees what the winner
/// wrote, so a second one settles it; the third is for two such races in a row.
const TRIES: u32 = 3;

/// A step, for traces.
macro_rules! step {
    ($name:literal) => {
        tracing::info_span!(target: crate::TRACES, $name)
    };
}

impl Index {
    /// Takes an upload in, or refuses it and leaves nothing behind.
    ///
    /// 1. May the uploader upload to this project, or create it?
    /// 2. Does the filename fit the form, and is it spelled as installers expect?
    /// 3. Are the bytes the ones that were announced?
    /// 4. Is the filename free? If the same bytes are there already, only attestations are added.
    /// 5. Is the release open? Is the archive what it says it is, and does it agree with the form?
    /// 6. Does each attestation verify, by a publisher of this project? Is there one, and of the run's commit, if the project
    ///    asks for that?
    /// 7. The bytes are stored.
    /// 8. Everything is recorded in one transaction, and a token for one upload is used up in it: an upload that comes to
    ///    nothing leaves it, and of two that race one is refused.
    pub async fn upload(
        &self,
        origin: &Origin,
        uploader: &Uploader,
        upload: Upload,
    ) -> Result<Accepted, UploadError> {
        let Upload {
            form,
            spool,
            user_agent,
        } = upload;
        let target = self.may_upload(uploader, &form.metadata.name).await?; // 1
        form.check_filename(self.settings.profile)?; // 2
        form.digests.check(spool.digests())?; // 3
        if let Some((_, existing)) = self
            .ports
            .releases
            .file(&form.filename, Viewer::Index)
            .await?
        {
            return self
                .upload_again(origin, uploader, &target, &form, &existing, &spool)
                .await; // 4
        }
        if self.ports.releases.is_burned(&form.filename).await? {
            return Err(UploadError::Burned {
                filename: form.filename,
            });
        }
        self.is_open(&target, form.filename.version(), origin.at)
            .await?; // 5
        let inspecting = self
            .inspect(&form, spool)
            .instrument(step!("read the archive"));
        let (contents, differences, spool) = inspecting.await?;
        let attestations = self
            .check_attestations(&target, &form, &spool.digests().sha256, origin.at)
            .instrument(step!("check the attestations"))
            .await?; // 6
        let run = self.run_of_upload(uploader, &target, &form, &attestations)?;

        let (digests, size) = (*spool.digests(), spool.size());
        let sweeps = self.ports.releases.sweeps(&digests.sha256).await?;
        self.ports.blobs.put(&digests.sha256, spool).await?; // 7
        let core_metadata =
            (form.filename.kind() == FileKind::Wheel).then_some(contents.metadata_bytes);
        let mut file = NewFile {
            target: self.target(&target, uploader, &form.metadata.name),
            filename: form.filename,
            size,
            digests,
            metadata: form.metadata,
            core_metadata,
            differences,
            notes: contents.notes,
            pyversion: form.pyversion,
            comment: form.comment,
            attestations,
            user_agent,
            equal_bytes_allowed: self.settings.profile == Profile::Private,
            run,
            spends: uploader.spends().cloned(),
            sweeps,
            max_project_bytes: self.settings.max_project_bytes,
        };
        let recording = self.record(origin, uploader, &mut file);
        let recorded = recording.instrument(step!("record")).await; // 8
        if recorded.is_err() {
            self.take_back(&digests.sha256).await;
        }
        recorded
    }

    /// Whether a file of at least so many bytes has room, as far as can be told before it has arrived. What else an upload may be
    /// refused for is told by [`Index::upload`].
    pub async fn has_room(
        &self,
        uploader: &Uploader,
        name: &DisplayName,
        filename: &Filename,
        least: u64,
    ) -> Result<(), UploadError> {
        let Ok(target) = self.may_upload(uploader, name).await else {
            return Ok(());
        };
        let configured = self.settings.max_project_bytes;
        let (used, limit) = match target.project() {
            None => (0, configured),
            Some((project, _)) => match self.ports.projects.usage(project.id).await? {
                None => return Ok(()),
                Some(usage) => (usage.used, usage.quota.limit(configured)),
            },
        };
        let Some(limit) = limit.filter(|limit| used.saturating_add(least) > *limit) else {
            return Ok(());
        };
        // The same once more needs no room.
        match self.ports.releases.file(filename, Viewer::Index).await? {
            Some(_) => Ok(()),
            None => Err(UploadError::OverQuota {
                project: name.normalised(),
                used,
                limit,
            }),
        }
    }

    /// A refused upload leaves nothing behind. That it was refused says nothing of the bytes: another file may have the
    /// same, or the answer of a database that recorded it after all was lost, so the sweep's own rules decide.
    async fn take_back(&self, digest: &Sha256) {
        if let Err(error) = self.sweep_one(digest).await {
            tracing::warn!(%digest, %error, "the bytes of a refused upload stay until the next sweep");
        }
    }

    async fn record(
        &self,
        origin: &Origin,
        uploader: &Uploader,
        file: &mut NewFile,
    ) -> Result<Accepted, UploadError> {
        for _ in 0..TRIES {
            match self.ports.releases.record(origin, file).await {
                Ok(_) => {
                    let attestations = file.attestations.len();
                    return Ok(Accepted::Stored { attestations });
                }
                // Somebody else created the project first: the caller may upload only if they may upload to theirs.
                Err(RecordError::ProjectAppeared | RecordError::ProjectGone) => {
                    let name = &file.metadata.name;
                    let target = self.may_upload(uploader, name).await?;
                    // The publishers that vouched belonged to a project that is no more.
                    if !file.attestations.is_empty() {
                        return Err(UploadError::Raced);
                    }
                    file.target = self.target(&target, uploader, name);
                }
                Err(RecordError::FileExists) => {
                    let Some((_, existing)) = self
                        .ports
                        .releases
                        .file(&file.filename, Viewer::Index)
                        .await?
                    else {
                        let filename = file.filename.clone();
                        return Err(UploadError::Burned { filename });
                    };
                    if existing.digests.sha256 != file.digests.sha256 {
                        return Err(UploadError::exists(&existing));
                    }
                    let attestations = &file.attestations;
                    return self
                        .identical(origin, uploader, &existing, attestations)
                        .await;
                }
                Err(other) => return Err(UploadError::from_record(other, &file.filename)),
            }
        }
        Err(UploadError::Raced)
    }

    /// The same filename again: the same bytes are welcome, and bring their new attestations; others are not.
    async fn upload_again(
        &self,
        origin: &Origin,
        uploader: &Uploader,
        target: &Target,
        form: &UploadForm,
        existing: &StoredFile,
        spool: &Spool,
    ) -> Result<Accepted, UploadError> {
        if existing.digests.sha256 != spool.digests().sha256 {
            return Err(UploadError::exists(existing));
        }
        let attestations = self
            .check_attestations(target, form, &existing.digests.sha256, origin.at)
            .await?;
        self.run_of_upload(uploader, target, form, &attestations)
            .map(drop)
            .or_else(rules::even_without_attestations)?;
        // They are held against the run that brought the file, too, whoever brings them.
        if let Some(mut run) = self.ports.trusted.run_of(existing.id).await? {
            run.attested_commit = None;
            rules::same_commit(target, &run, &attestations)?;
        }
        self.identical(origin, uploader, existing, &attestations)
            .await
    }

    /// Adds to a file that is there what came with the same bytes once more.
    async fn identical(
        &self,
        origin: &Origin,
        uploader: &Uploader,
        existing: &StoredFile,
        attestations: &[Verified],
    ) -> Result<Accepted, UploadError> {
        let spends = uploader.spends();
        if attestations.is_empty() && spends.is_none() {
            return Ok(Accepted::Identical { added: 0 });
        }
        let releases = &self.ports.releases;
        let added = releases
            .attest(origin, existing.id, attestations, spends)
            .await;
        let added = added.map_err(|error| UploadError::from_attest(error, &existing.filename))?;
        Ok(Accepted::Identical { added })
    }

    /// Whether somebody may upload to a project of that name, or create it.
    async fn may_upload(
        &self,
        uploader: &Uploader,
        name: &DisplayName,
    ) -> Result<Target, UploadError> {
        match uploader {
            Uploader::User(caller) => self.user_may_upload(caller, &name.normalised()).await,
            Uploader::Run(minted) => self.run_may_upload(minted, &name.normalised()).await,
        }
    }

    async fn user_may_upload(
        &self,
        caller: &Caller,
        name: &ProjectName,
    ) -> Result<Target, UploadError> {
        let refused = |reason| UploadError::Forbidden {
            project: name.clone(),
            reason,
        };
        if caller.scope.only_reads() {
            return Err(refused(Forbidden::TokenForReading));
        }
        let reached = caller.scope.reaches(name);
        reached.map_err(|why| refused(why.into()))?;
        // Who may create the project learns from the refusal that the name is taken. A narrowed token, which anybody makes for
        // any name, learns nothing by it that its holder may not see.
        let creates = caller.scope.is_all();
        let viewer = if creates {
            Viewer::Index
        } else {
            Viewer::User(&caller.user)
        };
        let Some(seen) = self.ports.projects.seen(name, viewer).await? else {
            return if creates {
                Ok(Target::New)
            } else {
                Err(refused(Forbidden::TokenCannotCreate))
            };
        };
        let project = seen.project;
        let user = || caller.user.clone();
        let role = self.ports.accounts.role(&caller.user, project.id).await?;
        let may_claim = match role {
            Some(role) if role.may(Action::Upload) => false,
            Some(_) => return Err(refused(Forbidden::OnlyReads { user: user() })),
            None if self.ports.accounts.is_claimed(project.id).await? => {
                return Err(refused(Forbidden::NotAMember { user: user() }));
            }
            None => true,
        };
        let ratchets = self.ratchets_of(project.id).await?;
        if ratchets.has(RatchetKind::TrustedPublishingOnly) {
            return Err(refused(Forbidden::NotByTrustedPublishing));
        }
        takes_uploads(&project)?;
        Ok(if may_claim {
            Target::Unclaimed(project, ratchets)
        } else {
            Target::Existing(project, ratchets)
        })
    }

    fn target(&self, target: &Target, uploader: &Uploader, name: &DisplayName) -> ProjectTarget {
        let user = match uploader {
            Uploader::User(caller) => Some(caller.user.clone()),
            Uploader::Run(_) => None,
        };
        match (target, user) {
            (Target::Unclaimed(project, _), Some(user)) => {
                ProjectTarget::Unclaimed(project.id, user)
            }
            (Target::Existing(project, _) | Target::Unclaimed(project, _), _) => {
                ProjectTarget::Existing(project.id)
            }
            (Target::New, owner) => ProjectTarget::New(NewProject {
                display: name.clone(),
                visibility: self.settings.default_visibility,
                owner,
            }),
        }
    }

    /// Reads the archive, on a thread that may block, and compares it with the form. If the uploader leaves, reading ends, and
    /// the spooled bytes go.
    async fn inspect(
        &self,
        form: &UploadForm,
        spool: Spool,
    ) -> Result<(Contents, Vec<Difference>, Spool), UploadError> {
        let settings = self.settings.clone();
        let filename = form.filename.clone();
        let file = std::fs::File::open(spool.path()).map_err(UploadError::Spool)?;
        let done = awaited(&self.inspecting, file, move |file| {
            let (profile, limits) = (settings.profile, &settings.archive_limits);
            let contents = archive::inspect(file, &filename, profile, limits);
            contents.map(|contents| (contents, spool))
        })
        .await;
        let (contents, spool) = done.map_err(UploadError::Spool)??;
        let differences = archive::compare(&form.metadata, &contents.metadata)?;
        Ok((contents, differences, spool))
    }

    /// Verifies what came as `attestations`, on a thread that may block; none came, none are checked.
    async fn check_attestations(
        &self,
        target: &Target,
        form: &UploadForm,
        digest: &Sha256,
        now: jiff::Timestamp,
    ) -> Result<Vec<Verified>, UploadError> {
        let Some(json) = &form.attestations else {
            return Ok(Vec::new());
        };
        let proven = attestations::prove(
            self.trust(),
            form.filename.clone(),
            *digest,
            json.clone(),
            self.settings.url.clone(),
            now,
        )
        .await?;
        let mut verified = Vec::with_capacity(proven.len());
        for (position, proven) in (1..).zip(proven) {
            verified.push(self.by_a_publisher(target, position, proven).await?);
        }
        Ok(verified)
    }

    async fn by_a_publisher(
        &self,
        target: &Target,
        position: usize,
        proven: touchplate_attest::Proven,
    ) -> Result<Verified, UploadError> {
        let (Target::Existing(project, ratchets) | Target::Unclaimed(project, ratchets)) = target
        else {
            return Err(AttestationRefused::NewProject.into());
        };
        let stored = self
            .ports
            .publishers
            .candidates(project.id, &proven.lookup_keys())
            .await?;
        // What the project asks of its publishers, it asks of certificates as of tokens.
        let git_ref = proven.claims().source_repository_ref.as_deref();
        let in_environment = ratchets.has(RatchetKind::EnvironmentRequired);
        let stored = stored.into_iter().filter(|stored| {
            stored.terms.allow_ref(git_ref)
                && (!in_environment || stored.publisher.environment().is_some())
        });
        let mut candidates: Vec<_> = stored.map(|stored| stored.publisher).collect();
        // Of two that match alike the first is taken: the one that asks for more.
        candidates.sort_by_key(|publisher| publisher.callee().is_none());
        let identity = attestations::shown(proven.identity());
        let no_match = match proven.by_any(candidates.iter()) {
            Ok(verified) => return Ok(verified),
            Err(no_match) => no_match,
        };
        let all = self.ports.publishers.list(project.id).await?;
        let all: Vec<_> = all.into_iter().map(|stored| stored.publisher).collect();
        Err(AttestationRefused::NoPublisher {
            position,
            project: project.name.clone(),
            identity,
            source: ExpectedPublishers::of(no_match, &all),
        }
        .into())
    }
}

/// Where an authorised upload goes.
enum Target {
    New,
    Existing(Project, Ratchets),
    /// The operator made it, gave it to nobody, and nobody uploaded to it yet: it belongs to the first who uploads, as a free name would.
    Unclaimed(Project, Ratchets),
}

impl Target {
    fn project(&self) -> Option<(&Project, &Ratchets)> {
        match self {
            Self::New => None,
            Self::Existing(project, ratchets) | Self::Unclaimed(project, ratchets) => {
                Some((project, ratchets))
            }
        }
    }
}

fn takes_uploads(project: &Project) -> Result<(), UploadError> {
    match project.status {
        ProjectStatus::Active | ProjectStatus::Deprecated => Ok(()),
        ProjectStatus::Archived | ProjectStatus::Quarantined => Err(UploadError::NotAccepting {
            project: project.name.clone(),
            status: project.status,
        }),
    }
}

/// A name that projects may not have, whatever the profile: installers would take it for a file.
pub(crate) fn is_reserved(name: &ProjectName) -> bool {
    matches!(name.as_str(), "requirements-txt" | "rrequirements-txt")
}
