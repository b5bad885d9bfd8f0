//! Everything in a folder of packages.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use touchplate_packaging::installed::{DirectUrl, MAX_INSTALLED_BYTES, Record, WheelFile};
use touchplate_packaging::{ProjectName, Sha256, Version};

use super::find::Place;
use super::{Disk, EnvironmentError, Installed, Left, Off, Site, Unkept};

/// Deeper than any package nests, and than paths can be.
const MAX_DEPTH: usize = 200;

/// Whether something of this name is what an installer leaves of a distribution.
pub(super) fn is_distribution(name: &str) -> bool {
    [".dist-info", ".egg-info", ".egg-link", ".egg"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Everything in a place; none if that is more than `left` files.
pub(super) fn site(place: Place, left: &mut usize) -> Result<Option<Site>, EnvironmentError> {
    let disk = Disk::within([place.folder.as_path(), &place.prefix]);
    let mut site = Site {
        folder: place.folder,
        prefix: place.prefix,
        scripts: place.scripts,
        distributions: Vec::new(),
        files: Vec::new(),
        links: Vec::new(),
    };
    let mut folders = vec![(String::new(), 0)];
    while let Some((below, depth)) = folders.pop() {
        let folder = site.folder.join(&below);
        let entries = fs::read_dir(&folder);
        let entries = entries.map_err(|error| EnvironmentError::Unreadable(folder, error))?;
        for entry in entries {
            let entry =
                entry.map_err(|error| EnvironmentError::Unreadable(site.folder.clone(), error))?;
            let name = shown(&entry.file_name());
            let path = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            *left = match left.checked_sub(1) {
                Some(left) => left,
                None => return Ok(None),
            };
            let kind = entry.file_type();
            match kind.map_err(|error| EnvironmentError::Unreadable(entry.path(), error))? {
                kind if kind.is_dir() && depth < MAX_DEPTH => folders.push((path, depth + 1)),
                kind if kind.is_file() => site.files.push(path),
                // Of folders, pipes and the like that are linked to nobody says what is in them.
                kind if kind.is_symlink() && leads_to_file(&disk, &entry.path()) => {
                    site.files.push(path);
                }
                _ => site.links.push(path),
            }
        }
    }
    site.files.sort_unstable();
    site.links.sort_unstable();
    site.distributions = distributions(&site, &disk)?;
    Ok(Some(site))
}

/// A name that is no text stays one that no wheel has.
fn shown(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn leads_to_file(disk: &Disk, path: &Path) -> bool {
    matches!(disk.read(path, 0), Ok(_) | Err(Off::Longer))
}

/// What is installed in the folder itself.
fn distributions(site: &Site, disk: &Disk) -> Result<Vec<Installed>, EnvironmentError> {
    let entries = fs::read_dir(&site.folder)
        .map_err(|error| EnvironmentError::Unreadable(site.folder.clone(), error))?;
    let names = entries.flatten().map(|entry| shown(&entry.file_name()));
    let mut names: Vec<String> = names.filter(|name| is_distribution(name)).collect();
    names.sort_unstable();
    Ok(names
        .into_iter()
        .map(|name| one(site, disk, name))
        .collect())
}

fn one(site: &Site, disk: &Disk, name: String) -> Installed {
    let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem);
    let release = stem.split_once('-').and_then(|(project, version)| {
        // Of an `.egg-info` the Python follows.
        let version = version.split('-').next()?;
        Some((
            project.parse::<ProjectName>().ok()?,
            version.parse::<Version>().ok()?,
        ))
    });
    let left = if name.ends_with(".dist-info") {
        left(disk, &site.folder.join(&name))
    } else {
        Err(Unkept::Legacy)
    };
    Installed {
        name,
        release,
        left,
    }
}

fn left(disk: &Disk, folder: &Path) -> Result<Left, Unkept> {
    let read = |file: &'static str| {
        let why = match disk.read(&folder.join(file), MAX_INSTALLED_BYTES) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(Off::Absent) => return Ok(None),
            Err(Off::Outside) => "it is a link out of the environment, or no file".to_owned(),
            Err(Off::Longer) => format!("it has more than {MAX_INSTALLED_BYTES} bytes"),
            Err(Off::Failed(error)) => error.to_string(),
        };
        Err(Unkept::Unreadable { file, why })
    };
    let needed = |file: &'static str| {
        let why = || "it is not there".to_owned();
        read(file)?.ok_or_else(|| Unkept::Unreadable { file, why: why() })
    };
    let unreadable = |file: &'static str| {
        move |error: &dyn std::error::Error| Unkept::Unreadable {
            file,
            why: error.to_string(),
        }
    };
    let record = Record::parse(&needed("RECORD")?).map_err(|it| unreadable("RECORD")(&it))?;
    let wheel = needed("WHEEL")?;
    let wheel_sha256 = Sha256::of(&wheel);
    let wheel = WheelFile::parse(&wheel).map_err(|it| unreadable("WHEEL")(&it))?;
    let direct_url = read("direct_url.json")?;
    let direct_url = direct_url.map(|bytes| DirectUrl::parse(&bytes)).transpose();
    Ok(Left {
        wheel,
        wheel_sha256,
        record,
        direct_url: direct_url.map_err(|it| unreadable("direct_url.json")(&it))?,
    })
}
