//! The fields of core metadata: what each is called in a file and in the form, how often it may come, and since when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;
use crate::metadata::MetadataError;

/// A version of the metadata format. There is no 2.0: PEP 426 was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MetadataVersion {
    /// PEP 241.
    V1_0,
    /// PEP 314.
    V1_1,
    /// PEP 345.
    V1_2,
    /// PEP 566.
    V2_1,
    /// PEP 643.
    V2_2,
    /// PEP 685.
    V2_3,
    /// PEP 639.
    V2_4,
    /// PEP 794.
    V2_5,
}

impl MetadataVersion {
    const ALL: [Self; 8] = [
        Self::V1_0,
        Self::V1_1,
        Self::V1_2,
        Self::V2_1,
        Self::V2_2,
        Self::V2_3,
        Self::V2_4,
        Self::V2_5,
    ];

    /// As in the file: `2.1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V2_1 => "2.1",
            Self::V2_2 => "2.2",
            Self::V2_3 => "2.3",
            Self::V2_4 => "2.4",
            Self::V2_5 => "2.5",
        }
    }
}

impl FromStr for MetadataVersion {
    type Err = MetadataError;

    fn from_str(given: &str) -> Result<Self, MetadataError> {
        let known = Self::ALL
            .into_iter()
            .find(|version| version.as_str() == given);
        known.ok_or_else(|| MetadataError::MetadataVersion {
            given: excerpt(given),
        })
    }
}

impl TryFrom<String> for MetadataVersion {
    type Error = MetadataError;

    fn try_from(given: String) -> Result<Self, MetadataError> {
        given.parse()
    }
}

impl From<MetadataVersion> for String {
    fn from(version: MetadataVersion) -> Self {
        version.as_str().to_owned()
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often a field may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    One,
    Many,
}

/// Every field, in alphabetical order of its name: the order in which errors are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Author,
    AuthorEmail,
    Classifier,
    Description,
    DescriptionContentType,
    DownloadUrl,
    Dynamic,
    HomePage,
    ImportName,
    ImportNamespace,
    Keywords,
    License,
    LicenseExpression,
    LicenseFile,
    Maintainer,
    MaintainerEmail,
    MetadataVersion,
    Name,
    Obsoletes,
    ObsoletesDist,
    Platform,
    ProjectUrl,
    Provides,
    ProvidesDist,
    ProvidesExtra,
    Requires,
    RequiresDist,
    RequiresExternal,
    RequiresPython,
    Summary,
    SupportedPlatform,
    Version,
}

impl Field {
    pub(super) const ALL: [Self; 32] = [
        Self::Author,
        Self::AuthorEmail,
        Self::Classifier,
        Self::Description,
        Self::DescriptionContentType,
        Self::DownloadUrl,
        Self::Dynamic,
        Self::HomePage,
        Self::ImportName,
        Self::ImportNamespace,
        Self::Keywords,
        Self::License,
        Self::LicenseExpression,
        Self::LicenseFile,
        Self::Maintainer,
        Self::MaintainerEmail,
        Self::MetadataVersion,
        Self::Name,
        Self::Obsoletes,
        Self::ObsoletesDist,
        Self::Platform,
        Self::ProjectUrl,
        Self::Provides,
        Self::ProvidesDist,
        Self::ProvidesExtra,
        Self::Requires,
        Self::RequiresDist,
        Self::RequiresExternal,
        Self::RequiresPython,
        Self::Summary,
        Self::SupportedPlatform,
        Self::Version,
    ];

    /// Name in a file (lower case), name in the form, how often, since when.
    fn row(self) -> (&'static str, &'static str, Arity, MetadataVersion) {
        use Arity::{Many, One};
        use MetadataVersion::{V1_0, V1_1, V1_2, V2_1, V2_2, V2_4, V2_5};
        match self {
            Self::Author => ("author", "author", One, V1_0),
            Self::AuthorEmail => ("author-email", "author_email", One, V1_0),
            Self::Classifier => ("classifier", "classifiers", Many, V1_1),
            Self::Description => ("description", "description", One, V1_0),
            Self::DescriptionContentType => (
                "description-content-type",
                "description_content_type",
                One,
                V2_1,
            ),
            Self::DownloadUrl => ("download-url", "download_url", One, V1_1),
            Self::Dynamic => ("dynamic", "dynamic", Many, V2_2),
            Self::HomePage => ("home-page", "home_page", One, V1_0),
            Self::ImportName => ("import-name", "import_name", Many, V2_5),
            Self::ImportNamespace => ("import-namespace", "import_namespace", Many, V2_5),
            Self::Keywords => ("keywords", "keywords", One, V1_0),
            Self::License => ("license", "license", One, V1_0),
            Self::LicenseExpression => ("license-expression", "license_expression", One, V2_4),
            Self::LicenseFile => ("license-file", "license_file", Many, V2_4),
            Self::Maintainer => ("maintainer", "maintainer", One, V1_2),
            Self::MaintainerEmail => ("maintainer-email", "maintainer_email", One, V1_2),
            Self::MetadataVersion => ("metadata-version", "metadata_version", One, V1_0),
            Self::Name => ("name", "name", One, V1_0),
            Self::Obsoletes => ("obsoletes", "obsoletes", Many, V1_1),
            Self::ObsoletesDist => ("obsoletes-dist", "obsoletes_dist", Many, V1_2),
            Self::Platform => ("platform", "platform", Many, V1_0),
            Self::ProjectUrl => ("project-url", "project_urls", Many, V1_2),
            Self::Provides => ("provides", "provides", Many, V1_1),
            Self::ProvidesDist => ("provides-dist", "provides_dist", Many, V1_2),
            Self::ProvidesExtra => ("provides-extra", "provides_extra", Many, V2_1),
            Self::Requires => ("requires", "requires", Many, V1_1),
            Self::RequiresDist => ("requires-dist", "requires_dist", Many, V1_2),
            Self::RequiresExternal => ("requires-external", "requires_external", Many, V1_2),
            Self::RequiresPython => ("requires-python", "requires_python", One, V1_2),
            Self::Summary => ("summary", "summary", One, V1_0),
            Self::SupportedPlatform => ("supported-platform", "supported_platform", Many, V1_1),
            Self::Version => ("version", "version", One, V1_0),
        }
    }

    /// The header's name in lower case, also what messages call the field.
    pub(super) fn core_name(self) -> &'static str {
        self.row().0
    }

    pub(super) fn form_name(self) -> &'static str {
        self.row().1
    }

    pub(super) fn arity(self) -> Arity {
        self.row().2
    }

    pub(super) fn since(self) -> MetadataVersion {
        self.row().3
    }

    pub(super) fn from_core_name(given: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| field.core_name().eq_ignore_ascii_case(given))
    }

    pub(super) fn from_form(given: &str) -> Option<Self> {
        match given {
            // uv sends these two in the plural.
            "import_names" => Some(Self::ImportName),
            "import_namespaces" => Some(Self::ImportNamespace),
            _ => Self::ALL
                .into_iter()
                .find(|field| field.form_name() == given),
        }
    }
}
