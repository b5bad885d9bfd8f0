//! `touchplate serve`: the index, until a signal stops it.

use std::sync::Arc;

use clap::Args;
use touchplate_server::config::{Config, PublicUrl};
use touchplate_server::traces::Traces;
use touchplate_server::trust::OpenStackError;
use touchplate_server::wiring::{self, ListeningOn, WiringError};
use touchplate_server::{SystemClock, logging};
use touchplate_trust::layout::LayoutError;

use crate::configuration::{self, Flags};
use crate::options::Common;
use crate::report::{Failure, Outcome, note, say};
use crate::screen::{HINT, quoted};

/// Arguments of `serve`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate serve --data ./index
  touchplate serve --data /srv/touchplate --listen 127.0.0.1:0
  touchplate serve --config /etc/touchplate.toml

One line `listening on URL` comes to standard output once it accepts connections. Ctrl-C or SIGTERM
stop it after what is under way has finished.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    flags: Flags,
}

/// Serves until a signal comes.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    let config = configuration::load(common, arguments.flags.into_pairs())?;
    let traces = Traces::of(&config).map_err(Failure::usage)?;
    logging::start(config.log_format, traces.as_ref());
    let how = how_to_begin(common, &config);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::outside)?;
    let mut said = Ok(());
    runtime.block_on(async {
        let shutdown = stop_signal()?;
        let tell = |on: &ListeningOn| {
            // The address, not the configured public URL: a script that let port 0 choose reads it here.
            said = say(&format!(
                "listening on {}\n",
                PublicUrl::of_listener(on.address, on.tls)
            ));
            if !on.has_tokens {
                note(&how);
            }
        };
        wiring::serve(config, Arc::new(SystemClock), tell, shutdown).await?;
        Ok::<_, Failure>(())
    })?;
    if let Some(traces) = traces {
        traces.end();
    }
    said.map(|()| Outcome::Done)
}

/// What the operator of an index without a token does next.
fn how_to_begin(common: &Common, config: &Config) -> String {
    let mut place = String::new();
    if let Some(file) = &common.config {
        place.push_str(&format!(
            " --config {}",
            quoted(&file.display().to_string())
        ));
    }
    place.push_str(&format!(
        " --data {}",
        quoted(&config.data.display().to_string())
    ));
    format!(
        "{HINT}hint:{HINT:#} nobody can upload yet; make a user and a token with\n  \
         touchplate{place} admin user add NAME\n  touchplate{place} admin token create --user NAME"
    )
}

#[derive(Debug, thiserror::Error)]
#[error("the process could not ask to be told of signals")]
struct NoSignals(#[source] std::io::Error);

/// Resolves when the process is asked to stop: Ctrl-C, or SIGTERM where there is such a thing.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Failure::outside(NoSignals(error)));
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves when the process is asked to stop.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Without it there is nothing to wait for but the end of the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

impl From<WiringError> for Failure {
    fn from(error: WiringError) -> Self {
        match &error {
            WiringError::TrustRoot { .. }
            | WiringError::TwoTrusts
            | WiringError::BindingUntold
            | WiringError::Tls(_)
            | WiringError::Publishing(_)
            | WiringError::NoTrustStore { .. }
            | WiringError::TrustDomains { .. } => Self::usage(error),
            WiringError::TrustStore(store) if !store.is_outside() => Self::usage(error),
            WiringError::Listen { .. } => {
                Self::outside(error).hint("`--listen 127.0.0.1:0` takes a free port")
            }
            WiringError::Open(open) if open.is_elsewhere() => Self::outside(error).hint(
                "the keys `database` and `blobs` say where it is: does its server answer there, and does it let this user in?",
            ),
            WiringError::Data { .. }
            | WiringError::Open(_)
            | WiringError::Spool { .. }
            | WiringError::Store(_) => Self::outside(error)
                .hint("is this the right --data directory, and can this user write to it?"),
            WiringError::TrustRootFile { .. } | WiringError::TrustStore(_) => Self::outside(error),
            WiringError::Stack(stack) => match stack {
                OpenStackError::Layout(LayoutError::Read { .. } | LayoutError::Write { .. })
                | OpenStackError::Store(_)
                | OpenStackError::Log { .. }
                | OpenStackError::Floor(_)
                | OpenStackError::Allowance(_) => Self::outside(error),
                OpenStackError::Layout(_)
                | OpenStackError::Issuers(_)
                | OpenStackError::Proxy(_)
                | OpenStackError::Name
                | OpenStackError::Authority(_)
                | OpenStackError::Chain(_)
                | OpenStackError::Domain(_)
                | OpenStackError::Root(_)
                | OpenStackError::Issuer(_)
                | OpenStackError::Key(_) => Self::usage(error),
            },
        }
    }
}
