//! The demo's project: a wheel and an sdist of a module with one function, made without Python, byte for byte the same
//! each time.

use std::io::{self, Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use touchplate_packaging::{Digests, FileKind, Hasher};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The project's name.
pub(crate) const NAME: &str = "sampleproject";
/// What `Metadata-Version` says.
pub(crate) const METADATA_VERSION: &str = "2.1";
/// What `Requires-Python` says.
pub(crate) const REQUIRES_PYTHON: &str = ">=3.9";
/// What `Summary` says.
pub(crate) const SUMMARY: &str = "A project that touchplate's demo built, signed and published";

const MODULE: &str =
    "\"\"\"Says hello.\"\"\"\n\n\ndef hello() -> str:\n    return \"hello from sampleproject\"\n";
const README: &str = "# sampleproject\n\nMade by `touchplate demo`.\n";
const WHEEL: &str =
    "Wheel-Version: 1.0\nGenerator: touchplate-demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// A distribution file in memory.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    /// Its name.
    pub(crate) filename: String,
    /// The release it belongs to.
    pub(crate) version: &'static str,
    /// Wheel or sdist.
    pub(crate) kind: FileKind,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Distribution {
    /// The wheel of a release.
    pub(crate) fn wheel(version: &'static str) -> io::Result<Self> {
        let filename = format!("{NAME}-{version}-py3-none-any.whl");
        Ok(Self {
            filename,
            version,
            kind: FileKind::Wheel,
            bytes: wheel(version)?,
        })
    }

    /// The sdist of a release.
    pub(crate) fn sdist(version: &'static str) -> io::Result<Self> {
        let filename = format!("{NAME}-{version}.tar.gz");
        Ok(Self {
            filename,
            version,
            kind: FileKind::Sdist,
            bytes: sdist(version)?,
        })
    }

    /// The digests of its bytes.
    pub(crate) fn digests(&self) -> Digests {
        let mut hasher = Hasher::new();
        hasher.update(&self.bytes);
        hasher.finish().0
    }

    /// The same sdist with one byte changed that unpacking ignores: the lowest one of the time in gzip's header (RFC 1952
    /// §2.3). It is still a valid sdist with the same contents, so that nothing but the attestation can tell.
    pub(crate) fn with_one_byte_changed(&self) -> Self {
        const TIME: usize = 4;
        let mut changed = self.clone();
        if let Some(byte) = changed.bytes.get_mut(TIME) {
            *byte ^= 1;
        }
        changed
    }
}

fn metadata(version: &str) -> String {
    format!(
        "Metadata-Version: {METADATA_VERSION}\nName: {NAME}\nVersion: {version}\nSummary: {SUMMARY}\n\
         Requires-Python: {REQUIRES_PYTHON}\n"
    )
}

fn wheel(version: &str) -> io::Result<Vec<u8>> {
    let info = format!("{NAME}-{version}.dist-info");
    let files = [
        (format!("{NAME}/__init__.py"), MODULE.to_owned()),
        (format!("{info}/METADATA"), metadata(version)),
        (format!("{info}/WHEEL"), WHEEL.to_owned()),
    ];
    let lines = files.iter().map(|(path, text)| {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        format!("{path},sha256={digest},{}\n", text.len())
    });
    let record = (
        format!("{info}/RECORD"),
        format!("{}{info}/RECORD,,\n", lines.collect::<String>()),
    );
    // Without a clock the library writes 1980-01-01, the earliest time that a zip file knows.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files.iter().chain([&record]) {
        zip.start_file(path.as_str(), options)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

fn sdist(version: &str) -> io::Result<Vec<u8>> {
    let folder = format!("{NAME}-{version}");
    let pyproject = format!(
        "[build-system]\nrequires = [\"setuptools>=77\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\n\
         name = \"{NAME}\"\nversion = \"{version}\"\ndescription = \"{SUMMARY}\"\nrequires-python = \"{REQUIRES_PYTHON}\"\n\n\
         [tool.setuptools]\npackages = [\"{NAME}\"]\n"
    );
    let files = [
        ("PKG-INFO".to_owned(), metadata(version)),
        ("README.md".to_owned(), README.to_owned()),
        ("pyproject.toml".to_owned(), pyproject),
        (format!("{NAME}/__init__.py"), MODULE.to_owned()),
    ];
    let gzip: GzEncoder<Vec<u8>> = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (path, text) in &files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // A fixed day: with none, some tools warn about files from 1970.
        header.set_mtime(1_704_067_200);
        tar.append_data(&mut header, format!("{folder}/{path}"), text.as_bytes())?;
    }
    tar.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use touchplate_packaging::Profile;
    use touchplate_packaging::archive::{Limits, inspect};

    use super::*;

    #[test]
    fn the_files_are_what_their_names_say_and_the_same_each_time() {
        for make in [Distribution::wheel, Distribution::sdist] {
            let built = make("1.0").unwrap();
            assert_eq!(built.bytes, make("1.0").unwrap().bytes);
            for file in [built.clone(), built.with_one_byte_changed()] {
                if file.kind == FileKind::Wheel && file.bytes != built.bytes {
                    continue; // A wheel has no byte that does not count.
                }
                let filename = file.filename.parse().unwrap();
                let mut bytes = Cursor::new(&file.bytes);
                let contents =
                    inspect(&mut bytes, &filename, Profile::Pypi, &Limits::default()).unwrap();
                assert_eq!(contents.metadata.name.as_str(), NAME);
            }
        }
    }

    #[test]
    fn one_byte_changes_and_the_digest_with_it() {
        let file = Distribution::sdist("1.0").unwrap();
        let changed = file.with_one_byte_changed();
        let differing = file
            .bytes
            .iter()
            .zip(&changed.bytes)
            .filter(|(a, b)| a != b)
            .count();
        assert_eq!(differing, 1);
        let digests: BTreeSet<_> = [&file, &changed].map(|file| file.digests().sha256).into();
        assert_eq!(digests.len(), 2);
    }
}
