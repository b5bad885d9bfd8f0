//! Attestations added after an upload, and files by digest with all that is known of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::json;
use touchplate_attest::{Attestation, Proven, VerificationRecord};
use touchplate_index::Origin;
use touchplate_index::accounts::UserName;
use touchplate_index::attesters::{
    AttestationFacts, Attributed, Capacity, KnownAttestation, LateAddition, MAX_LATE,
    MAX_LATE_BYTES,
};
use touchplate_index::ports::{
    AddLateError, AttestedFile, FileId, LateAttestations, LateOutcome, StoreError, WeighedFile,
};
use touchplate_packaging::{ProjectName, Sha256};

use super::dialect::{in_digests, in_numbers, indexed_by};
use super::rows::{self, column, json as from_json, parsed, time, to_json};
use super::{Connection, INDEX, Lock, Row, Store, failed, journal};

/// What is known of a later attestation, from its columns.
fn late(row: &Row) -> Result<AttestationFacts, StoreError> {
    Ok(AttestationFacts {
        capacity: parsed(row, "capacity")?,
        record: from_json(row, "record")?,
        added: Some(LateAddition {
            at: time(row, "added_at")?,
            by: column(row, "added_by")?,
        }),
    })
}

/// What is known of one that came with the upload.
fn with_upload(row: &Row) -> Result<AttestationFacts, StoreError> {
    Ok(AttestationFacts {
        capacity: Capacity::Publisher,
        record: from_json::<VerificationRecord>(row, "record")?.into(),
        added: None,
    })
}

/// The attestation of a file that claims the same by the same identity, and what is known of it.
async fn same_claim(
    connection: &mut Connection,
    file: FileId,
    proven: &Proven,
) -> Result<Option<(String, AttestationFacts)>, StoreError> {
    let doing = "look an attestation up";
    let uploaded = "SELECT json, record FROM attestations \
                    WHERE file_id = $1 AND predicate_type = $2 AND san = $3 AND issuer = $4";
    let added = "SELECT json, record, capacity, added_at, added_by FROM late_attestations \
                 WHERE file_id = $1 AND predicate_type = $2 AND san = $3 AND issuer = $4";
    type Read = fn(&Row) -> Result<AttestationFacts, StoreError>;
    for (sql, read) in [(uploaded, with_upload as Read), (added, late as Read)] {
        let row = sqlx::query(sql)
            .bind(file.0)
            .bind(proven.predicate_type().to_string())
            .bind(proven.identity().san().as_str())
            .bind(proven.identity().issuer())
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(doing))?;
        if let Some(row) = row {
            return Ok(Some((column(&row, "json")?, read(&row)?)));
        }
    }
    Ok(None)
}

async fn has_room(
    connection: &mut Connection,
    file: FileId,
    bytes: usize,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS count, coalesce(sum(octet_length(json)), 0) AS bytes FROM late_attestations WHERE file_id = $1",
    )
    .bind(file.0)
    .fetch_one(connection)
    .await
    .map_err(failed("count a file's attestations"))?;
    let size = |name| -> Result<usize, StoreError> {
        Ok(usize::try_from(rows::unsigned(&row, name)?).unwrap_or(usize::MAX))
    };
    Ok(size("count")? < MAX_LATE && size("bytes")?.saturating_add(bytes) <= MAX_LATE_BYTES)
}

