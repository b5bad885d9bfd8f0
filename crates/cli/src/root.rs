//! What a command judges by: trust domains, or one root for all names.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use touchplate_attest::domain::{
    MAX_TRUST_CONFIG_BYTES, ProjectPattern, Scope, TrustConfig, TrustConfigError,
};
use touchplate_attest::{DomainName, Sha256, TrustDomains};
use touchplate_client::trust_store::{
    self, FOLDER_VARIABLE, StoredDomain, TrustExport, TrustStore, TrustStoreError,
};

use crate::files;
use crate::options::Common;
use crate::report::Failure;

/// What a command judges by, and where it is from: `--trusted-root`, else the trust store, else what is embedded.
#[derive(Debug)]
pub(crate) struct Trust {
    domains: TrustDomains,
    stored: Vec<StoredDomain>,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Store(PathBuf),
    Pack(PathBuf),
    Embedded,
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a usable trust root", .0.display())]
struct UnusableConfig(PathBuf, #[source] TrustConfigError);

#[derive(Debug, thiserror::Error)]
#[error("there are no trust domains in `{}`", .0.display())]
struct NoDomains(PathBuf);

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
                stored: Vec::from_iter(for_all_names(config)),
                origin: Origin::File(path.clone()),
            });
        }
        let store = store(common);
        let Some(store) = store.filter(TrustStore::exists) else {
            if let Some(folder) = named_folder(common) {
                return Err(Failure::usage(NoDomains(folder))
                    .hint("`touchplate trust import` and `touchplate trust refresh` make them"));
            }
            return Ok(Self {
                domains: TrustDomains::public_good(),
                stored: vec![StoredDomain::public_good()],
                origin: Origin::Embedded,
            });
        };
        let stored = store.load()?;
        let domains = stored.trust_domains();
        Ok(Self {
            domains: domains.map_err(Failure::usage)?,
            stored: stored.iter().cloned().collect(),
            origin: Origin::Store(store.folder().to_owned()),
        })
    }

    /// What a pack was made under: for whoever knows by its seal that it is the right one.
    pub(crate) fn of_pack(export: &TrustExport, path: &Path) -> Result<Self, Failure> {
        let domains = export.domains.iter().map(StoredDomain::trust_domain);
        let domains: Vec<_> = domains.collect::<Result<_, _>>().map_err(Failure::usage)?;
        Ok(Self {
            domains: TrustDomains::new(domains).map_err(Failure::usage)?,
            stored: export.domains.clone(),
            origin: Origin::Pack(path.to_owned()),
        })
    }

    /// The same for another machine.
    pub(crate) fn export(&self, created_at: Timestamp) -> TrustExport {
        TrustExport {
            created_at,
            domains: self.stored.clone(),
        }
    }

    /// What verifies: it picks the domains by the project's name.
    pub(crate) fn domains(&self) -> &TrustDomains {
        &self.domains
    }

    /// The digest of the root, where there is one for all that can be asked.
    pub(crate) fn only_digest(&self) -> Option<&Sha256> {
        match (self.domains.only_root(), self.domains.domains()) {
            (Some(root), _) => Some(root.digest()),
            (None, [domain]) => Some(domain.root().digest()),
            (None, _) => None,
        }
    }

    /// Where a root is from, in words: the one of `domain`, or the only one.
    pub(crate) fn origin(&self, domain: Option<&DomainName>) -> String {
        match (&self.origin, domain) {
            (Origin::File(path), _) => path.display().to_string(),
            (Origin::Pack(path), _) => format!("in the pack {}", path.display()),
            (Origin::Embedded, _) => "public-good Sigstore, embedded".to_owned(),
            (Origin::Store(folder), Some(domain)) => {
                format!("trust domain {domain}, in {}", folder.display())
            }
            (Origin::Store(folder), None) => format!("trust domains in {}", folder.display()),
        }
    }
}

/// The root for all names as a domain, for those who have to be told one.
fn for_all_names(config: TrustConfig) -> Option<StoredDomain> {
    Some(StoredDomain {
        name: "trusted-root".parse().ok()?,
        config,
        scope: Scope::new(vec![ProjectPattern::All], Vec::new()).stating_all_names(),
        origin: trust_store::Origin::File,
        as_of: Timestamp::UNIX_EPOCH,
    })
}

/// The folder that somebody named: a slip in its name must not turn into the embedded root for every project.
pub(crate) fn named_folder(common: &Common) -> Option<PathBuf> {
    let variable = || std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty());
    common
        .trust
        .clone()
        .or_else(|| variable().map(PathBuf::from))
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

const HINT: &str = "expected a Sigstore `trusted_root.json`; without --trusted-root the embedded public-good root is used";
