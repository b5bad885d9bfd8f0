//! Distribution files and the METADATA beside them, under their digest: what is there never changes.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::TryStreamExt as _;
use touchplate_index::Reader;
use touchplate_index::files::FoundFile;
use touchplate_index::ports::Bytestream;
use touchplate_index::projects::ReadError;

use super::answer;
use crate::app::App;
use crate::cache::Moment;
use crate::extract::{FilePath, Reading};
use crate::hot::{self, Keepable};
use crate::problem::Problem;
use crate::routes::{self, Public};

/// A file that is no longer than this is read in one piece, and kept while it is asked for. Most wheels are; those that are
/// not take so long on the way that finding them costs nothing beside it.
const MAX_HOT_BYTES: u64 = 256 << 10;

/// `GET /files/{2}/{2}/{60}/{filename}`, and the same with `.metadata` behind it (PEP 658).
pub(crate) async fn file(
    State(app): State<App>,
    Reading(reader): Reading,
    path: FilePath,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Before the file is looked for: what is kept of it ends with the next change after this.
    let moment = app.cache.moment(Some(path.filename.project()));
    let found = find(&app, moment, &reader, &path).await?;
    let mut response = if path.metadata {
        core_metadata(&app, &found, &headers).await?
    } else {
        contents(&app, &found, moment, MAX_HOT_BYTES, &method, &headers).await?
    };
    guard(response.headers_mut(), &path);
    // Another URL comes each time, which soon ends.
    if found.is_public() && response.status() != StatusCode::TEMPORARY_REDIRECT {
        response.extensions_mut().insert(Public);
    }
    Ok(response)
}

/// A file that anybody may have, for a request that asks for nothing else, if it is small or often asked for; none: ask the
/// router, which would answer the same. Its layers would cost more than all of this.
pub(crate) async fn at_the_door(app: &App, key: hot::Key, request: &Parts) -> Option<Response> {
    let path = FilePath::plain(request.uri.path()).filter(|path| !path.metadata)?;
    if !app.anonymous_read
        || app.index.sends_elsewhere()
        || request.headers.contains_key(IF_NONE_MATCH)
    {
        return None;
    }
    let moment = app.cache.moment(Some(path.filename.project()))?;
    let found = app.cache.file(moment, &path.filename, &path.sha256).await?;
    let size = found.file.size;
    let _leave = if size > MAX_HOT_BYTES {
        Some(app.cache.hot.leave_to_load(&key, size)?)
    } else {
        None
    };
    let (method, headers) = (&request.method, &request.headers);
    let answer = contents(app, &found, Some(moment), size, method, headers).await;
    let mut response = answer.ok()?;
    guard(response.headers_mut(), &path);
    routes::mark_for_ever(response.headers_mut());
    app.cache.hot.keep(Some(key), &mut response);
    Some(response)
}

/// What anybody may have, if it is known; else whatever this reader may have.
async fn find(
    app: &App,
    moment: Option<Moment>,
    reader: &Reader,
    path: &FilePath,
) -> Result<Arc<FoundFile>, Problem> {
    let (filename, digest) = (&path.filename, &path.sha256);
    if let Some(moment) = moment
        && let Some(found) = app.cache.file(moment, filename, digest).await
    {
        return Ok(found);
    }
    Ok(Arc::new(app.index.file(reader, filename, digest).await?))
}

/// Uploaded content is hostile: a browser saves it and runs nothing of it.
fn guard(headers: &mut HeaderMap, path: &FilePath) {
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    let suffix = if path.metadata { ".metadata" } else { "" };
    // No filename that parses has a quote or backslash in it.
    let disposition = HeaderValue::try_from(format!(
        "attachment; filename=\"{}{suffix}\"",
        path.filename
    ));
    headers.insert(
        CONTENT_DISPOSITION,
        disposition.unwrap_or(HeaderValue::from_static("attachment")),
    );
}

