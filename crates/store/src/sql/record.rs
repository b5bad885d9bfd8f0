//! Recording an accepted upload: one transaction.

use serde_json::json;
use touchplate_attest::Verified;
use touchplate_index::Origin;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{
    AttestError, FileId, MAX_WITH_UPLOADS, NewFile, ProjectId, ProjectTarget, Quota, RecordError,
    StoreError, UploadRun,
};
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{FileKind, Filename, ProjectName, Sha256};

use super::dialect::note_change;
use super::journal::Change;
use super::projects::{self, InsertError};
use super::rows::{column, parsed_or_null, signed, to_json, unsigned};
use super::{Connection, INDEX, Lock, Store, failed, publishers, trusted_publishing};

impl Store {
    pub(super) async fn record_upload(
        &self,
        origin: &Origin,
        file: &NewFile,
    ) -> Result<FileId, RecordError> {
        let doing = "record an upload";
        let bytes = Lock::Bytes(&file.digests.sha256);
        let mut transaction = match &file.target {
            ProjectTarget::New(_) | ProjectTarget::Existing(_) => self.write_with(&[bytes]).await?,
            ProjectTarget::Unclaimed(id, _) => self.write_with(&[bytes, Lock::Owner(id.0)]).await?,
        };
        if let Some(token) = &file.spends
            && !trusted_publishing::spend(&mut *transaction, token, origin.at).await?
        {
            return Err(RecordError::UsedUp);
        }
        let before = Before::read(&mut transaction, file).await?;
        before.bytes_are_there(file)?;
        let name = file.filename.project();
        let details = json!({
            "filename": file.filename.as_str(),
            "sha256": file.digests.sha256.to_string(),
            "version": file.version().to_string(),
            "attestations": file.attestations.len(),
        });
        let project = target(&mut transaction, origin, file, &before).await?;
        claim_filename(&mut transaction, origin, file).await?;
        if let Some(limit) = before.quota.limit(file.max_project_bytes) {
            let room = projects::has_room(&mut transaction, project, (limit, file.size)).await?;
            room.map_err(|used| RecordError::OverQuota { used, limit })?;
        }
        if let (false, Some(there)) = (file.equal_bytes_allowed, &before.equal_bytes) {
            return Err(RecordError::EqualBytes(there.clone()));
        }
        let release = match before.release {
            Some(release) => release,
            None => new_release(&mut transaction, origin, file, project).await?,
        };
        let id = insert(&mut transaction, origin, file, project, release).await?;
        let attested = attest(&mut transaction, (project, name), id, &file.attestations).await;
        attested.map_err(|error| match error {
            // It was inserted a moment ago in this transaction, and an upload brings fewer than a file may have.
            AttestError::NoSuchFile | AttestError::TooMany => RecordError::ProjectGone,
            AttestError::UsedUp => RecordError::UsedUp,
            AttestError::PinnedElsewhere(cause) => RecordError::PinnedElsewhere(cause),
            AttestError::Store(cause) => RecordError::Store(cause),
        })?;
        if let Some(run) = &file.run {
            uploaded_by(&mut transaction, id, run).await?;
        }
        let change = Change {
            origin,
            action: "upload file",
            project: Some(name),
            details: &details,
            shows_on: Some(project),
            display: Some(file.metadata.name.as_str()),
        };
        note_change(&mut transaction, &change).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(FileId(id))
    }
}

/// Notes the run that uploaded a file.
async fn uploaded_by(
    connection: &mut Connection,
    file: i64,
    run: &UploadRun,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO upload_runs (file_id, token, publisher, run, attested_commit) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(file)
    .bind(run.token.as_str())
    .bind(&run.publisher)
    .bind(to_json(&run.run)?)
    .bind(run.attested_commit.as_deref())
    .execute(connection)
    .await
    .map_err(failed("note who uploaded a file"))?;
    Ok(())
}

/// What is known before the transaction writes. Until it ends nobody else changes it, but for releases, which others may add: see
/// [`new_release`]. So it is asked at once.
struct Before {
    /// How often the bytes' removal was begun, and whether it is under way; none: never.
    swept: Option<(u64, bool)>,
    /// The status of the project that was aimed at, if it is there.
    status: Option<ProjectStatus>,
    /// The release in it, if it is there.
    release: Option<i64>,
    /// How many bytes the project's files may have.
    quota: Quota,
    /// A file that has the same bytes.
    equal_bytes: Option<Filename>,
}

