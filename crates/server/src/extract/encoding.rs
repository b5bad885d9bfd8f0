//! Which content coding a client would rather have (RFC 9110 §12.5.3).

use axum::http::{HeaderMap, header};

use super::accept::{is_token, thousandths};
use crate::coding::Coding;

/// No client lists more codings than there are; more than this is no list of preferences.
const MAX_CODINGS: usize = 32;

/// The coding that the client likes best; of those it likes equally, the shortest. As it is, if it does not say, says
/// something odd, or refuses even that: a body that every client reads is always a right answer.
pub(crate) fn preferred(headers: &HeaderMap) -> Coding {
    weighed(headers).unwrap_or(Coding::Identity)
}

fn weighed(headers: &HeaderMap) -> Option<Coding> {
    let (mut zstd, mut gzip, mut identity, mut any) = (None, None, None, None);
    let mut seen = 0_usize;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        let parts = value.to_str().ok()?.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            seen = seen.saturating_add(1);
            if seen > MAX_CODINGS {
                return None;
            }
            let (name, weight) = coding(part)?;
            let known = if name.eq_ignore_ascii_case("zstd") {
                &mut zstd
            } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                &mut gzip
            } else if name.eq_ignore_ascii_case("identity") {
                &mut identity
            } else if name == "*" {
                &mut any
            } else {
                continue;
            };
            known.get_or_insert(weight);
        }
    }
    let offers = [
        (Coding::Zstd, zstd.or(any).unwrap_or(0)),
        (Coding::Gzip, gzip.or(any).unwrap_or(0)),
        // Acceptable without being listed, but rather any coding that is.
        (Coding::Identity, identity.unwrap_or(0)),
    ];
    let mut best = None;
    for (coding, weight) in offers {
        if weight > best.map_or(0, |(_, most)| most) {
            best = Some((coding, weight));
        }
    }
    best.map(|(coding, _)| coding)
}

/// `gzip;q=0.5`, its weight in thousandths.
fn coding(part: &str) -> Option<(&str, u16)> {
    let (name, weight) = match part.split_once(';') {
        None => (part, 1000),
        Some((name, parameter)) => {
            let (q, weight) = parameter.split_once('=')?;
            if !q.trim().eq_ignore_ascii_case("q") {
                return None;
            }
            (name.trim_end(), thousandths(weight.trim())?)
        }
    };
    is_token(name).then_some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_liked_coding_is_chosen() {
        for (given, expected) in [
            ("gzip", Coding::Gzip),
            ("GZip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            // pip and requests; uv; Firefox; curl --compressed.
            ("gzip, deflate", Coding::Gzip),
            ("gzip, br", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("deflate, gzip, br, zstd", Coding::Zstd),
            ("zstd;q=0.5, gzip", Coding::Gzip),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("gzip;q=0, *", Coding::Zstd),
            ("*;q=0.1, zstd;q=0", Coding::Gzip),
            ("*", Coding::Zstd),
            ("gzip;q=0", Coding::Identity),
            ("identity", Coding::Identity),
            ("identity;q=0", Coding::Identity),
            ("*;q=0", Coding::Identity),
            ("br", Coding::Identity),
            ("", Coding::Identity),
            (",", Coding::Identity),
            ("gzip ; q=1.000 ,", Coding::Gzip),
            // Not a list of codings: as if it were absent.
            ("gzip;q=2", Coding::Identity),
            ("gzip;level=9", Coding::Identity),
            ("gzip;q=0.1234", Coding::Identity),
            ("gz ip", Coding::Identity),
            ("gzip;", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::ACCEPT_ENCODING, given.parse().unwrap());
            assert_eq!(preferred(&headers), expected, "{given}");
        }
    }

    #[test]
    fn several_headers_are_one_list_with_a_bound() {
        let mut headers = HeaderMap::new();
        assert_eq!(preferred(&headers), Coding::Identity);
        headers.append(header::ACCEPT_ENCODING, "gzip;q=0.5".parse().unwrap());
        headers.append(header::ACCEPT_ENCODING, "zstd".parse().unwrap());
        assert_eq!(preferred(&headers), Coding::Zstd);
        headers.append(
            header::ACCEPT_ENCODING,
            "a,".repeat(MAX_CODINGS).parse().unwrap(),
        );
        assert_eq!(preferred(&headers), Coding::Identity);
    }
}
