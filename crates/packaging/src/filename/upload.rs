//! How an upload's filename must be spelled, which is stricter than what is read.

use crate::Profile;
use crate::filename::{Filename, SdistFilename, WheelFilename};

/// Why a filename that says something well-formed is still not accepted for an upload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilenameRefused {
    /// An sdist is not spelled as PEP 625 wants it; `.zip` never is.
    #[error("Filename '{given}' is invalid, should be '{expected}'.")]
    Sdist {
        /// The filename.
        given: String,
        /// The one spelling.
        expected: String,
    },
    /// A wheel does not begin with the escaped normal name.
    #[error(
        "Filename '{given}' should contain the normalized project name '{expected}', not '{found}'."
    )]
    WheelName {
        /// The filename.
        given: String,
        /// The escaped normal name.
        expected: String,
        /// What it begins with.
        found: String,
    },
    /// A platform that PyPI does not take wheels for.
    #[error("Binary wheel '{given}' has an unsupported platform tag '{tag}'.")]
    Platform {
        /// The filename.
        given: String,
        /// The first such platform tag.
        tag: String,
    },
}

impl Filename {
    /// Is it spelled as an index requires of an upload? PEP 625 for sdists; for wheels the escaped normal name first,
    /// and under [`Profile::Pypi`] only platform tags that PyPI takes. A wheel's version may be spelled in any way that
    /// PEP 440 reads.
    pub fn check_for_upload(&self, profile: Profile) -> Result<(), FilenameRefused> {
        match self {
            Self::Sdist(sdist) => check_sdist(sdist),
            Self::Wheel(wheel) => check_wheel(wheel, profile),
        }
    }
}

fn check_sdist(sdist: &SdistFilename) -> Result<(), FilenameRefused> {
    let expected = format!("{}-{}.tar.gz", sdist.project().escaped(), sdist.version());
    if sdist.as_str() != expected {
        return Err(FilenameRefused::Sdist {
            given: sdist.as_str().to_owned(),
            expected,
        });
    }
    Ok(())
}

fn check_wheel(wheel: &WheelFilename, profile: Profile) -> Result<(), FilenameRefused> {
    let given = || wheel.as_str().to_owned();
    if profile == Profile::Pypi
        && let Some(tag) = wheel
            .tags()
            .iter()
            .find(|tag| !is_public_platform(&tag.platform))
    {
        return Err(FilenameRefused::Platform {
            given: given(),
            tag: tag.platform.clone(),
        });
    }
    let (found, _) = wheel.name_and_version();
    let expected = wheel.project().escaped();
    if found != expected {
        return Err(FilenameRefused::WheelName {
            given: given(),
            expected,
            found: found.to_owned(),
        });
    }
    Ok(())
}

/// Platforms that have no version in their tag.
const PLATFORMS: [&str; 18] = [
    "any",
    "win32",
    "win_arm64",
    "win_amd64",
    "win_ia64",
    "manylinux1_x86_64",
    "manylinux1_i686",
    "manylinux2010_x86_64",
    "manylinux2010_i686",
    "manylinux2014_x86_64",
    "manylinux2014_i686",
    "manylinux2014_aarch64",
    "manylinux2014_armv7l",
    "manylinux2014_ppc64",
    "manylinux2014_ppc64le",
    "manylinux2014_s390x",
    "linux_armv6l",
    "linux_armv7l",
];

const MACOS: [&str; 11] = [
    "ppc",
    "ppc64",
    "i386",
    "x86_64",
    "arm64",
    "intel",
    "fat",
    "fat3",
    "fat64",
    "universal",
    "universal2",
];
const MANYLINUX: [&str; 8] = [
    "x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64", "ppc64",
];
const MUSLLINUX: [&str; 7] = [
    "x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64",
];
const ANDROID: [&str; 4] = ["armeabi_v7a", "arm64_v8a", "x86", "x86_64"];

/// Is it a platform that PyPI takes wheels for? `tag` is in lower case.
fn is_public_platform(tag: &str) -> bool {
    PLATFORMS.contains(&tag)
        || [macos, manylinux, musllinux, ios, android, emscripten]
            .iter()
            .any(|family| family(tag) == Some(true))
}

fn macos(tag: &str) -> Option<bool> {
    let (major, rest) = number_after(tag, "macosx_")?;
    let (minor, arch) = number_after(rest, "_")?;
    let arch = arch.strip_prefix('_')?;
    let version = match major {
        "10" => true,
        // Since macOS 11 wheels are tagged by major version alone.
        "11" | "12" | "13" | "14" | "15" | "26" => minor == "0",
        _ => false,
    };
    Some(version && MACOS.contains(&arch))
}

fn manylinux(tag: &str) -> Option<bool> {
    Some(MANYLINUX.contains(&after_version(tag, "manylinux_")?))
}

fn musllinux(tag: &str) -> Option<bool> {
    Some(MUSLLINUX.contains(&after_version(tag, "musllinux_")?))
}

fn ios(tag: &str) -> Option<bool> {
    let target = after_version(tag, "ios_")?;
    let arch = target
        .strip_suffix("_iphoneos")
        .or_else(|| target.strip_suffix("_iphonesimulator"))?;
    Some(matches!(arch, "arm64" | "x86_64"))
}

fn android(tag: &str) -> Option<bool> {
    let (_, arch) = number_after(tag, "android_")?;
    Some(ANDROID.contains(&arch.strip_prefix('_')?))
}

fn emscripten(tag: &str) -> Option<bool> {
    Some(after_version(tag, "pyemscripten_")? == "wasm32")
}

/// What follows `{prefix}{number}_{number}_`.
fn after_version<'t>(tag: &'t str, prefix: &str) -> Option<&'t str> {
    let (_, rest) = number_after(tag, prefix)?;
    let (_, rest) = number_after(rest, "_")?;
    rest.strip_prefix('_')
}

/// The digits after `prefix`, at least one, and what follows them.
fn number_after<'t>(tag: &'t str, prefix: &str) -> Option<(&'t str, &'t str)> {
    let rest = tag.strip_prefix(prefix)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}
