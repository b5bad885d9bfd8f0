//! What an index would refuse, found before the first byte is sent, by the code that our index itself checks with.
//!
//! Another index may be stricter or more lenient; [`Profile::Private`] is what the most lenient takes.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use touchplate_packaging::archive::{self, ArchiveError, Contents, Disagreement, Limits};
use touchplate_packaging::{
    CoreMetadata, FilenameRefused, MetadataError, Profile, ProjectName, Version,
};

use super::Distribution;

/// Why no index would take a file.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Its name is spelled in a way that is read but not taken.
    #[error("`{}` cannot be uploaded under this name", path.display())]
    Filename {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: FilenameRefused,
    },
    /// It could not be opened.
    #[error("`{}` could not be read", path.display())]
    Unreadable {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no distribution, or not the one that its name says.
    #[error("`{}` would be refused", path.display())]
    Archive {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// Its metadata break a rule for uploads.
    #[error("the metadata of `{}` would be refused", path.display())]
    Metadata {
        /// Where it is.
        path: PathBuf,
        /// Which rule.
        source: MetadataError,
    },
    /// The form would say another thing than the file.
    #[error("the upload form would not agree with the metadata of `{}`", path.display())]
    Form {
        /// Where it is.
        path: PathBuf,
        /// Where they differ.
        source: Disagreement,
    },
}

/// Checks the name and the archive: what it holds, and that its metadata are about the project and version that its name
/// says. All of it is decompressed.
///
/// # Errors
/// See [`CheckError`].
pub fn inspect(file: &Distribution, profile: Profile) -> Result<Contents, CheckError> {
    let path = || file.path().to_owned();
    let spelled = file.filename().check_for_upload(profile);
    spelled.map_err(|source| CheckError::Filename {
        path: path(),
        source,
    })?;
    let mut bytes = File::open(file.path()).map_err(|source| CheckError::Unreadable {
        path: path(),
        source,
    })?;
    let contents = archive::inspect(&mut bytes, file.filename(), profile, &Limits::default());
    contents.map_err(|source| match source {
        ArchiveError::Read(source) => CheckError::Unreadable {
            path: path(),
            source,
        },
        source => CheckError::Archive {
            path: path(),
            source,
        },
    })
}

/// Checks the text fields of the upload form that were made of `contents`, as the index will.
///
/// # Errors
/// See [`CheckError`].
pub fn form(
    file: &Distribution,
    contents: &Contents,
    fields: &[(String, String)],
    profile: Profile,
) -> Result<(), CheckError> {
    let path = || file.path().to_owned();
    let metadata = CoreMetadata::from_form(fields, profile);
    let metadata = metadata.map_err(|source| CheckError::Metadata {
        path: path(),
        source,
    })?;
    let agreed = archive::compare(&metadata, &contents.metadata);
    agreed.map(drop).map_err(|source| CheckError::Form {
        path: path(),
        source,
    })
}

/// The files of one release.
#[derive(Debug)]
pub struct Release<'f> {
    /// Its project.
    pub project: &'f ProjectName,
    /// Its version.
    pub version: &'f Version,
    /// Its files, in the order given.
    pub files: Vec<&'f Distribution>,
}

/// The releases that a run publishes: usually one. A folder of a workspace holds several projects, and a folder that was
/// not emptied an old version as well; each is compared with its own past, and a plan names them all.
pub fn releases(files: &[Distribution]) -> Vec<Release<'_>> {
    let mut releases: Vec<Release<'_>> = Vec::new();
    for file in files {
        let (project, version) = (file.filename().project(), file.filename().version());
        let same = |it: &&mut Release<'_>| it.project == project && it.version == version;
        match releases.iter_mut().find(same) {
            Some(release) => release.files.push(file),
            None => releases.push(Release {
                project,
                version,
                files: vec![file],
            }),
        }
    }
    releases
}

/// A file that a run has twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` and `{}` are the same distribution with other contents: publish one of them", one.display(), other.display())]
pub struct Twice {
    /// Where it is.
    pub one: PathBuf,
    /// Where it is as well.
    pub other: PathBuf,
}

