//! Hints that the journal has news: each commit of a change notifies a channel (the trigger of migration 110), and each process
//! that wants to know listens. The journal stays the truth, and is asked from time to time: notifications are lost with their
//! connection, and one that hangs says nothing.

use std::sync::OnceLock;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use touchplate_index::ports::Hints;

use super::{Kind, PostgresUrl, pool};

/// As in the migration. Channels are a database's own.
const CHANNEL: &str = "touchplate_journal";

/// How long until the first try to listen again, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A listener, from when it is first wanted until the database is dropped.
pub(super) struct Listening {
    url: PostgresUrl,
    options: PgConnectOptions,
    begun: OnceLock<(watch::Receiver<u64>, AbortHandle)>,
}

impl Listening {
    pub(super) fn new(url: PostgresUrl, options: PgConnectOptions) -> Self {
        Self {
            url,
            options,
            begun: OnceLock::new(),
        }
    }

    /// Begins to listen, if nobody did.
    fn changes(&self) -> watch::Receiver<u64> {
        let (changes, _) = self.begun.get_or_init(|| {
            let (told, changes) = watch::channel(0);
            let task = tokio::spawn(listen(self.url.clone(), self.options.clone(), told));
            (changes, task.abort_handle())
        });
        changes.clone()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some((_, task)) = self.begun.get() {
            task.abort();
        }
    }
}

impl super::Postgres {
    pub(super) fn listen(&self) -> Hints {
        Hints::of(self.listening.changes())
    }
}

/// Listens, for ever. That it cannot is said once, and so is that it can again.
async fn listen(url: PostgresUrl, options: PgConnectOptions, told: watch::Sender<u64>) {
    let (mut pause, mut fails) = (FIRST_PAUSE, false);
    loop {
        let lost = match connect(&url, &options).await {
            Ok(listener) => {
                if fails {
                    tracing::info!("PostgreSQL tells of changes again");
                }
                (pause, fails) = (FIRST_PAUSE, false);
                hear(listener, &told).await
            }
            Err(error) => error,
        };
        if !fails {
            tracing::warn!(
                error = %lost,
                "PostgreSQL does not tell of changes at once: the journal is asked from time to time instead"
            );
            fails = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn connect(url: &PostgresUrl, options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    // A connection of its own: it is never given back.
    let pool = pool(url, 1, options.clone(), Kind::Reads);
    let mut listener = PgListener::connect_with(pool.inner()).await?;
    // It is made anew here, with pauses.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Passes on what it hears until the connection is lost.
async fn hear(mut listener: PgListener, told: &watch::Sender<u64>) -> sqlx::Error {
    let tell = || told.send_modify(|count| *count = count.wrapping_add(1));
    // What changed while nobody listened, nobody heard.
    tell();
    loop {
        match listener.try_recv().await {
            Ok(Some(_)) => tell(),
            Ok(None) => return sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()),
            Err(error) => return error,
        }
    }
}
