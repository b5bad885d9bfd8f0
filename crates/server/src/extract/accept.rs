//! Which of several shapes a client would rather have (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

/// A client's preferences.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Accept {
    /// It has none: no header, or one that cannot be read.
    Anything,
    /// The media ranges that it listed; maybe none.
    Listed(Vec<MediaRange>),
}

/// One media range, lower-cased, with its weight in thousandths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MediaRange {
    kind: String,
    subtype: String,
    /// A type with parameters is only an offer with the same ones, and ours have none.
    parameters: bool,
    weight: u16,
}

/// Browsers list about ten ranges; more than this is no list of preferences.
const MAX_RANGES: usize = 64;

impl Accept {
    /// From a request's headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Self::Anything;
        }
        let mut ranges = Vec::new();
        for value in values {
            // Latin-1, as PyPI reads it: what is not ASCII may stand in quoted texts.
            let text: String = value.as_bytes().iter().copied().map(char::from).collect();
            let Some(parts) = split(&text, ',') else {
                return Self::Anything;
            };
            for part in parts.into_iter().filter(|part| !part.is_empty()) {
                match MediaRange::parse(part) {
                    Some(range) if ranges.len() < MAX_RANGES => ranges.push(range),
                    _ => return Self::Anything,
                }
            }
        }
        Self::Listed(ranges)
    }

    /// The offer that the client likes best; of equals, the first. None if it accepts none of them.
    pub(crate) fn prefer<T: Copy>(&self, offers: &[(&str, T)]) -> Option<T> {
        let mut best: Option<(u16, T)> = None;
        for (media_type, offer) in offers {
            let weight = self.weight(media_type);
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, *offer));
            }
        }
        best.map(|(_, offer)| offer)
    }

    fn weight(&self, media_type: &str) -> u16 {
        match self {
            Self::Anything => 1000,
            Self::Listed(ranges) => {
                let matching = ranges
                    .iter()
                    .filter_map(|range| Some((range.specificity(media_type)?, range.weight)));
                // The most specific range decides, whatever its weight: `text/html;q=0, */*` refuses HTML.
                // Of equals the first, as at PyPI.
                matching
                    .rev()
                    .max_by_key(|(specificity, _)| *specificity)
                    .map_or(0, |(_, weight)| weight)
            }
        }
    }
}

impl MediaRange {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, ';')?.into_iter();
        let (kind, subtype) = parts.next()?.split_once('/')?;
        // `*` is a token: `*/json` is a type, though nobody has anything of it.
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let (mut weight, mut parameters) = (None, false);
        for part in parts {
            match (part.split_once('='), weight) {
                (Some((name, value)), None) if name.eq_ignore_ascii_case("q") => {
                    weight = Some(thousandths(value)?);
                }
                (Some((name, value)), _) if is_token(name) && is_value(value) => {
                    // What follows the weight is no parameter of the type.
                    parameters |= weight.is_none();
                }
                (None, Some(_)) if is_token(part) => {}
                _ => return None,
            }
        }
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters,
            weight: weight.unwrap_or(1000),
        })
    }

    /// How closely this range describes a media type; none if it does not.
    fn specificity(&self, media_type: &str) -> Option<u8> {
        let (kind, subtype) = media_type.split_once('/')?;
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (k, "*") if k == kind => Some(1),
            (k, s) if k == kind && s == subtype && !self.parameters => Some(2),
            _ => None,
        }
    }
}

/// The parts of a list, without blanks around them; none if a quoted text does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' => escaped = quoted && !is_escaped,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    });
    let parts = parts.map(|part| part.trim_matches([' ', '\t'])).collect();
    (!quoted).then_some(parts)
}

/// A token, or a quoted text.
fn is_value(text: &str) -> bool {
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    is_token(text) || quoted.is_some_and(is_quotable)
}

/// Whether it has no quote and no backslash that nothing escapes.
fn is_quotable(text: &str) -> bool {
    let mut escaped = false;
    let whole = text.chars().all(|c| {
        let is_escaped = std::mem::take(&mut escaped);
        escaped = c == '\\' && !is_escaped;
        is_escaped || c != '"'
    });
    whole && !escaped
}

pub(super) fn is_token(text: &str) -> bool {
    let mark = |b: u8| b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || mark(b))
}

