//! Bounded fetching: HTTP that takes no more, waits no longer and follows no further than its constants say.
//!
//! [`Agent`] asks for documents and files. Every failure is a [`FetchError`], whose [`cause`](FetchError::cause) tells a
//! network that failed from a server whose answer is no. [`Index`] reads the Simple API (PEPs 503, 629, 691, 700) and the
//! provenance beside it (PEP 740); [`IndexUrl`] is found where pip and uv are told of it.

mod agent;
mod credentials;
mod error;
mod guard;
mod index;
mod index_url;
mod netrc;
mod page;
mod proxy;
mod roots;

pub use agent::{
    Agent, Answer, Document, Downloaded, Question, Secret, Sending, Sent, Settings, SettingsError,
};
pub use credentials::{Credentials, InvalidUrl, parse_url, without_credentials};
pub use error::{Cause, FetchError, TransportError};
pub use guard::{Guard, Reach};
pub use index::{Index, IndexError, provenance_of_url};
pub use index_url::{ConfigurationError, IndexUrl, Places};
pub(crate) use index_url::{UvConfiguration, nearest_uv, read as read_configuration};
pub use netrc::Netrc;
pub use page::{Announced, FileEntry, MAX_PAGE_BYTES, MAX_PAGE_FILES, Page, PageError};
pub(crate) use proxy::is_loopback;
pub use proxy::{InvalidProxy, Proxies};
pub use roots::{Authorities, InvalidAuthorities, NoRoots};

/// The sha256 that a URL's fragment names, as in links of PEP 503: `#sha256=…`.
pub fn fragment_sha256(url: &url::Url) -> Option<String> {
    page::fragment_sha256(url)
}

/// A lookup of environment variables: an argument, so that a test can say what the environment is.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;