impl Before {
    async fn read(connection: &mut Connection, file: &NewFile) -> Result<Self, StoreError> {
        let project = match &file.target {
            ProjectTarget::New(_) => None,
            ProjectTarget::Existing(id) | ProjectTarget::Unclaimed(id, _) => Some(id.0),
        };
        let row = sqlx::query(
            "SELECT s.sweeps, s.underway, p.status, p.max_bytes, r.id AS release_id, \
             (SELECT filename FROM files WHERE sha256 = $1 LIMIT 1) AS equal_bytes \
             FROM (SELECT 1) AS one LEFT JOIN sweeps s ON s.sha256 = $1 LEFT JOIN projects p ON p.id = $2 \
             LEFT JOIN releases r ON r.project_id = p.id AND r.version_key = $3",
        )
        .bind(&file.digests.sha256.as_bytes()[..])
        .bind(project)
        .bind(file.version().key())
        .fetch_one(connection)
        .await
        .map_err(failed("look at what is there before an upload"))?;
        let swept = match column::<Option<bool>>(&row, "underway")? {
            Some(underway) => Some((unsigned(&row, "sweeps")?, underway)),
            None => None,
        };
        Ok(Self {
            swept,
            status: parsed_or_null(&row, "status")?,
            release: column(&row, "release_id")?,
            quota: projects::quota(&row)?,
            equal_bytes: parsed_or_null(&row, "equal_bytes")?,
        })
    }

    /// The bytes were stored before this transaction; a sweep in between may have taken them.
    fn bytes_are_there(&self, file: &NewFile) -> Result<(), RecordError> {
        match self.swept {
            Some((_, true)) => Err(RecordError::BytesSwept),
            Some((sweeps, false)) if sweeps != file.sweeps => Err(RecordError::BytesSwept),
            Some(_) | None => Ok(()),
        }
    }

    /// The project, if it is there and takes uploads.
    fn accepting(&self, project: ProjectId) -> Result<i64, RecordError> {
        match self.status.ok_or(RecordError::ProjectGone)? {
            ProjectStatus::Active | ProjectStatus::Deprecated => Ok(project.0),
            status @ (ProjectStatus::Archived | ProjectStatus::Quarantined) => {
                Err(RecordError::NotAccepting(status))
            }
        }
    }
}

async fn target(
    connection: &mut Connection,
    origin: &Origin,
    file: &NewFile,
    before: &Before,
) -> Result<i64, RecordError> {
    match &file.target {
        ProjectTarget::New(new) => {
            projects::insert(connection, origin, new)
                .await
                .map_err(|error| match error {
                    InsertError::Taken => RecordError::ProjectAppeared,
                    InsertError::Confusable => RecordError::Confusable {
                        given: new.display.normalised(),
                    },
                    // The uploader's account went away since the token was checked.
                    InsertError::NoSuchOwner => RecordError::ProjectGone,
                    InsertError::Store(error) => RecordError::Store(error),
                })
        }
        ProjectTarget::Existing(id) => before.accepting(*id),
        ProjectTarget::Unclaimed(id, user) => {
            let id = before.accepting(*id)?;
            claim(connection, id, user).await?;
            Ok(id)
        }
    }
}

/// Makes the uploader the owner of a project that is still nobody's.
async fn claim(
    connection: &mut Connection,
    project: i64,
    user: &UserName,
) -> Result<(), RecordError> {
    let done = sqlx::query(
        "INSERT INTO roles (project_id, user_id, role) SELECT $1, id, 'owner' FROM users WHERE name = $2 \
         AND NOT EXISTS (SELECT 1 FROM roles WHERE project_id = $1) \
         AND NOT EXISTS (SELECT 1 FROM files WHERE project_id = $1) \
         AND NOT EXISTS (SELECT 1 FROM projects WHERE id = $1 AND by_publisher)",
    )
    .bind(project)
    .bind(user.as_str())
    .execute(connection)
    .await
    .map_err(failed("claim a project"))?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(RecordError::ProjectAppeared)
    }
}

async fn claim_filename(
    connection: &mut Connection,
    origin: &Origin,
    file: &NewFile,
) -> Result<(), RecordError> {
    let done =
        sqlx::query("INSERT INTO filenames (index_id, filename, first_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(INDEX)
            .bind(file.filename.as_str())
            .bind(origin.at.as_microsecond())
            .execute(&mut *connection)
            .await
            .map_err(failed("claim a filename"))?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM files WHERE index_id = $1 AND filename = $2)",
    )
    .bind(INDEX)
    .bind(file.filename.as_str())
    .fetch_one(connection)
    .await
    .map_err(failed("look a file up"))?;
    Err(if there {
        RecordError::FileExists
    } else {
        RecordError::FilenameBurned
    })
}

/// The number of a release that was not there a moment ago: another upload may be adding it too, and one of them does.
async fn new_release(
    connection: &mut Connection,
    origin: &Origin,
    file: &NewFile,
    project: i64,
) -> Result<i64, StoreError> {
    let doing = "record a release";
    let version = file.version().key();
    let added: Option<i64> = sqlx::query_scalar(
        "INSERT INTO releases (project_id, version_key, version, metadata, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (project_id, version_key) DO NOTHING RETURNING id",
    )
    .bind(project)
    .bind(&version)
    .bind(file.metadata.version.to_string())
    .bind(to_json(&file.metadata)?)
    .bind(origin.at.as_microsecond())
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed(doing))?;
    if let Some(added) = added {
        return Ok(added);
    }
    sqlx::query_scalar("SELECT id FROM releases WHERE project_id = $1 AND version_key = $2")
        .bind(project)
        .bind(&version)
        .fetch_one(connection)
        .await
        .map_err(failed(doing))
}

