//! How much of the server one client may hold, and for how long.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::ConfigError;
use super::source::Values;

/// Bounds of connections, of requests' heads, of how slowly somebody may send or take, and of how the server stops.
/// [`KEYS`](super::KEYS) says what each one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// Connections at one time from one address.
    pub connections_per_address: usize,
    /// Requests under way on one HTTP/2 connection.
    pub http2_streams: u32,
    /// Header lines of one request.
    pub headers: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// For a request's head, from its first byte, or from connecting.
    pub head_time: Duration,
    /// Between a connection's requests.
    pub idle_time: Duration,
    /// So long is waited before it counts how much came or went meanwhile.
    pub stall_time: Duration,
    /// So much must come or go in a second of waiting.
    pub bytes_per_second: u64,
    /// The server is not ready for so long before it stops accepting.
    pub stop_delay: Duration,
    /// Requests under way may finish for so long.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Each takes one file descriptor, and one more while it downloads or uploads; systemd's and Docker's usual
            // limit is far above, a login shell's 1024 is not.
            connections: 4096,
            // An office or a CI farm behind one address, each of whose installers opens some twenty; four of them fill the
            // server.
            connections_per_address: 1024,
            // Browsers and uv keep to what they are told, commonly a hundred.
            http2_streams: 100,
            // Browsers send about 20, proxies add some.
            headers: 100,
            // Longer than any URL and token of ours.
            head_bytes: 64 << 10,
            head_time: Duration::from_secs(30),
            // As nginx; longer than the 60 seconds for which proxies commonly keep an idle connection, or they would send
            // a request just when it is closed.
            idle_time: Duration::from_secs(75),
            // Less than the 60 seconds that proxies commonly wait, so that the client hears our reason, not theirs.
            stall_time: Duration::from_secs(50),
            // A seventh of a telephone modem's rate.
            bytes_per_second: 1000,
            stop_delay: Duration::ZERO,
            // Service managers commonly kill after 10 seconds (Docker) or more.
            stop_time: Duration::from_secs(8),
        }
    }
}

impl Limits {
    /// From what the operator gave.
    pub(super) fn read(values: &Values) -> Result<Self, ConfigError> {
        let defaults = Self::default();
        let seconds = |key, default| {
            let given = values.parsed::<Within<1, MAX_SECONDS>>(key)?;
            Ok(given.map_or(default, |seconds| Duration::from_secs(seconds.0)))
        };
        let stop_delay = values.parsed::<Within<0, MAX_SECONDS>>("stop_delay_seconds")?;
        let count = |key, default: usize| {
            let given = values.parsed::<Within<1, MAX_COUNT>>(key)?;
            Ok(given.map_or(default, Within::size))
        };
        let head_bytes =
            values.parsed::<Within<MIN_HEAD_BYTES, MAX_HEAD_BYTES>>("max_head_bytes")?;
        let streams = values.parsed::<Within<1, MAX_STREAMS>>("max_http2_streams")?;
        let rate = values.parsed::<Within<1, MAX_COUNT>>("min_bytes_per_second")?;
        Ok(Self {
            connections: count("max_connections", defaults.connections)?,
            connections_per_address: count(
                "max_connections_per_address",
                defaults.connections_per_address,
            )?,
            http2_streams: streams.map_or(defaults.http2_streams, |streams| {
                u32::try_from(streams.0).unwrap_or(u32::MAX)
            }),
            headers: count("max_headers", defaults.headers)?,
            head_bytes: head_bytes.map_or(defaults.head_bytes, Within::size),
            head_time: seconds("head_seconds", defaults.head_time)?,
            idle_time: seconds("idle_seconds", defaults.idle_time)?,
            stall_time: seconds("stall_seconds", defaults.stall_time)?,
            bytes_per_second: rate.map_or(defaults.bytes_per_second, |rate| rate.0),
            stop_delay: stop_delay.map_or(defaults.stop_delay, |it| Duration::from_secs(it.0)),
            stop_time: seconds("stop_seconds", defaults.stop_time)?,
        })
    }

    /// The least that must come or go in [`Limits::stall_time`] of waiting.
    pub(crate) fn least_bytes(&self) -> u64 {
        self.bytes_per_second
            .saturating_mul(self.stall_time.as_secs())
    }
}

/// A day: nobody means more.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// Connections, headers, bytes in a second: more than any machine has, and small enough to be counted with.
const MAX_COUNT: u64 = 1_000_000;

/// What hyper reads at once at the least.
const MIN_HEAD_BYTES: u64 = 8 << 10;

/// A connection that sends its head slowly holds this much.
const MAX_HEAD_BYTES: u64 = 1 << 20;

/// Each is a task, and memory for its head.
const MAX_STREAMS: u64 = 10_000;

/// A whole number between two others.
struct Within<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Within<LEAST, MOST> {
    fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A text that is no such number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OutOfBounds {
    least: u64,
    most: u64,
    given: String,
}

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, most, given } = self;
        write!(
            f,
            "expected a whole number from {least} to {most}, found `{given}`"
        )
    }
}

impl std::error::Error for OutOfBounds {}

impl<const LEAST: u64, const MOST: u64> FromStr for Within<LEAST, MOST> {
    type Err = OutOfBounds;

    fn from_str(given: &str) -> Result<Self, OutOfBounds> {
        let digits = given.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| given.parse().ok()).flatten();
        let number = number.filter(|number| (LEAST..=MOST).contains(number));
        number.map(Self).ok_or_else(|| OutOfBounds {
            least: LEAST,
            most: MOST,
            given: given.chars().take(40).collect(),
        })
    }
}
