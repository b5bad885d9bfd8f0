//! uv's configuration files: the project's, the user's, the system's; the first one that names a default index counts.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigurationError, Places, read, set, user_folder};

/// What of a `uv.toml` is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UvConfiguration {
    #[serde(default)]
    pub(crate) index: Vec<UvIndex>,
    index_url: Option<String>,
    pub(crate) publish_url: Option<String>,
    pub(crate) check_url: Option<String>,
}

/// One of its indexes.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UvIndex {
    pub(crate) name: Option<String>,
    pub(crate) url: String,
    pub(crate) publish_url: Option<String>,
    #[serde(default)]
    default: bool,
}

#[derive(Deserialize)]
struct Project {
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    uv: Option<UvConfiguration>,
}

/// The default index of uv's configuration, and the file it is from.
pub(super) fn find(places: Places<'_>) -> Result<Option<(String, PathBuf)>, ConfigurationError> {
    nearest(places, |configuration, path| {
        default(configuration).map(|url| (url, path.to_owned()))
    })
}

/// What `pick` finds in the first of uv's configuration files that has it.
pub(crate) fn nearest<T>(
    places: Places<'_>,
    pick: impl Fn(UvConfiguration, &Path) -> Option<T>,
) -> Result<Option<T>, ConfigurationError> {
    let pick = |(configuration, path): (UvConfiguration, PathBuf)| pick(configuration, &path);
    if let Some(path) = set(places.variable, "UV_CONFIG_FILE").map(PathBuf::from) {
        return Ok(configuration(path)?.and_then(pick));
    }
    if set(places.variable, "UV_NO_CONFIG").is_some() {
        return Ok(None);
    }
    let mut found = project(places.folder)?.and_then(pick);
    let others = [
        user_folder(places.variable).map(|folder| folder.join("uv/uv.toml")),
        Some(places.system.join("etc/uv/uv.toml")),
    ];
    for path in others.into_iter().flatten() {
        if found.is_none() {
            found = configuration(path)?.and_then(pick);
        }
    }
    Ok(found)
}

/// The nearest `uv.toml`, or `pyproject.toml` with a table `tool.uv`, in the folder or above it. Only that one counts.
fn project(folder: &Path) -> Result<Option<(UvConfiguration, PathBuf)>, ConfigurationError> {
    for folder in folder.ancestors() {
        if let Some(found) = configuration(folder.join("uv.toml"))? {
            return Ok(Some(found));
        }
        let path = folder.join("pyproject.toml");
        // A project file that is broken in another way is for its own tools to complain about.
        let project = read(&path)?.and_then(|text| toml::from_str::<Project>(&text).ok());
        if let Some(configuration) = project.and_then(|project| project.tool?.uv) {
            return Ok(Some((configuration, path)));
        }
    }
    Ok(None)
}

fn configuration(path: PathBuf) -> Result<Option<(UvConfiguration, PathBuf)>, ConfigurationError> {
    let Some(text) = read(&path)? else {
        return Ok(None);
    };
    match toml::from_str(&text) {
        Ok(parsed) => Ok(Some((parsed, path))),
        Err(source) => Err(ConfigurationError::Toml {
            path,
            source: Box::new(source),
        }),
    }
}

fn default(configuration: UvConfiguration) -> Option<String> {
    let mut indexes = configuration.index.into_iter();
    let marked = indexes.find(|index| index.default).map(|index| index.url);
    marked.or(configuration.index_url)
}
