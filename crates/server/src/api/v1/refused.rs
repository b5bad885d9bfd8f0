//! What this API refuses, each with its status and a code of its own.

use axum::http::StatusCode;
use touchplate_index::accounts::Role;
use touchplate_index::attesters::{
    AddAttestationError, AttesterError, ChangeAttestersError, NotAllowed,
};
use touchplate_index::managing::{
    ManageError, ManageMembersError, ManagePendingError, MemberTextError, PendingTextError,
    PublisherOnTermsError, RatchetTextError, ReadTokenError, ReadTokenTextError,
    SetVisibilityError, TermsTextError, VisibilityTextError, WithdrawError, WithdrawTextError,
};
use touchplate_index::ports::{AddPendingError, AddPublisherError, MemberError};

use super::body::BodyRefused;
use super::conditions;
use super::many::QuestionError;
use crate::api::upload::ArrivalError;
use crate::problem::Problem;

impl From<AddAttestationError> for Problem {
    fn from(error: AddAttestationError) -> Self {
        use AddAttestationError as E;
        let (status, code, title) = match &error {
            E::NotFound => return Self::not_found(),
            E::NotAllowed { why, .. } => not_allowed(why),
            E::Malformed(_) => (
                StatusCode::BAD_REQUEST,
                "attestation-malformed",
                "The body is no attestation",
            ),
            E::Unverified { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "attestation-unverified",
                "The attestation does not verify for this file",
            ),
            E::OtherIndex(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "attestation-for-another-index",
                "The attestation names another index",
            ),
            E::NobodyExpected { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "attester-unexpected",
                "The attestation is by nobody whom the project expects",
            ),
            E::PinnedElsewhere(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "publisher-pinned-elsewhere",
                "The publisher's name means another account or repository than when it was first seen",
            ),
            E::PredicateType { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "predicate-type-unexpected",
                "The attester may not make attestations of this type",
            ),
            E::Different { .. } => (
                StatusCode::CONFLICT,
                "attestation-exists",
                "A different attestation claims the same",
            ),
            E::TooMany { .. } => (
                StatusCode::CONFLICT,
                "too-many-attestations",
                "The file has as many later attestations as it may",
            ),
            E::Interrupted(_) | E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

fn not_allowed(why: &NotAllowed) -> (StatusCode, &'static str, &'static str) {
    let (code, title) = match why {
        NotAllowed::TokenForAnother { .. } | NotAllowed::Narrowed(_) => (
            "token-for-another-project",
            "The token is for another project",
        ),
        NotAllowed::NotAMember { .. } => ("not-a-member", "The caller is no member of the project"),
        NotAllowed::RoleTooLow { needed, .. } => match needed {
            Role::Owner => ("not-an-owner", "The caller is no owner of the project"),
            Role::Maintainer => (
                "not-a-maintainer",
                "The caller is no maintainer of the project",
            ),
            Role::Uploader | Role::Reader => (
                "not-an-uploader",
                "The caller is no uploader of the project",
            ),
        },
        NotAllowed::TokenForReading => ("token-for-reading", "The token is for reading alone"),
        NotAllowed::TokenForUploads => (
            "token-for-one-project",
            "A token for one project changes no settings",
        ),
    };
    (StatusCode::FORBIDDEN, code, title)
}

impl From<ChangeAttestersError> for Problem {
    fn from(error: ChangeAttestersError) -> Self {
        use ChangeAttestersError as E;
        let (status, code, title) = match &error {
            // The same words for a project that the caller may not see and for one that is not there.
            E::NoSuchProject(_) => return Self::not_found(),
            E::NotAllowed { why, .. } => not_allowed(why),
            E::NoSuchAttester { .. } => (
                StatusCode::NOT_FOUND,
                "no-such-attester",
                "The project has no such attester",
            ),
            E::Exists { .. } => (
                StatusCode::CONFLICT,
                "attester-exists",
                "Another attester has this role and identity",
            ),
            E::TooMany => (
                StatusCode::CONFLICT,
                "too-many-attesters",
                "The project has as many attesters as it may",
            ),
            E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<AttesterError> for Problem {
    fn from(error: AttesterError) -> Self {
        let code = match &error {
            AttesterError::Json(_) | AttesterError::Shape(_) => "attester-malformed",
            AttesterError::Nobody => "attester-without-identity",
            AttesterError::Two => "attester-with-two-identities",
            AttesterError::Predicates(_) => "predicate-types-malformed",
        };
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, "The body is no attester")
    }
}

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        use ManageError as E;
        let (status, code, title) = match &error {
            // As for attesters.
            E::NoSuchProject(_) => return Self::not_found(),
            E::NotSeen { why, .. } | E::NotAllowed { why, .. } => not_allowed(why),
            E::NoSuchPublisher { .. } => (
                StatusCode::NOT_FOUND,
                "no-such-publisher",
                "The project has no such publisher",
            ),
            E::Publisher(AddPublisherError::NoEnvironment(_)) => (
                StatusCode::CONFLICT,
                "publisher-without-environment",
                "The project takes publishers with an environment alone",
            ),
            E::Publisher(_) => (
                StatusCode::CONFLICT,
                "publisher-exists",
                "The project has this publisher already",
            ),
            E::TooMany => (
                StatusCode::CONFLICT,
                "too-many-publishers",
                "The project has as many publishers as it may",
            ),
            E::NoSuchToken { .. } => (
                StatusCode::NOT_FOUND,
                "no-such-token",
                "No such token was minted for the project",
            ),
            E::Ratchet(_) => (
                StatusCode::CONFLICT,
                "ratchet-turned-further",
                "A ratchet turns one way",
            ),
            E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<ManagePendingError> for Problem {
    fn from(error: ManagePendingError) -> Self {
        use AddPendingError as A;
        use ManagePendingError as E;
        let (status, code, title) = match &error {
            E::NotAllowed(why) => not_allowed(why),
            E::NoSuchPending { .. } => (
                StatusCode::NOT_FOUND,
                "no-such-pending-publisher",
                "The caller has no such pending publisher",
            ),
            E::Add(A::ProjectExists(_)) => (
                StatusCode::CONFLICT,
                "project-exists",
                "The project is there; its owner adds publishers to it",
            ),
            E::Add(A::Confusable(_)) => (
                StatusCode::CONFLICT,
                "name-too-similar",
                "No project can have this name",
            ),
            E::Add(A::Exists(_)) => (
                StatusCode::CONFLICT,
                "pending-publisher-exists",
                "The project to come has this pending publisher already",
            ),
            E::Add(A::TooMany(_)) => (
                StatusCode::CONFLICT,
                "too-many-pending-publishers",
                "The caller has as many pending publishers as they may",
            ),
            // The token was that user's a moment ago.
            E::Add(A::NoSuchUser(_) | A::Store(_)) | E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        use WithdrawError as E;
        let (status, code, title) = match &error {
            // As for attesters.
            E::NoSuchProject(_) | E::NoSuchRelease { .. } => return Self::not_found(),
            E::MayNotYank { why, .. } | E::MayNotSetStatus { why, .. } => not_allowed(why),
            E::Quarantined(_) => (
                StatusCode::CONFLICT,
                "project-quarantined",
                "The project is quarantined",
            ),
            E::Changed => return conditions::failed(),
            E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<SetVisibilityError> for Problem {
    fn from(error: SetVisibilityError) -> Self {
        use SetVisibilityError as E;
        let (status, code, title) = match &error {
            // As for attesters.
            E::NoSuchProject(_) => return Self::not_found(),
            E::NotAllowed { why, .. } => not_allowed(why),
            E::Changed => return conditions::failed(),
            E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<VisibilityTextError> for Problem {
    fn from(error: VisibilityTextError) -> Self {
        let code = match &error {
            VisibilityTextError::Json(_) | VisibilityTextError::Shape(_) => "visibility-malformed",
            VisibilityTextError::Unknown { .. } => "visibility-unknown",
        };
        let title = "The body names no visibility";
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, title)
    }
}

impl From<WithdrawTextError> for Problem {
    fn from(error: WithdrawTextError) -> Self {
        let code = match &error {
            WithdrawTextError::Json(_) | WithdrawTextError::Shape { .. } => "withdrawal-malformed",
            WithdrawTextError::Reason => "reason-malformed",
            WithdrawTextError::Status { .. } => "status-unknown",
        };
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, "The body says nothing to do")
    }
}

impl From<PendingTextError> for Problem {
    fn from(error: PendingTextError) -> Self {
        let code = match error {
            PendingTextError::Publisher(error) => return error.into(),
            PendingTextError::Json(_) | PendingTextError::NoProject => {
                "pending-publisher-malformed"
            }
            PendingTextError::Name(_) => "project-name-malformed",
        };
        let title = "The body is no pending publisher";
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, title)
    }
}

impl From<TermsTextError> for Problem {
    fn from(error: TermsTextError) -> Self {
        let title = "The body says no terms";
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind("terms-malformed", title)
    }
}

impl From<RatchetTextError> for Problem {
    fn from(error: RatchetTextError) -> Self {
        let code = match &error {
            RatchetTextError::Json(_) | RatchetTextError::Shape(_) => "ratchet-malformed",
            RatchetTextError::Unknown(_) => "ratchet-unknown",
            RatchetTextError::Days(_) => "ratchet-days",
        };
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, "The body is no ratchet")
    }
}

impl From<PublisherOnTermsError> for Problem {
    fn from(error: PublisherOnTermsError) -> Self {
        let code = match &error {
            PublisherOnTermsError::Json(_) | PublisherOnTermsError::Shape(_) => {
                "publisher-malformed"
            }
            PublisherOnTermsError::Foreign { .. } => "publisher-of-another-kind",
        };
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, "The body is no publisher")
    }
}

impl From<QuestionError> for Problem {
    fn from(error: QuestionError) -> Self {
        let code = match &error {
            QuestionError::Json(_) | QuestionError::Shape(_) => "question-malformed",
            QuestionError::TooMany { .. } => "too-many-digests",
            QuestionError::Digest { .. } => "digest-malformed",
        };
        let title = "The body is no list of digests";
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, title)
    }
}

impl From<BodyRefused> for Problem {
    fn from(error: BodyRefused) -> Self {
        let (status, code, title) = match &error {
            BodyRefused::ContentType { .. } => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "body-not-json",
                "The body is of another type",
            ),
            BodyRefused::TooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "The body is too large",
            ),
            BodyRefused::Slow | BodyRefused::Arrival(ArrivalError::Slow(_)) => (
                StatusCode::REQUEST_TIMEOUT,
                "body-too-slow",
                "The body came too slowly",
            ),
            BodyRefused::Arrival(ArrivalError::Unclaimed | ArrivalError::Broken(_)) => (
                StatusCode::BAD_REQUEST,
                "body-incomplete",
                "The body did not arrive",
            ),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<ManageMembersError> for Problem {
    fn from(error: ManageMembersError) -> Self {
        use ManageMembersError as E;
        let (status, code, title) = match &error {
            E::NoSuchProject(_) | E::Member(MemberError::NoSuchProject(_)) => {
                return Self::not_found();
            }
            E::NotSeen { why, .. } | E::NotAllowed { why, .. } => not_allowed(why),
            E::Member(MemberError::NoSuchUser(_)) => (
                StatusCode::NOT_FOUND,
                "no-such-user",
                "There is no such user",
            ),
            E::Member(MemberError::NotAMember(_)) => (
                StatusCode::NOT_FOUND,
                "no-such-member",
                "The user has no role in the project",
            ),
            E::Member(MemberError::LastOwner(_)) => {
                (StatusCode::CONFLICT, "last-owner", "A project has an owner")
            }
            E::Member(MemberError::Store(_)) | E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<MemberTextError> for Problem {
    fn from(error: MemberTextError) -> Self {
        Self::client(StatusCode::BAD_REQUEST, &error)
            .of_kind("role-malformed", "The body names no role")
    }
}

impl From<ReadTokenError> for Problem {
    fn from(error: ReadTokenError) -> Self {
        use ReadTokenError as E;
        let (status, code, title) = match &error {
            E::NotWhole => (
                StatusCode::FORBIDDEN,
                "token-not-whole",
                "Only a whole token makes others",
            ),
            E::Outlives { .. } => (
                StatusCode::FORBIDDEN,
                "token-would-outlive",
                "A token ends no later than the one that it is made with",
            ),
            E::Ended(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "end-has-passed",
                "The token would have ended already",
            ),
            E::NoSuchProject(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-such-project",
                "There is no such project",
            ),
            E::TooManyProjects(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "too-many-projects",
                "A read token is for so many projects",
            ),
            E::TooMany(_) => (
                StatusCode::CONFLICT,
                "too-many-tokens",
                "The caller has as many read tokens as they may",
            ),
            E::NoSuchToken { .. } => (
                StatusCode::NOT_FOUND,
                "no-such-token",
                "The caller has no such read token",
            ),
            E::Store(_) => return Self::internal(&error),
        };
        Self::client(status, &error).of_kind(code, title)
    }
}

impl From<ReadTokenTextError> for Problem {
    fn from(error: ReadTokenTextError) -> Self {
        Self::client(StatusCode::BAD_REQUEST, &error)
            .of_kind("read-token-malformed", "The body asks for no read token")
    }
}
