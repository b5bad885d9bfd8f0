//! The agent: one place where every request of this crate goes out, and every answer comes in within bounds.

mod multiplex;
mod question;
mod sending;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256 as Sha2};
use touchplate_packaging::Sha256;
use ureq::http::Response;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Body, ProxyProtocol};
use url::Url;

use super::credentials::{Credentials, strip};
use super::error::{FetchError, TransportError};
use super::guard::{Guard, GuardedResolver, OutOfReach};
use super::netrc::Netrc;
use super::proxy::{InvalidProxy, Proxies};
use super::{Environment, roots};
use multiplex::Multiplexer;
pub use question::{Answer, Question, Secret};
pub use sending::{Sending, Sent};

/// To look up a name, and again to connect: what a busy network needs, and what a person waits.
const CONNECT_SECONDS: u64 = 10;

/// Of silence, before the answer and within it.
const SILENCE_SECONDS: u64 = 30;

/// For a whole document: a large page on a slow line.
const DOCUMENT_SECONDS: u64 = 120;

/// For a whole file: a few gigabytes on a slow line.
const FILE_SECONDS: u64 = 2 * 60 * 60;

/// Indexes lead through one (another spelling of the name) and a store of files through one more.
const MAX_REDIRECTS: usize = 5;

/// A handful: what is still down after that is down for longer than a person wants to wait.
const ATTEMPTS: u32 = 4;

/// Doubled before each further attempt: 200, 400, 800 milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The most that a server's `Retry-After` may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Status line and headers. Real ones have under 4 kB.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 64 << 10;

/// Questions at once over connections of their own: what a polite client opens to one server.
const CONNECTIONS: usize = 16;

/// Questions at once over one connection. Servers allow a hundred or more.
const STREAMS: usize = 64;

/// How an agent goes about its business.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it calls itself.
    pub user_agent: String,
    /// Who the caller is, to which server.
    pub credentials: Credentials,
    /// What it goes through.
    pub proxies: Proxies,
}

/// The environment asks for something that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A proxy variable names no proxy.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
    /// The `.netrc` is there but not to be read.
    #[error("the `.netrc` file could not be read")]
    Netrc(#[source] io::Error),
}

impl Settings {
    /// As the environment says: proxies, and the `.netrc`. Certificate authorities are looked for when they are needed.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn from_environment(
        user_agent: &str,
        variable: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let netrc = Netrc::from_environment(variable).map_err(SettingsError::Netrc)?;
        Ok(Self {
            user_agent: user_agent.to_owned(),
            credentials: Credentials::new(netrc),
            proxies: Proxies::from_environment(variable)?,
        })
    }
}

/// Asks servers for documents and files. Several threads may share one.
#[derive(Debug)]
pub struct Agent {
    settings: Settings,
    guard: Option<Guard>,
    routes: Mutex<HashMap<Route, ureq::Agent>>,
    multiplexer: Option<Multiplexer>,
    patience: Option<Deadline>,
}

/// What tells connections apart that cannot be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Route {
    secure: bool,
    proxied: bool,
}

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it was found in the end; links in it are relative to this.
    pub url: Url,
    /// Its `Content-Type`, lower-case and without parameters; empty if the server did not say.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What was written into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The digest of the bytes.
    pub sha256: Sha256,
    /// How many they are.
    pub bytes: u64,
}

