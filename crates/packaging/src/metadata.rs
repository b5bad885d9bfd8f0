//! Core metadata, versions 1.0 to 2.5: from an upload's form and from the METADATA or PKG-INFO file in an archive.
//!
//! The form is checked strictly, as the public index does, because a mistake can still be corrected there. A file is
//! only read: once released it cannot change, and much of what exists would not pass (setuptools wrote `License-File`
//! under version 2.1 for years). What it says of name, version and metadata version must always hold.

pub(crate) mod document;
mod error;
mod field;
mod license;
pub(crate) mod requirement;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DisplayName, Profile, Version};

pub use document::DocumentError;
pub use error::MetadataError;
pub use field::MetadataVersion;
pub use requirement::RequirementError;

#[cfg(feature = "archive")]
pub(crate) use rules::specifiers;

use field::{Arity, Field};

/// Of a metadata file, and of the description. The longest descriptions on the public index are changelogs of two or
/// three megabytes.
pub const MAX_METADATA_BYTES: usize = 8 << 20;

/// Of the field `license`: some put the whole text there, and the longest licences have under 100 kB.
const MAX_LICENSE_BYTES: usize = 1 << 20;

/// Of any other value: long lists of authors or keywords have a few kilobytes.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// Of a field that may be repeated: generated stubs have over a thousand requirements and extras.
const MAX_VALUES: usize = 4096;

/// What a distribution says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreMetadata {
    /// Which version of the format the rest follows.
    pub metadata_version: MetadataVersion,
    /// The project's name as its author writes it.
    pub name: DisplayName,
    /// The release.
    pub version: Version,
    /// One line.
    pub summary: Option<String>,
    /// The long description, in the markup that `description_content_type` names.
    pub description: Option<String>,
    /// `text/plain`, `text/x-rst` or `text/markdown`, with parameters.
    pub description_content_type: Option<String>,
    /// A set of version specifiers.
    pub requires_python: Option<String>,
    /// Dependencies (PEP 508).
    #[serde(default)]
    pub requires_dist: Vec<String>,
    /// Trove classifiers.
    #[serde(default)]
    pub classifiers: Vec<String>,
    /// Keywords, one each.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// The home page's URL.
    pub home_page: Option<String>,
    /// Where this release is fetched, in old metadata.
    pub download_url: Option<String>,
    /// Label and URL.
    #[serde(default)]
    pub project_urls: Vec<(String, String)>,
    /// Authors.
    pub author: Option<String>,
    /// Their addresses, `Name <address>`.
    pub author_email: Option<String>,
    /// Maintainers.
    pub maintainer: Option<String>,
    /// Their addresses.
    pub maintainer_email: Option<String>,
    /// The licence in free text.
    pub license: Option<String>,
    /// The licence as an SPDX expression.
    pub license_expression: Option<String>,
    /// Paths of licence files.
    #[serde(default)]
    pub license_files: Vec<String>,
    /// Extras, in normalised form where the given one is valid.
    #[serde(default)]
    pub provides_extra: Vec<String>,
    /// Fields that building may change, in lower case.
    #[serde(default)]
    pub dynamic: Vec<String>,
    /// What can be imported (PEP 794). A field that says "nothing" is not told from an absent one.
    #[serde(default)]
    pub import_names: Vec<String>,
    /// Namespaces that it contributes to (PEP 794).
    #[serde(default)]
    pub import_namespaces: Vec<String>,
    /// Platforms.
    #[serde(default)]
    pub platforms: Vec<String>,
    /// Platforms it was built for.
    #[serde(default)]
    pub supported_platforms: Vec<String>,
    /// Required modules, in metadata 1.1.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Provided modules, in metadata 1.1.
    #[serde(default)]
    pub provides: Vec<String>,
    /// Replaced modules, in metadata 1.1.
    #[serde(default)]
    pub obsoletes: Vec<String>,
    /// Provided distributions.
    #[serde(default)]
    pub provides_dist: Vec<String>,
    /// Replaced distributions.
    #[serde(default)]
    pub obsoletes_dist: Vec<String>,
    /// Needs outside Python.
    #[serde(default)]
    pub requires_external: Vec<String>,
}

