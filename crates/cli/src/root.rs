//! What a command judges by: trust domains, or one root for all names.

use std::path::{Path, PathBuf};

use touchplate_attest::domain::{MAX_TRUST_CONFIG_BYTES, TrustConfig, TrustConfigError};
use touchplate_attest::root::MAX_TRUST_ROOT_BYTES;
use touchplate_attest::{DomainName, TrustDomains, TrustRoot, TrustRootError};
use touchplate_client::trust_store::{FOLDER_VARIABLE, TrustStore, TrustStoreError};

use crate::files;
use crate::options::Common;
use crate::report::Failure;

/// What a command judges by, and where it is from: `--trusted-root`, else the trust store, else what is embedded.
#[derive(Debug)]
#[allow(dead_code, reason = "`verify` moves to it")]
pub(crate) struct Trust {
    domains: TrustDomains,
    origin: Origin,
}

#[derive(Debug)]
#[allow(dead_code, reason = "`verify` moves to it")]
enum Origin {
    File(PathBuf),
    Store(PathBuf),
    Embedded,
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a usable trust root", .0.display())]
struct UnusableConfig(PathBuf, #[source] TrustConfigError);

#[allow(dead_code, reason = "`verify` moves to it")]
impl Trust {
    /// The root in `--trusted-root` for all names; without it the store's domains; without a store the embedded
    /// public-good root. Never touches the network.
    pub(crate) fn read(common: &Common) -> Result<Self, Failure> {
        if let Some(path) = &common.trusted_root {
            let json = files::read(path, MAX_TRUST_CONFIG_BYTES)?;
            let config = TrustConfig::parse(&json);
            let config = config
                .map_err(|error| Failure::usage(UnusableConfig(path.clone(), error)).hint(HINT))?;
            return Ok(Self {
                domains: TrustDomains::only(config.root().clone()),
                origin: Origin::File(path.clone()),
            });
        }
        let store = store(common).filter(TrustStore::exists);
        let Some(store) = store else {
            return Ok(Self {
                domains: TrustDomains::public_good(),
                origin: Origin::Embedded,
            });
        };
        let domains = store.load()?.trust_domains();
        Ok(Self {
            domains: domains.map_err(Failure::usage)?,
            origin: Origin::Store(store.folder().to_owned()),
        })
    }

    /// What verifies: it picks the domains by the project's name.
    pub(crate) fn domains(&self) -> &TrustDomains {
        &self.domains
    }

    /// Where a root is from, in words: the one of `domain`, or the only one.
    pub(crate) fn origin(&self, domain: Option<&DomainName>) -> String {
        match (&self.origin, domain) {
            (Origin::File(path), _) => path.display().to_string(),
            (Origin::Embedded, _) => "public-good Sigstore, embedded".to_owned(),
            (Origin::Store(folder), Some(domain)) => {
                format!("trust domain {domain}, in {}", folder.display())
            }
            (Origin::Store(folder), None) => format!("trust domains in {}", folder.display()),
        }
    }
}

/// The trust store: `--trust`, else as the environment says.
pub(crate) fn store(common: &Common) -> Option<TrustStore> {
    let given = common.trust.as_ref().map(TrustStore::at);
    given.or_else(|| TrustStore::of_environment(|name| std::env::var_os(name)))
}

impl From<TrustStoreError> for Failure {
    fn from(error: TrustStoreError) -> Self {
        if error.is_outside() {
            return Self::outside(error);
        }
        Self::usage(error).hint(format!(
            "the trust store is the folder named by --trust or ${FOLDER_VARIABLE}; its format is described in docs/guide/trust.md"
        ))
    }
}

/// A trust root and where it is from.
#[derive(Debug)]
pub(crate) struct Root {
    root: TrustRoot,
    path: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a usable trust root", .0.display())]
struct Unusable(PathBuf, #[source] TrustRootError);

const HINT: &str = "expected a Sigstore `trusted_root.json`; without --trusted-root the embedded public-good root is used";

impl Root {
    /// The root in `path`, or the embedded public-good one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self {
                root: TrustRoot::public_good(),
                path: None,
            });
        };
        let json = files::read(path, MAX_TRUST_ROOT_BYTES)?;
        let root = TrustRoot::from_json(&json);
        let root =
            root.map_err(|error| Failure::usage(Unusable(path.to_owned(), error)).hint(HINT))?;
        Ok(Self {
            root,
            path: Some(path.to_owned()),
        })
    }

    /// The root itself.
    pub(crate) fn trust_root(&self) -> &TrustRoot {
        &self.root
    }

    /// Where it is from, in words.
    pub(crate) fn origin(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "public-good Sigstore, embedded".to_owned(),
        }
    }
}