impl Agent {
    /// An agent. Nothing is opened or looked for yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            guard: None,
            routes: Mutex::default(),
            multiplexer: None,
            patience: None,
        }
    }

    /// The same, asking over HTTP/2 where a server speaks it: for many questions to one server.
    #[must_use]
    pub fn multiplexed(self) -> Self {
        let multiplexer = Some(Multiplexer::default());
        Self {
            multiplexer,
            ..self
        }
    }

    /// The same, for so many seconds in all, beginning now: then no question is asked any more, and none goes on.
    #[must_use]
    pub fn within(self, seconds: u64) -> Self {
        let patience = Some(Deadline::of(seconds));
        Self { patience, ..self }
    }

    /// How many questions to this server may be asked at once.
    pub fn at_once(&self, url: &Url) -> usize {
        match self.multiplexer_for(url) {
            Some(multiplexer) if multiplexer.speaks(url) => STREAMS,
            Some(_) | None => CONNECTIONS,
        }
    }

    /// What speaks HTTP/2 to this server, where that is not ruled out: it needs TLS, and a proxy is spoken to over HTTP/1.1.
    fn multiplexer_for(&self, url: &Url) -> Option<&Multiplexer> {
        let direct = url.scheme() == "https" && self.settings.proxies.of(url).is_none();
        self.multiplexer.as_ref().filter(|_| direct)
    }

    /// Whether there is time for another question.
    fn check_patience(&self, url: &Url) -> Result<(), FetchError> {
        match &self.patience {
            Some(patience) if patience.has_passed() => Err(FetchError::TooSlow {
                url: url.clone(),
                seconds: patience.seconds,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What a single question may take of the time that is left.
    fn deadline(&self, seconds: u64) -> Deadline {
        let left = self.patience.as_ref().map(Deadline::left);
        Deadline::of(left.map_or(seconds, |left| left.min(seconds)))
    }

    /// An agent that goes where others say, within a guard.
    pub fn guarded(settings: Settings, guard: Guard) -> Self {
        Self {
            settings,
            guard: Some(guard),
            routes: Mutex::default(),
            multiplexer: None,
            patience: None,
        }
    }

    /// The bytes at `url`, at most `limit`.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn get_bounded(&self, url: &Url, limit: usize) -> Result<Vec<u8>, FetchError> {
        Ok(self.document(url, "*/*", limit)?.bytes)
    }

    /// The document at `url`, at most `limit` bytes once unpacked.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub fn document(&self, url: &Url, accept: &str, limit: usize) -> Result<Document, FetchError> {
        let guard = self.guard.as_ref();
        let seconds = guard.map_or(DOCUMENT_SECONDS, |guard| guard.seconds);
        let attempts = guard.map_or(ATTEMPTS, |guard| guard.attempts);
        persist(attempts, || {
            let deadline = self.deadline(seconds);
            let (url, response) = self.follow(url, accept, "gzip")?;
            let mut bytes = Vec::new();
            let content_type = header(&response, "content-type");
            let content_type = content_type.split(';').next().unwrap_or_default();
            let content_type = content_type.trim().to_ascii_lowercase();
            let zipped = header(&response, "content-encoding").eq_ignore_ascii_case("gzip");
            let reader = response.into_body().into_reader();
            let mut reader: Box<dyn Read> = if zipped {
                Box::new(MultiGzDecoder::new(reader))
            } else {
                Box::new(reader)
            };
            read(&url, &mut reader, limit as u64, &deadline, |part| {
                bytes.extend_from_slice(part);
                Ok(())
            })?;
            Ok(Document {
                url,
                content_type,
                bytes,
            })
        })
    }

    /// Writes the bytes at `url`, at most `limit`, into `file`, which is emptied first; `received` hears the count so far.
    ///
    /// # Errors
    /// See [`FetchError`]. What is in `file` then is of no use.
    pub fn download(
        &self,
        url: &Url,
        limit: u64,
        file: &mut File,
        received: &mut dyn FnMut(u64),
    ) -> Result<Downloaded, FetchError> {
        persist(ATTEMPTS, || {
            let (url, response) = self.follow(url, "*/*", "identity")?;
            let disk = |source| FetchError::Disk {
                url: url.clone(),
                source,
            };
            file.set_len(0).and_then(|()| file.rewind()).map_err(disk)?;
            let mut hasher = Sha2::new();
            let mut count = 0;
            let deadline = self.deadline(FILE_SECONDS);
            let mut reader = response.into_body().into_reader();
            read(&url, &mut reader, limit, &deadline, |part| {
                hasher.update(part);
                file.write_all(part)?;
                count += part.len() as u64;
                received(count);
                Ok(())
            })?;
            Ok(Downloaded {
                sha256: Sha256::from_bytes(hasher.finalize().into()),
                bytes: count,
            })
        })
    }

    /// The first answer that is no redirect, if it is a 200, and where it came from.
    fn follow(
        &self,
        from: &Url,
        accept: &str,
        encoding: &str,
    ) -> Result<(Url, Response<Body>), Failed> {
        let mut url = from.clone();
        strip(&mut url);
        url.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&url, accept, encoding)?;
            let status = response.status().as_u16();
            match status {
                200 => return Ok((url, response)),
                301 | 302 | 303 | 307 | 308 => {
                    let to = target(&url, &response)?;
                    if let Some(guard) = &self.guard {
                        guard.check_redirect(&url, &to)?;
                    }
                    url = to;
                }
                _ => return Err(refusal(url, &response)),
            }
        }
        Err(FetchError::TooManyRedirects {
            url: from.clone(),
            limit: MAX_REDIRECTS,
        }
        .into())
    }

    fn ask(&self, url: &Url, accept: &str, encoding: &str) -> Result<Response<Body>, Failed> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme { url: url.clone() }.into());
        }
        if let Some(guard) = &self.guard {
            guard.check(url)?;
        }
        self.check_patience(url)?;
        let authorization = self.settings.credentials.of(url);
        let mut headers = vec![("accept", accept), ("accept-encoding", encoding)];
        headers.extend(authorization.as_deref().map(|it| ("authorization", it)));
        if let Some(multiplexer) = self.multiplexer_for(url) {
            let own = ("user-agent", self.settings.user_agent.as_str());
            let all: Vec<_> = headers.iter().copied().chain([own]).collect();
            let silence = Duration::from_secs(self.deadline(SILENCE_SECONDS).seconds);
            if let Some(answer) = multiplexer.ask(url, &all, silence) {
                return answer.map_err(|error| unreachable(url, error).into());
            }
        }
        let request = self.route(url)?.get(url.as_str());
        let request = headers.into_iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        request
            .call()
            .map_err(|error| unreachable(url, error).into())
    }

    /// The connections for a URL, made when the first one asks.
    fn route(&self, url: &Url) -> Result<ureq::Agent, FetchError> {
        let proxy = self.settings.proxies.of(url);
        let route = Route {
            secure: url.scheme() == "https",
            proxied: proxy.is_some(),
        };
        // A thread that panicked did not leave the map half changed.
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = routes.get(&route) {
            return Ok(agent.clone());
        }
        // A proxy may itself be spoken to over TLS.
        let to_proxy = proxy.is_some_and(|proxy| proxy.protocol() == ProxyProtocol::Https);
        let tls = if route.secure || to_proxy {
            let further = self.guard.as_ref().map(|guard| &guard.authorities);
            roots::tls(further).map_err(|source| FetchError::Roots {
                url: url.clone(),
                source,
            })?
        } else {
            TlsConfig::default()
        };
        let most = self.guard.as_ref().map(|guard| guard.seconds);
        let patience = self.patience.as_ref().map(|patience| patience.seconds);
        let most = most.or(patience).unwrap_or(u64::MAX);
        let seconds = |seconds: u64| Some(Duration::from_secs(seconds.min(most)));
        let config = ureq::Agent::config_builder()
            .user_agent(&self.settings.user_agent)
            .http_status_as_error(false)
            // Followed here, where each step is looked at.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEAD_BYTES)
            .proxy(proxy.cloned())
            .tls_config(tls)
            .timeout_global(self.guard.as_ref().and_then(|_| seconds(most)))
            .timeout_resolve(seconds(CONNECT_SECONDS))
            .timeout_connect(seconds(CONNECT_SECONDS))
            .timeout_recv_response(seconds(SILENCE_SECONDS))
            .timeout_per_read(seconds(SILENCE_SECONDS))
            .build();
        let agent = match &self.guard {
            // A proxy stands at an address of the operator's choice and looks names up itself.
            Some(guard) if !route.proxied => {
                let (reach, inner) = (guard.reach, DefaultResolver::default());
                let resolver = GuardedResolver { reach, inner };
                ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
            }
            _ => config.into(),
        };
        routes.insert(route, agent.clone());
        Ok(agent)
    }
}

