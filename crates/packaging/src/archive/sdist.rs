//! What makes an archive an sdist: one directory `{name}-{version}` with PKG-INFO in it.

use std::io::{Read, Seek};

use crate::archive::members::Members;
use crate::archive::{ArchiveError, Contents, Limits, Note, contents, tar, zip};
use crate::excerpt::excerpt;
use crate::filename::{SdistFilename, SdistFormat};
use crate::{Filename, ProjectName, Version};

pub(super) fn inspect(
    file: &mut (impl Read + Seek),
    filename: &SdistFilename,
    limits: &Limits,
) -> Result<Contents, ArchiveError> {
    let is_pkg_info = |path: &str| {
        path.split_once('/')
            .is_some_and(|(_, rest)| rest == "PKG-INFO")
    };
    let mut members = match filename.format() {
        SdistFormat::TarGz => tar::read(file, limits, is_pkg_info)?,
        SdistFormat::Zip => zip::read(file, limits, is_pkg_info)?,
    };
    members.check_folders()?;
    let top = top_level(&members)?;
    let path = format!("{top}/PKG-INFO");
    if members.repeated.contains(&path) {
        return Err(ArchiveError::TwoPkgInfo { path });
    }
    let metadata = members
        .kept
        .remove(&path)
        .ok_or_else(|| ArchiveError::NoPkgInfo { path: path.clone() })?;
    let mut notes = Vec::new();
    check_directory(&top, filename, &mut notes)?;
    if !members.repeated.is_empty() {
        let (files, count) = Note::shown(members.repeated.iter());
        notes.push(Note::Repeated { files, count });
    }
    contents(
        &Filename::Sdist(filename.clone()),
        &members,
        &path,
        metadata,
        &top,
        notes,
    )
}

fn top_level(members: &Members) -> Result<String, ArchiveError> {
    let mut tops = members.top_level.iter();
    match (tops.next(), tops.next()) {
        (Some(top), None) => Ok(top.clone()),
        _ => Err(ArchiveError::TopLevel {
            found: members.top_level.len(),
        }),
    }
}

/// A directory that names a project and a version must name the filename's; another name is only noted.
fn check_directory(
    top: &str,
    filename: &SdistFilename,
    notes: &mut Vec<Note>,
) -> Result<(), ArchiveError> {
    let parsed = top.rsplit_once('-').and_then(|(name, version)| {
        Some((
            name.parse::<ProjectName>().ok()?,
            version.parse::<Version>().ok()?,
        ))
    });
    match parsed {
        Some((name, version)) if name == *filename.project() && version == *filename.version() => {
            Ok(())
        }
        Some(_) => Err(ArchiveError::Directory {
            expected: filename.stem().to_owned(),
            found: excerpt(top),
        }),
        None => {
            notes.push(Note::Directory {
                found: excerpt(top),
            });
            Ok(())
        }
    }
}
