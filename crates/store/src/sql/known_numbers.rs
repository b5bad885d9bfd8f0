//! The numbers behind the names of repositories: pinned for each publisher, remembered for the project.

use touchplate_attest::{PinnedIds, Publisher};
use touchplate_index::ports::{StoreError, StoredPublisher};

use super::rows::column;
use super::{Connection, failed};

/// Pins a publisher to these numbers, and whoever is added later of the same repository.
pub(super) async fn pin(
    connection: &mut Connection,
    project: i64,
    stored: &StoredPublisher,
    ids: &PinnedIds,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE publishers SET repository_id = $1, owner_id = $2 WHERE id = $3")
        .bind(ids.repository_id.as_deref())
        .bind(ids.owner_id.as_deref())
        .bind(stored.id.0)
        .execute(&mut *connection)
        .await
        .map_err(failed("pin a publisher"))?;
    remember(connection, project, &stored.publisher, ids).await
}

/// Remembers what a publisher is pinned to; nothing, to forget what was.
pub(super) async fn remember(
    connection: &mut Connection,
    project: i64,
    publisher: &Publisher,
    ids: &PinnedIds,
) -> Result<(), StoreError> {
    let Some(name) = publisher.numbered() else {
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO known_numbers (project_id, name, repository_id, owner_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (project_id, name) DO UPDATE SET repository_id = excluded.repository_id, owner_id = excluded.owner_id",
    )
    .bind(project)
    .bind(name)
    .bind(ids.repository_id.as_deref())
    .bind(ids.owner_id.as_deref())
    .execute(connection)
    .await
    .map_err(failed("remember a publisher's numbers"))?;
    Ok(())
}

/// What the project knows of the numbers behind a publisher's repository.
pub(super) async fn known(
    connection: &mut Connection,
    project: i64,
    publisher: &Publisher,
) -> Result<PinnedIds, StoreError> {
    let row = sqlx::query(
        "SELECT repository_id, owner_id FROM known_numbers WHERE project_id = $1 AND name = $2",
    )
    .bind(project)
    .bind(publisher.numbered())
    .fetch_optional(connection)
    .await
    .map_err(failed("look up a publisher's numbers"))?;
    let Some(row) = row else {
        return Ok(PinnedIds::default());
    };
    Ok(PinnedIds {
        repository_id: column(&row, "repository_id")?,
        owner_id: column(&row, "owner_id")?,
    })
}
