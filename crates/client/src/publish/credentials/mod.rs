//! Where to upload and as whom, found where twine, uv and pip are told of it: no index is built in.
//!
//! What was said for uploading counts in this order: the command line, `TOUCHPLATE_PUBLISH_…`, `UV_PUBLISH_…`, `TWINE_…`,
//! then `.pypirc` and uv's configuration ([`Destination::find`]). What a machine keeps for a host, for reading as much as for
//! uploading, comes after the identity of a CI job ([`Credential::kept`]): `.netrc` and `keyring`.
//!
//! What an upload URL has before its host is said of that URL alone, so it comes before variables that are for any.
//! A password goes with the username that was stated before it: one for another username is passed over, never mixed.

mod error;
mod keyring;
mod pypirc;
#[cfg(test)]
mod tests;
mod uv;
mod variables;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::fetch::{Netrc, Places, parse_url};
pub use error::CredentialsError;
pub use keyring::Keyring;
use pypirc::Pypirc;

/// The username that says "the password is a token".
pub const TOKEN_USERNAME: &str = "__token__";

/// What the command line says; each part may be absent.
#[derive(Clone, Copy, Default)]
pub struct Given<'g> {
    /// An upload URL, or the name of an index in `.pypirc` or in uv's configuration.
    pub index: Option<&'g str>,
    /// Who uploads.
    pub username: Option<&'g str>,
    /// Their password.
    pub password: Option<&'g str>,
    /// A token, instead of both.
    pub token: Option<&'g str>,
}

/// Where to upload, and what was said of who does.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The upload URL, without credentials.
    pub url: Url,
    /// Where it was found, in words.
    pub origin: String,
    /// The index's Simple API, if it was said beside the upload URL.
    pub simple: Option<Url>,
    /// Who uploads, if somebody said so; without a [`credential`](Self::credential) their password is still to be found.
    pub username: Option<String>,
    /// What was said for uploading here.
    pub credential: Option<Credential>,
}

/// A username and a password or token. Nothing but [`secret`](Self::secret) and [`authorization`](Self::authorization) shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    username: String,
    password: String,
    origin: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("username", &self.username)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// A token, such as one that was minted for this run; `origin` says in words where it is from.
    pub fn token(token: &str, origin: &str) -> Self {
        Self::new(TOKEN_USERNAME, token, origin)
    }

    fn new(username: &str, password: &str, origin: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            origin: origin.to_owned(),
        }
    }

    /// What the machine keeps for the host of `url`: in `.netrc`, else by `keyring`. Where a username was stated, its alone.
    ///
    /// # Errors
    /// The keyring is there and fails.
    pub fn kept(
        url: &Url,
        username: Option<&str>,
        netrc: &Netrc,
        keyring: Option<&Keyring>,
    ) -> Result<Option<Self>, CredentialsError> {
        let host = url.host_str().unwrap_or_default();
        let known = netrc.of(host);
        if let Some((login, password)) = known
            && username.is_none_or(|username| username == login)
        {
            return Ok(Some(Self::new(login, password, "`.netrc`")));
        }
        keyring.map_or(Ok(None), |keyring| keyring.find(url, username))
    }

    /// Who uploads.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Where it was found, in words.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The password or token, to be masked where a CI service prints a job's output.
    pub fn secret(&self) -> &str {
        &self.password
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> String {
        let pair = format!("{}:{}", self.username, self.password);
        format!("Basic {}", STANDARD.encode(pair))
    }
}

/// An upload URL as somebody wrote it, and where.
#[derive(Clone)]
struct Address {
    text: String,
    origin: String,
    simple: Option<String>,
}

/// What one place says of who uploads.
#[derive(Clone, Default)]
struct Stated {
    username: Option<String>,
    password: Option<String>,
    token: Option<String>,
    origin: String,
}

