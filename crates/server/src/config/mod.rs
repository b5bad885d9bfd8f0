//! What an operator decides: a TOML file, the environment, flags; later ones win.
//!
//! [`KEYS`] is the reference. Each key is written the same in the file (`listen = "…"`), in the environment
//! (`TOUCHPLATE_LISTEN`) and as a flag (`--listen`, with `-` for `_`). Keys that nobody knows are refused.

mod audience;
mod limits;
mod provider;
mod source;
mod trust_clock;
mod url;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use touchplate_index::projects::Visibility;
use touchplate_packaging::Profile;
use touchplate_store::{BlobsUrl, DatabaseUrl, Location};

use crate::logging::LogFormat;
use crate::traces::{Collector, Share};

pub use crate::forwarded::{ForwardedHeader, InvalidForwardedHeader};
pub use audience::{Audience, InvalidAudience};
pub use limits::Limits;
pub use provider::{InvalidProvider, Provider};
pub use source::{ConfigError, Origin};
pub use touchplate_index::accounts::{InvalidNetwork, Network};
pub use touchplate_readme::{Images, InvalidImages};
pub use trust_clock::{InvalidTrustClock, TrustClock};
pub use url::{InvalidUrl, PublicUrl};

/// One key, as the reference and `--help` show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// What it decides, and its default.
    pub help: &'static str,
}

