//! Users, roles and tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use touchplate_index::Origin;
use touchplate_index::accounts::{NarrowingKey, Role, SecretHash, TokenId, UserName};
use touchplate_index::ports::{
    Accounts, AddUserError, NewToken, ProjectId, RevokeError, StoreError, StoredToken, TokenError,
};
use touchplate_index::trusted_publishing::RatchetKind;
use touchplate_packaging::ProjectName;

use super::rows::{bytes, bytes_or_null, parsed, parsed_or_null, time, time_or_null};
use super::{INDEX, Sqlite, failed, journal, projects, ratchets};

macro_rules! select_token {
    () => {
        "SELECT t.id, t.hash, t.narrowing_key, u.name AS user, p.name AS project, t.created_at, t.expires_at, t.revoked_at \
         FROM tokens t JOIN users u ON u.id = t.user_id LEFT JOIN projects p ON p.id = t.project_id"
    };
}

fn token(row: &SqliteRow) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        id: parsed(row, "id")?,
        hash: SecretHash::from_bytes(bytes(row, "hash")?),
        narrowing_key: bytes_or_null(row, "narrowing_key")?.map(NarrowingKey::from_bytes),
        user: parsed(row, "user")?,
        project: parsed_or_null(row, "project")?,
        created_at: time(row, "created_at")?,
        expires_at: time_or_null(row, "expires_at")?,
        revoked_at: time_or_null(row, "revoked_at")?,
    })
}

#[async_trait]
impl Accounts for Sqlite {
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO users (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(name.as_str())
        .bind(origin.at.as_microsecond())
        .execute(&mut *transaction)
        .await
        .map_err(failed("add a user"))?;
        if done.rows_affected() == 0 {
            return Err(AddUserError::Exists(name.clone()));
        }
        journal::write(
            &mut transaction,
            origin,
            "add user",
            None,
            &json!({ "user": name.as_str() }),
        )
        .await?;
        transaction.commit().await.map_err(failed("add a user"))?;
        Ok(())
    }

    async fn add_token(&self, origin: &Origin, new: &NewToken) -> Result<(), TokenError> {
        let mut transaction = self.write().await?;
        let project = match &new.project {
            None => None,
            Some(name) => Some(
                projects::id_of(&mut transaction, name)
                    .await?
                    .ok_or_else(|| TokenError::NoSuchProject(name.clone()))?,
            ),
        };
        if let (Some(id), Some(name)) = (project, &new.project)
            && ratchets::stands(&mut transaction, id, RatchetKind::NoLeftoverTokens).await?
        {
            return Err(TokenError::NoLeftoverTokens(name.clone()));
        }
        let done = sqlx::query(
            "INSERT INTO tokens (id, index_id, hash, narrowing_key, user_id, project_id, created_at, expires_at) \
             SELECT ?, ?, ?, ?, id, ?, ?, ? FROM users WHERE name = ?",
        )
        .bind(new.id.as_str())
        .bind(INDEX)
        .bind(&new.hash.as_bytes()[..])
        .bind(new.narrowing_key.as_ref().map(|key| &key.as_bytes()[..]))
        .bind(project)
        .bind(origin.at.as_microsecond())
        .bind(new.expires_at.map(Timestamp::as_microsecond))
        .bind(new.user.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(failed("store a token"))?;
        if done.rows_affected() == 0 {
            return Err(TokenError::NoSuchUser(new.user.clone()));
        }
        let details = json!({ "token": new.id.as_str(), "user": new.user.as_str() });
        journal::write(
            &mut transaction,
            origin,
            "create token",
            new.project.as_ref(),
            &details,
        )
        .await?;
        transaction
            .commit()
            .await
            .map_err(failed("store a token"))?;
        Ok(())
    }

    async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        let mut transaction = self.write().await?;
        let revoked: Option<Option<i64>> =
            sqlx::query_scalar("SELECT revoked_at FROM tokens WHERE id = ?")
                .bind(id.as_str())
                .fetch_optional(&mut *transaction)
                .await
                .map_err(failed("look a token up"))?;
        match revoked {
            None => return Err(RevokeError::NoSuchToken(id.clone())),
            Some(Some(_)) => return Ok(()),
            Some(None) => {}
        }
        sqlx::query("UPDATE tokens SET revoked_at = ? WHERE id = ?")
            .bind(origin.at.as_microsecond())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed("revoke a token"))?;
        journal::write(
            &mut transaction,
            origin,
            "revoke token",
            None,
            &json!({ "token": id.as_str() }),
        )
        .await?;
        transaction
            .commit()
            .await
            .map_err(failed("revoke a token"))?;
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError> {
        let row = sqlx::query(concat!(select_token!(), " WHERE t.id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("look a token up"))?;
        row.as_ref().map(token).transpose()
    }

    async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError> {
        let rows = sqlx::query(concat!(
            select_token!(),
            " WHERE u.name = ? ORDER BY t.created_at, t.id"
        ))
        .bind(user.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list tokens"))?;
        rows.iter().map(token).collect()
    }

    async fn has_tokens(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tokens)")
            .fetch_one(&self.readers)
            .await
            .map_err(failed("look for tokens"))
    }

    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError> {
        let row = sqlx::query(
            "SELECT r.role FROM roles r JOIN users u ON u.id = r.user_id WHERE r.project_id = ? AND u.name = ?",
        )
        .bind(project.0)
        .bind(user.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a role up"))?;
        row.as_ref().map(|row| parsed(row, "role")).transpose()
    }

    async fn is_claimed(&self, project: ProjectId) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM roles WHERE project_id = ?1) \
             OR EXISTS (SELECT 1 FROM files WHERE project_id = ?1) \
             OR EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND by_publisher = 1)",
        )
        .bind(project.0)
        .fetch_one(&self.readers)
        .await
        .map_err(failed("look for a project's members"))
    }

    async fn set_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Role,
    ) -> Result<(), TokenError> {
        let mut transaction = self.write().await?;
        let id = projects::id_of(&mut transaction, project)
            .await?
            .ok_or_else(|| TokenError::NoSuchProject(project.clone()))?;
        let done = sqlx::query(
            "INSERT INTO roles (project_id, user_id, role) SELECT ?, id, ? FROM users WHERE name = ? \
             ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role",
        )
        .bind(id)
        .bind(role.as_str())
        .bind(user.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(failed("give a role"))?;
        if done.rows_affected() == 0 {
            return Err(TokenError::NoSuchUser(user.clone()));
        }
        let details = json!({ "user": user.as_str(), "role": role.as_str() });
        let serial = journal::write(
            &mut transaction,
            origin,
            "set role",
            Some(project),
            &details,
        )
        .await?;
        journal::touch(&mut transaction, id, serial).await?;
        transaction.commit().await.map_err(failed("give a role"))?;
        Ok(())
    }
}
