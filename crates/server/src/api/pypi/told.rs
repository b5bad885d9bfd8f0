//! The page of the JSON API. Fields stand in the order of their keys, which sorts the output.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use touchplate_attest::Publisher;
use touchplate_index::files::Links;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::{FileId, FormSaid, Release, StoredFile};
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{CoreMetadata, ProjectName, Sha256};
use touchplate_policy::history::State;

use super::info::{Info, UNCOUNTED, reason};

/// Where things are, and what is known of each file.
pub(super) struct Places<'k> {
    /// Where this index is.
    pub(super) url: &'k str,
    pub(super) links: &'k Links,
    pub(super) publishers: HashMap<FileId, Vec<&'k Publisher>>,
    pub(super) forms: HashMap<FileId, FormSaid>,
}

/// The page of a release; of a project, that of its latest release and the files of all.
#[derive(Serialize)]
pub(super) struct Page<'k> {
    info: Info<'k>,
    last_serial: u64,
    /// Not at PyPI: what the provenance of the release's files says.
    provenance: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<BTreeMap<String, Vec<File<'k>>>>,
    urls: Vec<File<'k>>,
    /// PyPI takes them from a database of advisories, which an index of one's own has not.
    vulnerabilities: [(); 0],
}

#[derive(Serialize)]
struct File<'k> {
    comment_text: Option<&'k str>,
    #[serde(rename = "core-metadata")]
    core_metadata: CoreMetadataTold,
    digests: Digests,
    downloads: i8,
    filename: &'k str,
    has_sig: bool,
    md5_digest: String,
    packagetype: &'static str,
    /// Not at PyPI: where the provenance object is, as on the Simple pages.
    provenance: Option<String>,
    /// Not at PyPI: those that its attestations were verified by, as provenance objects name them.
    publishers: Vec<&'k Publisher>,
    python_version: &'k str,
    requires_python: Option<&'k str>,
    size: u64,
    upload_time: String,
    upload_time_iso_8601: String,
    url: String,
    yanked: bool,
    yanked_reason: Option<&'k str>,
}

#[derive(Serialize)]
struct Digests {
    blake2b_256: String,
    md5: String,
    sha256: String,
}

/// As on the Simple pages (PEP 714): the digest of the metadata file, or `false`.
#[derive(Serialize)]
#[serde(untagged)]
enum CoreMetadataTold {
    Served { sha256: Sha256 },
    Absent(bool),
}

impl<'k> Page<'k> {
    pub(super) fn of(
        found: &'k ProjectHistory,
        release: &'k Release,
        metadata: &'k CoreMetadata,
        places: &'k Places<'k>,
        with_all: bool,
    ) -> Self {
        let project = &found.facts.project;
        let mut files: Vec<&StoredFile> = found.facts.files.iter().collect();
        files.sort_by(|one, two| one.filename.cmp(&two.filename));
        let of_release = files
            .iter()
            .filter(|file| *file.filename.version() == release.version);
        let urls = of_release.map(|file| File::of(&project.name, file, places));
        let judged = found.history.release(&release.version);
        let states = judged.into_iter().flat_map(|it| &it.states);
        Self {
            info: Info::of(project, release, metadata, places.url),
            last_serial: project.serial.0,
            provenance: states.map(|state: &State| state.as_str()).collect(),
            urls: urls.collect(),
            releases: with_all.then(|| by_version(&project.name, &files, places)),
            vulnerabilities: [],
        }
    }

    /// As PyPI prints it: no blanks, a line feed at the end.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self)
            .expect("structs and maps of strings and numbers always become JSON");
        bytes.push(b'\n');
        bytes
    }
}

fn by_version<'k>(
    project: &ProjectName,
    files: &[&'k StoredFile],
    places: &'k Places<'k>,
) -> BTreeMap<String, Vec<File<'k>>> {
    let mut releases: BTreeMap<String, Vec<File<'k>>> = BTreeMap::new();
    for file in files {
        let version = file.filename.version().to_string();
        let told = File::of(project, file, places);
        releases.entry(version).or_default().push(told);
    }
    releases
}

impl<'k> File<'k> {
    fn of(project: &ProjectName, file: &'k StoredFile, places: &'k Places<'k>) -> Self {
        let form = places.forms.get(&file.id);
        let publishers = places.publishers.get(&file.id);
        let core_metadata = file.core_metadata;
        Self {
            comment_text: form.and_then(|said| said.comment.as_deref()),
            core_metadata: core_metadata.map_or(CoreMetadataTold::Absent(false), |sha256| {
                CoreMetadataTold::Served { sha256 }
            }),
            digests: Digests {
                blake2b_256: file.digests.blake2b_256.to_string(),
                md5: file.digests.md5.to_string(),
                sha256: file.digests.sha256.to_string(),
            },
            downloads: UNCOUNTED,
            filename: file.filename.as_str(),
            has_sig: false,
            md5_digest: file.digests.md5.to_string(),
            packagetype: file.filename.kind().as_str(),
            provenance: (file.attestations > 0)
                .then(|| places.links.provenance(project, file))
                .flatten(),
            publishers: publishers.cloned().unwrap_or_default(),
            python_version: form.map_or("", |said| said.pyversion.as_str()),
            requires_python: file.requires_python.as_deref(),
            size: file.size,
            upload_time: to_the_second(file.uploaded_at),
            upload_time_iso_8601: exactly(file.uploaded_at),
            url: places.links.file(file),
            yanked: file.yanked != Yanked::No,
            yanked_reason: reason(&file.yanked),
        }
    }
}

/// Without a time zone, as PyPI has written it from the start.
fn to_the_second(time: Timestamp) -> String {
    let printer = DateTimePrinter::new().precision(Some(0));
    let text = printer.timestamp_to_string(&time);
    text.trim_end_matches('Z').to_owned()
}

/// Microseconds, which are left out when they are zero.
fn exactly(time: Timestamp) -> String {
    let micros = time.subsec_microsecond() != 0 || time.subsec_millisecond() != 0;
    let printer = DateTimePrinter::new().precision(Some(if micros { 6 } else { 0 }));
    printer.timestamp_to_string(&time)
}
