//! What makes an archive a wheel: the directory `{name}-{version}.dist-info`, spelled as in the filename, with WHEEL,
//! METADATA and RECORD in it (binary distribution format, PEP 427 and its successors).

mod entry_points;
mod record;

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use crate::archive::members::Members;
use crate::archive::{ArchiveError, Contents, Limits, Note, contents, zip};
use crate::excerpt::excerpt;
use crate::filename::WheelFilename;
use crate::metadata::document;
use crate::{Filename, MetadataError};

pub(super) use record::read as recorded;

pub(super) fn inspect(
    file: &mut (impl Read + Seek),
    filename: &WheelFilename,
    limits: &Limits,
) -> Result<Contents, ArchiveError> {
    let (name, version) = filename.name_and_version();
    let dist_info = format!("{name}-{version}.dist-info");
    let at = |file: &str| format!("{dist_info}/{file}");
    let looked_at = ["WHEEL", "METADATA", "RECORD", "entry_points.txt"].map(at);
    let keep = |path: &str| looked_at.iter().any(|one| one == path);
    let [wheel_path, metadata_path, record_path, entry_points_path] = &looked_at;
    let mut members = Members::default();
    let mut archive = zip::open(file, limits, &mut members)?;
    // First, so that every other file is held against it while it is read.
    let record = archive.one(record_path, limits)?;
    let stated = record.and_then(|bytes| record::read(&bytes, &dist_info));
    let has_record = stated.is_some();
    members.wish.stated = stated.unwrap_or_default();
    archive.read(limits, &mut members, keep, |_| true)?;

    let given = || filename.as_str().to_owned();
    let mut take = |path: &str| members.kept.remove(path);
    let wheel = take(wheel_path).ok_or_else(|| ArchiveError::NoWheel {
        path: wheel_path.clone(),
    })?;
    if !has_record {
        return Err(ArchiveError::NoRecord {
            filename: given(),
            path: record_path.clone(),
        });
    }
    let entry_points = take(entry_points_path);
    let metadata = take(metadata_path).ok_or_else(|| ArchiveError::NoMetadata {
        filename: given(),
        path: metadata_path.clone(),
    })?;

    check_only(&dist_info, &members)?;
    members.check_folders()?;
    record::check_paths(&members, limits)?;
    let mut notes = Vec::new();
    note_wheel_file(&wheel, filename, &mut notes)?;
    record::compare(&members, &dist_info, &mut notes);
    if let Some(bytes) = entry_points {
        entry_points::check(&bytes).map_err(|(line, expected)| ArchiveError::EntryPoints {
            filename: given(),
            line,
            expected,
        })?;
    }
    if !members.symlinks.is_empty() {
        let (files, count) = Note::shown(members.symlinks.iter());
        notes.push(Note::Symlinks { files, count });
    }
    let licences = at("licenses");
    contents(
        &Filename::Wheel(filename.clone()),
        &members,
        metadata_path,
        metadata,
        &licences,
        notes,
    )
}

/// Installers look for *a* directory that ends in `.dist-info`.
fn check_only(dist_info: &str, members: &Members) -> Result<(), ArchiveError> {
    let another = members
        .top_level
        .iter()
        .find(|top| top.ends_with(".dist-info") && *top != dist_info);
    another.map_or(Ok(()), |found| {
        Err(ArchiveError::SecondDistInfo {
            expected: dist_info.to_owned(),
            found: excerpt(found),
        })
    })
}

/// WHEEL repeats the filename's tags, one a line; in real wheels not always rightly, so a difference is noted.
fn note_wheel_file(
    bytes: &[u8],
    filename: &WheelFilename,
    notes: &mut Vec<Note>,
) -> Result<(), ArchiveError> {
    let document = document::read(bytes).map_err(|error| match error {
        MetadataError::Document(source) => ArchiveError::Wheel(source),
        other => ArchiveError::Metadata {
            path: "WHEEL".to_owned(),
            problem: Box::new(other),
        },
    })?;
    let values = |wanted: &str| {
        let wanted = wanted.to_owned();
        document
            .headers
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(&wanted))
            .map(|(_, value)| value)
    };
    let version = values("Wheel-Version").next().map_or("", String::as_str);
    if version.split('.').next() != Some("1") {
        notes.push(Note::WheelVersion {
            found: excerpt(version),
        });
    }
    let of_filename: BTreeSet<String> = filename.tags().iter().map(ToString::to_string).collect();
    let of_wheel: BTreeSet<String> = values("Tag").flat_map(|tag| expand(tag)).collect();
    if of_filename != of_wheel {
        let (filename, _) = Note::shown(of_filename.iter());
        let (wheel, _) = Note::shown(of_wheel.iter());
        notes.push(Note::TagsDiffer { filename, wheel });
    }
    Ok(())
}

/// A `Tag` line stands for one tag, but some writers compress it as in the filename; anything else stands for itself.
fn expand(tag: &str) -> Vec<String> {
    // Through the filename's own parser, which bounds how many there can be.
    let parsed = format!("x-0-{}.whl", tag.trim()).parse();
    match parsed {
        Ok(Filename::Wheel(wheel)) if wheel.build().is_none() => {
            wheel.tags().iter().map(ToString::to_string).collect()
        }
        Ok(_) | Err(_) => vec![excerpt(tag)],
    }
}