/// Tries again what failed in passing: a `GET` changes nothing, so asking twice does no harm.
fn persist<T>(
    attempts: u32,
    mut attempt: impl FnMut() -> Result<T, Failed>,
) -> Result<T, FetchError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..attempts {
        match attempt() {
            Err(failed) if failed.error.is_passing() => {
                thread::sleep(failed.wait.unwrap_or(pause));
                pause *= 2;
            }
            Ok(done) => return Ok(done),
            Err(failed) => return Err(failed.error),
        }
    }
    attempt().map_err(|failed| failed.error)
}

/// A failed attempt, and how long the server wants to be left alone.
struct Failed {
    error: FetchError,
    wait: Option<Duration>,
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, wait: None }
    }
}

/// No answer: what was asked for could not be reached, or is not in reach.
fn unreachable(url: &Url, error: ureq::Error) -> FetchError {
    let url = url.clone();
    if let ureq::Error::Other(other) = &error
        && let Some(OutOfReach(address)) = other.downcast_ref()
    {
        let address = *address;
        return FetchError::OutOfReach { url, address };
    }
    let source = TransportError(Box::new(error));
    FetchError::Unreachable { url, source }
}

fn header(response: &Response<Body>, name: &str) -> String {
    let value = response.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Where a redirect leads.
fn target(url: &Url, response: &Response<Body>) -> Result<Url, FetchError> {
    let unusable = || FetchError::BadRedirect {
        url: url.clone(),
        status: response.status().as_u16(),
    };
    let location = header(response, "location");
    if location.is_empty() {
        return Err(unusable());
    }
    let mut to = url.join(&location).map_err(|_not_one| unusable())?;
    if !matches!(to.scheme(), "http" | "https") || to.host().is_none() {
        return Err(unusable());
    }
    strip(&mut to);
    to.set_fragment(None);
    if url.scheme() == "https" && to.scheme() != "https" {
        return Err(FetchError::Downgrade {
            url: url.clone(),
            to,
        });
    }
    Ok(to)
}

/// An answer that is neither a 200 nor a redirect.
fn refusal(url: Url, response: &Response<Body>) -> Failed {
    let status = response.status().as_u16();
    let wait = header(response, "retry-after").parse().ok();
    let error = match status {
        404 | 410 => FetchError::Absent { url, status },
        401 | 403 | 407 => FetchError::Denied { url, status },
        408 | 429 | 500..=599 => FetchError::ServerFailed { url, status },
        _ => FetchError::Status { url, status },
    };
    Failed {
        error,
        wait: wait.map(|seconds| Duration::from_secs(seconds).min(MAX_PAUSE)),
    }
}

/// When patience ends.
#[derive(Debug)]
struct Deadline {
    began: Instant,
    seconds: u64,
}

impl Deadline {
    fn of(seconds: u64) -> Self {
        Self {
            began: Instant::now(),
            seconds,
        }
    }

    /// In whole seconds.
    fn left(&self) -> u64 {
        self.seconds.saturating_sub(self.began.elapsed().as_secs())
    }

    fn has_passed(&self) -> bool {
        self.began.elapsed().as_secs() >= self.seconds
    }
}

/// Hands on what `reader` has, in parts; an error of `take` is one of the disk.
fn read(
    url: &Url,
    reader: &mut dyn Read,
    limit: u64,
    deadline: &Deadline,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), FetchError> {
    let mut part = vec![0; PART_BYTES];
    let mut received = 0;
    loop {
        let count = match reader.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => {
                return Err(FetchError::BrokenOff {
                    url: url.clone(),
                    received,
                    source,
                });
            }
        };
        received += count as u64;
        if received > limit {
            return Err(FetchError::TooLarge {
                url: url.clone(),
                limit,
            });
        }
        take(part.get(..count).unwrap_or_default()).map_err(|source| FetchError::Disk {
            url: url.clone(),
            source,
        })?;
        if deadline.has_passed() {
            return Err(FetchError::TooSlow {
                url: url.clone(),
                seconds: deadline.seconds,
            });
        }
    }
}