const fn key(name: &'static str, value: &'static str, help: &'static str) -> Key {
    Key { name, value, help }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key(
        "url",
        "URL",
        "Where this index is for its readers, such as `https://packages.example`: scheme and host, no path. Provenance \
         URLs need it to be https, or on the loopback. Default: the address listened on",
    ),
    key(
        "listen",
        "ADDRESS:PORT",
        "Where to listen; port 0 takes a free one. Default: `127.0.0.1:8740`",
    ),
    key(
        "data",
        "DIR",
        "The folder for everything that has no place of its own. Default: `touchplate-data`",
    ),
    key(
        "database",
        "sqlite:PATH|postgres://…",
        "The database: a file of SQLite, or `postgres://USER@HOST/DATABASE`, whose password is in the file that `?password_file=PATH` \
         names, in PGPASSWORD or in `~/.pgpass`. Default: `sqlite:touchplate.sqlite` in `data`",
    ),
    key(
        "blobs",
        "file:DIR|s3://…",
        "The distribution files: a folder, or `s3://BUCKET/PREFIX?endpoint=URL`, whose keys are in AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or in the file that `&credentials_file=PATH` names. Default: `blobs` in `data`",
    ),
    key(
        "profile",
        "private|pypi",
        "Which uploads are welcome: `private` takes platform wheels without manylinux, local versions and `Private ::` \
         classifiers; `pypi` refuses them as PyPI does. Default: `private`",
    ),
    key(
        "trusted_root",
        "FILE",
        "A Sigstore `trusted_root.json` to check every project's attestations against. Default: the public-good one of \
         this build",
    ),
    key(
        "trust",
        "DIR",
        "A folder of trust domains (`touchplate trust`) instead of `trusted_root`: each project's attestations are checked \
         by the domain of its name. Read at start. Default: none",
    ),
    key(
        "forwarded_from",
        "NETWORK,…",
        "Proxies, as addresses or networks, whose `forwarded_header` counts: in the log, in limits for addresses, and where a token was \
         narrowed to a network. Default: none",
    ),
    key(
        "forwarded_header",
        "x-forwarded-for|forwarded",
        "The header in which those proxies name the client. The other is not looked at: a proxy passes it on as the client sent it. \
         Default: `x-forwarded-for`",
    ),
    key(
        "files_url",
        "URL",
        "Another host for distribution files, such as `https://files.example`; pages link to it. A request that names it in `Host` gets \
         `/files/` and nothing else. Default: the same host",
    ),
    key(
        "anonymous_read",
        "true|false",
        "Whether reading needs no credentials. Default: `true`",
    ),
    key(
        "default_visibility",
        "public|internal|private",
        "Who may see a project that an upload creates: everybody, any account, its members. Default: `public`",
    ),
    key(
        "readme_images",
        "link|show",
        "What becomes of pictures in long descriptions: links with their alternative text, or pictures that each reader's browser \
         fetches from wherever they are, if under https; their hosts then learn who reads what. Default: `link`",
    ),
    key(
        "index_binding_required",
        "true|false",
        "Whether every file must come with an attestation that names this index, as `touchplate publish` makes it. \
         Default: `false`, as its project asks",
    ),
    key(
        "read_only",
        "true|false",
        "Whether uploads and every other change are answered with 503 and `Retry-After`, while reading goes on: for maintenance. \
         `touchplate admin` still changes what it is told to. Default: `false`",
    ),
    key(
        "max_file_bytes",
        "BYTES",
        "The largest distribution file. Default: 1073741824 (1 GiB)",
    ),
    key(
        "max_project_bytes",
        "BYTES",
        "What the files of one project may have together; `touchplate admin project quota` says otherwise of single ones. Default: \
         no limit",
    ),
    key(
        "tls_cert",
        "FILE",
        "A certificate chain in PEM, to speak https; with `tls_key`. Both are read again when they change. Default: none, http alone",
    ),
    key(
        "tls_key",
        "FILE",
        "The certificate's private key in PEM. Default: none",
    ),
    key(
        "trusted_publishing",
        "true|false",
        "Whether ID tokens of CI jobs are exchanged for tokens to upload with. Default: `true`",
    ),
    key(
        "trusted_publishing_except",
        "PROVIDER,…",
        "Providers whose ID tokens are not exchanged: kinds of issuers (`github`, `gitlab`, `google`, …) or issuers' URLs. The \
         list of issuers can say it too, with `trusted_publishing = false`. Default: none",
    ),
    key(
        "oidc_audience",
        "TEXT",
        "Whom those ID tokens must be for. Never another index's or a signing service's (`pypi`, `testpypi`, `sigstore`): \
         a token for one could be used at the other. Default: host and port of `url`",
    ),
    key(
        "trust_issuers",
        "FILE",
        "Who may obtain which identity from the private trust stack's certificate authority (`touchplate trust init`). \
         Default: `trust/issuers.toml` in `data`",
    ),
    key(
        "trust_key_file",
        "FILE",
        "What the private trust stack's keys are decrypted with. Default: where `touchplate trust init` left it",
    ),
    key(
        "trust_clock",
        "kernel|unchecked",
        "Whether the private trust stack gives timestamps only while the kernel says that the clock is synchronised, or \
         always. Default: `kernel`",
    ),
    key(
        "max_connections",
        "COUNT",
        "Connections at one time, from everywhere; further ones wait until one of these ends. Default: 4096",
    ),
    key(
        "max_connections_per_address",
        "COUNT",
        "Connections at one time from one address, or one /64 of IPv6; further ones are closed. Proxies of `forwarded_from` may have \
         all. Default: 1024",
    ),
    key(
        "max_http2_streams",
        "COUNT",
        "Requests under way at one time on one HTTP/2 connection. Default: 100",
    ),
    key(
        "max_headers",
        "COUNT",
        "Header lines of one request; more are refused with 431. Default: 100",
    ),
    key(
        "max_head_bytes",
        "BYTES",
        "Bytes of a request's first line and headers together; more are refused with 431, or 414 for a longer URL. Default: 65536 (64 KiB)",
    ),
    key(
        "head_seconds",
        "SECONDS",
        "How long a client may take for a TLS handshake, and for a request's head since connecting or since its first byte. Default: 30",
    ),
    key(
        "idle_seconds",
        "SECONDS",
        "How long a connection is kept open between requests. Default: 75",
    ),
    key(
        "stall_seconds",
        "SECONDS",
        "Whoever sends a body or takes an answer is waited for this long before `min_bytes_per_second` is asked of that time. Default: 50",
    ),
    key(
        "min_bytes_per_second",
        "BYTES",
        "The slowest rate at which a client may send a body, which is else refused with 408, or take an answer, which is else cut off. \
         Default: 1000",
    ),
    key(
        "stop_delay_seconds",
        "SECONDS",
        "How long the server, once told to stop, goes on accepting connections while `/readyz` says 503, so that a load balancer \
         leaves it. Default: 0",
    ),
    key(
        "stop_seconds",
        "SECONDS",
        "How long requests under way may go on after that. Default: 8",
    ),
    key(
        "metrics_from",
        "NETWORK,…",
        "Who may read `/metrics`, as addresses or networks; to everybody else there is nothing there, nor through a proxy that \
         `forwarded_from` does not name. Default: `127.0.0.0/8,::1`",
    ),
    key(
        "otlp_endpoint",
        "URL",
        "An OpenTelemetry collector that gets traces by OTLP over HTTP, such as `http://127.0.0.1:4318`; spans go to `/v1/traces` below it. \
         Default: none, no traces",
    ),
    key(
        "otlp_share",
        "SHARE",
        "Which share of traces that begin here is sent, between 0 and 1; one that a client has begun is sent if the client sends its own. \
         Default: `1`",
    ),
    key(
        "log_format",
        "auto|text|json",
        "How log lines look; `auto` is text on a terminal, else JSON. Default: `auto`",
    ),
];

