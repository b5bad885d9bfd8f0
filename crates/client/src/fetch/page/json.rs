//! PEP 691 with PEPs 700 and 740. Keys that are not needed are not looked at.

use std::collections::BTreeMap;

use serde::Deserialize;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::Yanked;

use super::{Page, PageError, Raw};
use crate::fetch::agent::Document;

#[derive(Deserialize)]
struct Project {
    meta: Meta,
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    hashes: BTreeMap<String, String>,
    size: Option<u64>,
    requires_python: Option<String>,
    upload_time: Option<String>,
    yanked: Option<Yank>,
    provenance: Option<String>,
}

/// `false`, `true`, or the reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum Yank {
    Flag(bool),
    Reason(String),
}

pub(super) fn read(document: &Document) -> Result<Page, PageError> {
    let project: Project = serde_json::from_slice(&document.bytes).map_err(PageError::Json)?;
    let raw = project.files.into_iter().map(|mut file| Raw {
        filename: file.filename,
        url: file.url,
        sha256: file.hashes.remove("sha256"),
        size: file.size,
        requires_python: file.requires_python,
        upload_time: file.upload_time,
        yanked: match file.yanked {
            None | Some(Yank::Flag(false)) => Yanked::No,
            Some(Yank::Flag(true)) => Yanked::Yes(None),
            Some(Yank::Reason(reason)) => Yanked::Yes(Some(reason)),
        },
        provenance: file.provenance,
    });
    Page::of(
        document,
        &document.url,
        &project.meta.api_version,
        raw.collect(),
    )
}

#[derive(Deserialize)]
struct Projects {
    projects: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
}

/// The names of an index's projects.
pub(super) fn projects(document: &Document) -> Result<Vec<ProjectName>, PageError> {
    let listed: Projects = serde_json::from_slice(&document.bytes).map_err(PageError::Json)?;
    let names = listed.projects.into_iter();
    Ok(names.filter_map(|it| it.name.parse().ok()).collect())
}
