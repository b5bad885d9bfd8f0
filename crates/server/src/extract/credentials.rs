//! The `Authorization` header.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a client proves itself with. Never logged, hence no `Debug`.
pub(crate) enum Credentials {
    /// No header.
    None,
    /// `Basic`: a user name and a password.
    Basic { user: String, password: String },
    /// `Bearer` or `token`.
    Bearer(String),
    /// A header that is neither.
    Unreadable,
}

/// The user name that goes with a token: what every uploader sends as PyPI's.
pub(crate) const TOKEN_USER: &str = "__token__";

impl Credentials {
    /// From a request's headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => value
                .to_str()
                .ok()
                .and_then(Self::parse)
                .unwrap_or(Self::Unreadable),
            // Two: who knows which one a proxy in front of us believed.
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
            return Some(Self::Bearer(rest.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Self::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        match Credentials::of(&headers) {
            Credentials::None => "none".to_owned(),
            Credentials::Basic { user, password } => format!("basic {user} {password}"),
            Credentials::Bearer(token) => format!("bearer {token}"),
            Credentials::Unreadable => "unreadable".to_owned(),
        }
    }

    #[test]
    fn each_scheme_is_read() {
        assert_eq!(read(&[]), "none");
        assert_eq!(
            read(&["Basic X190b2tlbl9fOnRwLTE="]),
            "basic __token__ tp-1"
        );
        assert_eq!(read(&["basic  OmE6Yg=="]), "basic  a:b");
        assert_eq!(read(&["Bearer tp-1"]), "bearer tp-1");
        assert_eq!(read(&["TOKEN tp-1 "]), "bearer tp-1");
        for bad in [
            "",
            "Basic",
            "Basic !!",
            "Basic YQ==",
            "Basic /w==",
            "Digest x=y",
            "tp-1",
        ] {
            assert_eq!(read(&[bad]), "unreadable", "{bad}");
        }
        assert_eq!(read(&["Bearer a", "Bearer a"]), "unreadable");
    }
}