/// The configuration, each value parsed. [`KEYS`] says what each one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where this index is for its readers; none: where it listens.
    pub url: Option<PublicUrl>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The certificate chain to speak TLS with.
    pub tls_cert: Option<PathBuf>,
    /// Its private key.
    pub tls_key: Option<PathBuf>,
    /// Whether ID tokens are exchanged for tokens.
    pub trusted_publishing: bool,
    /// Providers whose ID tokens are not exchanged.
    pub trusted_publishing_except: Vec<Provider>,
    /// Whom ID tokens must be for; none: named after `url`.
    pub oidc_audience: Option<Audience>,
    /// The folder for everything that has no place of its own.
    pub data: PathBuf,
    /// Database and distribution files.
    pub location: Location,
    /// Which uploads are welcome.
    pub profile: Profile,
    /// The trust root's file; none: the public-good one.
    pub trusted_root: Option<PathBuf>,
    /// The folder of trust domains, instead of one root.
    pub trust: Option<PathBuf>,
    /// Proxies whose forwarded headers count.
    pub forwarded_from: Vec<Network>,
    /// The header of theirs that counts.
    pub forwarded_header: ForwardedHeader,
    /// Another host for distribution files.
    pub files_url: Option<PublicUrl>,
    /// Whether reading needs no credentials.
    pub anonymous_read: bool,
    /// Who may see a project that an upload creates.
    pub default_visibility: Visibility,
    /// What becomes of pictures in long descriptions.
    pub readme_images: Images,
    /// Whether every file must come with an attestation that names this index.
    pub index_binding_required: bool,
    /// Whether every change is refused for now.
    pub read_only: bool,
    /// The largest distribution file in bytes.
    pub max_file_bytes: u64,
    /// What the files of one project may have together, in bytes; none: no limit.
    pub max_project_bytes: Option<u64>,
    /// Who may obtain which identity from the private trust stack; none: beside its keys.
    pub trust_issuers: Option<PathBuf>,
    /// What the private trust stack's keys are decrypted with; none: where the stack says.
    pub trust_key_file: Option<PathBuf>,
    /// Whether timestamps need a synchronised clock.
    pub trust_clock: TrustClock,
    /// How much of the server one client may hold, and for how long.
    pub limits: Limits,
    /// Who may read `/metrics`.
    pub metrics_from: Vec<Network>,
    /// Who gets traces; none: nobody.
    pub otlp_endpoint: Option<Collector>,
    /// Which share of traces that begin here is sent.
    pub otlp_share: Share,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// 8740 is no registered service's; the loopback until somebody decides otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8740);

