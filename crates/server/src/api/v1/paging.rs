//! Lists that come in pages: `?limit=` and `?cursor=`, and where the next page is.

use axum::extract::FromRequestParts;
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use url::form_urlencoded;

use super::{JSON, told};
use crate::api::answer;
use crate::cache::Rendered;
use crate::problem::Problem;

/// On a page, where nobody says how many.
const USUAL: usize = 100;

/// On a page at most: some hundred kilobytes.
const MOST: usize = 1000;

/// A cursor is a project's name, a version or a filename; none of them is longer.
const MAX_CURSOR_CHARS: usize = 255;

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Paging {
    /// What stands on the page at most.
    pub(super) limit: usize,
    /// The last one of the page before, as that page said; none: the first page.
    pub(super) cursor: Option<String>,
}

/// Why a page was not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum PagingError {
    /// The number is none, or too large.
    #[error("expected a number from 1 to {MOST} as `limit`, found {found:?}")]
    Limit {
        /// What stands there, cut to 80 characters.
        found: String,
    },
    /// No page of this list ends so.
    #[error("expected the `next` of an earlier page as `cursor`, found {found:?}")]
    Cursor {
        /// What stands there, cut to 80 characters.
        found: String,
    },
}

impl From<PagingError> for Problem {
    fn from(error: PagingError) -> Self {
        let code = match &error {
            PagingError::Limit { .. } => "limit-malformed",
            PagingError::Cursor { .. } => "cursor-malformed",
        };
        let title = "There is no such page";
        Self::client(StatusCode::BAD_REQUEST, &error).of_kind(code, title)
    }
}

fn cut(found: &str) -> String {
    found.chars().take(80).collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut paging = Self {
            limit: USUAL,
            cursor: None,
        };
        let query = parts.uri.query().unwrap_or_default();
        // Other keys say nothing here: those of a later version must not break an older server.
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "limit" => {
                    let limit = value.parse().ok().filter(|it| (1..=MOST).contains(it));
                    let found = || PagingError::Limit { found: cut(&value) };
                    paging.limit = limit.ok_or_else(found)?;
                }
                "cursor" => {
                    // No name has any; PostgreSQL takes no text with a NUL.
                    let odd = value.chars().any(char::is_control);
                    if odd || value.chars().count() > MAX_CURSOR_CHARS {
                        return Err(PagingError::Cursor { found: cut(&value) }.into());
                    }
                    paging.cursor = Some(value.into_owned());
                }
                _ => {}
            }
        }
        Ok(paging)
    }
}

impl Paging {
    /// The cursor as what it must be in this list.
    pub(super) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, PagingError> {
        let read = |given: &String| {
            let found = |_| PagingError::Cursor { found: cut(given) };
            given.parse().map_err(found)
        };
        self.cursor.as_ref().map(read).transpose()
    }

    /// The page of a list that begins behind the cursor already; and, if there is more, the cursor of the next page, which is
    /// what `name` says of the last one on this page.
    pub(super) fn page<T>(
        &self,
        mut rest: Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let more = rest.len() > self.limit;
        rest.truncate(self.limit);
        let next = rest.last().filter(|_| more).map(name);
        (rest, next)
    }
}

/// A page of a list, and where the next one is (RFC 8288).
pub(super) fn listed(
    told: &impl Serialize,
    public: bool,
    next: Option<&str>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    rendered(
        &Rendered::new(told::json(told), None, public),
        next,
        uri,
        headers,
    )
}

/// The same of a page that was rendered already.
pub(super) fn rendered(
    page: &Rendered,
    next: Option<&str>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let mut response = answer::page(page, JSON, headers);
    let link = next.map(|next| format!("<{}>; rel=\"next\"", beside(uri, next)));
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The same question for the page behind `cursor`.
fn beside(uri: &Uri, cursor: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "cursor");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", cursor)
        .finish();
    format!("{}?{query}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_as_this_one_was() {
        let of = |uri: &str, cursor: &str| beside(&uri.parse().unwrap(), cursor);
        assert_eq!(of("/a", "b c&\u{e9}\""), "/a?cursor=b+c%26%C3%A9%22");
        assert_eq!(
            of("/%22a/?limit=2&cursor=x&q=a+b&cursor=y", "z"),
            "/%22a/?limit=2&q=a+b&cursor=z"
        );
    }

    #[test]
    fn a_page_says_whether_there_is_more() {
        let page = |limit, list: &[u8]| {
            let paging = Paging {
                limit,
                cursor: None,
            };
            paging.page(list.to_vec(), u8::to_string)
        };
        assert_eq!(page(2, &[]), (vec![], None));
        assert_eq!(page(2, &[1, 2]), (vec![1, 2], None));
        assert_eq!(page(2, &[1, 2, 3]), (vec![1, 2], Some("2".to_owned())));
    }
}