/// Refuses two files that an index would take for the same, unless their bytes are the same as well.
///
/// # Errors
/// There are two.
pub fn each_once(files: &[Distribution]) -> Result<(), Twice> {
    for (at, one) in files.iter().enumerate() {
        let others = files.iter().skip(at + 1);
        for other in others {
            if one.filename().is_same_distribution(other.filename())
                && one.digests().sha256 != other.digests().sha256
            {
                return Err(Twice {
                    one: one.path().to_owned(),
                    other: other.path().to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    /// An sdist with this PKG-INFO, in a folder of its own.
    fn sdist(folder: &Path, filename: &str, directory: &str, metadata: &str) -> Distribution {
        let path = folder.join(filename);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = GzEncoder::new(Vec::new(), Compression::fast());
        let name = format!("{directory}/PKG-INFO");
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", metadata.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().copied().map(u32::from).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        bytes.write_all(&header).unwrap();
        bytes.write_all(metadata.as_bytes()).unwrap();
        bytes
            .write_all(&vec![0; 512 - metadata.len() % 512 + 1024])
            .unwrap();
        fs::write(&path, bytes.finish().unwrap()).unwrap();
        Distribution::read(&path, &mut |_| {}).unwrap()
    }

    const METADATA: &str = "Metadata-Version: 2.2\nName: Demo\nVersion: 1.0\nSummary: A demo\n";

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_good_file_has_its_contents_told() {
        let folder = TempDir::new().unwrap();
        let file = sdist(folder.path(), "demo-1.0.tar.gz", "demo-1.0", METADATA);
        let contents = inspect(&file, Profile::Pypi).unwrap();
        assert_eq!(contents.metadata.name.as_str(), "Demo");
        let good = fields(&[
            ("metadata_version", "2.2"),
            ("name", "Demo"),
            ("version", "1.0"),
            ("summary", "A demo"),
        ]);
        form(&file, &contents, &good, Profile::Private).unwrap();
        let mut other = good.clone();
        other[1].1 = "other".to_owned();
        let refused = form(&file, &contents, &other, Profile::Private);
        assert!(
            matches!(refused, Err(CheckError::Form { .. })),
            "{refused:?}"
        );
        other[1].1 = String::new();
        let refused = form(&file, &contents, &other, Profile::Private);
        assert!(
            matches!(refused, Err(CheckError::Metadata { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_file_is_what_its_name_says() {
        let folder = TempDir::new().unwrap();
        let of = |filename: &str, metadata: &str| {
            let directory = filename.trim_end_matches(".tar.gz");
            inspect(
                &sdist(folder.path(), filename, directory, metadata),
                Profile::Private,
            )
        };
        for metadata in [
            METADATA.replace("Demo", "Other"),
            METADATA.replace("1.0", "1.1"),
            METADATA.replace("Name: Demo\n", ""),
        ] {
            let refused = of("demo-1.0.tar.gz", &metadata);
            assert!(
                matches!(refused, Err(CheckError::Archive { .. })),
                "{metadata}"
            );
        }
        let refused = of("Demo-1.0.tar.gz", METADATA);
        assert!(matches!(refused, Err(CheckError::Filename { .. })));
        let local = METADATA.replace("1.0", "1.0+cu121");
        of("demo-1.0+cu121.tar.gz", &local).unwrap();
        let path = folder.path().join("demo-1.0.tar.gz");
        fs::write(&path, "not an archive").unwrap();
        let file = Distribution::read(&path, &mut |_| {}).unwrap();
        let refused = inspect(&file, Profile::Private);
        assert!(
            matches!(refused, Err(CheckError::Archive { .. })),
            "{refused:?}"
        );
        fs::remove_file(&path).unwrap();
        let refused = inspect(&file, Profile::Private);
        assert!(matches!(refused, Err(CheckError::Unreadable { .. })));
    }

    #[test]
    fn a_run_is_told_apart_by_releases() {
        let folder = TempDir::new().unwrap();
        let made = |filename: &str, text: &str| {
            let path = folder.path().join(filename);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            Distribution::read(&path, &mut |_| {}).unwrap()
        };
        let mut files = vec![
            made("demo-1.0-py3-none-any.whl", "a"),
            made("demo-1.0.tar.gz", "b"),
            made("demo-0.9.tar.gz", "c"),
            made("other-1.0.tar.gz", "d"),
        ];
        let counts: Vec<usize> = releases(&files).iter().map(|it| it.files.len()).collect();
        assert_eq!(counts, [2, 1, 1]);
        files.push(made("again/demo-1.0.tar.gz", "b"));
        each_once(&files).unwrap();
        files.push(made("again/demo-0.9.tar.gz", "other"));
        let twice = each_once(&files).unwrap_err().to_string();
        assert!(twice.contains("again/demo-0.9.tar.gz"), "{twice}");
    }
}
