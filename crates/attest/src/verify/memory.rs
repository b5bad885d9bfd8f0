//! Certificates that were checked before: files that one CI run signed share their certificate, and its chain and
//! timestamp need to be checked once.

use std::collections::HashMap;
use std::sync::Arc;

use touchplate_packaging::Sha256;

use crate::certificate::{Profile, SigningCertificate};
use crate::crypto::PublicKey;
use crate::root::TrustRoot;

/// Certificates that are remembered: some megabytes. A release has one or two.
const MAX_REMEMBERED: usize = 1024;

/// Remembers certificates whose authority and certificate log were found to have signed them, and under which trust root.
/// What depends on time is checked anew for each signature. A thread has its own.
#[derive(Default)]
pub struct CertificateMemory {
    /// By the root's digest.
    roots: HashMap<Sha256, Known>,
    remembered: usize,
}

/// By the certificate's DER.
type Known = HashMap<Vec<u8>, (Profile, Arc<Holder>)>;

/// A certificate that an authority of the root issued and a certificate log of the root has seen.
pub(crate) struct Holder {
    certificate: SigningCertificate,
    /// The issuer's number in the root; `None` for one that the bundle brought.
    issuer: Option<usize>,
    key: Box<dyn PublicKey>,
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holder")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Holder {
    pub(super) fn new(
        certificate: SigningCertificate,
        issuer: Option<usize>,
        key: Box<dyn PublicKey>,
    ) -> Self {
        Self {
            certificate,
            issuer,
            key,
        }
    }

    pub(crate) fn certificate(&self) -> &SigningCertificate {
        &self.certificate
    }

    pub(super) fn issuer(&self) -> usize {
        // One without a number is never kept, and so never recalled.
        self.issuer.unwrap_or(usize::MAX)
    }

    pub(super) fn key(&self) -> &dyn PublicKey {
        self.key.as_ref()
    }
}

impl CertificateMemory {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn recall(
        &self,
        root: &TrustRoot,
        profile: Profile,
        der: &[u8],
    ) -> Option<Arc<Holder>> {
        let (kept, holder) = self.roots.get(root.digest())?.get(der)?;
        (*kept == profile).then(|| Arc::clone(holder))
    }

    pub(super) fn keep(
        &mut self,
        root: &TrustRoot,
        profile: Profile,
        der: &[u8],
        holder: &Arc<Holder>,
    ) {
        if holder.issuer.is_none() {
            return;
        }
        if self.remembered >= MAX_REMEMBERED {
            self.roots.clear();
            self.remembered = 0;
        }
        let known = self.roots.entry(*root.digest()).or_default();
        if !known.contains_key(der) {
            known.insert(der.to_vec(), (profile, Arc::clone(holder)));
            self.remembered += 1;
        }
    }
}

impl std::fmt::Debug for CertificateMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateMemory")
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}
