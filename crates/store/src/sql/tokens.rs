//! API tokens: those of users for everything or for one project, and those for reading alone, each in a table of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use touchplate_index::Origin;
use touchplate_index::accounts::{MadeFor, NarrowingKey, SecretHash, TokenId, UserName};
use touchplate_index::ports::{NewToken, RevokeError, StoreError, StoredToken, TokenError};
use touchplate_index::trusted_publishing::RatchetKind;
use touchplate_packaging::ProjectName;

use super::dialect::json_array_of;
use super::rows::{self, bytes, bytes_or_null, column, parsed, parsed_or_null, time, time_or_null};
use super::{Connection, INDEX, Row, Store, failed, journal, projects, ratchets};

/// Both tables as one, with what stands behind `WHERE` for each: `t` is the token, `u` its user.
macro_rules! select_tokens {
    ($which:literal) => {
        concat!(
            "SELECT t.id AS id, t.hash AS hash, t.narrowing_key AS narrowing_key, u.name AS user, false AS reads, p.name AS project, \
             NULL AS projects, t.created_at AS created_at, t.expires_at AS expires_at, t.revoked_at AS revoked_at \
             FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN projects p ON p.id = t.project_id WHERE ",
            $which,
            " UNION ALL \
             SELECT t.id, t.hash, t.narrowing_key, u.name, true, NULL, \
             CASE WHEN NOT t.every_project THEN (SELECT ",
            json_array_of!("p.name"),
            " FROM read_token_projects r \
             JOIN projects p ON p.id = r.project_id WHERE r.token_id = t.id) END, \
             t.created_at, t.expires_at, t.revoked_at \
             FROM read_tokens t JOIN users u ON u.id = t.user_id WHERE ",
            $which
        )
    };
}

fn token(row: &Row) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        id: parsed(row, "id")?,
        hash: SecretHash::from_bytes(bytes(row, "hash")?),
        narrowing_key: bytes_or_null(row, "narrowing_key")?.map(NarrowingKey::from_bytes),
        user: parsed(row, "user")?,
        made_for: made_for(row)?,
        created_at: time(row, "created_at")?,
        expires_at: time_or_null(row, "expires_at")?,
        revoked_at: time_or_null(row, "revoked_at")?,
    })
}

fn made_for(row: &Row) -> Result<MadeFor, StoreError> {
    if !column::<bool>(row, "reads")? {
        let project = parsed_or_null(row, "project")?;
        return Ok(project.map_or(MadeFor::Everything, MadeFor::Project));
    }
    let some = column::<Option<&str>>(row, "projects")?.is_some();
    let projects = some.then(|| rows::json::<BTreeSet<ProjectName>>(row, "projects"));
    Ok(MadeFor::Reading(projects.transpose()?))
}

