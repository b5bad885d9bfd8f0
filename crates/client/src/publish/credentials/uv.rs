//! uv's configuration: `publish-url`, of an index by its name or by itself.

use std::path::Path;

use crate::fetch::{Places, UvConfiguration, nearest_uv};

use super::{Address, CredentialsError};

/// The index of that name which says where to upload.
pub(super) fn named(places: Places<'_>, name: &str) -> Result<Option<Address>, CredentialsError> {
    let found = nearest_uv(places, |configuration, path| {
        let mut addresses = of_indexes(&configuration, path).into_iter();
        addresses.find(|(known, _)| known.as_deref() == Some(name))
    })?;
    Ok(found.map(|(_, address)| address))
}

/// Those of the nearest file that says where to upload.
pub(super) fn all(places: Places<'_>) -> Result<Vec<Address>, CredentialsError> {
    let found = nearest_uv(places, |configuration, path| {
        let indexes = of_indexes(&configuration, path).into_iter();
        let mut all: Vec<Address> = indexes.map(|(_, address)| address).collect();
        all.extend(configuration.publish_url.map(|text| Address {
            text,
            origin: format!("`publish-url` of `{}`", path.display()),
            simple: configuration.check_url,
        }));
        Some(all).filter(|all| !all.is_empty())
    })?;
    Ok(found.unwrap_or_default())
}

fn of_indexes(configuration: &UvConfiguration, path: &Path) -> Vec<(Option<String>, Address)> {
    let addresses = configuration.index.iter().filter_map(|index| {
        let name = index.name.as_deref().unwrap_or("(without a name)");
        let address = Address {
            text: index.publish_url.clone()?,
            origin: format!("index `{name}` of `{}`", path.display()),
            simple: Some(index.url.clone()),
        };
        Some((index.name.clone(), address))
    });
    addresses.collect()
}
