//! Bounded fetching: HTTP that takes no more, waits no longer and follows no further than its constants say.
//!
//! [`Agent`] asks for documents and files. Every failure is a [`FetchError`], whose [`cause`](FetchError::cause) tells a
//! network that failed from a server whose answer is no.

mod agent;
mod credentials;
mod error;
mod netrc;
mod proxy;
mod roots;

pub use agent::{Agent, Document, Downloaded, Settings, SettingsError};
pub use credentials::{Credentials, InvalidUrl, parse_url};
pub use error::{Cause, FetchError, TransportError};
pub use netrc::Netrc;
pub use proxy::{InvalidProxy, Proxies};
pub use roots::NoRoots;

/// A lookup of environment variables: an argument, so that a test can say what the environment is.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;
