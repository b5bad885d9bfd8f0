//! Releases and files.

use async_trait::async_trait;
use touchplate_attest::Verified;
use touchplate_index::Origin;
use touchplate_index::accounts::{Role, TokenId};
use touchplate_index::ports::{
    AttestError, AttestedBy, ChangeError, CreateProjectError, FileId, Findings, FormSaid,
    MAX_WITH_UPLOADS, NewFile, Project, ProjectFacts, ProjectFiles, ProjectId, ProjectTarget,
    RecordError, ReleaseMetadata, Releases, Serial, StoreError, StoredAttestation, StoredFile,
    Usage, Viewer,
};
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use super::{File, StoredRelease, attest, served};

use super::Memory;

#[async_trait]
impl Releases for Memory {
    async fn record(&self, origin: &Origin, new: &NewFile) -> Result<FileId, RecordError> {
        let mut state = self.state();
        if new.spends.as_ref().is_some_and(|it| !state.is_unspent(it)) {
            return Err(RecordError::UsedUp);
        }
        let (sweeps, underway) = state
            .sweeps
            .get(&new.digests.sha256.to_string())
            .copied()
            .unwrap_or((new.sweeps, false));
        if underway || sweeps != new.sweeps {
            return Err(RecordError::BytesSwept);
        }
        state.check_target(&new.target)?;
        if let ProjectTarget::New(project) = &new.target
            && state.project(&project.display.normalised()).is_some()
        {
            return Err(RecordError::ProjectAppeared);
        }
        state.check_filename(new)?;
        let Usage { used, quota } = match &new.target {
            ProjectTarget::New(_) => Usage {
                used: 0,
                quota: Default::default(),
            },
            ProjectTarget::Existing(id) | ProjectTarget::Unclaimed(id, _) => state.usage(*id),
        };
        if let Some(limit) = quota.limit(new.max_project_bytes)
            && used + new.size > limit
        {
            return Err(RecordError::OverQuota { used, limit });
        }
        if let ProjectTarget::Existing(id) | ProjectTarget::Unclaimed(id, _) = &new.target {
            let held = state.held(*id, new.filename.project(), &new.attestations);
            state.hold(held.map_err(RecordError::PinnedElsewhere)?);
        }
        let project = match &new.target {
            ProjectTarget::Existing(id) => *id,
            ProjectTarget::Unclaimed(id, user) => {
                state.roles.insert((id.0, user.to_string()), Role::Owner);
                *id
            }
            ProjectTarget::New(project) => {
                state
                    .insert_project(origin, project)
                    .map_err(|error| match error {
                        CreateProjectError::Exists(_) => RecordError::ProjectAppeared,
                        CreateProjectError::Confusable { given } => {
                            RecordError::Confusable { given }
                        }
                        CreateProjectError::NoSuchUser(_) => RecordError::ProjectGone,
                        CreateProjectError::Store(error) => RecordError::Store(error),
                    })?
            }
        };
        let release = state.release_for(origin, project, new);
        let core_metadata = new.core_metadata.as_ref().map(|bytes| {
            let digest = Sha256::of(bytes);
            state
                .core_metadata
                .insert(digest.to_string(), bytes.clone());
            digest
        });
        let id = FileId(state.next());
        let stored = StoredFile {
            id,
            filename: new.filename.clone(),
            size: new.size,
            digests: new.digests,
            core_metadata,
            requires_python: new.metadata.requires_python.clone(),
            uploaded_at: origin.at,
            uploaded_by: origin.actor.to_string(),
            user_agent: new.user_agent.clone(),
            yanked: Yanked::No,
            attestations: 0,
        };
        let mut file = File {
            project,
            release,
            stored,
            form: FormSaid {
                file: id,
                pyversion: new.pyversion.clone(),
                comment: new.comment.clone(),
            },
            findings: Findings {
                differences: new.differences.clone(),
                notes: new.notes.clone(),
            },
            attestations: Vec::new(),
            late: Vec::new(),
        };
        attest(&mut file, &new.attestations);
        state.files.push(file);
        if let Some(run) = &new.run {
            state.runs.insert(id.0, run.clone());
        }
        state.filenames.insert(new.filename.to_string());
        if let Some(project) = state.projects.iter_mut().find(|p| p.id == project) {
            project.display = new.metadata.name.clone();
        }
        state.spend(new.spends.as_ref(), origin.at);
        state.note(origin, "upload file", Some(new.filename.project()));
        Ok(id)
    }

