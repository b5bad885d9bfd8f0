//! What the index answers to an operator, as failures: who can mend it, and how.

use touchplate_index::attesters::ChangeAttestersError;
use touchplate_index::chores::SweepError;
use touchplate_index::ports::{
    AddPendingError, AddPublisherError, AddUserError, BlobError, ChangeError, CreateProjectError,
    RatchetError, RevokeError, StoreError, TokenError,
};
use touchplate_index::projects::ReadError;

use crate::report::Failure;

const CHECK_DATA: &str = "is this the right --data directory, and can this user write to it?";

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::outside(error).hint(CHECK_DATA)
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        Self::outside(error).hint(CHECK_DATA)
    }
}

impl From<AddUserError> for Failure {
    fn from(error: AddUserError) -> Self {
        match error {
            AddUserError::Exists(_) => Self::refused(error),
            AddUserError::Store(error) => error.into(),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match &error {
            TokenError::NoSuchUser(user) => {
                let hint = format!("add the user first: touchplate admin user add {user}");
                Self::refused(error).hint(hint)
            }
            TokenError::NoSuchProject(project) => {
                let hint =
                    format!("create the project first: touchplate admin project create {project}");
                Self::refused(error).hint(hint)
            }
            TokenError::NoLeftoverTokens(_) => Self::refused(error)
                .hint("add a publisher instead, or take the ratchet back: touchplate admin ratchet release --help"),
            TokenError::TooManyProjects(_) => Self::usage(error)
                .hint("give the token to a user who is a reader of no other projects, without --project"),
            TokenError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<RevokeError> for Failure {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NoSuchToken(_) => {
                Self::refused(error).hint("`touchplate admin token list --user NAME` shows the ids")
            }
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<CreateProjectError> for Failure {
    fn from(error: CreateProjectError) -> Self {
        match &error {
            CreateProjectError::Exists(_) => Self::refused(error),
            CreateProjectError::Confusable { .. } => Self::refused(error).hint(
                "a name must differ from others in more than case, punctuation and look-alikes",
            ),
            CreateProjectError::NoSuchUser(user) => {
                let hint = format!("add the user first: touchplate admin user add {user}");
                Self::refused(error).hint(hint)
            }
            CreateProjectError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<AddPublisherError> for Failure {
    fn from(error: AddPublisherError) -> Self {
        match &error {
            AddPublisherError::NoSuchProject(project) => {
                let hint =
                    format!("create the project first: touchplate admin project create {project}");
                Self::refused(error).hint(hint)
            }
            AddPublisherError::Exists(_)
            | AddPublisherError::NoEnvironment(_)
            | AddPublisherError::TooMany(_) => Self::refused(error),
            AddPublisherError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<AddPendingError> for Failure {
    fn from(error: AddPendingError) -> Self {
        match &error {
            AddPendingError::ProjectExists(_) => Self::refused(error).hint("leave out --pending"),
            AddPendingError::Confusable(_)
            | AddPendingError::Exists(_)
            | AddPendingError::TooMany(_) => Self::refused(error),
            AddPendingError::NoSuchUser(user) => {
                let hint = format!("add the user first: touchplate admin user add {user}");
                Self::refused(error).hint(hint)
            }
            AddPendingError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<RatchetError> for Failure {
    fn from(error: RatchetError) -> Self {
        match &error {
            RatchetError::NoSuchProject(_) => Self::refused(error),
            RatchetError::Tighter { .. } => Self::refused(error)
                .hint("`touchplate admin ratchet release` takes it back, with a reason"),
            RatchetError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<ChangeAttestersError> for Failure {
    fn from(error: ChangeAttestersError) -> Self {
        match &error {
            ChangeAttestersError::NoSuchProject(project) => {
                let hint =
                    format!("create the project first: touchplate admin project create {project}");
                Self::refused(error).hint(hint)
            }
            ChangeAttestersError::NoSuchAttester { project, .. } => {
                let hint = format!(
                    "`touchplate admin attester list --project {project}` shows the numbers"
                );
                Self::refused(error).hint(hint)
            }
            ChangeAttestersError::NotAllowed { .. }
            | ChangeAttestersError::Exists { .. }
            | ChangeAttestersError::TooMany => Self::refused(error),
            ChangeAttestersError::Store(_) => Self::outside(error).hint(CHECK_DATA),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound | ReadError::NoProvenance(_) => Self::refused(error),
            ReadError::Store(error) => error.into(),
            ReadError::Blobs(error) => error.into(),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound | ChangeError::Changed => Self::refused(error),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Store(error) => error.into(),
            SweepError::Blobs(error) => error.into(),
        }
    }
}
