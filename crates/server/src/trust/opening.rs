//! From a stack's folder to its services.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::domain::{DomainsError, InvalidIssuer, OidcIssuer, ProjectPattern, Scope};
use touchplate_attest::{TrustDomain, TrustRoot, TrustRootError};
use touchplate_client::fetch::InvalidProxy;
use touchplate_store::{open_allowances, open_logs, open_stamp_floor};
use touchplate_trust::TrustError;
use touchplate_trust::allowance::AllowanceError;
use touchplate_trust::authority::{Authority, AuthorityError, Signers};
use touchplate_trust::layout::{KeyRing, Keys, Layout, LayoutError};
use touchplate_trust::log::{Log, LogError, LogSettings, LogStore, LogStoreError};
use touchplate_trust::rekor::{Rekor1, Rekor2};
use touchplate_trust::roots;
use touchplate_trust::stamp::{FloorError, StampFloor, TimestampAuthority};

use super::ca::{Ca, UnwrittenChain};
use super::documents::Documents;
use super::limits::{ADDRESS_LIMIT, IDENTITY_LIMIT, Limits};
use super::{Services, TrustStack};
use crate::config::{Config, PublicUrl, TrustClock};
use crate::outbound::{Issuers, IssuersError, Outbound};

/// The stack's folder in the data directory.
pub const FOLDER: &str = "trust";

/// In it, who may obtain which identity, where the configuration names no other file.
pub const ISSUERS: &str = "issuers.toml";

