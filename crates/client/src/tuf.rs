//! Trust roots from a TUF repository (The Update Framework, specification 1.0), fetched with this crate's own agent.
//!
//! `sigstore-tuf` checks signatures, thresholds, versions, expiry, lengths and digests; its own transport is left out, since it
//! would bring a second HTTP client. Nothing is fetched unless [`fetch`] is called.

mod error;
mod transport;

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use sigstore_tuf::{FileStore, Updater, UpdaterConfig};
use touchplate_attest::domain::{DomainName, TrustConfig};
use touchplate_attest::root::MAX_TRUST_ROOT_BYTES;
use url::Url;

pub use error::TufError;
use transport::{Shared, Transport};

use crate::fetch::Agent;

/// The target that is wanted, as Sigstore's repositories call it.
const TRUST_ROOT: &str = "trusted_root.json";

/// How to sign for the instance; not every repository has it.
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

const PUBLIC_GOOD_URL: &str = "https://tuf-repo-cdn.sigstore.dev";
const PUBLIC_GOOD_ROOT: &[u8] = include_bytes!("../roots/tuf-public-good.json");
const STAGING_URL: &str = "https://tuf-repo-cdn.sigstage.dev";
const STAGING_ROOT: &[u8] = include_bytes!("../roots/tuf-staging.json");

/// The file, in a domain's state, of the root that the operator gave.
const GIVEN_ROOT: &str = "given.root.json";

/// The longest TUF metadata that is read. Sigstore's files have 1 to 6 kB, a hundred delegations some tens.
pub const MAX_METADATA_BYTES: u64 = 512 * 1024;

/// Roots that are walked through at once. Sigstore makes two a year.
const MAX_ROTATIONS: u32 = 64;

/// The URL of the TUF repository of one of Sigstore's domains; none for a private one.
pub fn known_url(domain: &DomainName) -> Option<Url> {
    let url = match domain.as_str() {
        DomainName::PUBLIC_GOOD => PUBLIC_GOOD_URL,
        DomainName::STAGING => STAGING_URL,
        _ => return None,
    };
    Some(
        url.parse()
            .expect("the constants are URLs: a test reads them"),
    )
}

/// A domain's repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Whose it is.
    pub domain: DomainName,
    /// Where it is: metadata below it, targets below its `targets/`.
    pub url: Url,
    /// What to walk on from, if the operator gives it: from then on it stands in the place of an embedded one.
    pub first_root: Option<Vec<u8>>,
    /// The folder in which what was verified is remembered, so that an older state is noticed.
    pub state: PathBuf,
}

/// What a repository says now.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The trust root, and how to sign for it if the repository has that.
    pub config: TrustConfig,
    /// The version of its `targets` metadata: higher is newer.
    pub targets_version: u64,
    /// When the repository is bound to have said something newer.
    pub expires: Timestamp,
}

/// Fetches the trust root of a repository. `state` is updated as far as metadata was verified, whatever comes of it; nothing
/// else is changed.
///
/// # Errors
/// See [`TufError`].
pub fn fetch(
    agent: &Arc<Agent>,
    repository: &Repository,
    now: Timestamp,
) -> Result<Fetched, TufError> {
    let first = repository.first_root()?;
    fs::create_dir_all(&repository.state).map_err(|source| TufError::State {
        path: repository.state.clone(),
        source,
    })?;
    let transport = Arc::new(Transport::new(agent.clone(), repository.url.clone()));
    let refused = |error| transport.refusal(error);
    let mut updater = Updater::new(Shared(transport.clone()), &first)
        .map_err(TufError::FirstRoot)?
        .with_config(limits())
        .with_store(FileStore::new(&repository.state));
    ready(updater.refresh(now)).map_err(refused)?;
    let json = ready(updater.get_target(TRUST_ROOT, now)).map_err(refused)?;
    let config = TrustConfig::parse(&json)?;
    let signing = match ready(updater.get_target(SIGNING_CONFIG, now)) {
        Ok(json) => Some(String::from_utf8(json).map_err(TufError::SigningConfig)?),
        Err(sigstore_tuf::Error::TargetNotFound(_)) => None,
        Err(error) => return Err(refused(error)),
    };
    let trusted = updater.trusted();
    let fetched = Fetched {
        config: config.with_signing_config(signing),
        targets_version: trusted.targets_role("targets").map_or(0, |it| it.version),
        expires: trusted.timestamp().map_or(now, |it| it.expires),
    };
    repository.keep_first_root()?;
    Ok(fetched)
}

impl Repository {
    /// What to walk on from: what the operator gives or once gave, else what is embedded.
    fn first_root(&self) -> Result<Vec<u8>, TufError> {
        if let Some(given) = &self.first_root {
            return Ok(given.clone());
        }
        let path = self.state.join(GIVEN_ROOT);
        match fs::read(&path) {
            Ok(kept) => Ok(kept),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                match self.domain.as_str() {
                    DomainName::PUBLIC_GOOD => Ok(PUBLIC_GOOD_ROOT.to_vec()),
                    DomainName::STAGING => Ok(STAGING_ROOT.to_vec()),
                    _ => Err(TufError::NoFirstRoot {
                        domain: self.domain.clone(),
                    }),
                }
            }
            Err(source) => Err(TufError::State { path, source }),
        }
    }

    /// What the operator gave led somewhere: next time it need not be given.
    fn keep_first_root(&self) -> Result<(), TufError> {
        let Some(given) = &self.first_root else {
            return Ok(());
        };
        let path = self.state.join(GIVEN_ROOT);
        let write = || {
            let file = tempfile::NamedTempFile::new_in(&self.state)?;
            fs::write(file.path(), given)?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|source| TufError::State {
            path: path.clone(),
            source,
        })
    }
}

fn limits() -> UpdaterConfig {
    let mut limits = UpdaterConfig::default();
    limits.root_max_length = MAX_METADATA_BYTES;
    limits.snapshot_max_length = MAX_METADATA_BYTES;
    limits.targets_max_length = MAX_METADATA_BYTES;
    limits.target_max_length = MAX_TRUST_ROOT_BYTES as u64;
    limits.max_root_rotations = MAX_ROTATIONS;
    limits
}

/// The result of a future that never waits: the transport blocks until it has its answer.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_roots_are_signed_by_themselves() {
        for (name, root, version) in [
            (DomainName::public_good(), PUBLIC_GOOD_ROOT, 16),
            (DomainName::staging(), STAGING_ROOT, 15),
        ] {
            let trusted = sigstore_tuf::TrustedMetadataSet::from_root(root).unwrap();
            assert_eq!(trusted.root().version, version);
            assert!(known_url(&name).is_some());
        }
        assert!(known_url(&"acme".parse().unwrap()).is_none());
    }
}
