//! The private trust stack and the list of issuers, taken up anew when the operator changes them while the server runs.
//!
//! What cannot be used is refused in the log, and what was there serves on; it is tried again from time to time, and said
//! again. `trust` and `trusted_root` are the operator's word for the whole run: they are read at start alone.

use std::path::PathBuf;
use std::sync::Arc;

use touchplate_attest::TrustDomains;

use crate::app::App;
use crate::config::{Config, PublicUrl};
use crate::outbound::Issuers;
use crate::publishing::{Publishing, PublishingError};
use crate::renewed::Renewed;
use crate::trust::{FOLDER, OpenStackError, issuers, issuers_path};
use crate::wiring::{WiringError, believed_by_default, open_stack};

/// So many looks after a refusal it is tried again: half a minute.
const LOOKS_BETWEEN: u32 = 30;

/// The files, from before they are read first.
pub(crate) struct Watched {
    stack: Renewed,
    issuers: Renewed,
    /// Whether there was a list: one that goes away is not an empty one.
    listed: bool,
}

impl Watched {
    /// Those that a configuration names.
    pub(crate) fn new(config: &Config) -> Self {
        let description = config.data.join(FOLDER);
        let description = description.join(touchplate_trust::layout::DESCRIPTION);
        let path = issuers_path(config);
        Self {
            stack: Renewed::new([description]),
            listed: path.exists(),
            issuers: Renewed::new([path]),
        }
    }
}

/// What takes them up.
pub(crate) struct Reloading {
    app: App,
    config: Arc<Config>,
    url: PublicUrl,
    watched: Watched,
    stack: Due,
    issuers: Due,
}

/// Whether something is to be taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// It stands as it was read.
    No,
    /// At the next look.
    Now,
    /// It was refused, and is tried again after so many looks.
    In(u32),
}

/// Why a change is not taken up.
#[derive(Debug, thiserror::Error)]
enum NotTakenUp {
    #[error(transparent)]
    Stack(#[from] OpenStackError),
    #[error(transparent)]
    Publishing(#[from] PublishingError),
    #[error(transparent)]
    Wiring(#[from] WiringError),
    #[error("there is no trust stack any more, or it is made for another URL than this server's")]
    NoStack,
    #[error("the list of issuers {} is gone; an empty file would be an empty list", .path.display())]
    NoList { path: PathBuf },
    #[error("the server is stopping")]
    Stopped(#[source] tokio::task::JoinError),
}

impl Due {
    /// After a look, which may have seen a change.
    fn look(&mut self, changed: bool) -> bool {
        *self = match (*self, changed) {
            (_, true) | (Self::In(0), false) => Self::Now,
            (Self::In(looks), false) => Self::In(looks - 1),
            (other, false) => other,
        };
        *self == Self::Now
    }
}

/// All that follows from the list of issuers.
struct Lists {
    /// Whose tokens are exchanged; none where trusted publishing is off.
    publishing: Option<Issuers>,
    /// Whose tokens become certificates.
    signing: Issuers,
    /// Whose attestations are believed, where that follows from the list.
    domains: Option<TrustDomains>,
}

impl Lists {
    fn read(config: &Config) -> Result<Self, NotTakenUp> {
        let publishing = config
            .trusted_publishing
            .then(|| Publishing::issuers(config));
        Ok(Self {
            publishing: publishing.transpose()?,
            signing: issuers(config)?,
            domains: domains(config)?,
        })
    }
}

/// Whom attestations are checked by, where the operator named nobody else than the stack.
fn domains(config: &Config) -> Result<Option<TrustDomains>, NotTakenUp> {
    let by_default = config.trust.is_none() && config.trusted_root.is_none();
    Ok(by_default
        .then(|| believed_by_default(config))
        .transpose()?)
}

impl Reloading {
    /// Of a server that has read the `watched` files.
    pub(crate) fn new(app: App, config: Config, url: PublicUrl, watched: Watched) -> Self {
        Self {
            app,
            config: Arc::new(config),
            url,
            watched,
            stack: Due::No,
            issuers: Due::No,
        }
    }

    /// Takes up what has changed.
    pub(crate) async fn look_again(&mut self) {
        let changed = self.watched.issuers.changed();
        if self.issuers.look(changed) {
            let taken = self.take_up_issuers().await;
            self.issuers = told(taken, "the list of issuers");
        }
        let changed = self.watched.stack.changed();
        if self.stack.look(changed) {
            let taken = self.take_up_stack().await;
            self.stack = told(taken, "the trust stack");
        }
    }

    /// What follows from the list is read first, so that it holds everywhere or nowhere.
    async fn take_up_issuers(&mut self) -> Result<(), NotTakenUp> {
        let path = issuers_path(&self.config);
        if self.watched.listed && !path.exists() {
            return Err(NotTakenUp::NoList { path });
        }
        let config = self.config.clone();
        let lists = on_a_thread(move || Lists::read(&config)).await?;
        if let (Some(publishing), Some(issuers)) = (&self.app.publishing, lists.publishing) {
            publishing.believe(Arc::new(issuers));
        }
        if let Some(stack) = self.app.trust.current().await {
            stack.ca.believe(Arc::new(lists.signing));
        }
        if let Some(domains) = lists.domains {
            self.app.index.believe(Arc::new(domains));
        }
        self.watched.listed = true;
        Ok(())
    }

    /// The new root is believed before the new keys sign.
    async fn take_up_stack(&self) -> Result<(), NotTakenUp> {
        let config = self.config.clone();
        if let Some(domains) = on_a_thread(move || domains(&config)).await? {
            self.app.index.believe(Arc::new(domains));
        }
        let now = self.app.clock.now();
        let opening = open_stack(&self.config, &self.url, now);
        if self.app.trust.replace(opening).await? {
            Ok(())
        } else {
            Err(NotTakenUp::NoStack)
        }
    }
}

async fn on_a_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, NotTakenUp> + Send + 'static,
) -> Result<T, NotTakenUp> {
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(NotTakenUp::Stopped)?
}

/// Says in the log how it went, and when it is due again.
fn told(taken: Result<(), NotTakenUp>, what: &str) -> Due {
    match taken {
        Ok(()) => {
            tracing::info!("{what} has changed and was taken up");
            Due::No
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "{what} has changed and cannot be taken up; the server goes on with what it had");
            Due::In(LOOKS_BETWEEN)
        }
    }
}