#[async_trait]
impl LateAttestations for Store {
    async fn add(
        &self,
        origin: &Origin,
        file: FileId,
        attestation: &Attributed,
    ) -> Result<LateOutcome, AddLateError> {
        let doing = "record a later attestation";
        let proven = attestation.proven();
        let mut transaction = self.write_with(&[Lock::Attestations(file)]).await?;
        let row = sqlx::query(
            "SELECT f.filename, p.name AS project FROM files f JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
        )
        .bind(file.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("look a file up"))?
        .ok_or(AddLateError::NoSuchFile)?;
        if let Some((json, facts)) = same_claim(&mut transaction, file, proven).await? {
            let there = Attestation::parse(json.as_bytes()).map_err(|cause| {
                StoreError::new("read back an attestation that it stored", cause)
            })?;
            return if there.is_same_as(proven.attestation()) {
                Ok(LateOutcome::Equal(Box::new(facts)))
            } else {
                Err(AddLateError::Different)
            };
        }
        let json = proven.attestation().json();
        if !has_room(&mut transaction, file, json.len()).await? {
            return Err(AddLateError::TooMany);
        }
        sqlx::query(
            "INSERT INTO late_attestations \
             (file_id, predicate_type, san, issuer, capacity, json, record, added_at, added_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(file.0)
        .bind(proven.predicate_type().to_string())
        .bind(proven.identity().san().as_str())
        .bind(proven.identity().issuer())
        .bind(attestation.capacity().as_str())
        .bind(json)
        .bind(to_json(&attestation.record())?)
        .bind(origin.at.as_microsecond())
        .bind(origin.actor.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        let project: ProjectName = parsed(&row, "project")?;
        let details = json!({
            "filename": column::<&str>(&row, "filename")?,
            "capacity": attestation.capacity().as_str(),
            "predicate_type": proven.predicate_type().as_str(),
            "san": proven.identity().san().as_str(),
            "issuer": proven.identity().issuer(),
        });
        let action = "add later attestation";
        // The project's serial stays: it is what installers' pages carry, and these do not change.
        journal::write(&mut transaction, origin, action, Some(&project), &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(LateOutcome::Added)
    }

    async fn list(&self, file: FileId) -> Result<Vec<KnownAttestation>, StoreError> {
        let rows = sqlx::query(
            "SELECT json, record, capacity, added_at, added_by FROM late_attestations WHERE file_id = $1 ORDER BY id",
        )
        .bind(file.0)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read later attestations"))?;
        let read = |row: &Row| {
            Ok(KnownAttestation {
                json: column(row, "json")?,
                facts: late(row)?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn by_digest(
        &self,
        digests: &[Sha256],
        member: Option<&UserName>,
    ) -> Result<Vec<WeighedFile>, StoreError> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(BY_DIGEST)
            .bind(to_json(&digests)?)
            .bind(member.map(UserName::as_str))
            .bind(INDEX)
            .fetch_all(&self.readers)
            .await
            .map_err(failed("look files up by digest"))?;
        let read = |row: &Row| {
            Ok(WeighedFile {
                id: FileId(column(row, "f_id")?),
                sha256: rows::sha256(row, "sha256")?,
                bytes: rows::unsigned(row, "bytes")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn of_files(
        &self,
        files: &[FileId],
        member: Option<&UserName>,
    ) -> Result<Vec<AttestedFile>, StoreError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = files.iter().map(|file| file.0).collect();
        let rows = sqlx::query(OF_FILES)
            .bind(to_json(&ids)?)
            .bind(member.map(UserName::as_str))
            .fetch_all(&self.readers)
            .await
            .map_err(failed("read what is known of files"))?;
        let mut files: BTreeMap<i64, AttestedFile> = BTreeMap::new();
        for row in &rows {
            let facts = match column::<Option<bool>>(row, "is_late")? {
                None => None,
                Some(false) => Some(with_upload(row)?),
                Some(true) => Some(late(row)?),
            };
            let known = match facts {
                None => None,
                Some(facts) => Some(KnownAttestation {
                    json: column(row, "json")?,
                    facts,
                }),
            };
            let id = column(row, "f_id")?;
            if let Some(file) = files.get_mut(&id) {
                file.attestations.extend(known);
            } else {
                let file = AttestedFile {
                    project: rows::project(row)?,
                    file: rows::file(row)?,
                    is_member: column(row, "is_member")?,
                    attestations: known.into_iter().collect(),
                };
                files.insert(id, file);
            }
        }
        Ok(files.into_values().collect())
    }
}

/// How many bytes the attestations of `files f` in one table have with their records. SQLite knows it without reading them.
macro_rules! weight {
    ($table:literal) => {
        concat!(
            "(SELECT coalesce(sum(octet_length(a.json) + octet_length(a.record)), 0) FROM ",
            $table,
            " a WHERE a.file_id = f.id)"
        )
    };
}

/// `$1` is a JSON array of digests in hexadecimal, `$2` a user's name or null, `$3` the index. Left to itself, SQLite walks the
/// whole index of filenames by `index_id`, which every file has.
pub(crate) const BY_DIGEST: &str = concat!(
    "SELECT f.id AS f_id, f.sha256, ",
    weight!("attestations"),
    " + ",
    weight!("late_attestations"),
    " AS bytes FROM files f",
    indexed_by!("files_by_digest"),
    " JOIN projects p ON p.id = f.project_id WHERE f.index_id = $3 AND f.sha256 ",
    in_digests!("$1"),
    " AND ",
    rows::visible!("false", "$2"),
    " ORDER BY f.id"
);

/// What both halves of [`OF_FILES`] have in common: the files.
macro_rules! files_and {
    ($attestation:literal, $joined:literal) => {
        concat!(
            "SELECT ",
            rows::project_columns!(),
            ", ",
            rows::file_columns!(),
            ", EXISTS (SELECT 1 FROM users u LEFT JOIN roles m ON m.user_id = u.id AND m.project_id = p.id \
             WHERE u.name = $2 AND (m.role IS NOT NULL OR u.administrator)) AS is_member, ",
            $attestation,
            " FROM files f JOIN releases r ON r.id = f.release_id JOIN projects p ON p.id = f.project_id ",
            $joined,
            " a ON a.file_id = f.id WHERE f.id ",
            in_numbers!("$1"),
            " AND ",
            rows::visible!("false", "$2")
        )
    };
}

/// Each file as often as it has attestations, once at least: `$1` is a JSON array of row numbers, `$2` a user's name or null.
/// Those of uploads first, each oldest first.
pub(crate) const OF_FILES: &str = concat!(
    files_and!(
        "a.id AS a_id, CASE WHEN a.id IS NOT NULL THEN false END AS is_late, a.json, a.record, NULL AS capacity, NULL AS added_at, NULL AS added_by",
        "LEFT JOIN attestations"
    ),
    " UNION ALL ",
    files_and!(
        "a.id AS a_id, true AS is_late, a.json, a.record, a.capacity, a.added_at, a.added_by",
        "JOIN late_attestations"
    ),
    " ORDER BY f_id, is_late, a_id"
);
