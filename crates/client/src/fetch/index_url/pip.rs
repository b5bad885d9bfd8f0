//! pip's configuration files, in pip's order: the last one that says something counts.

use std::path::PathBuf;

use super::{ConfigurationError, Places, read, set, user_folder};

/// What `PIP_CONFIG_FILE` is set to by those who want no file read at all.
const NOTHING: &str = "/dev/null";

/// The `index-url` of pip's configuration, and the file it is from.
pub(super) fn find(places: Places<'_>) -> Result<Option<(String, PathBuf)>, ConfigurationError> {
    let mut found = None;
    for path in files(places) {
        if let Some(url) = read(&path)?.as_deref().and_then(index_url) {
            found = Some((url, path));
        }
    }
    Ok(found)
}

/// Of the whole system, of the user, of the virtual environment; `PIP_CONFIG_FILE` takes the place of the user's.
fn files(places: Places<'_>) -> Vec<PathBuf> {
    let named = set(places.variable, "PIP_CONFIG_FILE");
    if named.as_deref() == Some(NOTHING) {
        return Vec::new();
    }
    let mut files = vec![
        places.system.join("etc/xdg/pip/pip.conf"),
        places.system.join("etc/pip.conf"),
    ];
    if named.is_none() {
        let home = set(places.variable, "HOME").map(PathBuf::from);
        files.extend(home.as_ref().map(|home| home.join(".pip/pip.conf")));
        files.extend(user_folder(places.variable).map(|folder| folder.join("pip/pip.conf")));
        if cfg!(target_os = "macos") {
            files.extend(home.map(|home| home.join("Library/Application Support/pip/pip.conf")));
        }
    }
    let environment = set(places.variable, "VIRTUAL_ENV");
    files.extend(environment.map(|folder| PathBuf::from(folder).join("pip.conf")));
    files.extend(named.map(PathBuf::from));
    files
}

/// `index-url` of section `[global]`, as Python's `configparser` and pip's spelling rules read it.
fn index_url(text: &str) -> Option<String> {
    let mut section = String::new();
    let mut found = None;
    for line in text.lines() {
        let trimmed = line.trim();
        // An indented line goes on with the value before it; an index URL has but one line.
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[') {
            section = name.trim_end_matches(']').trim().to_owned();
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase().replace('_', "-");
        if section == "global" && key.trim_start_matches("--") == "index-url" {
            found = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    found
}
