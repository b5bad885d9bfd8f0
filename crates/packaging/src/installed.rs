//! What installers leave beside an installed distribution, in its `.dist-info` directory: RECORD, WHEEL, `direct_url.json`
//! and `entry_points.txt` (recording installed projects, PEPs 376, 427, 610 and 627).
//!
//! All of it was written by whoever installed, or by whoever came after: it says where to look, and proves nothing.

mod commands;
mod direct_url;
mod record;
mod wheel_file;

pub use commands::{Command, MAX_LAUNCHER_BYTES, commands, is_launcher, launcher_body};
pub use direct_url::{DirectUrl, DirectUrlError};
pub use record::{Record, RecordError, RecordRow};
pub use wheel_file::{WheelFile, WheelFileError};

/// RECORD of 100,000 files with long paths has some 20 MB; the other files have some kilobytes.
pub const MAX_INSTALLED_BYTES: usize = 32 << 20;

/// Files that installers add to `.dist-info`, or write anew: no wheel says what is in them.
const OF_INSTALLERS: [&str; 9] = [
    "RECORD",
    "RECORD.jws",
    "RECORD.p7s",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
    "provenance_url.json",
    "uv_build.json",
    "uv_cache.json",
];

/// Whether a file of this name in `.dist-info` is the installer's own.
pub fn is_of_installer(name: &str) -> bool {
    OF_INSTALLERS.contains(&name)
}

#[cfg(test)]
mod tests;
