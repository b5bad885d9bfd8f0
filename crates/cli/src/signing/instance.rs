//! The instance to sign with: services, and the root by which readers will verify.
//!
//! None is built in. Either files name it, or the trust store has a domain for the project that says how to sign.

use std::path::{Path, PathBuf};

use touchplate_attest::domain::{MAX_TRUST_CONFIG_BYTES, TrustConfig, TrustConfigError};
use touchplate_attest::{DomainName, TrustRoot};
use touchplate_client::sign::{
    MAX_SIGNING_CONFIG_BYTES, Services, SigningConfig, SigningConfigError,
};
use touchplate_client::trust_store::{StoredDomains, TrustStore};
use touchplate_packaging::ProjectName;
use url::Url;

use super::SigningOptions;
use crate::files;
use crate::options::Common;
use crate::report::Failure;

/// What is signed, which decides between trust domains.
#[derive(Clone, Copy, Debug)]
pub(crate) enum For<'p> {
    /// Files of these projects.
    Projects(&'p [ProjectName]),
    /// Something that is of no project.
    Anything,
}

/// Services, and the root by which readers will verify.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) config: SigningConfig,
    pub(crate) root: TrustRoot,
    /// Where they are from, in words.
    pub(crate) origin: String,
    is_public_good: bool,
}

#[derive(Debug, thiserror::Error)]
enum InstanceError {
    #[error("nothing says which services are to sign")]
    None,
    #[error("the trust domain {0} does not say which services sign for it")]
    DomainWithout(DomainName),
    #[error("no trust domain speaks for the project `{0}`")]
    NoDomain(ProjectName),
    #[error(
        "`{0}` and `{1}` belong to different trust domains ({2} and {3}), which sign differently"
    )]
    TwoDomains(ProjectName, ProjectName, DomainName, DomainName),
    #[error("`{}` is not a ClientTrustConfig with a signing configuration", .0.display())]
    ConfigWithout(PathBuf),
    #[error("`{}` is not a usable trust configuration", .0.display())]
    Config(PathBuf, #[source] TrustConfigError),
    #[error("the signing configuration of {0} cannot be used")]
    Signing(String, #[source] SigningConfigError),
}

const HINT: &str = "name an instance with --trust-config FILE (an index with a trust stack serves it at /trust/trust_config.json), \
    or with --signing-config FILE --trusted-root FILE; for Sigstore's public-good instance, `touchplate trust refresh` fetches both";

impl Instance {
    /// The one that the command line names, else the one of the trust domain that speaks for what is signed.
    pub(crate) fn find(
        common: &Common,
        options: &SigningOptions,
        wanted: For<'_>,
    ) -> Result<Self, Failure> {
        if let Some(path) = &options.trust_config {
            return Self::of_config(path);
        }
        match (&common.trusted_root, &options.signing_config) {
            (Some(root), Some(signing)) => Self::of_files(root, signing),
            (Some(root), None) => Self::of_config(root),
            (None, _) => Self::of_store(common, wanted),
        }
    }

    fn of_config(path: &Path) -> Result<Self, Failure> {
        let config = read(path)?;
        let signing = config.signing_config().ok_or_else(|| {
            Failure::usage(InstanceError::ConfigWithout(path.to_owned())).hint(HINT)
        })?;
        let origin = path.display().to_string();
        Self::new(signing.as_bytes(), config.root().clone(), origin, false)
    }

    fn of_files(root: &Path, signing: &Path) -> Result<Self, Failure> {
        let config = read(root)?;
        let json = files::read(signing, MAX_SIGNING_CONFIG_BYTES)?;
        let origin = signing.display().to_string();
        Self::new(&json, config.root().clone(), origin, false)
    }

    fn of_store(common: &Common, wanted: For<'_>) -> Result<Self, Failure> {
        let nothing = || Failure::usage(InstanceError::None).hint(HINT);
        let store = crate::root::store(common).filter(TrustStore::exists);
        let domains = store.ok_or_else(nothing)?.load()?;
        let name = match wanted {
            For::Anything => DomainName::public_good(),
            For::Projects(projects) => domain_of(&domains, projects)?,
        };
        let domain = domains.named(&name).ok_or_else(nothing)?;
        let signing = domain
            .config
            .signing_config()
            .ok_or_else(|| Failure::usage(InstanceError::DomainWithout(name.clone())).hint(HINT))?;
        let root = domain.config.root().clone();
        let origin = format!("trust domain {name}");
        Self::new(signing.as_bytes(), root, origin, name.is_public_good())
    }

    fn new(
        signing: &[u8],
        root: TrustRoot,
        origin: String,
        is_public_good: bool,
    ) -> Result<Self, Failure> {
        let config = SigningConfig::parse(signing).map_err(|error| {
            Failure::usage(InstanceError::Signing(origin.clone(), error)).hint(HINT)
        })?;
        let embedded = [TrustRoot::public_good(), TrustRoot::staging()];
        let is_embedded = embedded.iter().any(|it| it.digest() == root.digest());
        Ok(Self {
            config,
            root,
            origin,
            is_public_good: is_public_good || is_embedded,
        })
    }

    /// Its configuration has no service of a kind that is needed.
    pub(crate) fn unusable(&self, error: SigningConfigError) -> Failure {
        let hint = matches!(error, SigningConfigError::OtherVersion { .. })
            .then_some("choose the other version with --rekor-version; see docs/guide/sign.md for what that means");
        let failure = Failure::usage(InstanceError::Signing(self.origin.clone(), error));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// One of the logs that anybody can read: those of the public-good and the staging instance, by their roots and by
    /// their addresses. Others are private as far as this program knows.
    pub(crate) fn public_log<'s>(&self, services: &'s Services) -> Option<&'s Url> {
        let is_sigstores = |url: &&Url| {
            let host = url.host_str().unwrap_or_default().trim_end_matches('.');
            host == "sigstore.dev" || host.ends_with(".sigstore.dev")
        };
        let found = services.logs.iter().find(is_sigstores);
        found.or_else(|| services.logs.first().filter(|_| self.is_public_good))
    }
}

