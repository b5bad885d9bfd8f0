//! Kubernetes: service account tokens that are projected into the pod, each for one audience. Their names are the pod's
//! affair; which one is meant, its audience says.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::AmbientError;
use crate::fetch::Environment;
use crate::identity::token::{IdentityToken, MAX_TOKEN_BYTES};

/// Set in every pod.
const SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";

/// Where the pod has them, if not at [`USUAL`].
pub(super) const FOLDER_VARIABLE: &str = "TOUCHPLATE_ID_TOKENS";

/// Where Kubernetes' own documentation mounts them.
const USUAL: &str = "/var/run/secrets/tokens";

/// A pod has a handful.
const MAX_FILES: usize = 64;

/// Only where there is a folder of tokens: the token that every pod has is for the cluster alone.
pub(super) fn is_here(variable: Environment<'_>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    set(SERVICE_HOST) && (set(FOLDER_VARIABLE) || Path::new(USUAL).is_dir())
}

/// The token for this audience. It is read anew each time, since the cluster renews it in its place.
pub(super) fn token(audience: &str, variable: Environment<'_>) -> Result<String, AmbientError> {
    let folder = variable(FOLDER_VARIABLE).filter(|value| !value.is_empty());
    let folder = PathBuf::from(folder.as_deref().unwrap_or(USUAL));
    let unreadable = |source| AmbientError::Folder {
        folder: folder.clone(),
        source,
    };
    let entries = fs::read_dir(&folder).map_err(unreadable)?;
    for entry in entries.take(MAX_FILES) {
        let entry = entry.map_err(unreadable)?;
        // `..data` and its like are how the cluster swaps files.
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || !entry.path().is_file() {
            continue;
        }
        let text = read(&entry.path()).map_err(unreadable)?;
        // Others may keep something else there.
        let Ok(token) = IdentityToken::parse(&text) else {
            continue;
        };
        if token.audiences().contains(&audience) {
            return Ok(text);
        }
    }
    Err(AmbientError::NotProjected {
        audience: audience.to_owned(),
        folder,
    })
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_TOKEN_BYTES as u64 + 2)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