impl Config {
    /// The defaults, with everything in `data`.
    pub fn in_folder(data: &Path) -> Self {
        Self {
            url: None,
            listen: DEFAULT_LISTEN,
            tls_cert: None,
            tls_key: None,
            trusted_publishing: true,
            trusted_publishing_except: Vec::new(),
            oidc_audience: None,
            data: data.to_owned(),
            location: Location {
                database: DatabaseUrl::Sqlite(data.join("touchplate.sqlite")),
                blobs: BlobsUrl::File(data.join("blobs")),
            },
            profile: Profile::default(),
            trusted_root: None,
            trust: None,
            forwarded_from: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            files_url: None,
            anonymous_read: true,
            default_visibility: Visibility::Public,
            readme_images: Images::default(),
            index_binding_required: false,
            read_only: false,
            max_file_bytes: touchplate_index::DEFAULT_MAX_FILE_BYTES,
            max_project_bytes: None,
            trust_issuers: None,
            trust_key_file: None,
            trust_clock: TrustClock::default(),
            limits: Limits::default(),
            metrics_from: Network::loopback().to_vec(),
            otlp_endpoint: None,
            otlp_share: Share::default(),
            log_format: LogFormat::Auto,
        }
    }

    /// Reads the file, if one is named, then the environment, then the flags, as pairs of key and value.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value is not what its key needs; the message says where it
    /// stands.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let values = source::gather(file, environment, flags)?;
        let data = values
            .parsed::<PathBuf>("data")?
            .unwrap_or_else(|| PathBuf::from("touchplate-data"));
        let defaults = Self::in_folder(&data);
        Ok(Self {
            url: values.parsed("url")?,
            listen: values.parsed("listen")?.unwrap_or(defaults.listen),
            tls_cert: values.parsed("tls_cert")?,
            tls_key: values.parsed("tls_key")?,
            trusted_publishing: values
                .parsed("trusted_publishing")?
                .unwrap_or(defaults.trusted_publishing),
            trusted_publishing_except: values.list("trusted_publishing_except")?,
            oidc_audience: values.parsed("oidc_audience")?,
            location: Location {
                database: values
                    .parsed("database")?
                    .unwrap_or(defaults.location.database),
                blobs: values.parsed("blobs")?.unwrap_or(defaults.location.blobs),
            },
            profile: values.parsed("profile")?.unwrap_or(defaults.profile),
            trusted_root: values.parsed("trusted_root")?,
            trust: values.parsed("trust")?,
            forwarded_from: values.list("forwarded_from")?,
            forwarded_header: values
                .parsed("forwarded_header")?
                .unwrap_or(defaults.forwarded_header),
            files_url: values.parsed("files_url")?,
            anonymous_read: values
                .parsed("anonymous_read")?
                .unwrap_or(defaults.anonymous_read),
            default_visibility: values
                .parsed("default_visibility")?
                .unwrap_or(defaults.default_visibility),
            readme_images: values
                .parsed("readme_images")?
                .unwrap_or(defaults.readme_images),
            index_binding_required: values
                .parsed("index_binding_required")?
                .unwrap_or(defaults.index_binding_required),
            read_only: values.parsed("read_only")?.unwrap_or(defaults.read_only),
            max_file_bytes: values
                .parsed("max_file_bytes")?
                .unwrap_or(defaults.max_file_bytes),
            max_project_bytes: values.parsed("max_project_bytes")?,
            trust_issuers: values.parsed("trust_issuers")?,
            trust_key_file: values.parsed("trust_key_file")?,
            trust_clock: values
                .parsed("trust_clock")?
                .unwrap_or(defaults.trust_clock),
            limits: Limits::read(&values)?,
            metrics_from: values.list_or("metrics_from", defaults.metrics_from)?,
            otlp_endpoint: values.parsed("otlp_endpoint")?,
            otlp_share: values.parsed("otlp_share")?.unwrap_or(defaults.otlp_share),
            log_format: values.parsed("log_format")?.unwrap_or(defaults.log_format),
            data,
        })
    }
}

#[cfg(test)]
mod tests;
