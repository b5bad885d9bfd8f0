//! Trust domains: trust roots, each with the project names and identity providers that it may speak for.
//!
//! Whoever holds a private certificate authority can issue a certificate for any identity. A root that is believed for
//! every name would therefore let one company's authority vouch for anybody's project. So a name belongs to the domain
//! that lists it most narrowly, and to that one alone; `*` covers what no other domain lists.

mod config;
mod error;
mod report;
mod scope;

use jiff::Timestamp;
use touchplate_packaging::ProjectName;

pub use config::{EMBEDDED_AS_OF, MAX_TRUST_CONFIG_BYTES, TrustConfig, TrustConfigError};
pub use error::{DomainError, Refusal};
pub use report::DomainReport;
pub use scope::{
    DomainName, InvalidDomainName, InvalidIssuer, InvalidPattern, OidcIssuer, ProjectPattern, Scope,
};

use crate::attestation::Attestation;
use crate::provenance::{Provenance, ProvenanceVerifyError, verify_provenance_remembering};
use crate::publisher::Publisher;
use crate::root::TrustRoot;
use crate::verify::{
    CertificateMemory, FileFacts, Proven, Verified, VerifyError, verify_any_predicate,
    verify_remembering,
};

/// Domains of one set. Each costs a root in memory, and a refused attestation is tried under all of them so that the
/// message can say whose it is.
pub const MAX_DOMAINS: usize = 16;

/// Patterns of one domain: each name that is looked up is held against all of them.
pub const MAX_PATTERNS: usize = 1000;

/// Identity providers of one domain: a company has a handful.
pub const MAX_ISSUERS: usize = 100;

/// A named trust root, and what it may speak for.
#[derive(Clone, Debug)]
pub struct TrustDomain {
    name: DomainName,
    root: TrustRoot,
    scope: Scope,
}

/// Why domains do not fit together, or one not with its scope.
#[derive(Debug, thiserror::Error)]
pub enum DomainsError {
    /// Nothing could ever verify.
    #[error("expected at least one trust domain, found none")]
    Empty,
    /// More than [`MAX_DOMAINS`].
    #[error("expected at most {MAX_DOMAINS} trust domains, found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// Two domains have one name.
    #[error("two trust domains are called {name}")]
    Repeated {
        /// The name.
        name: DomainName,
    },
    /// Only the public-good domain may leave its names out.
    #[error(
        "the trust domain {name} lists no project names: only {} speaks for what nobody lists",
        DomainName::PUBLIC_GOOD
    )]
    NoPatterns {
        /// The domain.
        name: DomainName,
    },
    /// A private authority must not come to speak for every name by a slip.
    #[error(
        "the trust domain {name} lists `*`, which would let it vouch for every project that no other domain lists; \
         that must be stated with `all-names = true`"
    )]
    AllNames {
        /// The domain.
        name: DomainName,
    },
    /// The statement is there, and the pattern that it allows is not.
    #[error("the trust domain {name} states `all-names` and does not list `*`")]
    IdleAllNames {
        /// The domain.
        name: DomainName,
    },
    /// More than [`MAX_PATTERNS`].
    #[error(
        "expected at most {MAX_PATTERNS} project names in the trust domain {name}, found {found}"
    )]
    TooManyPatterns {
        /// The domain.
        name: DomainName,
        /// How many there are.
        found: usize,
    },
    /// More than [`MAX_ISSUERS`].
    #[error("expected at most {MAX_ISSUERS} issuers in the trust domain {name}, found {found}")]
    TooManyIssuers {
        /// The domain.
        name: DomainName,
        /// How many there are.
        found: usize,
    },
}

impl TrustDomain {
    /// A domain. Any but the public-good one must list its project names, and state it when `*` is among them.
    ///
    /// # Errors
    /// As [`DomainsError`] says of one domain.
    pub fn new(name: DomainName, root: TrustRoot, scope: Scope) -> Result<Self, DomainsError> {
        let scope = if name.is_public_good() && scope.projects().is_empty() {
            scope.of_everything()
        } else {
            scope
        };
        let (patterns, issuers) = (scope.projects().len(), scope.issuers().len());
        if patterns == 0 {
            return Err(DomainsError::NoPatterns { name });
        }
        let everything = scope.projects().contains(&ProjectPattern::All);
        if everything && !scope.states_all_names() && !name.is_public_good() {
            return Err(DomainsError::AllNames { name });
        }
        if scope.states_all_names() && !everything {
            return Err(DomainsError::IdleAllNames { name });
        }
        if patterns > MAX_PATTERNS {
            return Err(DomainsError::TooManyPatterns {
                name,
                found: patterns,
            });
        }
        if issuers > MAX_ISSUERS {
            return Err(DomainsError::TooManyIssuers {
                name,
                found: issuers,
            });
        }
        Ok(Self { name, root, scope })
    }