/// Why a stack could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStackError {
    /// Its folder or its keys.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The issuers.
    #[error(transparent)]
    Issuers(#[from] IssuersError),
    /// A proxy in the environment.
    #[error("a proxy in the environment cannot be used")]
    Proxy(#[from] InvalidProxy),
    /// The logs' files.
    #[error("the logs of the trust stack cannot be opened")]
    Store(#[from] LogStoreError),
    /// A log.
    #[error("the log {name} of the trust stack cannot be opened")]
    Log {
        /// Which.
        name: &'static str,
        /// Why not.
        source: LogError,
    },
    /// A log's name is none: they are constants.
    #[error("a log of the trust stack has no usable name")]
    Name,
    /// The latest stamp's time.
    #[error(transparent)]
    Floor(#[from] FloorError),
    /// What its callers may ask.
    #[error(transparent)]
    Allowance(#[from] AllowanceError),
    /// The certificate authority.
    #[error("the certificate authority of the trust stack cannot be used")]
    Authority(#[from] AuthorityError),
    /// Its chain.
    #[error(transparent)]
    Chain(#[from] UnwrittenChain),
    /// An issuer's URL.
    #[error(transparent)]
    Issuer(#[from] InvalidIssuer),
    /// Its root.
    #[error("the trust stack's own root is not usable")]
    Root(#[from] TrustRootError),
    /// What it may speak for.
    #[error(transparent)]
    Domain(#[from] DomainsError),
    /// The certificates of the timestamp authority, or a log's key.
    #[error("a key of the trust stack cannot be used")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What services are made of.
pub struct StackParts<'s> {
    /// What there is.
    pub layout: &'s Layout,
    /// What signs.
    pub keys: &'s Keys,
    /// Where logs are kept.
    pub logs: Arc<dyn LogStore>,
    /// Where the latest stamp's time is kept.
    pub floor: Arc<dyn StampFloor>,
    /// Whom the authority believes.
    pub issuers: Arc<Issuers>,
    /// How much one caller may ask.
    pub limits: Limits,
    /// Whether timestamps are given without asking about the clock.
    pub clock_is_unchecked: bool,
}

/// Opens the stack that a configuration has; none where there is none, or where clients reach this server elsewhere than
/// the stack says.
pub(crate) async fn open(
    config: &Config,
    url: &PublicUrl,
    now: Timestamp,
) -> Result<Option<TrustStack>, OpenStackError> {
    let folder = config.data.join(FOLDER);
    let Some(layout) = Layout::open(&folder)? else {
        return Ok(None);
    };
    let made_for = &layout.description().url;
    if made_for.as_str() != url.as_str() {
        tracing::error!(
            %made_for,
            %url,
            "the trust stack is not served: its logs are named after another URL than this server's; set `url` to it, or \
             make another stack in another folder"
        );
        return Ok(None);
    }
    let keys = layout.unlock(&layout.secret(config.trust_key_file.as_deref())?, now)?;
    let issuers = issuers(config)?;
    let database = &config.location.database;
    let logs = open_logs(database, &folder).await?;
    let floor = open_stamp_floor(database, &folder).await?;
    let mut limits = Limits::new(IDENTITY_LIMIT, ADDRESS_LIMIT);
    if let Some(allowances) = open_allowances(database).await? {
        limits = limits.in_common(allowances);
    }
    let parts = StackParts {
        layout: &layout,
        keys: &keys,
        logs,
        floor,
        issuers: Arc::new(issuers),
        limits,
        clock_is_unchecked: config.trust_clock == TrustClock::Unchecked,
    };
    Ok(Some(TrustStack::of(parts, now).await?))
}

/// Where the list of issuers is.
pub(crate) fn issuers_path(config: &Config) -> PathBuf {
    let named = config.trust_issuers.clone();
    named.unwrap_or_else(|| config.data.join(FOLDER).join(ISSUERS))
}

/// Whose ID tokens the authority believes; nobody's where there is no list.
pub(crate) fn issuers(config: &Config) -> Result<Issuers, OpenStackError> {
    let path = issuers_path(config);
    if config.trust_issuers.is_none() && !path.exists() {
        // Nobody gets a certificate until somebody is listed.
        return Ok(Issuers::default());
    }
    let outbound = Outbound::from_environment(&|name| std::env::var(name).ok())?;
    Ok(Issuers::load(&path, &outbound)?)
}

/// The trust domain that this server's own stack is the root of, if there is one that believes anybody.
pub(crate) fn own_domain(config: &Config) -> Result<Option<TrustDomain>, OpenStackError> {
    let folder = config.data.join(FOLDER);
    let Some(layout) = Layout::open(&folder)? else {
        return Ok(None);
    };
    let issuers = issuers(config)?;
    let issuers = issuers
        .all()
        .map(|issuer| issuer.url().parse::<OidcIssuer>());
    let issuers: Vec<_> = issuers.collect::<Result<_, _>>()?;
    if issuers.is_empty() {
        // An empty list would mean anybody's word.
        return Ok(None);
    }
    let description = layout.description();
    let mut scope = Scope::new(description.projects.clone(), issuers);
    if description.projects.contains(&ProjectPattern::All) {
        // `trust init` was told so, by whoever runs both.
        scope = scope.stating_all_names();
    }
    let root = roots::trusted_root_json(&layout)?;
    let root = TrustRoot::from_json(root.as_bytes())?;
    Ok(Some(TrustDomain::new(
        description.domain.clone(),
        root,
        scope,
    )?))
}

impl TrustStack {
    /// The services of a stack, with the keys that are to sign now.
    ///
    /// # Errors
    /// When a key, a log or a certificate cannot be used.
    pub async fn of(parts: StackParts<'_>, now: Timestamp) -> Result<Self, OpenStackError> {
        let StackParts { layout, keys, .. } = parts;
        let log = async |name: &'static str, ring: &KeyRing| {
            let settings = LogSettings {
                name: name.parse().map_err(|_| OpenStackError::Name)?,
                origin: roots::origin(layout, name),
                key: ring.current(now)?.key.clone(),
                former_keys: former_keys(ring, now),
            };
            let opened = Log::open(settings, parts.logs.clone()).await;
            opened.map_err(|source| OpenStackError::Log { name, source })
        };
        let ct = log("ct", &keys.ct).await?;
        let rekor1 = log("rekor1", &keys.rekor1).await?;
        let key = keys.rekor1.current(now)?.key.clone();
        let authority = Authority::new(Signers {
            authority: keys.authority.clone(),
            ct: keys.ct.clone(),
            log: Arc::new(ct.clone()),
        })?;
        Ok(Self::new(Services {
            rekor1: Rekor1::new(rekor1, &key, keys.rekor1.clone())
                .map_err(|error| OpenStackError::Key(error.into()))?,
            rekor2: Rekor2::new(log("rekor2", &keys.rekor2).await?),
            ct,
            ca: Ca::new(authority, parts.issuers)?,
            tsa: stamps(keys, parts.floor).map_err(|error| OpenStackError::Key(error.into()))?,
            documents: Documents::in_folder(layout.folder()),
            limits: parts.limits,
            clock_is_unchecked: parts.clock_is_unchecked,
        }))
    }
}

fn stamps(keys: &Keys, floor: Arc<dyn StampFloor>) -> Result<TimestampAuthority, TrustError> {
    TimestampAuthority::new(&keys.tsa, floor)
}

/// The keys that a log's newest checkpoint may still be signed with.
fn former_keys(ring: &KeyRing, now: Timestamp) -> Vec<Vec<u8>> {
    let current = ring.current(now).map(|held| held.key.id()).ok();
    let others = ring
        .all()
        .iter()
        .filter(|held| Some(held.key.id()) != current);
    others.map(|held| held.key.public().to_vec()).collect()
}
