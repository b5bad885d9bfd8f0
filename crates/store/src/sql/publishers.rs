//! Configured publishers.

use async_trait::async_trait;
use serde_json::json;
use touchplate_attest::{PinnedIds, Publisher, Verified};
use touchplate_index::Origin;
use touchplate_index::ports::{
    AddPublisherError, AttestError, ProjectId, PublisherId, Publishers, StoreError, StoredPublisher,
};
use touchplate_index::trusted_publishing::{RatchetKind, Terms};
use touchplate_packaging::ProjectName;

use super::dialect::{in_texts, locked};
use super::rows::{column, json as from_json, to_json};
use super::{Connection, INDEX, Row, Store, failed, journal, known_numbers, projects, ratchets};

/// A project's publisher, for [`stored`], which nobody else changes until the transaction ends.
pub(super) const SELECT_ONE: &str = concat!(
    "SELECT id, publisher, repository_id, owner_id, terms FROM publishers WHERE id = $1 AND project_id = $2",
    locked!()
);

pub(super) fn stored(row: &Row) -> Result<StoredPublisher, StoreError> {
    Ok(StoredPublisher {
        id: PublisherId(column(row, "id")?),
        publisher: from_json(row, "publisher")?,
        ids: PinnedIds {
            repository_id: column(row, "repository_id")?,
            owner_id: column(row, "owner_id")?,
        },
        terms: from_json(row, "terms")?,
    })
}

/// Pins the publisher of an attestation to the numbers that it shows, or refuses it if it is pinned to others. One that
/// was removed meanwhile is not pinned.
pub(super) async fn hold(
    connection: &mut Connection,
    project: i64,
    name: &ProjectName,
    verified: &Verified,
) -> Result<(), AttestError> {
    // Nearly always it is pinned to what is shown, and stays so. To be the one who pins it, it is looked at once more while
    // nobody else can.
    for (sql, may_pin) in [(BY_PUBLISHER, false), (BY_PUBLISHER_LOCKED, true)] {
        let row = sqlx::query(sql)
            .bind(project)
            .bind(to_json(verified.publisher())?)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed("pin a publisher"))?;
        let Some(row) = row else { return Ok(()) };
        let stored = stored(&row)?;
        let ids = stored
            .held_to(name, &verified.ids())
            .map_err(AttestError::PinnedElsewhere)?;
        if ids == stored.ids {
            return Ok(());
        }
        if may_pin {
            known_numbers::pin(connection, project, &stored, &ids).await?;
        }
    }
    Ok(())
}

const BY_PUBLISHER: &str = "SELECT id, publisher, repository_id, owner_id, terms FROM publishers \
                            WHERE project_id = $1 AND publisher = $2";
const BY_PUBLISHER_LOCKED: &str = concat!(
    "SELECT id, publisher, repository_id, owner_id, terms FROM publishers WHERE project_id = $1 AND publisher = $2",
    locked!()
);

/// Whether a project has more publishers than so many.
async fn has_more(
    connection: &mut Connection,
    project: i64,
    limit: u32,
) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM publishers WHERE project_id = $1")
        .bind(project)
        .fetch_one(connection)
        .await
        .map_err(failed("count publishers"))?;
    Ok(count > i64::from(limit))
}

async fn one(
    connection: &mut Connection,
    project: i64,
    id: PublisherId,
) -> Result<Option<StoredPublisher>, StoreError> {
    let row = sqlx::query(SELECT_ONE)
        .bind(id.0)
        .bind(project)
        .fetch_optional(connection)
        .await
        .map_err(failed("look a publisher up"))?;
    row.as_ref().map(stored).transpose()
}

