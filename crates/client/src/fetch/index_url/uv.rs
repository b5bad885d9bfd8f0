//! uv's configuration files: the project's, the user's, the system's; the first one that names a default index counts.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigurationError, Places, read, set, user_folder};

/// What of a `uv.toml` is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    #[serde(default)]
    index: Vec<Index>,
    index_url: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    url: String,
    #[serde(default)]
    default: bool,
}

#[derive(Deserialize)]
struct Project {
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    uv: Option<Configuration>,
}

/// The default index of uv's configuration, and the file it is from.
pub(super) fn find(places: Places<'_>) -> Result<Option<(String, PathBuf)>, ConfigurationError> {
    if let Some(path) = set(places.variable, "UV_CONFIG_FILE").map(PathBuf::from) {
        return Ok(configuration(&path)?
            .and_then(default)
            .map(|url| (url, path)));
    }
    if set(places.variable, "UV_NO_CONFIG").is_some() {
        return Ok(None);
    }
    let mut found = project(places.folder)?;
    let others = [
        user_folder(places.variable).map(|folder| folder.join("uv/uv.toml")),
        Some(places.system.join("etc/uv/uv.toml")),
    ];
    for path in others.into_iter().flatten() {
        if found.is_none() {
            found = configuration(&path)?
                .and_then(default)
                .map(|url| (url, path));
        }
    }
    Ok(found)
}

/// The nearest `uv.toml`, or `pyproject.toml` with a table `tool.uv`, in the folder or above it. Only that one counts.
fn project(folder: &Path) -> Result<Option<(String, PathBuf)>, ConfigurationError> {
    for folder in folder.ancestors() {
        let path = folder.join("uv.toml");
        if let Some(configuration) = configuration(&path)? {
            return Ok(default(configuration).map(|url| (url, path)));
        }
        let path = folder.join("pyproject.toml");
        // A project file that is broken in another way is for its own tools to complain about.
        let project = read(&path)?.and_then(|text| toml::from_str::<Project>(&text).ok());
        if let Some(configuration) = project.and_then(|project| project.tool?.uv) {
            return Ok(default(configuration).map(|url| (url, path)));
        }
    }
    Ok(None)
}

fn configuration(path: &Path) -> Result<Option<Configuration>, ConfigurationError> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    let parsed = toml::from_str(&text);
    parsed.map(Some).map_err(|source| ConfigurationError::Toml {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn default(configuration: Configuration) -> Option<String> {
    let mut indexes = configuration.index.into_iter();
    let marked = indexes.find(|index| index.default).map(|index| index.url);
    marked.or(configuration.index_url)
}
