//! What can be wrong with core metadata: one variant a rule, in the words that the public index uses where it has any.

use crate::metadata::{DocumentError, MAX_METADATA_BYTES, MetadataVersion, RequirementError};
use crate::{InvalidName, InvalidVersion};

/// Why metadata is refused. Values in messages are shortened.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The file is not one of headers and a body.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Metadata-Version, Name or Version is absent or empty.
    #[error("'{field}' is a required field")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// Not a version of the format that exists.
    #[error("'{given}' is not a valid metadata version")]
    MetadataVersion {
        /// The value.
        given: String,
    },
    /// Name breaks the rule for names.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Version breaks PEP 440.
    #[error(transparent)]
    Version(#[from] InvalidVersion),
    /// A field that may come once comes more often.
    #[error("'{field}' has invalid data: expected it once at most")]
    Repeated {
        /// Its name in the source.
        field: &'static str,
    },
    /// A field comes more often than any real one.
    #[error("'{field}' has invalid data: expected at most {limit} values, found {found}")]
    TooMany {
        /// Its name in the source.
        field: &'static str,
        /// The bound.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// A value is longer than any real one.
    #[error("'{field}' has invalid data: expected at most {limit} bytes, found {found}")]
    TooLong {
        /// Its name in the source.
        field: &'static str,
        /// The bound.
        limit: usize,
        /// Its length.
        found: usize,
    },
    /// The declared metadata version does not have this field yet.
    #[error("{field} introduced in metadata version {since}, not {declared}")]
    TooNew {
        /// Its name.
        field: &'static str,
        /// Where it came in.
        since: MetadataVersion,
        /// What the metadata declares.
        declared: MetadataVersion,
    },
    /// Summary has more than one line.
    #[error("'summary' must be a single line")]
    SummaryLines,
    /// Summary is too long.
    #[error("'summary' field must be {limit} characters or less.")]
    SummaryLength {
        /// The bound.
        limit: usize,
    },
    /// Description-Content-Type is none of the three.
    #[error(
        "'description-content-type' must be one of ['text/plain', 'text/x-rst', 'text/markdown'], not '{given}'"
    )]
    ContentType {
        /// The value.
        given: String,
    },
    /// Description-Content-Type names another charset.
    #[error("'description-content-type' can only specify the UTF-8 charset, not '{given}'")]
    Charset {
        /// The charset.
        given: String,
    },
    /// Description-Content-Type names an unknown kind of Markdown.
    #[error(
        "valid Markdown variants for 'description-content-type' are ['GFM', 'CommonMark'], not '{given}'"
    )]
    MarkdownVariant {
        /// The variant.
        given: String,
    },
    /// Dynamic names one of the fields that identify a release.
    #[error("'{given}' is not allowed as a dynamic field")]
    DynamicForbidden {
        /// The field named.
        given: String,
    },
    /// Dynamic names no field.
    #[error("'{given}' is not a valid dynamic field")]
    DynamicUnknown {
        /// The value.
        given: String,
    },
    /// Provides-Extra is no name.
    #[error("'{given}' is invalid for 'provides-extra'")]
    Extra {
        /// The value.
        given: String,
        /// The rule.
        source: InvalidName,
    },
    /// Requires-Python is no set of version specifiers.
    #[error("'{given}' is invalid for 'requires-python'")]
    RequiresPython {
        /// The value.
        given: String,
        /// What is wrong.
        source: pep440_rs::VersionSpecifiersParseError,
    },
    /// Requires-Dist, Provides-Dist or Obsoletes-Dist is no requirement.
    #[error("'{given}' is invalid for '{field}'")]
    Requirement {
        /// Which of them.
        field: &'static str,
        /// The value.
        given: String,
        /// What is wrong.
        source: RequirementError,
    },
    /// A requirement names a URL, which only [`Profile::Private`](crate::Profile::Private) allows.
    #[error("Can't have direct dependency: '{given}'")]
    DirectReference {
        /// Which field.
        field: &'static str,
        /// The value.
        given: String,
    },
    /// License-Expression is no SPDX expression.
    #[error("'{given}' is invalid for 'license-expression'")]
    LicenseExpression {
        /// The value.
        given: String,
        /// What is wrong; `None` when it is only too long.
        source: Option<spdx::ParseError>,
    },
    /// Both ways of naming the licence are used.
    #[error(
        "License is deprecated when License-Expression is present. Only License-Expression should be present."
    )]
    TwoLicenses,
    /// License-File leads upwards.
    #[error("'{given}' is invalid for 'license-file', parent directory indicators are not allowed")]
    LicenseFileParent {
        /// The path.
        given: String,
    },
    /// License-File is a pattern.
    #[error("'{given}' is invalid for 'license-file', paths must be resolved")]
    LicenseFilePattern {
        /// The path.
        given: String,
    },
    /// License-File begins at a root or a drive, or is empty.
    #[error("'{given}' is invalid for 'license-file', paths must be relative")]
    LicenseFileAbsolute {
        /// The path.
        given: String,
    },
    /// License-File has backslashes, or is not in its shortest form.
    #[error("'{given}' is invalid for 'license-file', paths must use '/' delimiter")]
    LicenseFileDelimiter {
        /// The path.
        given: String,
    },
    /// Import-Name or Import-Namespace is no dotted name.
    #[error("'{given}' is invalid for '{field}'; '{part}' is not a valid identifier")]
    ImportName {
        /// Which of them.
        field: &'static str,
        /// The value.
        given: String,
        /// The part that is none.
        part: String,
    },
    /// Import-Name or Import-Namespace has an option other than `private`.
    #[error("'{given}' is invalid for '{field}'; the only valid option is 'private'")]
    ImportOption {
        /// Which of them.
        field: &'static str,
        /// The value.
        given: String,
    },
    /// A classifier that is ill-formed, or `Private ::` where that is not allowed.
    #[error("'{given}' is not a valid classifier.")]
    Classifier {
        /// The value.
        given: String,
    },
    /// Home-Page, Download-URL or Project-URL is not an http(s) URL.
    #[error("'{given}' is not a valid url.")]
    Url {
        /// Which of them.
        field: &'static str,
        /// The value.
        given: String,
    },
    /// Project-URL without a label.
    #[error("Must have a label")]
    NoLabel,
    /// Project-URL without a URL.
    #[error("Must have a URL")]
    NoUrl,
    /// Project-URL with a long label.
    #[error("'{given}' must be {limit} characters or less")]
    LabelLength {
        /// The label.
        given: String,
        /// The bound.
        limit: usize,
    },
    /// Two Project-URLs under one label.
    #[error("'project_urls' has invalid data: the label '{given}' comes twice")]
    LabelRepeated {
        /// The label.
        given: String,
    },
    /// Author-Email or Maintainer-Email holds no address.
    #[error("'{given}' is not a valid email address")]
    Email {
        /// Which of them.
        field: &'static str,
        /// The address.
        given: String,
    },
    /// A local version where none is allowed.
    #[error(
        "The use of local versions in '{given}' is not allowed. See \
         https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers for more \
         information."
    )]
    LocalVersion {
        /// The version.
        given: String,
    },
    /// Longer than [`MAX_METADATA_BYTES`].
    #[error("expected a metadata file of at most {MAX_METADATA_BYTES} bytes, found {found}")]
    FileTooLong {
        /// Its length.
        found: usize,
    },
}

