//! The checks one by one, under the domain that speaks for the file's project.

use jiff::Timestamp;
use touchplate_packaging::Sha256;

use super::{DomainName, Refusal, TrustDomain, TrustDomains};
use crate::verify::{FileFacts, Proven, Report, VerifyError, report};

/// What each check says, and under which domain's root.
#[derive(Debug)]
pub struct DomainReport {
    /// The domain; none where one root was given instead of domains ([`TrustDomains::only`]).
    pub domain: Option<DomainName>,
    /// Which root.
    pub root_digest: Sha256,
    /// The checks under that root.
    pub report: Report,
    /// Whether the domain takes the certificate's identity provider; none where that is not asked, since there is no domain
    /// or nothing is proved.
    pub issuer: Option<Result<(), Refusal<VerifyError>>>,
}

impl DomainReport {
    /// What is proved; `None` unless every check holds and the domain takes the issuer.
    pub fn proven(&self) -> Option<&Proven> {
        let taken = self.domain.is_none() || matches!(self.issuer, Some(Ok(())));
        self.report.proven().filter(|_| taken)
    }
}

impl TrustDomains {
    /// [`report`] under the domain that may speak for the file's project. Where several may, the first under which
    /// everything holds, or else the first; none where nobody speaks for it.
    pub fn report(&self, file: &FileFacts, json: &[u8], now: Timestamp) -> Option<DomainReport> {
        if let Some(root) = self.only_root() {
            return Some(DomainReport {
                domain: None,
                root_digest: *root.digest(),
                report: report(file, json, root, now),
                issuer: None,
            });
        }
        let within = |domain: &TrustDomain| {
            let report = report(file, json, &domain.root, now);
            let issuer = report.proven();
            let issuer = issuer.map(|proven| domain.scope.take_issuer(proven));
            DomainReport {
                domain: Some(domain.name.clone()),
                root_digest: *domain.root.digest(),
                issuer,
                report,
            }
        };
        let mut first = None;
        for domain in self.speaking_for(file.filename.project()) {
            let told = within(domain);
            if told.proven().is_some() {
                return Some(told);
            }
            first = first.or(Some(told));
        }
        first
    }
}