    async fn attest(
        &self,
        origin: &Origin,
        file: FileId,
        attestations: &[Verified],
        spends: Option<&TokenId>,
    ) -> Result<u32, AttestError> {
        let mut state = self.state();
        if spends.is_some_and(|it| !state.is_unspent(it)) {
            return Err(AttestError::UsedUp);
        }
        let of = |f: &&File| f.stored.id == file;
        let found = state.files.iter().find(of).ok_or(AttestError::NoSuchFile)?;
        let (owner, project) = (found.project, found.stored.filename.project().clone());
        let held = state.held(owner, &project, attestations);
        let held = held.map_err(AttestError::PinnedElsewhere)?;
        let mut files = state.files.iter_mut();
        let found = files.find(|f| f.stored.id == file);
        let found = found.ok_or(AttestError::NoSuchFile)?;
        let before = found.attestations.len();
        let added = attest(found, attestations);
        let (count, all) = (served(found), found.attestations.len());
        if count.max(all - count) > MAX_WITH_UPLOADS as usize {
            found.attestations.truncate(before);
            return Err(AttestError::TooMany);
        }
        state.spend(spends, origin.at);
        if added > 0 {
            state.hold(held);
            state.note(origin, "add attestations", Some(&project));
        }
        Ok(added)
    }

