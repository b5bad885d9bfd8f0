//! Ratchets of projects.

use serde_json::json;
use touchplate_index::Origin;
use touchplate_index::ports::{ProjectId, RatchetError, StoreError};
use touchplate_index::trusted_publishing::{Ratchet, RatchetKind, RatchetSince};
use touchplate_packaging::ProjectName;

use super::rows::{column, parsed, small_or_null, time};
use super::{Connection, Pool, Row, Store, failed, journal, projects};

fn since(row: &Row) -> Result<RatchetSince, StoreError> {
    let kind: RatchetKind = parsed(row, "kind")?;
    let ratchet = kind.turned(small_or_null(row, "days")?);
    Ok(RatchetSince {
        ratchet: ratchet.map_err(|cause| StoreError::new("read a ratchet", cause))?,
        at: time(row, "turned_at")?,
        by: column(row, "turned_by")?,
    })
}

pub(super) async fn list(
    readers: &Pool,
    project: ProjectId,
) -> Result<Vec<RatchetSince>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, days, turned_at, turned_by FROM ratchets WHERE project_id = $1 ORDER BY kind",
    )
    .bind(project.0)
    .fetch_all(readers)
    .await
    .map_err(failed("read a project's ratchets"))?;
    rows.iter().map(since).collect()
}

/// Whether a ratchet of a project is turned.
pub(super) async fn stands(
    connection: &mut Connection,
    project: i64,
    kind: RatchetKind,
) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM ratchets WHERE project_id = $1 AND kind = $2)")
        .bind(project)
        .bind(kind.as_str())
        .fetch_one(connection)
        .await
        .map_err(failed("read a project's ratchets"))
}

/// How many tokens for this project alone were revoked.
async fn revoke_leftovers(
    connection: &mut Connection,
    project: i64,
    origin: &Origin,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE tokens SET revoked_at = $1 WHERE project_id = $2 AND revoked_at IS NULL",
    )
    .bind(origin.at.as_microsecond())
    .bind(project)
    .execute(connection)
    .await
    .map_err(failed("revoke leftover tokens"))?;
    Ok(done.rows_affected())
}

impl Store {
    pub(super) async fn turn_ratchet(
        &self,
        origin: &Origin,
        name: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<bool, RatchetError> {
        let doing = "turn a ratchet";
        let kind = ratchet.kind();
        let mut transaction = self.write().await?;
        let project = projects::id_of(&mut transaction, name).await?;
        let project = project.ok_or_else(|| RatchetError::NoSuchProject(name.clone()))?;
        let before = sqlx::query("SELECT days FROM ratchets WHERE project_id = $1 AND kind = $2")
            .bind(project)
            .bind(kind.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        if let Some(row) = before {
            let stands = small_or_null(&row, "days")?;
            match (stands, ratchet.days()) {
                (Some(stands), Some(days)) if days < stands => {}
                (Some(stands), Some(days)) if days > stands => {
                    return Err(RatchetError::Tighter {
                        project: name.clone(),
                        kind,
                        stands,
                    });
                }
                _ => return Ok(false),
            }
        }
        sqlx::query(
            "INSERT INTO ratchets (project_id, kind, days, turned_at, turned_by) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (project_id, kind) DO UPDATE SET days = excluded.days, turned_at = excluded.turned_at, \
             turned_by = excluded.turned_by",
        )
        .bind(project)
        .bind(kind.as_str())
        .bind(ratchet.days().map(i64::from))
        .bind(origin.at.as_microsecond())
        .bind(origin.actor.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        let revoked = match ratchet {
            Ratchet::NoLeftoverTokens => {
                revoke_leftovers(&mut transaction, project, origin).await?
            }
            _ => 0,
        };
        let details =
            json!({ "ratchet": kind.as_str(), "days": ratchet.days(), "revoked_tokens": revoked });
        let of = (project, name);
        journal::changed(&mut transaction, origin, "turn ratchet", of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    pub(super) async fn take_ratchet_back(
        &self,
        origin: &Origin,
        name: &ProjectName,
        kind: RatchetKind,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let doing = "take a ratchet back";
        let mut transaction = self.write().await?;
        let Some(project) = projects::id_of(&mut transaction, name).await? else {
            return Ok(false);
        };
        let done = sqlx::query("DELETE FROM ratchets WHERE project_id = $1 AND kind = $2")
            .bind(project)
            .bind(kind.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let details = json!({ "ratchet": kind.as_str(), "reason": reason });
        let of = (project, name);
        journal::changed(&mut transaction, origin, "release ratchet", of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }
}
