//! PEP 691 JSON. Fields stand in the order of their keys: that is what sorts the output.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};

use crate::simple::{API_VERSION, FileEntry, IndexPage, ProjectPage, Yanked};
use crate::{Sha256, Version};

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "_last-serial")]
    last_serial: u64,
    #[serde(rename = "api-version")]
    api_version: &'static str,
}

impl Meta {
    fn at(serial: u64) -> Self {
        Self {
            last_serial: serial,
            api_version: API_VERSION,
        }
    }
}

#[derive(Serialize)]
struct Index<'p> {
    meta: Meta,
    projects: Vec<IndexProject<'p>>,
}

#[derive(Serialize)]
struct IndexProject<'p> {
    #[serde(rename = "_last-serial")]
    last_serial: u64,
    name: &'p str,
}

#[derive(Serialize)]
struct Project<'p> {
    files: Vec<File<'p>>,
    meta: Meta,
    name: &'p str,
    #[serde(rename = "project-status")]
    project_status: Status<'p>,
    versions: Vec<&'p Version>,
}

#[derive(Serialize)]
struct Status<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'p str>,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct File<'p> {
    core_metadata: CoreMetadata,
    data_dist_info_metadata: CoreMetadata,
    filename: &'p str,
    hashes: Hashes,
    provenance: Option<&'p str>,
    requires_python: Option<&'p str>,
    size: u64,
    upload_time: String,
    url: &'p str,
    #[serde(serialize_with = "yanked")]
    yanked: &'p Yanked,
}

#[derive(Clone, Copy, Serialize)]
struct Hashes {
    sha256: Sha256,
}

/// PEP 714: the digests of the metadata file, or `false`.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum CoreMetadata {
    Served(Hashes),
    Absent(bool),
}

/// PEP 592 in JSON: `false`, `true`, or the reason.
fn yanked<S: Serializer>(yanked: &Yanked, serializer: S) -> Result<S::Ok, S::Error> {
    match (yanked, yanked.reason()) {
        (Yanked::No, _) => serializer.serialize_bool(false),
        (Yanked::Yes(_), None) => serializer.serialize_bool(true),
        (Yanked::Yes(_), Some(reason)) => serializer.serialize_str(reason),
    }
}

/// PEP 700: microseconds, left out when they are zero.
fn upload_time(time: Timestamp) -> String {
    let micros = time.subsec_microsecond() != 0 || time.subsec_millisecond() != 0;
    let printer = DateTimePrinter::new().precision(Some(if micros { 6 } else { 0 }));
    printer.timestamp_to_string(&time)
}

fn file(entry: &FileEntry) -> File<'_> {
    let core_metadata = entry
        .core_metadata
        .map_or(CoreMetadata::Absent(false), |sha256| {
            CoreMetadata::Served(Hashes { sha256 })
        });
    File {
        core_metadata,
        data_dist_info_metadata: core_metadata,
        filename: entry.filename.as_str(),
        hashes: Hashes {
            sha256: entry.sha256,
        },
        provenance: entry.provenance.as_deref(),
        requires_python: entry.requires_python.as_deref(),
        size: entry.size,
        upload_time: upload_time(entry.upload_time),
        url: &entry.url,
        yanked: &entry.yanked,
    }
}

pub(super) fn project(page: &ProjectPage) -> Vec<u8> {
    let offered = page.offered();
    let mut versions: Vec<&Version> = offered
        .iter()
        .map(|entry| entry.filename.version())
        .collect();
    versions.dedup();
    print(&Project {
        files: offered.into_iter().map(file).collect(),
        meta: Meta::at(page.serial),
        name: page.name.as_str(),
        project_status: Status {
            reason: page.status_reason.as_deref(),
            status: page.status.as_str(),
        },
        versions,
    })
}

pub(super) fn index(page: &IndexPage) -> Vec<u8> {
    let projects = page
        .sorted()
        .into_iter()
        .map(|project| IndexProject {
            last_serial: project.serial,
            name: project.display.as_str(),
        })
        .collect();
    print(&Index {
        meta: Meta::at(page.serial),
        projects,
    })
}

fn print(page: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec(page).expect("strings, numbers and structs always become JSON");
    bytes.push(b'\n');
    bytes
}
