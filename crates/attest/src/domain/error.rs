//! Why no trust domain vouches for a file.

use std::error::Error;

use touchplate_packaging::ProjectName;

use super::scope::{DomainName, OidcIssuer};
use crate::verify::VerifyError;

/// Why no domain that may speak for a project vouches for what was offered. `E` is what the check under one root says.
#[derive(Debug, thiserror::Error)]
pub enum DomainError<E: Error + Send + Sync + 'static = VerifyError> {
    /// There is one root or one domain for all names, and it refuses: what it says is all there is to say.
    #[error(transparent)]
    Alone(E),
    /// No domain lists the name, and none is for the rest.
    #[error("no trust domain speaks for the project {project}")]
    Uncovered {
        /// The project.
        project: ProjectName,
    },
    /// The one domain that may speak for the project refuses.
    #[error(
        "the trust domain {domain}, which alone speaks for the project {project}, does not vouch for it"
    )]
    Refused {
        /// The project.
        project: ProjectName,
        /// The domain.
        domain: DomainName,
        /// Why it does not.
        #[source]
        refusal: Refusal<E>,
    },
    /// Several domains may speak for the project, and each refuses.
    #[error(
        "no trust domain that speaks for the project {project} vouches for it: {}",
        told(refusals)
    )]
    RefusedByEach {
        /// The project.
        project: ProjectName,
        /// Each domain, and why it does not.
        refusals: Vec<(DomainName, Refusal<E>)>,
    },
    /// A domain vouches for it that may not speak for this project: a private authority for a public name, or the
    /// public one for a private name.
    #[error(
        "the trust domain {domain} vouches for it, and may not speak for the project {project}: {}",
        belongs(owners)
    )]
    Foreign {
        /// The project.
        project: ProjectName,
        /// The domain that vouches.
        domain: DomainName,
        /// Those that may speak for the project; maybe none.
        owners: Vec<DomainName>,
    },
}

/// Why one domain does not vouch for something.
#[derive(Debug, thiserror::Error)]
pub enum Refusal<E: Error + Send + Sync + 'static = VerifyError> {
    /// It does not verify under the domain's root.
    #[error(transparent)]
    Unproven(E),
    /// It verifies; the certificate was issued on the word of an identity provider that the domain does not take.
    #[error(
        "expected a certificate issued on the word of {}, found one by {found}",
        listed(expected)
    )]
    Issuer {
        /// Those that the domain takes.
        expected: Vec<OidcIssuer>,
        /// The certificate's, shortened.
        found: String,
    },
}

impl<E: Error + Send + Sync + 'static> DomainError<E> {
    /// `foreign` vouches though it may not; otherwise each refusal counts.
    pub(super) fn of(
        project: &ProjectName,
        foreign: Option<DomainName>,
        mut refusals: Vec<(DomainName, Refusal<E>)>,
        is_only_domain: bool,
    ) -> Self {
        let project = project.clone();
        if let Some(domain) = foreign {
            let owners = refusals.into_iter().map(|(owner, _)| owner).collect();
            return Self::Foreign {
                project,
                domain,
                owners,
            };
        }
        if refusals.len() > 1 {
            return Self::RefusedByEach { project, refusals };
        }
        match refusals.pop() {
            None => Self::Uncovered { project },
            Some((_, Refusal::Unproven(error))) if is_only_domain => Self::Alone(error),
            Some((domain, refusal)) => Self::Refused {
                project,
                domain,
                refusal,
            },
        }
    }
}

/// Each refusal with its causes, since one error has one source.
fn told<E: Error + Send + Sync + 'static>(refusals: &[(DomainName, Refusal<E>)]) -> String {
    let told = refusals.iter().map(|(domain, refusal)| {
        let chain = std::iter::successors(Some(refusal as &(dyn Error + 'static)), |&error| {
            error.source()
        });
        let chain: Vec<_> = chain.map(ToString::to_string).collect();
        format!("{domain}: {}", chain.join(": "))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn belongs(owners: &[DomainName]) -> String {
    match owners {
        [] => "no trust domain does".to_owned(),
        owners => format!(
            "that name belongs to {}",
            owners
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and ")
        ),
    }
}

fn listed(issuers: &[OidcIssuer]) -> String {
    let issuers: Vec<_> = issuers.iter().map(ToString::to_string).collect();
    issuers.join(" or ")
}