async fn insert(
    connection: &mut Connection,
    origin: &Origin,
    file: &NewFile,
    project: i64,
    release: i64,
) -> Result<i64, RecordError> {
    let metadata_digest = match &file.core_metadata {
        None => None,
        Some(bytes) => Some(keep_core_metadata(connection, bytes).await?),
    };
    let kind = match file.kind() {
        FileKind::Sdist => "sdist",
        FileKind::Wheel => "wheel",
    };
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO files (index_id, project_id, release_id, filename, kind, size, sha256, blake2b_256, md5, \
         requires_python, core_metadata, pyversion, comment, differences, notes, uploaded_at, uploaded_by, user_agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(INDEX)
    .bind(project)
    .bind(release)
    .bind(file.filename.as_str())
    .bind(kind)
    .bind(signed(file.size)?)
    .bind(&file.digests.sha256.as_bytes()[..])
    .bind(&file.digests.blake2b_256.as_bytes()[..])
    .bind(&file.digests.md5.as_bytes()[..])
    .bind(file.metadata.requires_python.as_deref())
    .bind(metadata_digest.as_ref().map(|digest| &digest.as_bytes()[..]))
    .bind(&file.pyversion)
    .bind(file.comment.as_deref())
    .bind(to_json(&file.differences)?)
    .bind(to_json(&file.notes)?)
    .bind(origin.at.as_microsecond())
    .bind(origin.actor.to_string())
    .bind(file.user_agent.as_deref())
    .fetch_optional(connection)
    .await
    .map_err(failed("record a file"))?;
    // The filename was claimed above in this transaction, so the one key left to collide is `one_sdist_a_release`.
    id.ok_or(RecordError::SecondSdist)
}

async fn keep_core_metadata(
    connection: &mut Connection,
    bytes: &[u8],
) -> Result<Sha256, StoreError> {
    let digest = Sha256::of(bytes);
    sqlx::query("INSERT INTO core_metadata (sha256, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(&digest.as_bytes()[..])
        .bind(bytes)
        .execute(connection)
        .await
        .map_err(failed("keep a METADATA file"))?;
    Ok(digest)
}

/// Who pins a publisher keeps its row until the transaction ends. Two that each pin the same two, in opposite order, would wait for
/// each other.
fn in_order_of_publishers(attestations: &[Verified]) -> Result<Vec<&Verified>, StoreError> {
    let mut keyed = attestations
        .iter()
        .map(|verified| Ok((to_json(verified.publisher())?, verified)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(keyed.into_iter().map(|(_, verified)| verified).collect())
}

/// Adds attestations to a file, the first of each predicate type and identity, whether that one came with an upload or
/// later; returns how many were new.
pub(super) async fn attest(
    connection: &mut Connection,
    (project, name): (i64, &ProjectName),
    file: i64,
    attestations: &[Verified],
) -> Result<u32, AttestError> {
    let (mut added, mut served) = (0, 0);
    for verified in in_order_of_publishers(attestations)? {
        publishers::hold(connection, project, name, verified).await?;
    }
    for verified in attestations {
        let proven = verified.proven();
        let done = sqlx::query(
            "INSERT INTO attestations (file_id, predicate_type, san, issuer, json, publisher, record, repository) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE NOT EXISTS (SELECT 1 FROM late_attestations \
             WHERE file_id = $1 AND predicate_type = $2 AND san = $3 AND issuer = $4) ON CONFLICT DO NOTHING",
        )
        .bind(file)
        .bind(proven.predicate_type().to_string())
        .bind(proven.identity().san().as_str())
        .bind(proven.identity().issuer())
        .bind(proven.attestation().json())
        .bind(to_json(verified.publisher())?)
        .bind(to_json(&verified.record())?)
        .bind(proven.claims().source_repository_uri.as_deref())
        .execute(&mut *connection)
        .await
        .map_err(failed("record an attestation"))?;
        let new = u32::from(done.rows_affected() == 1);
        added += new;
        if proven.predicate_type().is_known_to_readers() {
            served += new;
        }
    }
    if added > 0 {
        let (count, all): (i64, i64) = sqlx::query_as(
            "UPDATE files SET attestations = attestations + $1 WHERE id = $2 \
             RETURNING attestations, (SELECT count(*) FROM attestations WHERE file_id = $2)",
        )
        .bind(i64::from(served))
        .bind(file)
        .fetch_one(connection)
        .await
        .map_err(failed("count a file's attestations"))?;
        let most = i64::from(MAX_WITH_UPLOADS);
        if count > most || all.saturating_sub(count) > most {
            return Err(AttestError::TooMany);
        }
    }
    Ok(added)
}
