//! Users, roles and tokens.

use std::collections::BTreeSet;

use async_trait::async_trait;
use touchplate_index::Origin;
use touchplate_index::accounts::{MadeFor, Role, TokenId, UserName};
use touchplate_index::ports::{
    Accounts, AddUserError, Member, MemberError, NewToken, ProjectId, RevokeError, StoreError,
    StoredToken, TokenError, User,
};
use touchplate_index::trusted_publishing::RatchetKind;
use touchplate_packaging::ProjectName;

use super::Memory;

#[async_trait]
impl Accounts for Memory {
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        let mut state = self.state();
        if state.users.contains_key(name.as_str()) {
            return Err(AddUserError::Exists(name.clone()));
        }
        let user = User {
            name: name.clone(),
            administrator: false,
            created_at: origin.at,
        };
        state.users.insert(name.to_string(), user);
        state.note(origin, "add user", None);
        Ok(())
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        Ok(self.state().users.values().cloned().collect())
    }

    async fn set_administrator(
        &self,
        origin: &Origin,
        name: &UserName,
        administrator: bool,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(user) = state.users.get_mut(name.as_str()) else {
            return Ok(false);
        };
        user.administrator = administrator;
        state.note(origin, "set administrator", None);
        Ok(true)
    }

    async fn add_token(&self, origin: &Origin, new: &NewToken) -> Result<(), TokenError> {
        let mut state = self.state();
        let named: BTreeSet<ProjectName> = match &new.made_for {
            MadeFor::Everything | MadeFor::Reading(None) => BTreeSet::new(),
            MadeFor::Project(one) => BTreeSet::from([one.clone()]),
            MadeFor::Reading(Some(some)) => some.clone(),
        };
        let mut project = None;
        for name in &named {
            let found = state.project(name);
            let found = found.ok_or_else(|| TokenError::NoSuchProject(name.clone()))?;
            project = Some(found.id);
        }
        if !state.users.contains_key(new.user.as_str()) {
            return Err(TokenError::NoSuchUser(new.user.clone()));
        }
        let uploads = !matches!(new.made_for, MadeFor::Reading(_));
        project = project.filter(|_| uploads);
        if let (Some(id), MadeFor::Project(name)) = (project, &new.made_for)
            && state.stands(id, RatchetKind::NoLeftoverTokens)
        {
            return Err(TokenError::NoLeftoverTokens(name.clone()));
        }
        let stored = StoredToken {
            id: new.id.clone(),
            hash: new.hash.clone(),
            narrowing_key: new.narrowing_key,
            user: new.user.clone(),
            made_for: new.made_for.clone(),
            created_at: origin.at,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        state.tokens.push((stored, project));
        let about = named.first().filter(|_| named.len() == 1);
        state.note(origin, "create token", about);
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
        let state = self.state();
        let mut tokens = state.tokens.iter();
        Ok(tokens.any(|(token, _)| !matches!(token.made_for, MadeFor::Reading(_))))
    }

    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError> {
        Ok(self.state().role(user.as_str(), project))
    }

    async fn is_claimed(&self, project: ProjectId) -> Result<bool, StoreError> {
        Ok(self.state().is_claimed(project))
    }

    async fn members(&self, project: ProjectId) -> Result<Vec<Member>, StoreError> {
        let state = self.state();
        let of_project = state.roles.iter().filter(|((id, _), _)| *id == project.0);
        let mut members: Vec<Member> = of_project
            .map(|((_, user), role)| Member {
                user: user.parse().expect("only user names are kept"),
                role: *role,
            })
            .collect();
        members.sort_by(|a, b| a.user.as_str().cmp(b.user.as_str()));
        Ok(members)
    }

    async fn remove_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(id) = state.project(project).map(|found| found.id) else {
            return Ok(false);
        };
        let removed = state.roles.remove(&(id.0, user.to_string())).is_some();
        if removed {
            state.note(origin, "remove role", Some(project));
        }
        Ok(removed)
    }

    async fn change_member(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Option<Role>,
    ) -> Result<Option<Role>, MemberError> {
        let mut state = self.state();
        let found = state.project(project).map(|found| found.id);
        let id = found.ok_or_else(|| MemberError::NoSuchProject(project.clone()))?;
        if !state.users.contains_key(user.as_str()) {
            return Err(MemberError::NoSuchUser(user.clone()));
        }
        let key = (id.0, user.to_string());
        let before = state.roles.get(&key).copied();
        if before == role {
            return match role {
                Some(_) => Ok(before),
                None => Err(MemberError::NotAMember(user.clone())),
            };
        }
        let other_owner = |((of, who), role): (&(i64, String), &Role)| {
            *of == id.0 && *who != key.1 && *role == Role::Owner
        };
        if before == Some(Role::Owner) && !state.roles.iter().any(other_owner) {
            return Err(MemberError::LastOwner(user.clone()));
        }
        match role {
            Some(role) => state.roles.insert(key, role),
            None => state.roles.remove(&key),
        };
        let action = if role.is_some() {
            "set role"
        } else {
            "remove role"
        };
        state.note(origin, action, Some(project));
        Ok(before)
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
        if !state.users.contains_key(user.as_str()) {
            return Err(TokenError::NoSuchUser(user.clone()));
        }
        state.roles.insert((id.0, user.to_string()), role);
        state.note(origin, "set role", Some(project));
        Ok(())
    }
}