fn read(path: &Path) -> Result<TrustConfig, Failure> {
    let json = files::read(path, MAX_TRUST_CONFIG_BYTES)?;
    TrustConfig::parse(&json)
        .map_err(|error| Failure::usage(InstanceError::Config(path.to_owned(), error)).hint(HINT))
}

/// The one domain that speaks for all of these projects. Where several speak for one, the first that says how to sign.
fn domain_of(domains: &StoredDomains, projects: &[ProjectName]) -> Result<DomainName, Failure> {
    let speaking = domains.trust_domains().map_err(Failure::usage)?;
    let mut chosen: Option<(&ProjectName, DomainName)> = None;
    for project in projects {
        let candidates = speaking.speaking_for(project);
        let names: Vec<&DomainName> = candidates.iter().map(|it| it.name()).collect();
        let signs = |name: &&&DomainName| {
            domains
                .named(name)
                .is_some_and(|it| it.config.signing_config().is_some())
        };
        let name = names.iter().find(signs).or_else(|| names.first());
        let name = (*name
            .ok_or_else(|| Failure::usage(InstanceError::NoDomain(project.clone())))?)
        .clone();
        match &chosen {
            Some((first, other)) if *other != name => {
                let (first, other) = ((*first).clone(), other.clone());
                let error = InstanceError::TwoDomains(first, project.clone(), other, name);
                return Err(Failure::usage(error).hint("sign them in two runs"));
            }
            Some(_) => {}
            None => chosen = Some((project, name)),
        }
    }
    let chosen = chosen.map(|(_, name)| name);
    chosen.ok_or_else(|| Failure::usage(InstanceError::None))
}