impl Destination {
    /// What was said of where to upload and as whom; none if nothing names an index.
    ///
    /// # Errors
    /// What was said cannot be used, or names several indexes.
    pub fn find(given: &Given<'_>, places: Places<'_>) -> Result<Option<Self>, CredentialsError> {
        let pypirc = Pypirc::find(places)?;
        let Some(address) = address(given, &pypirc, places)? else {
            return Ok(None);
        };
        let parsed = parse_url(&address.text).map_err(|source| CredentialsError::Url {
            origin: address.origin.clone(),
            source,
        });
        let (url, _) = parsed?;
        let simple = variables::check_url(places.variable)
            .or_else(|| {
                let origin = address.origin.clone();
                address.simple.clone().map(|text| (text, origin))
            })
            .map(|(text, origin)| {
                let parsed = parse_url(&text);
                parsed.map_err(|source| CredentialsError::Url { origin, source })
            })
            .transpose()?
            .map(|(url, _)| url);
        let stated = [of_command_line(given), of_url(&address)]
            .into_iter()
            .chain(variables::stated(places.variable))
            .chain(pypirc.stated(&url));
        let (username, credential) = choose(stated)?;
        Ok(Some(Self {
            url,
            origin: address.origin,
            simple,
            username,
            credential,
        }))
    }
}

/// The first password or token, for the first username; one without a username is a token.
fn choose(
    stated: impl Iterator<Item = Stated>,
) -> Result<(Option<String>, Option<Credential>), CredentialsError> {
    let mut username: Option<String> = None;
    for stated in stated {
        let origin = stated.origin;
        if stated.token.is_some() && (stated.username.is_some() || stated.password.is_some()) {
            return Err(CredentialsError::TokenAndMore { origin });
        }
        let theirs = stated
            .username
            .or_else(|| stated.token.is_some().then(|| TOKEN_USERNAME.to_owned()));
        if let (Some(before), Some(theirs)) = (&username, &theirs)
            && before != theirs
        {
            continue;
        }
        username = username.or(theirs);
        if let Some(password) = stated.token.or(stated.password) {
            let name = username.as_deref().unwrap_or(TOKEN_USERNAME);
            let credential = Credential::new(name, password.trim(), &origin);
            return Ok((Some(name.to_owned()), Some(credential)));
        }
    }
    Ok((username, None))
}

/// The upload URL: what was said for this run, else the one that configuration files name.
fn address(
    given: &Given<'_>,
    pypirc: &Pypirc,
    places: Places<'_>,
) -> Result<Option<Address>, CredentialsError> {
    const FLAG: &str = "`--index`";
    if let Some(text) = given.index {
        if text.contains("://") {
            return Ok(Some(Address::new(text, FLAG)));
        }
        let found = pypirc
            .named(text)
            .map_or_else(|| uv::named(places, text), |it| Ok(Some(it)));
        return found?.map(Some).ok_or_else(|| unknown(text, FLAG));
    }
    for variable in variables::ADDRESSES {
        let Some(text) = variables::set(places.variable, variable.name) else {
            continue;
        };
        let found = match variable.kind {
            variables::Kind::Url => Some(Address::new(&text, &format!("`{}`", variable.name))),
            variables::Kind::TwineName => pypirc.named(&text),
            variables::Kind::UvName => uv::named(places, &text)?,
        };
        return found.map(Some).ok_or_else(|| unknown(&text, variable.name));
    }
    let mut all = pypirc.all();
    all.extend(uv::all(places)?);
    let first = all.first().cloned();
    let same = |one: &Address| first.as_ref().is_some_and(|first| one.text == first.text);
    if all.iter().all(same) {
        return Ok(first);
    }
    let origins: Vec<String> = all.into_iter().map(|address| address.origin).collect();
    Err(CredentialsError::Several {
        origins: origins.join(", "),
    })
}

fn unknown(name: &str, origin: &str) -> CredentialsError {
    CredentialsError::UnknownName {
        name: name.to_owned(),
        origin: origin.to_owned(),
    }
}

impl Address {
    fn new(text: &str, origin: &str) -> Self {
        Self {
            text: text.to_owned(),
            origin: origin.to_owned(),
            simple: None,
        }
    }
}

fn of_command_line(given: &Given<'_>) -> Stated {
    let text = |part: Option<&str>| part.filter(|it| !it.is_empty()).map(str::to_owned);
    Stated {
        username: text(given.username),
        password: text(given.password),
        token: text(given.token),
        origin: "the command line".to_owned(),
    }
}

/// What an upload URL says before its host.
fn of_url(address: &Address) -> Stated {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let url = Url::parse(address.text.trim()).ok();
    let username = url.as_ref().map(|url| decoded(url.username()));
    let password = url.as_ref().and_then(|url| url.password().map(decoded));
    Stated {
        username: username.filter(|it| !it.is_empty()),
        password: password.filter(|it| !it.is_empty()),
        token: None,
        origin: format!("the URL from {}", address.origin),
    }
}
