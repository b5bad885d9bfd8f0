//! Publishers across projects, and the tokens minted for them.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Executor;
use touchplate_index::Origin;
use touchplate_index::accounts::{NarrowingKey, SecretHash, TokenId, UserName};
use touchplate_index::ports::{
    AddPendingError, Candidate, Candidates, FileId, FulfilError, MintError, NewMinted, PendingId,
    ProjectId, PublisherId, RatchetError, Reach, StoreError, StoredMinted, StoredPending,
    StoredPublisher, TrustedPublishing, UploadRun,
};
use touchplate_index::trusted_publishing::{
    IdTokenUse, PendingPublisher, Ratchet, RatchetKind, RatchetSince, Terms,
};
use touchplate_packaging::{ProjectName, Version};

use super::dialect::in_texts;
use super::rows::{
    bytes, bytes_or_null, column, json as from_json, parsed, time, time_or_null, to_json,
};
use super::{
    Connection, Driver, INDEX, Row, Store, failed, journal, known_numbers, pending, projects,
    publishers, ratchets,
};

fn minted(row: &Row) -> Result<StoredMinted, StoreError> {
    Ok(StoredMinted {
        id: parsed(row, "id")?,
        hash: SecretHash::from_bytes(bytes(row, "hash")?),
        narrowing_key: bytes_or_null(row, "narrowing_key")?.map(NarrowingKey::from_bytes),
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        revoked_at: time_or_null(row, "revoked_at")?,
        single_use: column(row, "single_use")?,
        used_at: time_or_null(row, "used_at")?,
        publisher: column(row, "publisher")?,
        issuer: column(row, "issuer")?,
        subject: column(row, "subject")?,
        run: from_json(row, "run")?,
    })
}

/// Marks an ID token as used; false when it was used before. One that has ended would be refused at the door, so its row
/// may be taken over by another of the same id.
async fn burn(
    connection: &mut Connection,
    used: &IdTokenUse,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO used_id_tokens (index_id, issuer, id, until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (index_id, issuer, id) DO UPDATE SET until = excluded.until WHERE used_id_tokens.until < $5",
    )
    .bind(INDEX)
    .bind(used.issuer())
    .bind(&used.id()[..])
    .bind(used.until().as_microsecond())
    .bind(now.as_microsecond())
    .execute(connection)
    .await
    .map_err(failed("mark an ID token as used"))?;
    Ok(done.rows_affected() == 1)
}

/// Gives a token a project; false when its publisher is not any more what it was judged by.
async fn reach(
    connection: &mut Connection,
    token: &TokenId,
    reach: &Reach,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let doing = "mint a token";
    let row = sqlx::query(publishers::SELECT_ONE)
        .bind(reach.publisher.0)
        .bind(reach.project.0)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(doing))?;
    let Some(row) = row else { return Ok(false) };
    let stored = publishers::stored(&row)?;
    if stored.ids != reach.pinned {
        return Ok(false);
    }
    if reach.ids != reach.pinned {
        known_numbers::pin(connection, reach.project.0, &stored, &reach.ids).await?;
    }
    if let Some(spelled) = &reach.spelled {
        sqlx::query(
            "UPDATE publishers SET publisher = $1 WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM publishers o \
             WHERE o.project_id = publishers.project_id AND o.publisher = $1)",
        )
            .bind(to_json(spelled)?)
            .bind(reach.publisher.0)
            .execute(&mut *connection)
            .await
            .map_err(failed("correct a publisher's spelling"))?;
    }
    sqlx::query(
        "INSERT INTO minted_reach (token_id, project_id, publisher_id, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(token.as_str())
    .bind(reach.project.0)
    .bind(reach.publisher.0)
    .bind(at.as_microsecond())
    .execute(connection)
    .await
    .map_err(failed(doing))?;
    Ok(true)
}

/// Uses up a token that is for one upload; false when it was used up before.
pub(super) async fn spend<'e>(
    executor: impl Executor<'e, Database = Driver>,
    id: &TokenId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("UPDATE minted_tokens SET used_at = $1 WHERE id = $2 AND used_at IS NULL")
            .bind(at.as_microsecond())
            .bind(id.as_str())
            .execute(executor)
            .await
            .map_err(failed("use a token up"))?;
    Ok(done.rows_affected() == 1)
}

