//! An index on paper: releases with whatever provenance a test wants them to have, truly signed, and served by a server
//! that checks nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher, Sha256};
use touchplate_trust::{Domain, Predicate, Workload};

use crate::odd_index::serve_paths;
use crate::run::{Run, touchplate_with};

/// One file on paper.
pub(crate) struct Paper {
    pub(crate) filename: String,
    pub(crate) sha256: Sha256,
    project: String,
    uploaded: Option<String>,
    provenance: Option<Vec<u8>>,
}

/// Files, and the root that vouches for their signers.
pub(crate) struct PaperIndex {
    pub(crate) folder: TempDir,
    domain: Domain,
    files: Vec<Paper>,
    api_version: &'static str,
}

impl PaperIndex {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let domain = Domain::new("trust.example", Timestamp::now()).unwrap();
        fs::write(folder.path().join("root.json"), domain.trusted_root_json()).unwrap();
        Self {
            folder,
            domain,
            files: Vec::new(),
            api_version: "1.4",
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its pages are of another version of the Simple API.
    pub(crate) fn of_version(&mut self, version: &'static str) {
        self.api_version = version;
    }

    /// An sdist of this release, by `who`, uploaded on this day.
    pub(crate) fn release(
        &mut self,
        project: &str,
        version: &str,
        day: u32,
        who: Option<&Workload>,
    ) {
        self.file(&format!("{project}-{version}.tar.gz"), day, who);
    }

    /// A file, by `who`, uploaded on this day of January 2026; 0: nobody knows when.
    pub(crate) fn file(&mut self, filename: &str, day: u32, who: Option<&Workload>) {
        let provenance = who.map(|who| self.provenance(filename, who));
        self.served_with(filename, day, provenance);
    }

    /// A file that is served with this provenance object.
    pub(crate) fn served_with(&mut self, filename: &str, day: u32, provenance: Option<Vec<u8>>) {
        self.files.push(Paper {
            filename: filename.to_owned(),
            sha256: digest(filename),
            project: filename.split('-').next().unwrap().to_owned(),
            uploaded: (day > 0).then(|| format!("2026-01-{day:02}T00:00:00.000000Z")),
            provenance,
        });
    }

    /// The provenance object of a file by `who`.
    pub(crate) fn provenance(&self, filename: &str, who: &Workload) -> Vec<u8> {
        let sha256 = digest(filename);
        let now = Timestamp::now();
        let minted = self
            .domain
            .attest(who, filename, &sha256, Predicate::Publish, now);
        let attestation = Attestation::parse(&minted.unwrap()).unwrap();
        let publisher = publisher(who);
        Provenance::new(vec![AttestationBundle::new(publisher, vec![attestation])]).to_json()
    }

    /// The page of a project, with each file's provenance where `at` says.
    pub(crate) fn page(&self, project: &str, at: impl Fn(&str) -> Option<String>) -> String {
        let files = self.files.iter().filter(|file| file.project == project);
        let files = files.map(|file| {
            json!({
                "filename": file.filename,
                "url": format!("/files/{}", file.filename),
                "hashes": {"sha256": file.sha256.to_string()},
                "upload-time": file.uploaded,
                "provenance": at(&file.filename),
            })
        });
        let files: Vec<Value> = files.collect();
        json!({"meta": {"api-version": self.api_version}, "name": project, "files": files})
            .to_string()
    }

    /// Serves it; returns the URL of its Simple API.
    pub(crate) fn serve(&self) -> String {
        let mut pages: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut paths = Vec::new();
        for file in &self.files {
            let at = format!("/provenance/{}", file.filename);
            pages.entry(&file.project).or_default().push(json!({
                "filename": file.filename,
                "url": format!("/files/{}", file.filename),
                "hashes": {"sha256": file.sha256.to_string()},
                "upload-time": file.uploaded,
                "provenance": file.provenance.is_some().then(|| format!("BASE{at}")),
            }));
            paths.extend(file.provenance.clone().map(|object| (at, object)));
        }
        for (project, files) in pages {
            let page =
                json!({"meta": {"api-version": self.api_version}, "name": project, "files": files});
            paths.push((format!("/simple/{project}/"), page.to_string().into_bytes()));
        }
        format!("{}/simple/", serve_paths(paths))
    }

    /// Writes a `pylock.toml` of these files, each a package of its own if it is of another release.
    pub(crate) fn pylock(&self, filenames: &[&str]) {
        let mut text = "lock-version = \"1.0\"\ncreated-by = \"a test\"\n".to_owned();
        let mut releases: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        for &filename in filenames {
            let parsed: touchplate_attest::Filename = filename.parse().unwrap();
            let release = (parsed.project().to_string(), parsed.version().to_string());
            releases.entry(release).or_default().push(filename);
        }
        for ((project, version), filenames) in releases {
            text.push_str(&format!(
                "\n[[packages]]\nname = \"{project}\"\nversion = \"{version}\"\n"
            ));
            for filename in filenames {
                let kind = if filename.ends_with(".whl") {
                    "[[packages.wheels]]"
                } else {
                    "[packages.sdist]"
                };
                let sha256 = digest(filename);
                text.push_str(&format!(
                    "{kind}\nname = \"{filename}\"\nhashes = {{ sha256 = \"{sha256}\" }}\n"
                ));
            }
        }
        self.write("pylock.toml", text);
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs a command in its folder, by its root, with a cache of its own.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let cache = self.path().join("cache");
        let cache = [
            ("XDG_CACHE_HOME", cache.to_str().unwrap()),
            ("HOME", "/nonexistent"),
        ];
        let words = [words, &["--trusted-root", "root.json"]].concat();
        touchplate_with(self.path(), &cache, &words)
    }

    /// `audit pylock.toml` at this index.
    pub(crate) fn audit(&self, index: &str, more: &[&str]) -> Run {
        self.run(&[&["audit", "pylock.toml", "--index", index], more].concat())
    }
}

/// A file's digest: its bytes are its name.
pub(crate) fn digest(filename: &str) -> Sha256 {
    Sha256::of(filename.as_bytes())
}

/// The publisher that a workload is.
fn publisher(who: &Workload) -> Publisher {
    let source = who.claims.source_repository_uri.as_deref().unwrap();
    let config = who.claims.build_config_uri.as_deref().unwrap();
    let (path, _) = config.split_once('@').unwrap();
    let repository = source.strip_prefix("https://github.com/").unwrap();
    let workflow = path.rsplit('/').next().unwrap();
    Publisher::github(repository, workflow)
}
