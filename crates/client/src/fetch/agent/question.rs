//! Questions to services that answer in their own words: what is asked may be a `POST`, and a refusal has a body to read.

use std::thread;

use ureq::Body;
use ureq::http::Response;
use url::Url;

use super::super::error::{FetchError, TransportError};
use super::{ATTEMPTS, DOCUMENT_SECONDS, FIRST_PAUSE, Failed, MAX_PAUSE, header, read, strip};
use crate::fetch::Agent;

/// What a service is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Whom.
    pub url: &'q Url,
    /// The media types that are understood.
    pub accept: &'q str,
    /// The value of `Authorization`, for this question alone; never shown.
    pub authorization: Option<Secret<'q>>,
    /// Further headers.
    pub headers: &'q [(&'q str, &'q str)],
    /// What is sent, and its media type; nothing makes it a `GET`.
    pub content: Option<(&'q str, &'q [u8])>,
}

/// Text that no message shows.
#[derive(Clone, Copy)]
pub struct Secret<'s>(pub &'s str);

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// What a service answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Content-Type`, lower-case and without parameters; empty if the server did not say.
    pub content_type: String,
    /// The header `Location`, as given.
    pub location: Option<String>,
    /// The server's clock, by its header `Date`.
    pub date: Option<jiff::Timestamp>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// What its head says.
    pub(super) fn without_body(response: &Response<Body>) -> Self {
        let content_type = header(response, "content-type");
        let content_type = content_type.split(';').next().unwrap_or_default();
        let date = jiff::fmt::rfc2822::parse(&header(response, "date")).ok();
        Self {
            status: response.status().as_u16(),
            content_type: content_type.trim().to_ascii_lowercase(),
            location: Some(header(response, "location")).filter(|text| !text.is_empty()),
            date: date.map(|date| date.timestamp()),
            bytes: Vec::new(),
        }
    }
}

impl<'q> Question<'q> {
    /// A `GET` of JSON.
    pub fn get(url: &'q Url) -> Self {
        Self {
            url,
            accept: "application/json",
            authorization: None,
            headers: &[],
            content: None,
        }
    }

    /// A `POST` of `body`, answered with JSON.
    pub fn post(url: &'q Url, content_type: &'q str, body: &'q [u8]) -> Self {
        Self {
            content: Some((content_type, body)),
            ..Self::get(url)
        }
    }
}

impl Agent {
    /// What a service answers, at most `limit` bytes. Redirects are not followed: what is sent is meant for this server.
    /// What fails in passing is asked again, so a question must do no harm when asked twice.
    ///
    /// # Errors
    /// See [`FetchError`]; a status is none, unless the server goes on having no time (429, 502, 503, 504).
    pub fn ask_service(&self, question: &Question<'_>, limit: usize) -> Result<Answer, FetchError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.ask_once(question, limit) {
                Ok(answer) if !has_no_time(answer.0.status) => return Ok(answer.0),
                Ok((_, wait)) => thread::sleep(wait.unwrap_or(pause)),
                Err(failed) if failed.error.is_passing() => thread::sleep(pause),
                Err(failed) => return Err(failed.error),
            }
            pause *= 2;
        }
        let (answer, _) = self.ask_once(question, limit).map_err(|it| it.error)?;
        if has_no_time(answer.status) {
            let (url, status) = (question.url.clone(), answer.status);
            return Err(FetchError::ServerFailed { url, status });
        }
        Ok(answer)
    }

    fn ask_once(
        &self,
        question: &Question<'_>,
        limit: usize,
    ) -> Result<(Answer, Option<std::time::Duration>), Failed> {
        let mut url = question.url.clone();
        strip(&mut url);
        self.check_patience(&url)?;
        let response = self.send(question, &url)?;
        let mut answer = Answer::without_body(&response);
        let wait = header(&response, "retry-after").parse().ok();
        let wait = wait.map(|seconds| std::time::Duration::from_secs(seconds).min(MAX_PAUSE));
        let deadline = self.deadline(DOCUMENT_SECONDS);
        let mut reader = response.into_body().into_reader();
        read(&url, &mut reader, limit as u64, &deadline, |part| {
            answer.bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok((answer, wait))
    }

    fn send(&self, question: &Question<'_>, url: &Url) -> Result<Response<Body>, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme { url: url.clone() });
        }
        let mut headers = vec![("accept", question.accept), ("accept-encoding", "identity")];
        headers.extend_from_slice(question.headers);
        let known = self.settings.credentials.of(url);
        let given = question.authorization.map(|secret| secret.0);
        if let Some(authorization) = given.or(known.as_deref()) {
            headers.push(("authorization", authorization));
        }
        let agent = self.route(url)?;
        let sent = match question.content {
            Some((content_type, body)) => {
                headers.push(("content-type", content_type));
                let request = agent.post(url.as_str());
                headers
                    .into_iter()
                    .fold(request, |request, (name, value)| {
                        request.header(name, value)
                    })
                    .send(body)
            }
            None => {
                let request = agent.get(url.as_str());
                headers
                    .into_iter()
                    .fold(request, |request, (name, value)| {
                        request.header(name, value)
                    })
                    .call()
            }
        };
        sent.map_err(|error| FetchError::Unreachable {
            url: url.clone(),
            source: TransportError(Box::new(error)),
        })
    }
}

/// Whether a service may well answer otherwise in a moment.
fn has_no_time(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}
