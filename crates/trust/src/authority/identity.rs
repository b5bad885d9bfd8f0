//! Whom a certificate names.

use touchplate_attest::{Claims, SubjectName};

/// An identity that the operator lets have certificates: only [`IssuerPolicy::identify`](super::IssuerPolicy::identify) makes
/// one, of a token that was checked.
#[derive(Clone, Debug)]
pub struct CertifiedIdentity {
    pub(super) name: SubjectName,
    pub(super) issuer: String,
    pub(super) claims: Claims,
    pub(super) challenges: Vec<String>,
}

impl CertifiedIdentity {
    /// The certificate's only name.
    pub fn name(&self) -> &SubjectName {
        &self.name
    }

    /// Who vouches.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the certificate says of the build.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What its holder may sign to prove that it has a key: signers take the token's e-mail address where it has one, and
    /// the subject otherwise.
    pub fn challenges(&self) -> &[String] {
        &self.challenges
    }
}
