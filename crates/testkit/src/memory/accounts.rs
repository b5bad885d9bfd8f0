//! Users, roles and tokens.

use async_trait::async_trait;
use touchplate_index::Origin;
use touchplate_index::accounts::{Role, TokenId, UserName};
use touchplate_index::ports::{
    Accounts, AddUserError, NewToken, ProjectId, RevokeError, StoreError, StoredToken, TokenError,
};
use touchplate_index::trusted_publishing::RatchetKind;
use touchplate_packaging::ProjectName;

use super::Memory;

#[async_trait]
impl Accounts for Memory {
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        let mut state = self.state();
        if !state.users.insert(name.to_string()) {
            return Err(AddUserError::Exists(name.clone()));
        }
        state.note(origin, "add user", None);
        Ok(())
    }

    async fn add_token(&self, origin: &Origin, new: &NewToken) -> Result<(), TokenError> {
        let mut state = self.state();
        let project = match &new.project {
            None => None,
            Some(name) => Some(
                state
                    .project(name)
                    .ok_or_else(|| TokenError::NoSuchProject(name.clone()))?
                    .id,
            ),
        };
        if !state.users.contains(new.user.as_str()) {
            return Err(TokenError::NoSuchUser(new.user.clone()));
        }
        if let (Some(id), Some(name)) = (project, &new.project)
            && state.stands(id, RatchetKind::NoLeftoverTokens)
        {
            return Err(TokenError::NoLeftoverTokens(name.clone()));
        }
        let stored = StoredToken {
            id: new.id.clone(),
            hash: new.hash.clone(),
            narrowing_key: new.narrowing_key,
            user: new.user.clone(),
            project: new.project.clone(),
            created_at: origin.at,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        state.tokens.push((stored, project));
        state.note(origin, "create token", new.project.as_ref());
        Ok(())
    }

    async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        let mut state = self.state();
        let found = state.tokens.iter_mut().find(|(token, _)| token.id == *id);
        let (token, _) = found.ok_or_else(|| RevokeError::NoSuchToken(id.clone()))?;
        if token.revoked_at.is_none() {
            token.revoked_at = Some(origin.at);
            state.note(origin, "revoke token", None);
        }
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError> {
        Ok(self
            .state()
            .tokens
            .iter()
            .find(|(token, _)| token.id == *id)
            .map(|(token, _)| token.clone()))
    }

    async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError> {
        let state = self.state();
        Ok(state
            .tokens
            .iter()
            .filter(|(token, _)| token.user == *user)
            .map(|(token, _)| token.clone())
            .collect())
    }

    async fn has_tokens(&self) -> Result<bool, StoreError> {
        Ok(!self.state().tokens.is_empty())
    }

    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError> {
        Ok(self
            .state()
            .roles
            .get(&(project.0, user.to_string()))
            .copied())
    }

    async fn is_claimed(&self, project: ProjectId) -> Result<bool, StoreError> {
        Ok(self.state().is_claimed(project))
    }

    async fn set_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Role,
    ) -> Result<(), TokenError> {
        let mut state = self.state();
        let id = state
            .project(project)
            .ok_or_else(|| TokenError::NoSuchProject(project.clone()))?
            .id;
        if !state.users.contains(user.as_str()) {
            return Err(TokenError::NoSuchUser(user.clone()));
        }
        state.roles.insert((id.0, user.to_string()), role);
        state.note(origin, "set role", Some(project));
        Ok(())
    }
}