impl Store {
    pub(super) async fn read_token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError> {
        let row = sqlx::query(select_tokens!("t.id = $1"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("look a token up"))?;
        row.as_ref().map(token).transpose()
    }

    pub(super) async fn list_tokens(
        &self,
        user: &UserName,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let rows = sqlx::query(concat!(
            select_tokens!("u.name = $1"),
            " ORDER BY created_at, id"
        ))
        .bind(user.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list tokens"))?;
        rows.iter().map(token).collect()
    }

    pub(super) async fn insert_token(
        &self,
        origin: &Origin,
        new: &NewToken,
    ) -> Result<(), TokenError> {
        let doing = "store a token";
        let mut transaction = self.write().await?;
        let (made, projects) = match &new.made_for {
            MadeFor::Everything => (insert(&mut transaction, origin, new, None).await?, None),
            MadeFor::Project(name) => {
                let made = insert(&mut transaction, origin, new, Some(name)).await?;
                (made, Some(BTreeSet::from([name.clone()])))
            }
            MadeFor::Reading(some) => {
                let made = insert_for_reading(&mut transaction, origin, new, some.as_ref()).await?;
                (made, some.clone())
            }
        };
        if !made {
            return Err(TokenError::NoSuchUser(new.user.clone()));
        }
        let mut details = json!({ "token": new.id.as_str(), "user": new.user.as_str() });
        // The journal's row is about one project.
        let about = projects.as_ref().filter(|all| all.len() == 1);
        let about = about.and_then(BTreeSet::first);
        if let MadeFor::Reading(some) = &new.made_for {
            details["reads"] = json!(some);
        }
        journal::write(&mut transaction, origin, "create token", about, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }

    pub(super) async fn end_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        let doing = "revoke a token";
        let mut transaction = self.write().await?;
        let revoked: Option<Option<i64>> = sqlx::query_scalar(
            "SELECT revoked_at FROM tokens WHERE id = $1 UNION ALL SELECT revoked_at FROM read_tokens WHERE id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("look a token up"))?;
        match revoked {
            None => return Err(RevokeError::NoSuchToken(id.clone())),
            Some(Some(_)) => return Ok(()),
            Some(None) => {}
        }
        for sql in [
            "UPDATE tokens SET revoked_at = $1 WHERE id = $2",
            "UPDATE read_tokens SET revoked_at = $1 WHERE id = $2",
        ] {
            sqlx::query(sql)
                .bind(origin.at.as_microsecond())
                .bind(id.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(failed(doing))?;
        }
        let details = json!({ "token": id.as_str() });
        journal::write(&mut transaction, origin, "revoke token", None, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }
}

async fn insert(
    connection: &mut Connection,
    origin: &Origin,
    new: &NewToken,
    project: Option<&ProjectName>,
) -> Result<bool, TokenError> {
    let id = match project {
        None => None,
        Some(name) => {
            let id = id_of(connection, name).await?;
            if ratchets::stands(connection, id, RatchetKind::NoLeftoverTokens).await? {
                return Err(TokenError::NoLeftoverTokens(name.clone()));
            }
            Some(id)
        }
    };
    let done = sqlx::query(
        "INSERT INTO tokens (id, index_id, hash, narrowing_key, user_id, project_id, created_at, expires_at) \
         SELECT $1, $2, $3, $4, id, $5, $6, $7 FROM users WHERE name = $8",
    )
    .bind(new.id.as_str())
    .bind(INDEX)
    .bind(&new.hash.as_bytes()[..])
    .bind(new.narrowing_key.as_ref().map(|key| &key.as_bytes()[..]))
    .bind(id)
    .bind(origin.at.as_microsecond())
    .bind(new.expires_at.map(Timestamp::as_microsecond))
    .bind(new.user.as_str())
    .execute(connection)
    .await
    .map_err(failed("store a token"))?;
    Ok(done.rows_affected() > 0)
}

async fn insert_for_reading(
    connection: &mut Connection,
    origin: &Origin,
    new: &NewToken,
    some: Option<&BTreeSet<ProjectName>>,
) -> Result<bool, TokenError> {
    let done = sqlx::query(
        "INSERT INTO read_tokens (id, index_id, hash, narrowing_key, user_id, every_project, created_at, expires_at) \
         SELECT $1, $2, $3, $4, id, $5, $6, $7 FROM users WHERE name = $8",
    )
    .bind(new.id.as_str())
    .bind(INDEX)
    .bind(&new.hash.as_bytes()[..])
    .bind(new.narrowing_key.as_ref().map(|key| &key.as_bytes()[..]))
    .bind(some.is_none())
    .bind(origin.at.as_microsecond())
    .bind(new.expires_at.map(Timestamp::as_microsecond))
    .bind(new.user.as_str())
    .execute(&mut *connection)
    .await
    .map_err(failed("store a token"))?;
    for name in some.into_iter().flatten() {
        let project = id_of(connection, name).await?;
        sqlx::query("INSERT INTO read_token_projects (token_id, project_id) SELECT id, $1 FROM read_tokens WHERE id = $2")
            .bind(project)
            .bind(new.id.as_str())
            .execute(&mut *connection)
            .await
            .map_err(failed("store a token"))?;
    }
    Ok(done.rows_affected() > 0)
}

async fn id_of(connection: &mut Connection, name: &ProjectName) -> Result<i64, TokenError> {
    let id = projects::id_of(connection, name).await?;
    id.ok_or_else(|| TokenError::NoSuchProject(name.clone()))
}
