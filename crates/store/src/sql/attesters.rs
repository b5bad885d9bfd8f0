//! Configured attesters.

use async_trait::async_trait;
use serde_json::json;
use sqlx::QueryBuilder;
use touchplate_index::Origin;
use touchplate_index::attesters::{
    Attester, ChangeAttestersError, Expected, MAX_ATTESTERS, Predicates,
};
use touchplate_index::ports::{
    AttesterId, Attesters, ProjectId, PutAttester, StoreError, StoredAttester,
};
use touchplate_packaging::ProjectName;

use super::rows::{column, json as from_json, parsed, to_json};
use super::{Connection, Driver, INDEX, Row, Store, failed, journal, projects};

/// The columns that [`stored`] reads.
const COLUMNS: &str = "id, role, expected, predicate_types";

fn stored(row: &Row) -> Result<StoredAttester, StoreError> {
    let predicates = match column::<Option<&str>>(row, "predicate_types")? {
        None => Predicates::Any,
        Some(_) => Predicates::Only(from_json(row, "predicate_types")?),
    };
    Ok(StoredAttester {
        id: AttesterId(column(row, "id")?),
        attester: Attester {
            role: parsed(row, "role")?,
            expected: from_json(row, "expected")?,
            predicates,
        },
    })
}

fn types(predicates: &Predicates) -> Result<Option<String>, StoreError> {
    match predicates {
        Predicates::Any => Ok(None),
        Predicates::Only(types) => to_json(types).map(Some),
    }
}

/// The attester of this role and identity.
async fn same(
    connection: &mut Connection,
    project: i64,
    role: &str,
    expected: &Expected,
) -> Result<Option<StoredAttester>, StoreError> {
    let row = sqlx::query(
        "SELECT id, role, expected, predicate_types FROM attesters WHERE project_id = $1 AND role = $2 AND expected = $3",
    )
    .bind(project)
    .bind(role)
    .bind(to_json(expected)?)
    .fetch_optional(connection)
    .await
    .map_err(failed("look an attester up"))?;
    row.as_ref().map(stored).transpose()
}

async fn is_full(connection: &mut Connection, project: i64) -> Result<bool, StoreError> {
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM attesters WHERE project_id = $1")
        .bind(project)
        .fetch_one(connection)
        .await
        .map_err(failed("count attesters"))?;
    Ok(usize::try_from(there).is_ok_and(|there| there >= MAX_ATTESTERS))
}

async fn note(
    connection: &mut Connection,
    origin: &Origin,
    action: &str,
    project: &ProjectName,
    id: AttesterId,
    attester: Option<&Attester>,
) -> Result<(), StoreError> {
    let details = json!({ "id": id.0, "attester": attester });
    // The project's serial stays: it is what installers' pages carry, and these do not change.
    journal::write(connection, origin, action, Some(project), &details)
        .await
        .map(drop)
}

#[async_trait]
impl Attesters for Store {
    async fn put(
        &self,
        origin: &Origin,
        project: &ProjectName,
        attester: &Attester,
    ) -> Result<PutAttester, ChangeAttestersError> {
        let doing = "put an attester";
        let mut transaction = self.write().await?;
        let project_id = projects::id_of(&mut transaction, project)
            .await?
            .ok_or_else(|| ChangeAttestersError::NoSuchProject(project.clone()))?;
        let role = attester.role.as_str();
        let there = same(&mut transaction, project_id, role, &attester.expected).await?;
        let (outcome, action) = match there {
            Some(there) if there.attester == *attester => {
                return Ok(PutAttester::Unchanged(there.id));
            }
            Some(there) => {
                sqlx::query("UPDATE attesters SET predicate_types = $1 WHERE id = $2")
                    .bind(types(&attester.predicates)?)
                    .bind(there.id.0)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed(doing))?;
                (PutAttester::Changed(there.id), "change attester")
            }
            None if is_full(&mut transaction, project_id).await? => {
                return Err(ChangeAttestersError::TooMany);
            }
            None => {
                let id = sqlx::query_scalar(
                    "INSERT INTO attesters (index_id, project_id, role, lookup_key, expected, predicate_types, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                )
                .bind(INDEX)
                .bind(project_id)
                .bind(role)
                .bind(attester.expected.lookup_key())
                .bind(to_json(&attester.expected)?)
                .bind(types(&attester.predicates)?)
                .bind(origin.at.as_microsecond())
                .fetch_one(&mut *transaction)
                .await
                .map_err(failed(doing))?;
                (PutAttester::Added(AttesterId(id)), "add attester")
            }
        };
        let id = outcome.id();
        note(
            &mut transaction,
            origin,
            action,
            project,
            id,
            Some(attester),
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(outcome)
    }

    async fn replace(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
        attester: &Attester,
    ) -> Result<(), ChangeAttestersError> {
        let doing = "replace an attester";
        let mut transaction = self.write().await?;
        let project_id = projects::id_of(&mut transaction, project)
            .await?
            .ok_or_else(|| ChangeAttestersError::NoSuchProject(project.clone()))?;
        let role = attester.role.as_str();
        match same(&mut transaction, project_id, role, &attester.expected).await? {
            Some(there) if there.id != id => {
                return Err(ChangeAttestersError::Exists {
                    project: project.clone(),
                    id: there.id,
                });
            }
            Some(there) if there.attester == *attester => return Ok(()),
            _ => {}
        }
        let done = sqlx::query(
            "UPDATE attesters SET role = $1, lookup_key = $2, expected = $3, predicate_types = $4 WHERE id = $5 AND project_id = $6",
        )
        .bind(role)
        .bind(attester.expected.lookup_key())
        .bind(to_json(&attester.expected)?)
        .bind(types(&attester.predicates)?)
        .bind(id.0)
        .bind(project_id)
        .execute(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Err(ChangeAttestersError::NoSuchAttester {
                project: project.clone(),
                id,
            });
        }
        let action = "change attester";
        note(
            &mut transaction,
            origin,
            action,
            project,
            id,
            Some(attester),
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }

    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
    ) -> Result<bool, StoreError> {
        let doing = "remove an attester";
        let mut transaction = self.write().await?;
        let Some(project_id) = projects::id_of(&mut transaction, project).await? else {
            return Ok(false);
        };
        let done = sqlx::query("DELETE FROM attesters WHERE id = $1 AND project_id = $2")
            .bind(id.0)
            .bind(project_id)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        note(
            &mut transaction,
            origin,
            "remove attester",
            project,
            id,
            None,
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<StoredAttester>, StoreError> {
        let rows = QueryBuilder::<Driver>::new("SELECT ")
            .push(COLUMNS)
            .push(" FROM attesters WHERE project_id = ")
            .push_bind(project.0)
            .push(" ORDER BY id")
            .build()
            .fetch_all(&self.readers)
            .await
            .map_err(failed("list attesters"))?;
        rows.iter().map(stored).collect()
    }

    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredAttester>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Driver>::new("SELECT ");
        query.push(COLUMNS);
        query.push(" FROM attesters WHERE project_id = ");
        query.push_bind(project.0).push(" AND lookup_key IN (");
        let mut list = query.separated(", ");
        for key in keys {
            list.push_bind(key);
        }
        query.push(") ORDER BY id");
        let rows = query
            .build()
            .fetch_all(&self.readers)
            .await
            .map_err(failed("look attesters up"))?;
        rows.iter().map(stored).collect()
    }
}