async fn core_metadata(
    app: &App,
    found: &FoundFile,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let digest = found.file.core_metadata.ok_or_else(Problem::not_found)?;
    let etag = etag(&digest.to_string());
    if answer::fails(headers, &etag) {
        return Ok(answer::precondition_failed());
    }
    let mut response = Response::new(Body::empty());
    if answer::has(headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(app.index.core_metadata(found).await?);
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

async fn contents(
    app: &App,
    found: &Arc<FoundFile>,
    moment: Option<Moment>,
    most_in_one_piece: u64,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let (size, etag) = (
        found.file.size,
        etag(&found.file.digests.sha256.to_string()),
    );
    if answer::fails(asked, &etag) {
        return Ok(answer::precondition_failed());
    }
    let mut response = Response::new(Body::empty());
    if answer::has(asked, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(ETAG, etag);
        return Ok(response);
    }
    if *method == Method::GET
        && let Some(url) = app.index.elsewhere(found).await?
    {
        app.index.downloaded(found, &(0..size), app.clock.now());
        return Ok(led_to(&url));
    }
    let range = match wanted(method, asked, size, &etag) {
        Wanted::Whole => 0..size,
        Wanted::Part(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let last = range.end.saturating_sub(1);
            let part = format!("bytes {}-{last}/{size}", range.start);
            response.headers_mut().insert(CONTENT_RANGE, header(&part));
            range
        }
        Wanted::Beyond => {
            let message = format!("The range lies beyond the file, which has {size} bytes");
            return Err(Problem::saying(StatusCode::RANGE_NOT_SATISFIABLE, &message)
                .with(CONTENT_RANGE, header(&format!("bytes */{size}"))));
        }
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, etag);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CONTENT_LENGTH, range.end.saturating_sub(range.start).into());
    if *method != Method::HEAD {
        app.index.downloaded(found, &range, app.clock.now());
        let whole = range == (0..size);
        let bytes = app.index.bytes(found, range).await?;
        if whole && size <= most_in_one_piece {
            return in_one_piece(response, bytes, found, moment).await;
        }
        let logged = bytes.inspect_err(|error| {
            // The head is sent already: cutting the body off is all that can be done, and clients notice.
            tracing::error!(%error, cause = %error.cause, "a file could not be read to its end");
        });
        *response.body_mut() = Body::from_stream(logged);
    }
    Ok(response)
}

/// To where the bytes are for the next minutes, whatever part of them is wanted.
fn led_to(url: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(LOCATION, header(url));
    response
}

/// A file in one piece, which may be kept for whoever asks next.
async fn in_one_piece(
    mut response: Response,
    mut bytes: Bytestream,
    found: &Arc<FoundFile>,
    moment: Option<Moment>,
) -> Result<Response, Problem> {
    let first = bytes.try_next().await.map_err(ReadError::from)?;
    let first = first.unwrap_or_default();
    let size = usize::try_from(found.file.size).unwrap_or(usize::MAX);
    let body = if first.len() == size {
        first
    } else {
        let mut body = BytesMut::from(first);
        body.reserve(size.saturating_sub(body.len()));
        while let Some(piece) = bytes.try_next().await.map_err(ReadError::from)? {
            body.extend_from_slice(&piece);
            // Pieces in memory are there at once: others have their turn between them.
            tokio::task::yield_now().await;
        }
        body.freeze()
    };
    if let (true, Some(moment)) = (found.is_public(), moment) {
        let (body, file) = (body.clone(), Some(found.clone()));
        response
            .extensions_mut()
            .insert(Keepable { moment, body, file });
    }
    *response.body_mut() = Body::from(body);
    Ok(response)
}

fn etag(digest: &str) -> HeaderValue {
    header(&format!("\"{digest}\""))
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits, ASCII words and quotes are a header value")
}

/// How much of a file a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// RFC 9110 §14.2: a range counts for GET alone, and if `If-Range` names what we have. What is not one range of bytes is
/// as if it were absent: the whole file is always a right answer.
fn wanted(method: &Method, headers: &HeaderMap, size: u64, etag: &HeaderValue) -> Wanted {
    let same = headers.get(IF_RANGE).is_none_or(|given| given == etag);
    let mut ranges = headers.get_all(RANGE).iter();
    let range = match (ranges.next(), ranges.next()) {
        (Some(range), None) => range.to_str().ok(),
        _ => None,
    };
    match range {
        Some(range) if same && *method == Method::GET => part(range, size).unwrap_or(Wanted::Whole),
        _ => Wanted::Whole,
    }
}

/// For the fuzzer: what is sent of a file of 1000 bytes lies within it.
pub(crate) fn fuzzed_range(headers: &HeaderMap) {
    let etag = HeaderValue::from_static("\"0a\"");
    if let Wanted::Part(range) = wanted(&Method::GET, headers, 1000, &etag) {
        assert!(range.start < range.end && range.end <= 1000);
    }
}

fn part(range: &str, size: u64) -> Option<Wanted> {
    let (unit, spec) = range.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return None;
    }
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // More digits than fit are beyond any file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = match (first.trim(), last.trim()) {
        ("", last) => size.saturating_sub(number(last)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if range.is_empty() {
        Wanted::Beyond
    } else {
        Wanted::Part(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, expected) in [
            ("bytes=0-0", Some(Wanted::Part(0..1))),
            ("bytes=2-", Some(Wanted::Part(2..10))),
            ("bytes=-3", Some(Wanted::Part(7..10))),
            ("bytes=-30", Some(Wanted::Part(0..10))),
            ("bytes=2-99", Some(Wanted::Part(2..10))),
            ("Bytes = 2-3", Some(Wanted::Part(2..4))),
            ("bytes=10-", Some(Wanted::Beyond)),
            ("bytes=-0", Some(Wanted::Beyond)),
            ("bytes=99999999999999999999-", Some(Wanted::Beyond)),
            ("bytes=0-99999999999999999999", Some(Wanted::Part(0..10))),
            ("bytes=3-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Some(Wanted::Beyond));
    }
}
