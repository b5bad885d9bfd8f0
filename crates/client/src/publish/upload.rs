//! Sending one file, so that it may be repeated: whatever was lost on the way, what the index lists is looked at before anything
//! is sent again.

mod error;
mod promise;

use std::io::Read;
use std::thread;
use std::time::Duration;

use touchplate_packaging::Sha256;
use url::Url;

pub use error::UploadError;

use super::access::Access;
use super::credentials::Credential;
use super::form::Form;
use super::{Distribution, Standing};
use crate::fetch::{Agent, Answer, FetchError, Secret, Sending, Sent};

/// What is still down after that is down for longer than a job wants to wait.
const ATTEMPTS: u32 = 5;

/// Doubled before each further attempt: half a second to four.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The most that a server's `Retry-After` may ask for at once.
const MAX_PAUSE: Duration = Duration::from_secs(120);

/// How often an index may say that it has no time: with the longest pauses, twenty minutes.
const PATIENCE: u32 = 10;

/// The longest answer that is read: indexes say a sentence, some a page.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// As uv asks: a sentence rather than a page.
const ACCEPT: &str = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.1";

/// What an index lists now. Asked anew each time.
pub trait Lookup: Sync {
    /// Where the index stands with a file.
    fn standing(&self, file: &Distribution) -> Standing;
}

/// What sends files to one index.
#[derive(Clone, Copy)]
pub struct Uploader<'a> {
    /// Who asks.
    pub agent: &'a Agent,
    /// Where uploads go.
    pub url: &'a Url,
    /// By what right.
    pub access: &'a Access<'a>,
    /// What is there.
    pub listing: &'a dyn Lookup,
}

impl std::fmt::Debug for Uploader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploader")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// A file and its form.
#[derive(Debug)]
pub struct Item {
    /// The file.
    pub file: Distribution,
    /// What is sent.
    pub form: Form,
    /// Whether the index had it before, without what is sent along now: that it is listed says nothing of that.
    pub was_there: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// The index took it.
    Sent,
    /// It is there, byte for byte, though no answer said so: one was lost, or somebody else sent it meanwhile.
    Found,
}

/// What to do after an attempt.
enum Next {
    /// It is done.
    Done(Uploaded),
    /// Once more, after this pause if the server asked for one.
    Again(UploadError, Option<Duration>),
    /// The credential was not taken.
    Denied(UploadError, Option<Credential>),
}