    async fn file(
        &self,
        filename: &Filename,
        viewer: Viewer<'_>,
    ) -> Result<Option<(Project, StoredFile)>, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.filename == *filename);
        Ok(file.and_then(|f| {
            let project = state.project_by_id(f.project)?;
            let seen = state.sees(viewer, project);
            seen.then(|| (project.clone(), state.stored(f)))
        }))
    }

    async fn is_burned(&self, filename: &Filename) -> Result<bool, StoreError> {
        let state = self.state();
        let there = state.files.iter().any(|f| f.stored.filename == *filename);
        Ok(!there && state.filenames.contains(filename.as_str()))
    }

    async fn project_files(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFiles>, StoreError> {
        let state = self.state();
        let files = |project: &Project| {
            state
                .files
                .iter()
                .filter(|f| f.project == project.id)
                .map(|f| state.stored(f))
                .collect()
        };
        Ok(state.seen(name, viewer).map(|project| ProjectFiles {
            project: project.clone(),
            files: files(project),
        }))
    }

    async fn project_facts(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFacts>, StoreError> {
        let state = self.state();
        let Some(project) = state.seen(name, viewer) else {
            return Ok(None);
        };
        let releases = state.releases.iter().filter(|r| r.project == project.id);
        let files = || state.files.iter().filter(|f| f.project == project.id);
        let attested_by = |file: &File, attestation: &StoredAttestation| AttestedBy {
            file: file.stored.id,
            publisher: Some(attestation.publisher.clone()),
            san: attestation.record.identity.san().as_str().to_owned(),
            repository: attestation.record.claims.source_repository_uri.clone(),
        };
        Ok(Some(ProjectFacts {
            project: project.clone(),
            releases: releases.map(|r| r.release.clone()).collect(),
            files: files().map(|f| state.stored(f)).collect(),
            attested: files()
                .flat_map(|f| f.attestations.iter().map(|(_, a)| attested_by(f, a)))
                .collect(),
        }))
    }

    async fn release(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<ReleaseMetadata>, StoreError> {
        let releases = self.metadata(project).await?;
        let same = |it: &ReleaseMetadata| it.release.version == *version;
        Ok(releases.into_iter().find(same))
    }

    async fn metadata(&self, project: ProjectId) -> Result<Vec<ReleaseMetadata>, StoreError> {
        let state = self.state();
        let of = |r: &&StoredRelease| r.project == project;
        let read = |r: &StoredRelease| ReleaseMetadata {
            release: r.release.clone(),
            metadata: r.metadata.clone(),
        };
        Ok(state.releases.iter().filter(of).map(read).collect())
    }

    async fn forms(&self, project: ProjectId) -> Result<Vec<FormSaid>, StoreError> {
        let state = self.state();
        let files = state.files.iter().filter(|file| file.project == project);
        Ok(files.map(|file| file.form.clone()).collect())
    }

    async fn attestations(&self, file: FileId) -> Result<Vec<StoredAttestation>, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.id == file);
        Ok(file
            .map(|f| f.attestations.iter().map(|(_, a)| a.clone()).collect())
            .unwrap_or_default())
    }

    async fn findings(&self, file: FileId) -> Result<Findings, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.id == file);
        Ok(file.map(|f| f.findings.clone()).unwrap_or_default())
    }

    async fn core_metadata(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().core_metadata.get(&digest.to_string()).cloned())
    }

    async fn set_yanked(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        yanked: &Yanked,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        let id = state
            .release(project, version)
            .ok_or(ChangeError::NotFound)?;
        state.unchanged(project, since)?;
        if let Some(release) = state.releases.iter_mut().find(|r| r.id == id) {
            release.release.yanked = yanked.clone();
        }
        let action = if *yanked == Yanked::No {
            "unyank release"
        } else {
            "yank release"
        };
        state.note(origin, action, Some(project));
        Ok(())
    }

    async fn delete_file(&self, origin: &Origin, filename: &Filename) -> Result<(), ChangeError> {
        let mut state = self.state();
        let at = state
            .files
            .iter()
            .position(|f| f.stored.filename == *filename)
            .ok_or(ChangeError::NotFound)?;
        let release = state.files.remove(at).release;
        if !state.files.iter().any(|f| f.release == release) {
            state.releases.retain(|r| r.id != release);
        }
        state.note(origin, "delete file", Some(filename.project()));
        Ok(())
    }

    async fn delete_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        let id = state
            .release(project, version)
            .ok_or(ChangeError::NotFound)?;
        state.files.retain(|f| f.release != id);
        state.releases.retain(|r| r.id != id);
        state.note(origin, "delete release", Some(project));
        Ok(())
    }

    async fn sweeps(&self, digest: &Sha256) -> Result<u64, StoreError> {
        Ok(self
            .state()
            .sweeps
            .get(&digest.to_string())
            .map_or(0, |(sweeps, _)| *sweeps))
    }

    async fn begin_sweep(&self, digest: &Sha256) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state
            .files
            .iter()
            .any(|f| f.stored.digests.sha256 == *digest)
            || state.kept.values().any(|(_, page)| page.sha256 == *digest)
        {
            return Ok(false);
        }
        let sweep = state.sweeps.entry(digest.to_string()).or_default();
        *sweep = (sweep.0 + 1, true);
        Ok(true)
    }

    async fn swept(&self, digest: &Sha256) -> Result<(), StoreError> {
        if let Some(sweep) = self.state().sweeps.get_mut(&digest.to_string()) {
            sweep.1 = false;
        }
        Ok(())
    }

    async fn unfinished_sweeps(&self) -> Result<Vec<Sha256>, StoreError> {
        let state = self.state();
        Ok(state
            .sweeps
            .iter()
            .filter(|(_, sweep)| sweep.1)
            .filter_map(|(digest, _)| digest.parse().ok())
            .collect())
    }
}
