//! What `pip install --report` says was, or would be, installed: one file each, by URL.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Digest, Entry, LockError, LockFormat, LockedFile, LockedName, Source};

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Report {
    install: Vec<Installed>,
}

#[derive(Deserialize)]
struct Installed {
    metadata: Metadata,
    download_info: DownloadInfo,
    #[serde(default)]
    is_direct: bool,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    version: String,
}

/// By the specification of direct URLs (PEP 610).
#[derive(Deserialize)]
struct DownloadInfo {
    url: String,
    archive_info: Option<ArchiveInfo>,
    vcs_info: Option<serde::de::IgnoredAny>,
    dir_info: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    /// `algorithm=digits`, of old.
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let Version { version } = serde_json::from_str(text).map_err(LockError::Json)?;
    if version != "1" {
        return Err(LockError::Version {
            format: LockFormat::Report,
            expected: "1",
            found: version,
        });
    }
    let report: Report = serde_json::from_str(text).map_err(LockError::Json)?;
    Ok(report.install.into_iter().map(Installed::entry).collect())
}

impl Installed {
    fn entry(self) -> Entry {
        let DownloadInfo {
            url,
            archive_info,
            vcs_info,
            dir_info,
        } = self.download_info;
        let named = LockedName::of(&url);
        let source = match (vcs_info, dir_info) {
            (Some(_), _) => Source::Vcs(url),
            (None, Some(_)) => Source::Directory(url),
            (None, None) if !self.is_direct => Source::Index(None),
            (None, None) if url.starts_with("file:") => Source::Path(url),
            (None, None) => Source::Url(url),
        };
        let files = archive_info.map(|info| LockedFile {
            name: named,
            digest: info.digest(),
        });
        let Metadata { name, version } = self.metadata;
        Entry {
            source,
            files: files.into_iter().collect(),
            ..Entry::new(1, &name, Some(&version))
        }
    }
}

impl ArchiveInfo {
    fn digest(&self) -> Digest {
        let hashes = self.hashes.iter();
        let hashes = hashes.map(|(algorithm, digits)| (algorithm.as_str(), digits.as_str()));
        let old = self.hash.as_deref().and_then(|hash| hash.split_once('='));
        Digest::among(hashes.chain(old))
    }
}
