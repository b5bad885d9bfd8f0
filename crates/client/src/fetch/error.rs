//! Why something was not fetched, and whose fault it was.

use std::io;
use std::net::IpAddr;

use touchplate_packaging::Sha256;
use url::Url;

use super::roots::NoRoots;

/// Why something was not fetched. No message holds credentials: a URL loses them when it is parsed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer came at all.
    #[error("{url} could not be reached")]
    Unreachable {
        /// What was asked for.
        url: Url,
        /// Why not.
        source: TransportError,
    },
    /// The answer began and did not end.
    #[error("the answer from {url} broke off after {received} bytes")]
    BrokenOff {
        /// What was asked for.
        url: Url,
        /// How much had come.
        received: u64,
        /// Why.
        source: io::Error,
    },
    /// The answer did not end in time.
    #[error("the answer from {url} took longer than {seconds} seconds")]
    TooSlow {
        /// What was asked for.
        url: Url,
        /// The limit.
        seconds: u64,
    },
    /// The server failed, or has no time: 408, 429 or 5xx.
    #[error("{url} answered {status}: the server failed")]
    ServerFailed {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// 404 or 410.
    #[error("{url} does not exist: the server answered {status}")]
    Absent {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// 401, 403 or 407.
    #[error("{url} answered {status}: access is denied")]
    Denied {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// A status that no `GET` of ours can lead to.
    #[error("{url} answered {status}; expected 200")]
    Status {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// A redirect without a usable `Location`.
    #[error("{url} redirects with status {status}, but not to an http or https URL")]
    BadRedirect {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// More redirects than anyone needs.
    #[error("{url} led through more than {limit} redirects")]
    TooManyRedirects {
        /// What was asked for at first.
        url: Url,
        /// The limit.
        limit: usize,
    },
    /// A redirect that would give up encryption.
    #[error("{url} redirects to {to}, which gives up https")]
    Downgrade {
        /// What was asked for.
        url: Url,
        /// Where it leads.
        to: Url,
    },
    /// A redirect to another host, where that may not be.
    #[error("{url} redirects to another host, {to}")]
    OtherHost {
        /// What was asked for.
        url: Url,
        /// Where it leads.
        to: Url,
    },
    /// No https, where it must be.
    #[error("expected an https URL, found {url}")]
    Insecure {
        /// What was to be asked for.
        url: Url,
    },
    /// A name that resolves to addresses that may not be connected to.
    #[error(
        "{url} is at {address}, which is out of reach: private and local addresses are connected to only if that is configured"
    )]
    OutOfReach {
        /// What was asked for.
        url: Url,
        /// One of its addresses.
        address: IpAddr,
    },
    /// Neither http nor https.
    #[error("{url} is not an http or https URL")]
    Scheme {
        /// What was asked for.
        url: Url,
    },
    /// More than was allowed for.
    #[error("{url} has more than the {limit} bytes that are allowed for it")]
    TooLarge {
        /// What was asked for.
        url: Url,
        /// The limit.
        limit: u64,
    },
    /// Something else than was announced.
    #[error("{url} is not the file that was announced: expected sha256 {expected}, found {found}")]
    Digest {
        /// What was asked for.
        url: Url,
        /// As announced.
        expected: Sha256,
        /// Of what came.
        found: Sha256,
    },
    /// No certificate authority to check a server by.
    #[error("https cannot be used for {url}")]
    Roots {
        /// What was asked for.
        url: Url,
        /// Why.
        source: NoRoots,
    },
    /// What came could not be written down.
    #[error("what {url} sent could not be written to disk")]
    Disk {
        /// What was asked for.
        url: Url,
        /// Why.
        source: io::Error,
    },
}

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The network, the server or the disk failed: another time it may work.
    Outside,
    /// The server's answer is no: there is no such thing, or it is not what was announced.
    No,
    /// The caller's configuration: wrong credentials, no certificate authorities, a URL of another scheme.
    Configuration,
}

/// What the transport said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub(super) Box<ureq::Error>);

impl FetchError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Unreachable { .. }
            | Self::BrokenOff { .. }
            | Self::TooSlow { .. }
            | Self::ServerFailed { .. }
            | Self::Status { .. }
            | Self::BadRedirect { .. }
            | Self::TooManyRedirects { .. }
            | Self::Downgrade { .. }
            | Self::OtherHost { .. }
            | Self::TooLarge { .. }
            | Self::Disk { .. } => Cause::Outside,
            Self::Absent { .. } | Self::Digest { .. } => Cause::No,
            Self::Denied { .. }
            | Self::Scheme { .. }
            | Self::Insecure { .. }
            | Self::OutOfReach { .. }
            | Self::Roots { .. } => Cause::Configuration,
        }
    }

    /// Whether the same question may have another answer in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => source.is_passing(),
            Self::BrokenOff { .. } => true,
            Self::ServerFailed { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::TooSlow { .. }
            | Self::Absent { .. }
            | Self::Denied { .. }
            | Self::Status { .. }
            | Self::BadRedirect { .. }
            | Self::TooManyRedirects { .. }
            | Self::Downgrade { .. }
            | Self::OtherHost { .. }
            | Self::Insecure { .. }
            | Self::OutOfReach { .. }
            | Self::Scheme { .. }
            | Self::TooLarge { .. }
            | Self::Digest { .. }
            | Self::Roots { .. }
            | Self::Disk { .. } => false,
        }
    }
}

impl TransportError {
    fn is_passing(&self) -> bool {
        match &*self.0 {
            // A certificate that does not hold comes as invalid data; it will not hold in a second either.
            ureq::Error::Io(error) => error.kind() != io::ErrorKind::InvalidData,
            ureq::Error::Timeout(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::ConnectProxyFailed(_) => true,
            _ => false,
        }
    }
}