async fn insert(
    connection: &mut Connection,
    minted: &NewMinted,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO minted_tokens (id, index_id, hash, narrowing_key, created_at, expires_at, single_use, publisher, \
         issuer, subject, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(minted.id.as_str())
    .bind(INDEX)
    .bind(&minted.hash.as_bytes()[..])
    .bind(minted.narrowing_key.as_ref().map(|key| &key.as_bytes()[..]))
    .bind(at.as_microsecond())
    .bind(minted.expires_at.as_microsecond())
    .bind(minted.single_use)
    .bind(&minted.publisher)
    .bind(&minted.issuer)
    .bind(&minted.subject)
    .bind(to_json(&minted.run)?)
    .execute(connection)
    .await
    .map_err(failed("mint a token"))?;
    Ok(())
}

#[async_trait]
impl TrustedPublishing for Store {
    async fn candidates(
        &self,
        keys: &[String],
        limit: u32,
        now: Timestamp,
    ) -> Result<Candidates, StoreError> {
        let keys = to_json(&keys)?;
        let doing = "look publishers up";
        // One statement for any number of keys; each is one step into the index. The pending ones first: one that becomes a
        // publisher meanwhile is then found as either, never as neither.
        let rows = sqlx::query(pending::select!(
            " WHERE p.index_id = $1 AND p.lookup_key ",
            in_texts!("$2"),
            " AND p.expires_at > $3 ORDER BY p.id LIMIT $4"
        ))
        .bind(INDEX)
        .bind(&keys)
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed(doing))?;
        let pending = rows.iter().map(pending::stored).collect::<Result<_, _>>()?;
        let rows = sqlx::query(concat!(
            "SELECT p.id, p.publisher, p.repository_id, p.owner_id, p.terms, p.project_id, o.name AS project, \
             EXISTS (SELECT 1 FROM ratchets r WHERE r.project_id = o.id AND r.kind = 'environment-required') AS environment_required \
             FROM publishers p JOIN projects o ON o.id = p.project_id \
             WHERE p.index_id = $1 AND p.lookup_key ",
            in_texts!("$2"),
            " ORDER BY p.id LIMIT $3",
        ))
        .bind(INDEX)
        .bind(&keys)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed(doing))?;
        let read = |row: &Row| {
            Ok(Candidate {
                project_id: ProjectId(column(row, "project_id")?),
                project: parsed(row, "project")?,
                stored: publishers::stored(row)?,
                environment_required: column(row, "environment_required")?,
            })
        };
        let publishers = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
        Ok(Candidates {
            publishers,
            pending,
        })
    }

    async fn add_pending(
        &self,
        origin: &Origin,
        pending: &PendingPublisher,
        expires_at: Timestamp,
        limit: u32,
    ) -> Result<PendingId, AddPendingError> {
        self.insert_pending(origin, pending, expires_at, limit)
            .await
    }

    async fn remove_pending(&self, origin: &Origin, id: PendingId) -> Result<bool, StoreError> {
        self.delete_pending(origin, id).await
    }

    async fn pending(&self, owner: Option<&UserName>) -> Result<Vec<StoredPending>, StoreError> {
        self.list_pending(owner).await
    }

    async fn fulfil(&self, origin: &Origin, id: PendingId) -> Result<ProjectName, FulfilError> {
        self.fulfil_pending(origin, id).await
    }

    async fn is_used(&self, used: &IdTokenUse, now: Timestamp) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 FROM used_id_tokens WHERE index_id = $1 AND issuer = $2 AND id = $3 AND until >= $4",
        )
        .bind(INDEX)
        .bind(used.issuer())
        .bind(&used.id()[..])
        .bind(now.as_microsecond())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look for a used ID token"))?;
        Ok(row.is_some())
    }

    async fn mint(&self, origin: &Origin, minted: &NewMinted) -> Result<(), MintError> {
        let mut transaction = self.write_with(&[]).await?;
        if !burn(&mut transaction, &minted.used, origin.at).await? {
            return Err(MintError::Used);
        }
        insert(&mut transaction, minted, origin.at).await?;
        for one in &minted.reach {
            if !reach(&mut transaction, &minted.id, one, origin.at).await? {
                return Err(MintError::Changed);
            }
        }
        let projects = minted.reach.iter().map(|one| one.project.0);
        let details = json!({
            "token": minted.id.as_str(),
            "projects": projects.collect::<Vec<_>>(),
            "subject": minted.subject,
            "run": minted.run,
            "expires_at": minted.expires_at,
        });
        // Of no project: nothing changed that installers read.
        journal::write(&mut transaction, origin, "mint token", None, &details).await?;
        transaction.commit().await.map_err(failed("mint a token"))?;
        Ok(())
    }

    async fn minted(&self, id: &TokenId) -> Result<Option<StoredMinted>, StoreError> {
        let row = sqlx::query("SELECT * FROM minted_tokens WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("look a token up"))?;
        row.as_ref().map(minted).transpose()
    }

    async fn reached(
        &self,
        id: &TokenId,
        project: ProjectId,
    ) -> Result<Option<StoredPublisher>, StoreError> {
        let row = sqlx::query(
            "SELECT p.id, p.publisher, p.repository_id, p.owner_id, p.terms FROM minted_reach r \
             JOIN publishers p ON p.id = r.publisher_id WHERE r.token_id = $1 AND r.project_id = $2",
        )
        .bind(id.as_str())
        .bind(project.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look up what a token reaches"))?;
        row.as_ref().map(publishers::stored).transpose()
    }

    async fn revoke_minted(&self, origin: &Origin, id: &TokenId) -> Result<bool, StoreError> {
        let doing = "revoke a token";
        let mut transaction = self.write().await?;
        let revoked: Option<Option<i64>> =
            sqlx::query_scalar("SELECT revoked_at FROM minted_tokens WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&mut *transaction)
                .await
                .map_err(failed(doing))?;
        match revoked {
            None => return Ok(false),
            Some(Some(_)) => return Ok(true),
            Some(None) => {}
        }
        sqlx::query("UPDATE minted_tokens SET revoked_at = $1 WHERE id = $2")
            .bind(origin.at.as_microsecond())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let details = json!({ "token": id.as_str() });
        journal::write(&mut transaction, origin, "revoke token", None, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    async fn minted_for(
        &self,
        project: ProjectId,
        limit: u32,
    ) -> Result<Vec<StoredMinted>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.* FROM minted_reach r JOIN minted_tokens t ON t.id = r.token_id WHERE r.project_id = $1 \
             ORDER BY r.created_at DESC, r.token_id LIMIT $2",
        )
        .bind(project.0)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list minted tokens"))?;
        rows.iter().map(minted).collect()
    }

    async fn set_terms(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        terms: &Terms,
    ) -> Result<bool, StoreError> {
        let doing = "set a publisher's terms";
        let mut transaction = self.write().await?;
        let Some(project_id) = projects::id_of(&mut transaction, project).await? else {
            return Ok(false);
        };
        let done =
            sqlx::query("UPDATE publishers SET terms = $1 WHERE id = $2 AND project_id = $3")
                .bind(to_json(terms)?)
                .bind(id.0)
                .bind(project_id)
                .execute(&mut *transaction)
                .await
                .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let details = json!({ "publisher": id.0, "terms": terms });
        let of = (project_id, project);
        journal::changed(
            &mut transaction,
            origin,
            "set publisher terms",
            of,
            &details,
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    async fn ratchets(&self, project: ProjectId) -> Result<Vec<RatchetSince>, StoreError> {
        ratchets::list(&self.readers, project).await
    }

    async fn turn(
        &self,
        origin: &Origin,
        project: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<bool, RatchetError> {
        self.turn_ratchet(origin, project, ratchet).await
    }

    async fn release_ratchet(
        &self,
        origin: &Origin,
        project: &ProjectName,
        kind: RatchetKind,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.take_ratchet_back(origin, project, kind, reason).await
    }

    async fn release_began(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT created_at FROM releases WHERE project_id = $1 AND version_key = $2",
        )
        .bind(project.0)
        .bind(version.key())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a release up"))?;
        row.as_ref().map(|row| time(row, "created_at")).transpose()
    }

    async fn run_of(&self, file: FileId) -> Result<Option<UploadRun>, StoreError> {
        let row = sqlx::query(
            "SELECT token, publisher, run, attested_commit FROM upload_runs WHERE file_id = $1",
        )
        .bind(file.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look up who uploaded a file"))?;
        let read = |row: &Row| {
            Ok(UploadRun {
                token: parsed(row, "token")?,
                publisher: column(row, "publisher")?,
                run: from_json(row, "run")?,
                attested_commit: column(row, "attested_commit")?,
            })
        };
        row.as_ref().map(read).transpose()
    }

    async fn prune(&self, now: Timestamp, tokens_before: Timestamp) -> Result<(), StoreError> {
        let ended = [
            ("DELETE FROM used_id_tokens WHERE until < $1", now),
            (
                "DELETE FROM minted_tokens WHERE expires_at < $1",
                tokens_before,
            ),
            ("DELETE FROM pending_publishers WHERE expires_at < $1", now),
        ];
        for (sql, before) in ended {
            sqlx::query(sql)
                .bind(before.as_microsecond())
                .execute(&self.writer)
                .await
                .map_err(failed("forget what has ended"))?;
        }
        Ok(())
    }
}
