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
    /// A range with parameters matches only an offer with the same ones, and ours have none.
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
            let Ok(text) = value.to_str() else {
                return Self::Anything;
            };
            for part in text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
            {
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
                matching
                    .max_by_key(|(specificity, _)| *specificity)
                    .map_or(0, |(_, weight)| weight)
            }
        }
    }
}

impl MediaRange {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
            return None;
        }
        let (mut weight, mut parameters) = (1000, false);
        for part in parts {
            let (name, value) = part.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                weight = thousandths(value.trim())?;
            } else {
                parameters = true;
            }
        }
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters,
            weight,
        })
    }

    /// How closely this range describes a media type; none if it does not.
    fn specificity(&self, media_type: &str) -> Option<u8> {
        let (kind, subtype) = media_type.split_once('/')?;
        match (self.kind.as_str(), self.subtype.as_str()) {
            _ if self.parameters => None,
            ("*", _) => Some(0),
            (k, "*") if k == kind => Some(1),
            (k, s) if k == kind && s == subtype => Some(2),
            _ => None,
        }
    }
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
            ("*/json", Some("html")),
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
    }
}