impl MetadataError {
    /// The field that it is about, in lower case as in a file; `None` for the file as a whole.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::Document(_) | Self::FileTooLong { .. } => return None,
            Self::Missing { field }
            | Self::Repeated { field }
            | Self::TooMany { field, .. }
            | Self::TooLong { field, .. }
            | Self::TooNew { field, .. }
            | Self::Requirement { field, .. }
            | Self::DirectReference { field, .. }
            | Self::ImportName { field, .. }
            | Self::ImportOption { field, .. }
            | Self::Url { field, .. }
            | Self::Email { field, .. } => field,
            Self::MetadataVersion { .. } => "metadata-version",
            Self::Name(_) => "name",
            Self::Version(_) | Self::LocalVersion { .. } => "version",
            Self::SummaryLines | Self::SummaryLength { .. } => "summary",
            Self::ContentType { .. } | Self::Charset { .. } | Self::MarkdownVariant { .. } => {
                "description-content-type"
            }
            Self::DynamicForbidden { .. } | Self::DynamicUnknown { .. } => "dynamic",
            Self::Extra { .. } => "provides-extra",
            Self::RequiresPython { .. } => "requires-python",
            Self::LicenseExpression { .. } => "license-expression",
            Self::TwoLicenses => "license",
            Self::LicenseFileParent { .. }
            | Self::LicenseFilePattern { .. }
            | Self::LicenseFileAbsolute { .. }
            | Self::LicenseFileDelimiter { .. } => "license-file",
            Self::Classifier { .. } => "classifier",
            Self::NoLabel | Self::NoUrl | Self::LabelLength { .. } | Self::LabelRepeated { .. } => {
                "project-url"
            }
        })
    }
}
