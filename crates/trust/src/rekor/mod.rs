//! Rekor's two faces: what is proposed to a log, read strictly and checked, and what the log answers.
//!
//! A proposal becomes a [`Proposal`] only if its signature holds. What the certificate is worth (its chain, whether it was
//! valid then) is for whoever reads the log: Rekor does not ask either, and a log that refuses nothing but broken signatures
//! shows every misuse of an authority.

mod encoding;
mod error;
mod promise;
mod proposal;
mod rekor1;
mod rekor2;
mod search;
mod uuid;
mod v1;
mod v2;
mod verifier;

pub use error::{AddError, AnswerError};
pub use proposal::{
    Kind, MAX_BODY_BYTES, MAX_V1_PROPOSAL_BYTES, MAX_V2_PROPOSAL_BYTES, Proposal, ProposalError,
};
pub use rekor1::{Added1, ConsistencyProof, GrowthError, LogInfo, LoggedEntry, Rekor1, ToldEntry};
pub use rekor2::{Added2, Rekor2, TransparencyLogEntry};
pub use search::{MAX_QUERY_BYTES, Query, QueryError, SearchKey};
pub use uuid::{InvalidUuid, TreeId, Uuid};
pub use verifier::{CheckError, VerifierError};