impl CoreMetadata {
    /// Form fields in order, names as on the wire (`classifiers`, `requires_dist`, `license_file`…); others are ignored.
    ///
    /// Every rule of `packaging.metadata` holds, and those that an index adds. Whether a classifier *exists* is not
    /// known here (the list changes by the week): any well-formed one passes, under [`Profile::Pypi`] all but
    /// `Private ::`.
    pub fn from_form(fields: &[(String, String)], profile: Profile) -> Result<Self, MetadataError> {
        let mut raw = Raw::default();
        for (name, value) in fields {
            if let Some(field) = Field::from_form(name) {
                raw.push(field, value);
            }
        }
        raw.drop_empty();
        raw.check_shape(Field::form_name)?;
        let head = Head::take(&mut raw)?;
        rules::forget_early_license_files(&mut raw, head.metadata_version);
        rules::check_versions(&raw, head.metadata_version)?;
        rules::check_standard(&mut raw)?;
        rules::check_index(&raw, &head.version, profile)?;
        Ok(Self::build(head, raw))
    }

    /// A METADATA or PKG-INFO file: headers as in RFC 822, UTF-8, the description in the body or in a header.
    ///
    /// Beyond name, version and metadata version, values are taken as they are; unknown headers are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let document = document::read(bytes)?;
        let mut raw = Raw::default();
        for (name, value) in &document.headers {
            if let Some(field) = Field::from_core_name(name) {
                raw.push(field, value);
            }
        }
        if let Some(body) = document.body {
            raw.push(Field::Description, body);
        }
        raw.drop_empty();
        raw.check_shape(Field::core_name)?;
        let head = Head::take(&mut raw)?;
        rules::normalise(&mut raw);
        Ok(Self::build(head, raw))
    }

    fn build(head: Head, mut raw: Raw) -> Self {
        let keywords = raw.take_one(Field::Keywords);
        let keywords = keywords
            .iter()
            .flat_map(|words| words.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty());
        Self {
            metadata_version: head.metadata_version,
            name: head.name,
            version: head.version,
            summary: raw.take_one(Field::Summary),
            description: raw.take_one(Field::Description),
            description_content_type: raw.take_one(Field::DescriptionContentType),
            requires_python: raw.take_one(Field::RequiresPython),
            requires_dist: raw.take_all(Field::RequiresDist),
            classifiers: raw.take_all(Field::Classifier),
            keywords: keywords.map(str::to_owned).collect(),
            home_page: raw.take_one(Field::HomePage),
            download_url: raw.take_one(Field::DownloadUrl),
            project_urls: raw
                .take_all(Field::ProjectUrl)
                .iter()
                .map(|pair| rules::split_label(pair))
                .collect(),
            author: raw.take_one(Field::Author),
            author_email: raw.take_one(Field::AuthorEmail),
            maintainer: raw.take_one(Field::Maintainer),
            maintainer_email: raw.take_one(Field::MaintainerEmail),
            license: raw.take_one(Field::License),
            license_expression: raw.take_one(Field::LicenseExpression),
            license_files: raw.take_all(Field::LicenseFile),
            provides_extra: raw.take_all(Field::ProvidesExtra),
            dynamic: raw.take_all(Field::Dynamic),
            import_names: raw.take_all(Field::ImportName),
            import_namespaces: raw.take_all(Field::ImportNamespace),
            platforms: raw.take_all(Field::Platform),
            supported_platforms: raw.take_all(Field::SupportedPlatform),
            requires: raw.take_all(Field::Requires),
            provides: raw.take_all(Field::Provides),
            obsoletes: raw.take_all(Field::Obsoletes),
            provides_dist: raw.take_all(Field::ProvidesDist),
            obsoletes_dist: raw.take_all(Field::ObsoletesDist),
            requires_external: raw.take_all(Field::RequiresExternal),
        }
    }
}

