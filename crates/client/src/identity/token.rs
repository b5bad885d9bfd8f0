//! An ID token as its holder sees it: read, not checked. Whether it holds is for those to say whom it is shown to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::{JsonError, TokenClaims, read_strict_json};

/// The longest token that is taken. Those of CI services have 1 to 3 kB; 16 kB is what servers take as one header.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// An OpenID Connect ID token. It is a secret as long as it is valid: nothing here shows it.
#[derive(Clone)]
pub struct IdentityToken {
    text: String,
    claims: Value,
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .finish_non_exhaustive()
    }
}

/// Why text is no ID token. No message repeats it.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("expected an ID token of at most {MAX_TOKEN_BYTES} bytes, found {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not the three parts of a signed token (RFC 7515 §7.1).
    #[error("expected an ID token: three parts in base64url with dots between them")]
    Form,
    /// Its claims are no JSON.
    #[error("the claims of the ID token are not readable")]
    Claims(#[source] JsonError),
    /// OpenID Connect Core §2 requires them.
    #[error("the ID token has no claim `{claim}`")]
    Missing {
        /// Its name.
        claim: &'static str,
    },
    /// It was good once.
    #[error("the ID token expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl IdentityToken {
    /// Reads a token; white space around it is left out.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { found: text.len() });
        }
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(TokenError::Form);
        };
        let claims = decoded(claims).filter(|_| decoded(header).is_some());
        let claims = claims.filter(|_| decoded(signature).is_some_and(|it| !it.is_empty()));
        let claims = claims.ok_or(TokenError::Form)?;
        let claims = read_strict_json(&claims, MAX_TOKEN_BYTES).map_err(TokenError::Claims)?;
        let token = Self {
            text: text.to_owned(),
            claims,
        };
        for claim in ["iss", "sub"] {
            if token.claim(claim).is_none() {
                return Err(TokenError::Missing { claim });
            }
        }
        if token.expiry().is_none() {
            return Err(TokenError::Missing { claim: "exp" });
        }
        Ok(token)
    }

    /// Refuses one whose time is over: the services would, and say it less plainly.
    ///
    /// # Errors
    /// It is.
    pub fn in_force(self, now: Timestamp) -> Result<Self, TokenError> {
        match self.expiry() {
            Some(at) if at <= now => Err(TokenError::Expired { at }),
            _ => Ok(self),
        }
    }

    /// The token itself, for the service that asks for it.
    pub fn secret(&self) -> &str {
        &self.text
    }

    /// Who vouches.
    pub fn issuer(&self) -> &str {
        self.claim("iss").unwrap_or_default()
    }

    /// For whom.
    pub fn subject(&self) -> &str {
        self.claim("sub").unwrap_or_default()
    }

    /// What it says, for comparing with a publisher. Nobody has checked it.
    pub fn unchecked_claims(&self) -> TokenClaims {
        let claims = self.claims.as_object().cloned().unwrap_or_default();
        TokenClaims::new(self.vouching_issuer(), claims)
    }

    /// A claim that is text.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whom it may be shown to.
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The issuer that a certificate will name: of a provider that passes on others' words, the other (Dex's
    /// `federated_claims`).
    pub fn vouching_issuer(&self) -> &str {
        let federated = self.claims.get("federated_claims");
        let connector = federated.and_then(|it| it.get("connector_id")?.as_str());
        connector
            .filter(|it| it.starts_with("https://"))
            .unwrap_or_else(|| self.issuer())
    }

    /// The repository, if the token says that it is not public, and what it says: `private` or `internal`.
    pub fn closed_repository(&self) -> Option<ClosedRepository<'_>> {
        // GitHub's two claims, and GitLab's two.
        let kinds = [
            ("repository", "repository_visibility"),
            ("project_path", "project_visibility"),
        ];
        kinds.into_iter().find_map(|(repository, visibility)| {
            let visibility = self.claim(visibility).filter(|it| *it != "public")?;
            Some(ClosedRepository {
                repository: self.claim(repository).unwrap_or_else(|| self.subject()),
                visibility,
            })
        })
    }

    fn expiry(&self) -> Option<Timestamp> {
        // RFC 7519 §2 allows fractions.
        let seconds = self.claims.get("exp")?;
        let seconds = seconds
            .as_i64()
            .or_else(|| seconds.as_f64().map(|it| it as i64))?;
        Timestamp::from_second(seconds).ok()
    }
}

/// A repository that is not for everybody, in a token's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedRepository<'t> {
    /// Its name.
    pub repository: &'t str,
    /// `private`, `internal`, or a word that is newer than this program.
    pub visibility: &'t str,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A token that says this, signed by nobody.
    pub(crate) fn token(claims: &Value) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = part(r#"{"alg":"RS256","kid":"k"}"#);
        format!(
            "{header}.{}.{}",
            part(&claims.to_string()),
            part("signature")
        )
    }

    #[test]
    fn claims_are_read_and_the_token_is_never_shown() {
        let text = token(
            &json!({"iss": "https://i.example", "sub": "s", "exp": 1_000, "aud": ["a", "b"],
            "repository": "o/r", "repository_visibility": "internal"}),
        );
        let read = IdentityToken::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(read.secret(), text);
        assert_eq!((read.issuer(), read.subject()), ("https://i.example", "s"));
        assert_eq!(read.audiences(), ["a", "b"]);
        let closed = read.closed_repository().unwrap();
        assert_eq!((closed.repository, closed.visibility), ("o/r", "internal"));
        assert!(!format!("{read:?}").contains(&text[..20]));
        let late = read.in_force(Timestamp::from_second(1_000).unwrap());
        assert!(matches!(late, Err(TokenError::Expired { .. })));
    }

    #[test]
    fn the_issuer_behind_a_federating_one_is_the_one_that_certificates_name() {
        let claims = json!({"iss": "https://dex.example", "sub": "s", "exp": 1,
            "federated_claims": {"connector_id": "https://accounts.example"}});
        let read = IdentityToken::parse(&token(&claims)).unwrap();
        assert_eq!(read.vouching_issuer(), "https://accounts.example");
        assert_eq!(read.closed_repository(), None);
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        for text in [
            "",
            "secret",
            "a.b",
            "a.b.c.d",
            "!.e30.c2ln",
            "e30.e30.",
            "e30.!.c2ln",
        ] {
            let refused = IdentityToken::parse(text).unwrap_err();
            assert!(matches!(refused, TokenError::Form), "{text}");
            assert!(!refused.to_string().contains("secret"));
        }
        let refused = |claims: &Value| IdentityToken::parse(&token(claims)).unwrap_err();
        assert!(matches!(
            refused(&json!({"iss": "i", "exp": 1})),
            TokenError::Missing { claim: "sub" }
        ));
        assert!(matches!(
            refused(&json!({"iss": "i", "sub": "s", "exp": "soon"})),
            TokenError::Missing { claim: "exp" }
        ));
        let long = "a".repeat(MAX_TOKEN_BYTES + 1);
        assert!(matches!(
            IdentityToken::parse(&long),
            Err(TokenError::TooLong { .. })
        ));
        let twice = format!(
            "e30.{}.c2ln",
            URL_SAFE_NO_PAD.encode(r#"{"iss":"a","iss":"b"}"#)
        );
        assert!(matches!(
            IdentityToken::parse(&twice),
            Err(TokenError::Claims(_))
        ));
    }
}