impl Uploader<'_> {
    /// Sends a file, until the index has it or says no; `heard` hears how many bytes are on their way.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub fn upload(&self, item: &Item, heard: &mut dyn FnMut(u64)) -> Result<Uploaded, UploadError> {
        let (mut failed, mut waited, mut renewed) = (0, 0, false);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt(item, heard)? {
                Next::Done(uploaded) => return Ok(uploaded),
                Next::Denied(error, Some(credential)) if !renewed => {
                    renewed = true;
                    match self.access.renew(&credential) {
                        Ok(true) => {}
                        Ok(false) => return Err(error),
                        // Whether it had ended or never was good, the index's own words say best.
                        Err(source) => {
                            return Err(UploadError::NotRenewed(Box::new(error), source));
                        }
                    }
                }
                Next::Denied(error, _) => return Err(error),
                Next::Again(_, Some(wait)) if waited < PATIENCE => {
                    waited += 1;
                    thread::sleep(wait.min(MAX_PAUSE));
                }
                Next::Again(error, _) => {
                    failed += 1;
                    if failed >= ATTEMPTS {
                        return Err(error);
                    }
                    thread::sleep(pause);
                    pause *= 2;
                }
            }
        }
    }

    fn attempt(&self, item: &Item, heard: &mut dyn FnMut(u64)) -> Result<Next, UploadError> {
        let credential = self.access.credential()?;
        match self.send(item, credential.as_ref(), heard) {
            Ok(sent) => self.judge(item, sent, credential),
            Err(error) if is_passing(&error) => self.after_a_loss(item, UploadError::Fetch(error)),
            Err(error) => Err(UploadError::Fetch(error)),
        }
    }

    fn send(
        &self,
        item: &Item,
        credential: Option<&Credential>,
        heard: &mut dyn FnMut(u64),
    ) -> Result<Sent, FetchError> {
        let body = item.form.open().map_err(|source| FetchError::Disk {
            url: self.url.clone(),
            source,
        })?;
        let mut body = Heard {
            inner: body,
            count: 0,
            heard,
        };
        let authorization = credential.map(Credential::authorization);
        let content_type = item.form.content_type();
        let sending = Sending {
            url: self.url,
            accept: ACCEPT,
            authorization: authorization.as_deref().map(Secret),
            content_type: &content_type,
            length: item.form.length(),
        };
        self.agent.send_body(&sending, &mut body, MAX_ANSWER_BYTES)
    }

    /// What an answer means. One rule for each status, since each has another remedy.
    fn judge(
        &self,
        item: &Item,
        sent: Sent,
        credential: Option<Credential>,
    ) -> Result<Next, UploadError> {
        let Sent {
            answer,
            retry_after,
        } = sent;
        let url = self.url.clone();
        let status = answer.status;
        let said = said(&answer);
        match status {
            // A page instead of an answer: whoever answered may not have read what was sent.
            202 => self.promised(item, FIRST_PAUSE),
            200..=299 if is_page(&answer) => match self.listing.standing(&item.file) {
                Standing::Identical { .. } => Ok(Next::Done(Uploaded::Sent)),
                _ => Err(UploadError::Page { url, status }),
            },
            200..=299 => Ok(Next::Done(Uploaded::Sent)),
            300..=399 => Err(UploadError::Redirect {
                url,
                status,
                to: answer.location,
            }),
            401 | 403 => {
                let error = UploadError::Denied { url, status, said };
                Ok(Next::Denied(error, credential))
            }
            404 | 405 => Err(UploadError::NotForUploads { url, status }),
            413 => Err(UploadError::TooLarge {
                bytes: item.file.bytes(),
                said,
            }),
            429 => {
                let error = UploadError::Busy { url, said };
                Ok(Next::Again(error, Some(retry_after.unwrap_or(FIRST_PAUSE))))
            }
            400 | 409 => match self.exists(item, &said, says_exists(&said) || status == 409)? {
                Some(next) => Ok(next),
                None if is_page(&answer) => Err(UploadError::Page { url, status }),
                None => Err(UploadError::Refused { url, status, said }),
            },
            408 | 500..=599 => {
                let error = UploadError::Failed { url, status, said };
                match (self.after_a_loss(item, error)?, retry_after) {
                    (Next::Again(error, None), Some(wait)) => Ok(Next::Again(error, Some(wait))),
                    (next, _) => Ok(next),
                }
            }
            _ if is_page(&answer) => Err(UploadError::Page { url, status }),
            _ => Err(UploadError::Refused { url, status, said }),
        }
    }

    /// The index may have such a file: whether it is this one, its listing says. pulp says so in the reason phrase alone,
    /// which HTTP/2 has no room for, so that the listing is looked at whatever it says; `says_so`: whether it said so aloud.
    fn exists(&self, item: &Item, said: &str, says_so: bool) -> Result<Option<Next>, UploadError> {
        let why = match self.listing.standing(&item.file) {
            Standing::Identical { .. } => return Ok(Some(Next::Done(Uploaded::Found))),
            Standing::Conflicting { listed } => return Err(conflict(item, listed)),
            Standing::New => "its listing does not have it".to_owned(),
            Standing::CannotBeTold { why } => why,
        };
        if says_so {
            let said = said.to_owned();
            return Err(UploadError::ExistsUnseen { said, why });
        }
        Ok(None)
    }

    /// No answer, or one of a server that failed: it may have stored the file all the same.
    fn after_a_loss(&self, item: &Item, error: UploadError) -> Result<Next, UploadError> {
        match self.listing.standing(&item.file) {
            Standing::Identical { .. } if item.was_there => Ok(Next::Again(error, None)),
            Standing::Identical { .. } => Ok(Next::Done(Uploaded::Found)),
            Standing::Conflicting { listed } => Err(conflict(item, listed)),
            // Sent again, the same bytes are the same file wherever they are.
            Standing::New | Standing::CannotBeTold { .. } => Ok(Next::Again(error, None)),
        }
    }
}

fn conflict(item: &Item, listed: Sha256) -> UploadError {
    UploadError::Conflict {
        filename: item.file.filename().clone(),
        ours: item.file.facts().sha256,
        listed,
    }
}

/// Whether the network may do better in a moment.
fn is_passing(error: &FetchError) -> bool {
    error.is_passing() || matches!(error, FetchError::TooSlow { .. })
}

/// A page for people, and not an empty one: some indexes give the type of a page to no answer at all.
fn is_page(answer: &Answer) -> bool {
    let html = ["text/html", "application/xhtml+xml"].contains(&answer.content_type.as_str());
    html && !answer.bytes.trim_ascii().is_empty()
}

/// The words by which indexes refuse a filename that they have: PyPI's, pypiserver's and Artifactory's, Nexus', GitLab's.
fn says_exists(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let words = [
        "already exist",
        "already been taken",
        "updating asset",
        "cannot be updated",
        "overwrite artifact",
    ];
    words.iter().any(|words| said.contains(words))
}

/// What an index says, in a sentence if it has one.
fn said(answer: &Answer) -> String {
    /// Of what it says.
    const SHOWN: usize = 600;
    if is_page(answer) {
        return String::new();
    }
    let document: Option<serde_json::Value> = serde_json::from_slice(&answer.bytes).ok();
    let member = |key: &str| Some(document.as_ref()?.get(key)?.as_str()?.to_owned());
    let said = ["code", "message", "detail", "error", "title"]
        .iter()
        .find_map(|key| member(key));
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&answer.bytes).into_owned());
    said.trim().chars().take(SHOWN).collect()
}

/// Tells how many bytes are on their way.
struct Heard<'h, R> {
    inner: R,
    count: u64,
    heard: &'h mut dyn FnMut(u64),
}

impl<R: Read> Read for Heard<'_, R> {
    fn read(&mut self, part: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(part)?;
        self.count += read as u64;
        (self.heard)(self.count);
        Ok(read)
    }
}
