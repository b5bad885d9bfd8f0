//! The parsers of what strangers send over HTTP, for the fuzzer (`fuzz/`) alone.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, FORWARDED, HeaderName, RANGE,
};
use axum::http::{HeaderMap, HeaderValue};
use touchplate_index::spool::SpoolRoom;

use crate::api::upload::fuzzed;
use crate::api::{answer, files};
use crate::config::Network;
use crate::extract::accept::Accept;
use crate::extract::credentials::Credentials;
use crate::extract::encoding;
use crate::forwarded::{self, ForwardedHeader};

fn headers(name: &HeaderName, bytes: &[u8]) -> HeaderMap {
    let lines = bytes.split(|byte| *byte == b'\n');
    let values = lines.filter_map(|line| HeaderValue::from_bytes(line).ok());
    let mut headers = HeaderMap::new();
    for value in values.take(100) {
        headers.append(name, value);
    }
    headers
}

/// `Accept`: what is chosen is one of the offers.
pub fn accept(bytes: &[u8]) {
    let accept = Accept::of(&headers(&ACCEPT, bytes));
    let offers = [("text/html", 0_usize), ("application/json", 1)];
    assert!(accept.prefer(&offers).is_none_or(|chosen| chosen < 2));
}

/// `Accept-Encoding`.
pub fn accept_encoding(bytes: &[u8]) {
    let _ = encoding::preferred(&headers(&ACCEPT_ENCODING, bytes));
}

/// `Authorization`.
pub fn credentials(bytes: &[u8]) {
    let _ = Credentials::of(&headers(&AUTHORIZATION, bytes));
}

/// `Range`: whatever is sent lies within the file.
pub fn range(bytes: &[u8]) {
    files::fuzzed_range(&headers(&RANGE, bytes));
}

/// `If-Match` and `If-None-Match`.
pub fn conditions(bytes: &[u8]) {
    let etag = HeaderValue::from_static("\"0a\"");
    for name in [
        axum::http::header::IF_MATCH,
        axum::http::header::IF_NONE_MATCH,
    ] {
        let headers = headers(&name, bytes);
        let _ = (answer::has(&headers, &etag), answer::fails(&headers, &etag));
    }
}

/// `Forwarded` and `X-Forwarded-For`: whoever is no proxy of ours is believed nothing.
pub fn forwarded(bytes: &[u8]) {
    static PROXIES: OnceLock<Vec<Network>> = OnceLock::new();
    let proxies = PROXIES.get_or_init(|| vec!["10.0.0.0/8".parse().expect("it is a network")]);
    let [stranger, proxy] = [[192, 0, 2, 1], [10, 0, 0, 1]].map(Into::into);
    let x_forwarded_for = HeaderName::from_static("x-forwarded-for");
    for (name, header) in [
        (FORWARDED, ForwardedHeader::Forwarded),
        (x_forwarded_for, ForwardedHeader::XForwardedFor),
    ] {
        let headers = headers(&name, bytes);
        let told = forwarded::client(stranger, &headers, proxies, header);
        assert_eq!(told, stranger);
        let _ = forwarded::client(proxy, &headers, proxies, header);
    }
}

/// An upload's form: the first line is its content type, the rest its body, in pieces of some bytes. What was spooled is gone
/// afterwards.
pub async fn form(bytes: &[u8], room: &SpoolRoom) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = bytes.split_at(end.unwrap_or(0));
    let Some((_, body)) = body.split_first() else {
        return;
    };
    let Ok(content_type) = HeaderValue::from_bytes(head) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, content_type);
    let pieces: Vec<_> = body
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(piece)))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    fuzzed(&headers, body, room).await;
}
