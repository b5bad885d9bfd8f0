//! Users and roles; tokens are in `tokens`.

use async_trait::async_trait;
use serde_json::json;
use touchplate_index::Origin;
use touchplate_index::accounts::{Role, TokenId, UserName};
use touchplate_index::ports::{
    Accounts, AddUserError, Member, MemberError, NewToken, ProjectId, RevokeError, StoreError,
    StoredToken, TokenError, User,
};
use touchplate_packaging::ProjectName;

use super::rows::{column, parsed, parsed_or_null, time};
use super::{Store, failed, journal, projects};

#[async_trait]
impl Accounts for Store {
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO users (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
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

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query("SELECT name, administrator, created_at FROM users ORDER BY name")
            .fetch_all(&self.readers)
            .await
            .map_err(failed("list the users"))?;
        let user = |row| {
            Ok(User {
                name: parsed(row, "name")?,
                administrator: column(row, "administrator")?,
                created_at: time(row, "created_at")?,
            })
        };
        rows.iter().map(user).collect()
    }

    async fn set_administrator(
        &self,
        origin: &Origin,
        name: &UserName,
        administrator: bool,
    ) -> Result<bool, StoreError> {
        let doing = "change a user";
        let mut transaction = self.write().await?;
        let done = sqlx::query("UPDATE users SET administrator = $1 WHERE name = $2")
            .bind(administrator)
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let details = json!({ "user": name.as_str(), "administrator": administrator });
        journal::write(
            &mut transaction,
            origin,
            "set administrator",
            None,
            &details,
        )
        .await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    async fn add_token(&self, origin: &Origin, new: &NewToken) -> Result<(), TokenError> {
        self.insert_token(origin, new).await
    }

    async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        self.end_token(origin, id).await
    }

    async fn token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError> {
        self.read_token(id).await
    }

    async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError> {
        self.list_tokens(user).await
    }

    async fn has_tokens(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tokens)")
            .fetch_one(&self.readers)
            .await
            .map_err(failed("look for tokens"))
    }

    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError> {
        let row = sqlx::query(
            "SELECT CASE WHEN u.administrator THEN 'owner' ELSE r.role END AS role FROM users u \
             LEFT JOIN roles r ON r.user_id = u.id AND r.project_id = $1 WHERE u.name = $2",
        )
        .bind(project.0)
        .bind(user.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a role up"))?;
        let role = row.as_ref().map(|row| parsed_or_null(row, "role"));
        Ok(role.transpose()?.flatten())
    }

    async fn is_claimed(&self, project: ProjectId) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM roles WHERE project_id = $1) \
             OR EXISTS (SELECT 1 FROM files WHERE project_id = $1) \
             OR EXISTS (SELECT 1 FROM projects WHERE id = $1 AND by_publisher)",
        )
        .bind(project.0)
        .fetch_one(&self.readers)
        .await
        .map_err(failed("look for a project's members"))
    }

    async fn members(&self, project: ProjectId) -> Result<Vec<Member>, StoreError> {
        let rows = sqlx::query(
            "SELECT u.name AS user, r.role FROM roles r JOIN users u ON u.id = r.user_id \
             WHERE r.project_id = $1 ORDER BY u.name",
        )
        .bind(project.0)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list a project's members"))?;
        let member = |row| {
            Ok(Member {
                user: parsed(row, "user")?,
                role: parsed(row, "role")?,
            })
        };
        rows.iter().map(member).collect()
    }

    async fn remove_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
    ) -> Result<bool, StoreError> {
        let doing = "take a role away";
        let mut transaction = self.write().await?;
        let Some(id) = projects::id_of(&mut transaction, project).await? else {
            return Ok(false);
        };
        let done = sqlx::query(
            "DELETE FROM roles WHERE project_id = $1 AND user_id = (SELECT id FROM users WHERE name = $2)",
        )
        .bind(id)
        .bind(user.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let details = json!({ "user": user.as_str() });
        let of = (id, project);
        journal::changed(&mut transaction, origin, "remove role", of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    async fn change_member(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Option<Role>,
    ) -> Result<Option<Role>, MemberError> {
        let doing = "change a member";
        let mut transaction = self.write().await?;
        let id = projects::id_of(&mut transaction, project).await?;
        let id = id.ok_or_else(|| MemberError::NoSuchProject(project.clone()))?;
        let row = sqlx::query(
            "SELECT u.id, r.role, EXISTS (SELECT 1 FROM roles o WHERE o.project_id = $1 AND o.role = 'owner' \
             AND o.user_id <> u.id) AS others FROM users u \
             LEFT JOIN roles r ON r.user_id = u.id AND r.project_id = $1 WHERE u.name = $2",
        )
        .bind(id)
        .bind(user.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        let row = row.ok_or_else(|| MemberError::NoSuchUser(user.clone()))?;
        let (user_id, before) = (column::<i64>(&row, "id")?, parsed_or_null(&row, "role")?);
        if before == role {
            return match role {
                Some(_) => Ok(before),
                None => Err(MemberError::NotAMember(user.clone())),
            };
        }
        if before == Some(Role::Owner) && !column::<bool>(&row, "others")? {
            return Err(MemberError::LastOwner(user.clone()));
        }
        let change = match role {
            Some(role) => sqlx::query(
                "INSERT INTO roles (project_id, user_id, role) VALUES ($1, $2, $3) \
                 ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role",
            )
            .bind(id)
            .bind(user_id)
            .bind(role.as_str()),
            None => sqlx::query("DELETE FROM roles WHERE project_id = $1 AND user_id = $2")
                .bind(id)
                .bind(user_id),
        };
        change
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let action = if role.is_some() {
            "set role"
        } else {
            "remove role"
        };
        let details = json!({ "user": user.as_str(), "role": role.map(Role::as_str) });
        let of = (id, project);
        journal::changed(&mut transaction, origin, action, of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(before)
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
            "INSERT INTO roles (project_id, user_id, role) SELECT $1, id, $2 FROM users WHERE name = $3 \
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
        let of = (id, project);
        journal::changed(&mut transaction, origin, "set role", of, &details).await?;
        transaction.commit().await.map_err(failed("give a role"))?;
        Ok(())
    }
}