    /// Sigstore's public-good instance as embedded, for every name that no other domain lists.
    pub fn public_good() -> Self {
        Self {
            name: DomainName::public_good(),
            root: TrustRoot::public_good(),
            scope: Scope::default().of_everything(),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &DomainName {
        &self.name
    }

    /// Its keys and certificates.
    pub fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// What it may speak for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// What something was proved to be, and in which domain.
#[derive(Clone, Debug)]
pub struct Vouched<T = Proven> {
    /// The domain; none where one root was given instead of domains ([`TrustDomains::only`]).
    pub domain: Option<DomainName>,
    /// What was proved.
    pub proof: T,
}

/// Every domain that is believed, or one root for all names. A clone shares the roots.
///
/// ```
/// use touchplate_attest::TrustRoot;
/// use touchplate_attest::domain::{DomainName, Scope, TrustDomain, TrustDomains};
///
/// # fn private_root() -> TrustRoot { TrustRoot::public_good() }
/// let scope = Scope::new(vec!["acme-*".parse()?], vec!["https://gitlab.acme.example".parse()?]);
/// let acme = TrustDomain::new("acme".parse()?, private_root(), scope)?;
/// let domains = TrustDomains::new(vec![TrustDomain::public_good(), acme])?;
/// let speaks_for = |project: &str| -> Result<Vec<_>, Box<dyn std::error::Error>> {
///     let domains = domains.speaking_for(&project.parse()?);
///     Ok(domains.into_iter().map(|domain| domain.name().to_string()).collect())
/// };
/// assert_eq!(speaks_for("acme-tools")?, ["acme"]);
/// assert_eq!(speaks_for("requests")?, ["public-good"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustDomains(Set);

#[derive(Clone, Debug)]
enum Set {
    Only(TrustRoot),
    Named(Vec<TrustDomain>),
}

impl TrustDomains {
    /// These domains, with names of their own.
    ///
    /// # Errors
    /// As [`DomainsError`] says of several.
    pub fn new(domains: Vec<TrustDomain>) -> Result<Self, DomainsError> {
        if domains.is_empty() {
            return Err(DomainsError::Empty);
        }
        if domains.len() > MAX_DOMAINS {
            return Err(DomainsError::TooMany {
                found: domains.len(),
            });
        }
        for (at, domain) in domains.iter().enumerate() {
            if domains.iter().take(at).any(|it| it.name == domain.name) {
                return Err(DomainsError::Repeated {
                    name: domain.name.clone(),
                });
            }
        }
        Ok(Self(Set::Named(domains)))
    }

    /// This root for every name, and no other: what `--trusted-root` means.
    pub fn only(root: TrustRoot) -> Self {
        Self(Set::Only(root))
    }

    /// The public-good instance for every name: what is believed where nothing was configured.
    pub fn public_good() -> Self {
        Self(Set::Named(vec![TrustDomain::public_good()]))
    }

    /// The domains, in the order given; none for [`only`](Self::only).
    pub fn domains(&self) -> &[TrustDomain] {
        match &self.0 {
            Set::Only(_) => &[],
            Set::Named(domains) => domains,
        }
    }

    /// The one root for all names, if that is what this is.
    pub fn only_root(&self) -> Option<&TrustRoot> {
        match &self.0 {
            Set::Only(root) => Some(root),
            Set::Named(_) => None,
        }
    }

    /// The domains that may speak for a project: those whose pattern for it is the narrowest. More than one only where
    /// several list the same pattern; none where nobody does.
    pub fn speaking_for(&self, project: &ProjectName) -> Vec<&TrustDomain> {
        let narrowest = |domain: &&TrustDomain| domain.scope.narrowness(project);
        let best = self.domains().iter().filter_map(|it| narrowest(&it)).max();
        let speaking = self.domains().iter();
        speaking
            .filter(|domain| best.is_some() && narrowest(domain) == best)
            .collect()
    }

    /// The roots that a proof for this project may rest on, each with its domain's name.
    pub fn roots_for(&self, project: &ProjectName) -> Vec<(Option<&DomainName>, &TrustRoot)> {
        match &self.0 {
            Set::Only(root) => vec![(None, root)],
            Set::Named(_) => {
                let speaking = self.speaking_for(project).into_iter();
                speaking
                    .map(|domain| (Some(&domain.name), &domain.root))
                    .collect()
            }
        }
    }

    /// [`verify`](crate::verify()) under the domains that may speak for the file's project; then the certificate's
    /// issuer must be one that the domain takes. The first domain for which both hold is the answer.
    ///
    /// # Errors
    /// Why none holds, domain by domain; and if a domain that may not speak for the project does vouch for the file,
    /// which one.
    pub fn verify(
        &self,
        file: &FileFacts,
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<Vouched<Proven>, DomainError<VerifyError>> {
        self.verify_remembering(&mut CertificateMemory::new(), file, attestation, now)
    }

    /// [`verify`](Self::verify), for many files: see [`verify_remembering`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_remembering(
        &self,
        memory: &mut CertificateMemory,
        file: &FileFacts,
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<Vouched<Proven>, DomainError<VerifyError>> {
        let check = |root: &TrustRoot| verify_remembering(memory, file, attestation, root, now);
        self.judge(file.filename.project(), check, |proven, take| take(proven))
    }

    /// [`verify_any_predicate`] in the same way.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_any_predicate(
        &self,
        file: &FileFacts,
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<Vouched<Proven>, DomainError<VerifyError>> {
        let check = |root: &TrustRoot| verify_any_predicate(file, attestation, root, now);
        self.judge(file.filename.project(), check, |proven, take| take(proven))
    }

    /// [`verify_provenance`](crate::verify_provenance()) in the same way: one domain must vouch for all of the object.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_provenance(
        &self,
        file: &FileFacts,
        provenance: &Provenance,
        expected: &[Publisher],
        now: Timestamp,
    ) -> Result<Vouched<Vec<Verified>>, DomainError<ProvenanceVerifyError>> {
        let memory = &mut CertificateMemory::new();
        self.verify_provenance_remembering(memory, file, provenance, expected, now)
    }

    /// [`verify_provenance`](Self::verify_provenance), for many files: see [`verify_remembering`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_provenance_remembering(
        &self,
        memory: &mut CertificateMemory,
        file: &FileFacts,
        provenance: &Provenance,
        expected: &[Publisher],
        now: Timestamp,
    ) -> Result<Vouched<Vec<Verified>>, DomainError<ProvenanceVerifyError>> {
        let check = |root: &TrustRoot| {
            verify_provenance_remembering(memory, file, provenance, expected, root, now)
        };
        self.judge(file.filename.project(), check, |verified, take| {
            verified
                .iter()
                .try_for_each(|verified| take(verified.proven()))
        })
    }

    /// What `check` proves under the domains of `project`, with every issuer (that `each` hands to its argument) one
    /// that the domain takes.
    fn judge<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        project: &ProjectName,
        mut check: impl FnMut(&TrustRoot) -> Result<T, E>,
        each: impl Fn(&T, &dyn Fn(&Proven) -> Result<(), Refusal<E>>) -> Result<(), Refusal<E>>,
    ) -> Result<Vouched<T>, DomainError<E>> {
        let domains = match &self.0 {
            Set::Only(root) => {
                let proof = check(root).map_err(DomainError::Alone)?;
                return Ok(Vouched {
                    domain: None,
                    proof,
                });
            }
            Set::Named(domains) => domains,
        };
        let mut within = |domain: &TrustDomain| {
            let proof = check(&domain.root).map_err(Refusal::Unproven)?;
            each(&proof, &|proven| domain.scope.take_issuer(proven))?;
            Ok(Vouched {
                domain: Some(domain.name.clone()),
                proof,
            })
        };
        let speaking = self.speaking_for(project);
        let mut refusals = Vec::new();
        for domain in &speaking {
            match within(domain) {
                Ok(vouched) => return Ok(vouched),
                Err(refusal) => refusals.push((domain.name.clone(), refusal)),
            }
        }
        let is_speaking =
            |domain: &TrustDomain| speaking.iter().any(|other| other.name == domain.name);
        let mut others = domains.iter().filter(|domain| !is_speaking(domain));
        let foreign = others.find(|domain| within(domain).is_ok());
        let foreign = foreign.map(|domain| domain.name.clone());
        Err(DomainError::of(
            project,
            foreign,
            refusals,
            domains.len() == 1,
        ))
    }
}
