//! The judgement of one bundle: it must hold for the artifact, and be by whom the caller expects.

use std::path::PathBuf;

use jiff::Timestamp;
use touchplate_attest::bundle::{
    Bundle, BundleContent, BundleError, BundleVerifyError, MAX_BUNDLE_BYTES, ProvenBundle,
    verify_bundle,
};
use touchplate_attest::crypto::Hash;
use touchplate_attest::{ManagedKey, Mismatch, TrustRoot};

use super::artifact::{Given, HASHES, Target};
use crate::files;
use crate::report::Failure;

/// Whom the caller expects to have signed.
#[derive(Debug)]
pub(super) enum Expected {
    /// The holder of a certificate.
    Identity {
        /// The subject alternative name.
        san: String,
        /// Who vouches for it.
        issuer: String,
    },
    /// Whoever has the private key to this one.
    Key(ManagedKey),
}

/// What a bundle is judged by.
#[derive(Debug)]
pub(super) struct Root {
    /// The root.
    pub(super) root: TrustRoot,
    /// Where it is from, in words.
    pub(super) origin: String,
}

/// What `bundle verify` found.
#[derive(Debug)]
pub(super) struct Report {
    /// The bundle's file.
    pub(super) path: PathBuf,
    /// The bundle, if it could be read.
    pub(super) bundle: Option<Bundle>,
    /// What it was held against.
    pub(super) target: Target,
    /// Whom the caller expected.
    pub(super) expected: Expected,
    /// The root that it was judged by.
    pub(super) root: Root,
    /// When.
    pub(super) now: Timestamp,
    /// What it proves.
    pub(super) result: Result<ProvenBundle, Refused>,
}

impl Report {
    /// What the bundle proves, whether or not it is by whom the caller expects.
    pub(super) fn proven(&self) -> Option<&ProvenBundle> {
        match &self.result {
            Ok(proven) => Some(proven),
            Err(Refused::Unexpected { proven, .. }) => Some(proven),
            Err(Refused::Malformed(_) | Refused::Unverified(_)) => None,
        }
    }

    /// Whether the bundle holds and is by whom the caller expects.
    pub(super) fn is_verified(&self) -> bool {
        self.result.is_ok()
    }
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is not a Sigstore bundle that can be checked")]
    Malformed(#[source] BundleError),
    #[error("it does not verify for this artifact")]
    Unverified(#[source] BundleVerifyError),
    #[error("it is not by whom you expect")]
    Unexpected {
        /// What was proved all the same.
        proven: Box<ProvenBundle>,
        /// How it differs.
        #[source]
        source: Mismatch,
    },
}

/// Judges the bundle in the file `path`.
pub(super) fn judge(
    given: Given,
    path: PathBuf,
    expected: Expected,
    root: Root,
    now: Timestamp,
) -> Result<Report, Failure> {
    let json = files::read(&path, MAX_BUNDLE_BYTES)?;
    let read = Bundle::parse(&json);
    let target = given.digests(&read.as_ref().map(wanted).unwrap_or_default())?;
    let (bundle, result) = match read {
        Ok(bundle) => {
            let result = one(&target, &bundle, &expected, &root.root, now);
            (Some(bundle), result)
        }
        Err(error) => (None, Err(Refused::Malformed(error))),
    };
    Ok(Report {
        path,
        bundle,
        target,
        expected,
        root,
        now,
        result,
    })
}

fn one(
    target: &Target,
    bundle: &Bundle,
    expected: &Expected,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<ProvenBundle, Refused> {
    let key = match expected {
        Expected::Key(key) => Some(key),
        Expected::Identity { .. } => None,
    };
    let proven =
        verify_bundle(&target.artifact, bundle, key, root, now).map_err(Refused::Unverified)?;
    match expected {
        Expected::Key(_) => Ok(proven),
        Expected::Identity { san, issuer } => {
            let tied = proven.clone().by_identity(san, issuer);
            tied.map_err(|source| Refused::Unexpected {
                proven: Box::new(proven),
                source,
            })
        }
    }
}

/// The digests of the artifact that the bundle can be about. A statement names its own; a signature over the artifact
/// says which hash it is of, or leaves that to the key.
fn wanted(bundle: &Bundle) -> Vec<Hash> {
    let is_wanted = |(name, hash): &(&str, Hash)| match bundle.content() {
        BundleContent::Statement { statement, .. } => {
            let mut subjects = statement.subjects().iter();
            subjects.any(|subject| subject.digests.contains_key(*name))
        }
        BundleContent::Artifact { digest } => {
            digest.as_ref().is_none_or(|(stated, _)| stated == hash)
        }
    };
    // The report names SHA-256 whatever the bundle says.
    let wanted = HASHES
        .into_iter()
        .filter(|one| one.1 == Hash::Sha256 || is_wanted(one));
    wanted.map(|(_, hash)| hash).collect()
}