/// The fields of an upload's form that a METADATA or PKG-INFO file makes, in its order, each value as it is written there:
/// an index compares the two. Headers that no form has are left out.
///
/// # Errors
/// The file has not the shape of metadata.
pub fn form_fields(bytes: &[u8]) -> Result<Vec<(&'static str, String)>, MetadataError> {
    let document = document::read(bytes)?;
    let headers = document.headers.into_iter();
    let known =
        headers.filter_map(|(name, value)| Some((Field::from_core_name(name)?.form_name(), value)));
    let mut fields: Vec<_> = known
        .filter(|(_, value)| value.trim() != "UNKNOWN")
        .collect();
    let body = document.body.map(str::to_owned);
    fields.extend(body.map(|body| (Field::Description.form_name(), body)));
    Ok(fields)
}

/// The three fields that must be there, checked before the others and reported before them.
struct Head {
    metadata_version: MetadataVersion,
    name: DisplayName,
    version: Version,
}

impl Head {
    fn take(raw: &mut Raw) -> Result<Self, MetadataError> {
        let mut required = |field: Field| {
            raw.take_one(field).ok_or(MetadataError::Missing {
                field: field.core_name(),
            })
        };
        let metadata_version = required(Field::MetadataVersion)?.parse()?;
        let name = required(Field::Name)?.parse()?;
        let version = required(Field::Version)?.parse()?;
        Ok(Self {
            metadata_version,
            name,
            version,
        })
    }
}

/// Values by field, in the alphabetical order in which the public index reports errors.
#[derive(Default)]
struct Raw(BTreeMap<Field, Vec<String>>);

impl Raw {
    /// Adds a value as the public index reads it: `UNKNOWN` (what old distutils wrote for nothing) is left out, and a
    /// NUL, which databases refuse, becomes four visible characters.
    fn push(&mut self, field: Field, value: &str) {
        if value.trim() != "UNKNOWN" {
            self.0
                .entry(field)
                .or_default()
                .push(value.replace('\0', "\\x00"));
        }
    }

    /// One empty value is how a form says "none"; uv always sends `requires_python`.
    fn drop_empty(&mut self) {
        self.0
            .retain(|_, values| !matches!(&values[..], [only] if only.is_empty()));
    }

    /// Counts and lengths. `shown` is how the source calls a field.
    fn check_shape(&self, shown: fn(Field) -> &'static str) -> Result<(), MetadataError> {
        for (&field, values) in &self.0 {
            let name = shown(field);
            if field.arity() == Arity::One && values.len() > 1 {
                return Err(MetadataError::Repeated { field: name });
            }
            if values.len() > MAX_VALUES {
                return Err(MetadataError::TooMany {
                    field: name,
                    limit: MAX_VALUES,
                    found: values.len(),
                });
            }
            let limit = match field {
                Field::Description => MAX_METADATA_BYTES,
                Field::License => MAX_LICENSE_BYTES,
                _ => MAX_VALUE_BYTES,
            };
            if let Some(long) = values.iter().find(|value| value.len() > limit) {
                return Err(MetadataError::TooLong {
                    field: name,
                    limit,
                    found: long.len(),
                });
            }
        }
        Ok(())
    }

    fn all(&self, field: Field) -> &[String] {
        self.0.get(&field).map_or(&[], Vec::as_slice)
    }

    fn one(&self, field: Field) -> Option<&str> {
        self.all(field).first().map(String::as_str)
    }

    fn take_all(&mut self, field: Field) -> Vec<String> {
        self.0.remove(&field).unwrap_or_default()
    }

    fn take_one(&mut self, field: Field) -> Option<String> {
        self.take_all(field).into_iter().next()
    }
}