#[async_trait]
impl Publishers for Store {
    async fn add(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
        terms: &Terms,
        limit: Option<u32>,
    ) -> Result<StoredPublisher, AddPublisherError> {
        let wire = to_json(publisher)?;
        let mut transaction = self.write().await?;
        let project_id = projects::id_of(&mut transaction, project)
            .await?
            .ok_or_else(|| AddPublisherError::NoSuchProject(project.clone()))?;
        if publisher.environment().is_none()
            && ratchets::stands(
                &mut transaction,
                project_id,
                RatchetKind::EnvironmentRequired,
            )
            .await?
        {
            return Err(AddPublisherError::NoEnvironment(project.clone()));
        }
        let ids = known_numbers::known(&mut transaction, project_id, publisher).await?;
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO publishers (index_id, project_id, lookup_key, unique_key, publisher, terms, created_at, \
             repository_id, owner_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(INDEX)
        .bind(project_id)
        .bind(publisher.lookup_key())
        .bind(publisher.unique_key())
        .bind(&wire)
        .bind(to_json(terms)?)
        .bind(origin.at.as_microsecond())
        .bind(ids.repository_id.as_deref())
        .bind(ids.owner_id.as_deref())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("add a publisher"))?;
        let id = id.ok_or_else(|| AddPublisherError::Exists(project.clone()))?;
        // Counted with it, so that one that is there already is told so of a project that is full.
        if let Some(limit) = limit
            && has_more(&mut transaction, project_id, limit).await?
        {
            return Err(AddPublisherError::TooMany(project.clone()));
        }
        let details = json!({ "publisher": publisher, "terms": terms, "ids": ids });
        let of = (project_id, project);
        journal::changed(&mut transaction, origin, "add publisher", of, &details).await?;
        transaction
            .commit()
            .await
            .map_err(failed("add a publisher"))?;
        Ok(StoredPublisher {
            id: PublisherId(id),
            publisher: publisher.clone(),
            ids,
            terms: terms.clone(),
        })
    }

    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let Some(project_id) = projects::id_of(&mut transaction, project).await? else {
            return Ok(false);
        };
        let Some(stored) = one(&mut transaction, project_id, id).await? else {
            return Ok(false);
        };
        if !stored.ids.is_empty() {
            let StoredPublisher { publisher, ids, .. } = &stored;
            known_numbers::remember(&mut transaction, project_id, publisher, ids).await?;
        }
        sqlx::query("DELETE FROM publishers WHERE id = $1")
            .bind(id.0)
            .execute(&mut *transaction)
            .await
            .map_err(failed("remove a publisher"))?;
        let details = json!({ "publisher": id.0 });
        let of = (project_id, project);
        journal::changed(&mut transaction, origin, "remove publisher", of, &details).await?;
        transaction
            .commit()
            .await
            .map_err(failed("remove a publisher"))?;
        Ok(true)
    }

    async fn repin(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        ids: &PinnedIds,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let Some(project_id) = projects::id_of(&mut transaction, project).await? else {
            return Ok(false);
        };
        let Some(stored) = one(&mut transaction, project_id, id).await? else {
            return Ok(false);
        };
        known_numbers::pin(&mut transaction, project_id, &stored, ids).await?;
        let details = json!({ "publisher": id.0, "ids": ids });
        let of = (project_id, project);
        journal::changed(&mut transaction, origin, "repin publisher", of, &details).await?;
        transaction
            .commit()
            .await
            .map_err(failed("pin a publisher"))?;
        Ok(true)
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<StoredPublisher>, StoreError> {
        let rows =
            sqlx::query("SELECT id, publisher, repository_id, owner_id, terms FROM publishers WHERE project_id = $1 ORDER BY id")
                .bind(project.0)
                .fetch_all(&self.readers)
                .await
                .map_err(failed("list publishers"))?;
        rows.iter().map(stored).collect()
    }

    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredPublisher>, StoreError> {
        // One statement for any number of keys; each is one step into the index.
        let rows = sqlx::query(concat!(
            "SELECT id, publisher, repository_id, owner_id, terms FROM publishers WHERE project_id = $1 AND lookup_key ",
            in_texts!("$2"),
            " ORDER BY id",
        ))
        .bind(project.0)
        .bind(to_json(&keys)?)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("look publishers up"))?;
        rows.iter().map(stored).collect()
    }
}
