//! Pending publishers, and the projects that they become.

use jiff::Timestamp;
use serde_json::json;
use touchplate_index::Origin;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{
    AddPendingError, FulfilError, NewProject, PendingId, StoreError, StoredPending,
};
use touchplate_index::trusted_publishing::PendingPublisher;
use touchplate_packaging::ProjectName;

use super::projects::InsertError;
use super::rows::{column, json as from_json, parsed, parsed_or_null, time, to_json};
use super::{Connection, INDEX, Row, Store, failed, journal, projects};

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT p.id, p.display, p.visibility, p.user_id, p.publisher, p.terms, p.created_at, p.expires_at, u.name AS owner \
             FROM pending_publishers p LEFT JOIN users u ON u.id = p.user_id",
            $($rest)*
        )
    };
}
pub(super) use select;

pub(super) fn stored(row: &Row) -> Result<StoredPending, StoreError> {
    Ok(StoredPending {
        id: PendingId(column(row, "id")?),
        pending: PendingPublisher {
            display: parsed(row, "display")?,
            visibility: parsed(row, "visibility")?,
            owner: parsed_or_null(row, "owner")?,
            publisher: from_json(row, "publisher")?,
            terms: from_json(row, "terms")?,
        },
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

/// The user's row, if they may register one more.
async fn may_register(
    connection: &mut Connection,
    owner: &UserName,
    limit: u32,
) -> Result<i64, AddPendingError> {
    let user: Option<i64> = sqlx::query_scalar("SELECT id FROM users WHERE name = $1")
        .bind(owner.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed("look a user up"))?;
    let user = user.ok_or_else(|| AddPendingError::NoSuchUser(owner.clone()))?;
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pending_publishers WHERE user_id = $1")
            .bind(user)
            .fetch_one(connection)
            .await
            .map_err(failed("count pending publishers"))?;
    if count >= i64::from(limit) {
        return Err(AddPendingError::TooMany(owner.clone()));
    }
    Ok(user)
}

async fn name_is_free(
    connection: &mut Connection,
    name: &ProjectName,
) -> Result<(), AddPendingError> {
    if projects::id_of(connection, name).await?.is_some() {
        return Err(AddPendingError::ProjectExists(name.clone()));
    }
    let similar: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM projects WHERE index_id = $1 AND confusable = $2)",
    )
    .bind(INDEX)
    .bind(name.confusable())
    .fetch_one(connection)
    .await
    .map_err(failed("look for similar names"))?;
    if similar {
        return Err(AddPendingError::Confusable(name.clone()));
    }
    Ok(())
}

impl Store {
    pub(super) async fn insert_pending(
        &self,
        origin: &Origin,
        pending: &PendingPublisher,
        expires_at: Timestamp,
        limit: u32,
    ) -> Result<PendingId, AddPendingError> {
        let doing = "register a pending publisher";
        let name = pending.display.normalised();
        let mut transaction = self.write().await?;
        name_is_free(&mut transaction, &name).await?;
        let user = match &pending.owner {
            None => None,
            Some(owner) => Some(may_register(&mut transaction, owner, limit).await?),
        };
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO pending_publishers (index_id, name, display, confusable, visibility, user_id, lookup_key, \
             unique_key, publisher, terms, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(INDEX)
        .bind(name.as_str())
        .bind(pending.display.as_str())
        .bind(name.confusable())
        .bind(pending.visibility.as_str())
        .bind(user)
        .bind(pending.publisher.lookup_key())
        .bind(pending.publisher.unique_key())
        .bind(to_json(&pending.publisher)?)
        .bind(to_json(&pending.terms)?)
        .bind(origin.at.as_microsecond())
        .bind(expires_at.as_microsecond())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        let id = id.ok_or(AddPendingError::Exists(name.clone()))?;
        let details = json!({
            "pending": id,
            "publisher": pending.publisher,
            "owner": pending.owner.as_ref().map(UserName::as_str),
        });
        journal::write(
            &mut transaction,
            origin,
            "add pending publisher",
            Some(&name),
            &details,
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(PendingId(id))
    }

    pub(super) async fn delete_pending(
        &self,
        origin: &Origin,
        id: PendingId,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if !remove(&mut transaction, origin, id, "asked for").await? {
            return Ok(false);
        }
        transaction
            .commit()
            .await
            .map_err(failed("remove a pending publisher"))?;
        Ok(true)
    }

    pub(super) async fn list_pending(
        &self,
        owner: Option<&UserName>,
    ) -> Result<Vec<StoredPending>, StoreError> {
        let rows = sqlx::query(select!(
            " WHERE p.index_id = $1 AND ($2 IS NULL OR u.name = $2) ORDER BY p.id"
        ))
        .bind(INDEX)
        .bind(owner.map(UserName::as_str))
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list pending publishers"))?;
        rows.iter().map(stored).collect()
    }

    pub(super) async fn fulfil_pending(
        &self,
        origin: &Origin,
        id: PendingId,
    ) -> Result<ProjectName, FulfilError> {
        let doing = "create a pending publisher's project";
        let mut transaction = self.write().await?;
        let row = sqlx::query(select!(" WHERE p.id = $1"))
            .bind(id.0)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let Some(row) = row else {
            return Err(FulfilError::Gone);
        };
        let user: Option<i64> = column(&row, "user_id")?;
        let pending = stored(&row)?.pending;
        let name = pending.display.normalised();
        if projects::id_of(&mut transaction, &name).await?.is_some() {
            remove(&mut transaction, origin, id, "the project exists").await?;
            transaction.commit().await.map_err(failed(doing))?;
            return Err(FulfilError::Taken(name));
        }
        let details = json!({ "display": pending.display.as_str(), "pending": id.0, "publisher": pending.publisher });
        let project = NewProject {
            display: pending.display,
            visibility: pending.visibility,
            owner: pending.owner,
        };
        let created = projects::insert(&mut transaction, origin, &project).await;
        let project = created.map_err(|error| match error {
            InsertError::Taken => FulfilError::Taken(name.clone()),
            InsertError::Confusable => FulfilError::Confusable(name.clone()),
            // The row goes with its user, so both were there a moment ago in this transaction.
            InsertError::NoSuchOwner => FulfilError::Gone,
            InsertError::Store(error) => FulfilError::Store(error),
        })?;
        become_publishers(&mut transaction, &name, user, project).await?;
        let of = (project, &name);
        journal::changed(&mut transaction, origin, "create project", of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(name)
    }
}

/// The pending publishers of the same owner become the project's; those of others had bet on a name that went elsewhere.
async fn become_publishers(
    connection: &mut Connection,
    name: &ProjectName,
    user: Option<i64>,
    project: i64,
) -> Result<(), StoreError> {
    let doing = "turn pending publishers into publishers";
    sqlx::query("UPDATE projects SET by_publisher = true WHERE id = $1")
        .bind(project)
        .execute(&mut *connection)
        .await
        .map_err(failed(doing))?;
    sqlx::query(
        "INSERT INTO publishers (index_id, project_id, lookup_key, unique_key, publisher, terms, created_at) \
         SELECT index_id, $1, lookup_key, unique_key, publisher, terms, created_at FROM pending_publishers \
         WHERE index_id = $2 AND name = $3 AND user_id IS NOT DISTINCT FROM $4 ORDER BY id ON CONFLICT DO NOTHING",
    )
    .bind(project)
    .bind(INDEX)
    .bind(name.as_str())
    .bind(user)
    .execute(&mut *connection)
    .await
    .map_err(failed(doing))?;
    sqlx::query("DELETE FROM pending_publishers WHERE index_id = $1 AND name = $2")
        .bind(INDEX)
        .bind(name.as_str())
        .execute(connection)
        .await
        .map_err(failed(doing))?;
    Ok(())
}

async fn remove(
    connection: &mut Connection,
    origin: &Origin,
    id: PendingId,
    why: &str,
) -> Result<bool, StoreError> {
    let name: Option<String> =
        sqlx::query_scalar("DELETE FROM pending_publishers WHERE id = $1 RETURNING name")
            .bind(id.0)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed("remove a pending publisher"))?;
    let Some(name) = name else { return Ok(false) };
    let name: ProjectName = name
        .parse()
        .map_err(|cause| StoreError::new("read back a row that it stored", cause))?;
    let details = json!({ "pending": id.0, "why": why });
    journal::write(
        connection,
        origin,
        "remove pending publisher",
        Some(&name),
        &details,
    )
    .await?;
    Ok(true)
}
