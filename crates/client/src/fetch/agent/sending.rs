//! Sending what is too long to be held in memory, once: whoever sends decides what a lost answer means.

use std::io::{self, Read};
use std::time::Duration;

use ureq::SendBody;
use url::Url;

use super::super::error::{FetchError, TransportError};
use super::question::{Answer, Secret};
use super::{DOCUMENT_SECONDS, Deadline, header, read, strip};
use crate::fetch::Agent;

/// From the last byte sent to the first of the answer: the server may read an archive of gigabytes in full before it says
/// anything.
const ANSWER_SECONDS: u64 = 15 * 60;

/// From here on the server is asked first whether it wants the body: a refusal then costs nothing, and is not lost in a
/// connection that it closes.
const ASKED_FIRST_BYTES: u64 = 1 << 20;

/// How long that question is waited for; servers that know nothing of it do not answer.
const CONTINUE_SECONDS: u64 = 2;

/// What is sent, but for its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'s> {
    /// Where to.
    pub url: &'s Url,
    /// The media types that are understood.
    pub accept: &'s str,
    /// The value of `Authorization`, for this request alone; never shown.
    pub authorization: Option<Secret<'s>>,
    /// The media type of the body.
    pub content_type: &'s str,
    /// How many bytes it has.
    pub length: u64,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The answer, whatever its status.
    pub answer: Answer,
    /// For how long the server wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Agent {
    /// Sends `body` by `POST`, once, and takes an answer of at most `limit` bytes. Redirects are not followed.
    ///
    /// # Errors
    /// See [`FetchError`]; no status is one. Whether the server has what was sent is not known then.
    pub fn send_body(
        &self,
        sending: &Sending<'_>,
        body: &mut dyn Read,
        limit: usize,
    ) -> Result<Sent, FetchError> {
        let mut url = sending.url.clone();
        strip(&mut url);
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme { url });
        }
        let mut request = self
            .route(&url)?
            .post(url.as_str())
            .config()
            .timeout_recv_response(Some(Duration::from_secs(ANSWER_SECONDS)))
            .timeout_await_100(Some(Duration::from_secs(CONTINUE_SECONDS)))
            .build()
            .header("accept", sending.accept)
            .header("accept-encoding", "identity")
            .header("content-type", sending.content_type)
            .header("content-length", sending.length);
        if sending.length >= ASKED_FIRST_BYTES {
            request = request.header("expect", "100-continue");
        }
        let known = self.settings.credentials.of(&url);
        let given = sending.authorization.map(|secret| secret.0);
        if let Some(authorization) = given.or(known.as_deref()) {
            request = request.header("authorization", authorization);
        }
        let mut body = Watched {
            inner: body,
            failed: None,
        };
        let sent = request.send(SendBody::from_reader(&mut body));
        if let Some(source) = body.failed {
            return Err(FetchError::Disk { url, source });
        }
        let response = sent.map_err(|error| FetchError::Unreachable {
            url: url.clone(),
            source: TransportError(Box::new(error)),
        })?;
        let retry_after = header(&response, "retry-after").parse().ok();
        let retry_after = retry_after.map(Duration::from_secs);
        let mut answer = Answer::without_body(&response);
        let deadline = Deadline::of(DOCUMENT_SECONDS);
        let mut reader = response.into_body().into_reader();
        read(&url, &mut reader, limit as u64, &deadline, |part| {
            answer.bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(Sent {
            answer,
            retry_after,
        })
    }
}

/// Remembers that it was the disk that failed, and not the network.
struct Watched<'w> {
    inner: &'w mut dyn Read,
    failed: Option<io::Error>,
}

impl Read for Watched<'_> {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(part);
        read.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed = Some(io::Error::new(error.kind(), error.to_string()));
            }
        })
    }
}