/// A weight: `0` to `1` with at most three decimals.
pub(super) fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, decimals) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: [(&str, &str); 3] = [
        ("text/html", "html"),
        ("application/vnd.pypi.simple.v1+html", "v1+html"),
        ("application/vnd.pypi.simple.v1+json", "v1+json"),
    ];

    /// As webob 1.8.10 and 1.8.11 answer, which decides at PyPI.
    #[test]
    fn odd_lists_are_read_as_at_pypi() {
        const J: &str = "application/vnd.pypi.simple.v1+json";
        for (before, after, expected) in [
            ("", ",", Some("v1+json")),
            (
                "",
                ",,application/vnd.pypi.simple.v1+html;q=0.2",
                Some("v1+json"),
            ),
            ("text/html;Q=0.1, ", "", Some("v1+json")),
            ("text/html ; q=0.1 , ", " ;q=0.2", Some("v1+json")),
            ("text/html\t;\tq=0.1,\t", "", Some("v1+json")),
            ("text/html;q =0.1, ", "", Some("html")),
            ("text/html;q= 0.1, ", "", Some("html")),
            // What follows a weight says nothing of the type.
            ("text/html;q=0.5;ext=1, ", ";q=0.1", Some("html")),
            ("text/html;q=0.5;ext, ", ";q=0.1", Some("html")),
            ("text/html;q=0.5;ext=\"a,b;c\", ", ";q=0.1", Some("html")),
            ("", ";q=0.5;q=0.6", Some("v1+json")),
            // Quoted texts may hold what separates elsewhere.
            ("", ", text/html;foo=\"a,b\"", Some("v1+json")),
            ("", ", text/html;foo=\"a;q=0\"", Some("v1+json")),
            ("", ", text/html;foo=\"a\\\"b\"", Some("v1+json")),
            ("", ";foo=\"bar\"", None),
            ("", ";foo=\"\"", None),
            ("", ";foo=\"\\\"\"", None),
            ("", ";foo=\"\\\\\"", None),
            ("", ", text/html;foo=\"\t@(){}\"", Some("v1+json")),
            ("", ";foo=bar;q=0.5, */*;q=0.1", Some("html")),
            (
                "text/html;level=1;q=0.1, text/html;q=0.9, ",
                ";q=0.5",
                Some("html"),
            ),
            // Of two that say different things of one type, the first.
            (
                "text/html;q=0.1, text/html;q=0.9, ",
                ";q=0.5",
                Some("v1+json"),
            ),
            ("text/html;q=0.9, text/html;q=0.1, ", ";q=0.5", Some("html")),
            ("text/html;q=0,text/html, ", ";q=0.5", Some("v1+json")),
            ("", ";q=0, application/*", Some("v1+html")),
            (
                "",
                ";q=0, application/vnd.pypi.simple.v1+html;q=0, text/html;q=0",
                None,
            ),
            (
                "application/vnd.pypi.simple.v2+json, ",
                ";q=0.1",
                Some("v1+json"),
            ),
            ("", ",*/*;q=0.9", Some("v1+json")),
            ("text/html;q=0.5,", ";q=0.5", Some("html")),
            // No list of media ranges at all.
            ("", ";", Some("html")),
            ("", "; ;q=0.1", Some("html")),
            ("", "; foo", Some("html")),
            ("", ";=x", Some("html")),
            ("", ";foo=", Some("html")),
            ("", ";foo=\"", Some("html")),
            ("", ";foo=\"a\"b", Some("html")),
            ("", ";foo=\"a\"\"b\"", Some("html")),
            ("", ";foo=\"\"\"\", text/html;q=0.1", Some("html")),
            ("", ";foo=\"a\\\"", Some("html")),
            ("", ";;q=0.5", Some("html")),
            ("", ";q=\"0.5\"", Some("html")),
            ("", ";q=0.5;ext=", Some("html")),
            ("(/x, ", "", Some("html")),
            ("a/b;c=@, ", "", Some("html")),
            ("", " application/vnd.pypi.simple.v1+html", Some("html")),
            ("\"text/html\", ", "", Some("html")),
            ("", ", text/html;q=0,5", Some("html")),
            ("", ", text/html;q=00.5", Some("html")),
            ("", ", text/html;q=-1", Some("html")),
            ("", ", text/html;q=1e0", Some("html")),
            ("", ", text/html;q=.5", Some("html")),
            ("", ", text//html", Some("html")),
            ("", ", text/ html", Some("html")),
            ("", ";q=0.001, text/html;q=0.0009", Some("html")),
        ] {
            let accept = format!("{before}{J}{after}");
            assert_eq!(chosen(&[&accept]), expected, "{accept}");
        }
        for (accept, expected) in [
            ("*/*;level=1", Some("html")),
            ("application/*;v=1, text/html;q=0.1", Some("v1+html")),
            ("*/*;q=0.1, */*;q=0", Some("html")),
            ("*/json", None),
            (
                "*/json, application/vnd.pypi.simple.v1+json;q=0.1",
                Some("v1+json"),
            ),
            (
                "*/*;q=0.1, */*;a=1;q=0.9, application/vnd.pypi.simple.v1+json;q=0.5",
                Some("v1+json"),
            ),
            (
                "text/*;a=1;q=0.9, text/*;q=0.1, application/vnd.pypi.simple.v1+json;q=0.5",
                Some("html"),
            ),
            (
                "text/*;q=0.3, text/html;q=0.1, application/vnd.pypi.simple.v1+json;q=0.2",
                Some("v1+json"),
            ),
            ("!#$%&'*+-.^_`|~/x, application/*;q=0.1", Some("v1+html")),
            ("application/*;q=0, */*", Some("html")),
            ("text/*;q=0, application/*;q=0.1", Some("v1+html")),
            ("text/html;q=0.", None),
            ("text/html;q=1.", Some("html")),
            ("text/html;level=1", None),
            ("*/*;q=0", None),
            ("a/b;q=1,,,", None),
            ("*", Some("html")),
            // Where ours differs: an empty element before the first is as good as one behind the last (RFC 9110 §5.6.1).
            (", application/vnd.pypi.simple.v1+json", Some("v1+json")),
        ] {
            assert_eq!(chosen(&[accept]), expected, "{accept}");
        }
    }

    fn chosen(accept: &[&str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        Accept::of(&headers).prefer(&OFFERS)
    }

    #[test]
    fn the_most_liked_offer_is_chosen() {
        for (accept, expected) in [
            ("*/*", Some("html")),
            ("application/*", Some("v1+html")),
            ("text/html;q=0, */*", Some("v1+html")),
            (
                "application/vnd.pypi.simple.v1+json;q=0.5, */*;q=0.5",
                Some("html"),
            ),
            (
                "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
                Some("v1+json"),
            ),
            ("APPLICATION/VND.PYPI.SIMPLE.V1+JSON", Some("v1+json")),
            ("application/vnd.pypi.simple.v1+json;charset=utf-8", None),
            ("application/json", None),
            ("", None),
            (",", None),
            // Not a list of media ranges: as if it were absent.
            ("json", Some("html")),
            ("application/vnd.pypi.simple.v1+json;q=2", Some("html")),
            ("application/vnd.pypi.simple.v1+json;q=0.1234", Some("html")),
            ("application/vnd.pypi.simple.v1+json;q=1.001", Some("html")),
        ] {
            assert_eq!(chosen(&[accept]), expected, "{accept}");
        }
        assert_eq!(chosen(&[]), Some("html"));
        assert_eq!(
            chosen(&["text/html;q=0.1", "application/vnd.pypi.simple.v1+json"]),
            Some("v1+json")
        );
        let many = "application/vnd.pypi.simple.v1+json,".repeat(MAX_RANGES + 1);
        assert_eq!(chosen(&[&many]), Some("html"));
        // Latin-1: in a quoted text it is a text, elsewhere no list.
        let of = |bytes: &[u8]| {
            let mut headers = HeaderMap::new();
            let value = axum::http::HeaderValue::from_bytes(bytes).unwrap();
            headers.append(header::ACCEPT, value);
            Accept::of(&headers).prefer(&OFFERS)
        };
        assert_eq!(of(b"application/*, text/html;a=\"\xe9\""), Some("v1+html"));
        assert_eq!(of(b"application/*, text/html;a=\xe9"), Some("html"));
        assert_eq!(of(b"application/*, \xe9/x"), Some("html"));
    }
}
