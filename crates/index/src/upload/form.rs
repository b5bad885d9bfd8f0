//! The upload form, parsed into types (`reference/index-behaviour.md` §1.1).

use touchplate_packaging::{
    Blake2b256, CoreMetadata, Digests, FileKind, Filename, InvalidFilename, Md5, MetadataError,
    Profile, Sha256,
};

use super::{UploadError, is_reserved};

/// The form's fields, each parsed.
#[derive(Debug)]
pub struct UploadForm {
    /// Core metadata as declared.
    pub metadata: CoreMetadata,
    /// The name of the file.
    pub filename: Filename,
    /// `pyversion`: free text for wheels, `source` for sdists.
    pub pyversion: String,
    /// `comment`.
    pub comment: Option<String>,
    /// The digests that the client announced; at least one.
    pub digests: ClaimedDigests,
    /// The `attestations` field, as it came.
    pub attestations: Option<String>,
}

/// Digests that a client announced.
#[derive(Clone, Debug, Default)]
pub struct ClaimedDigests {
    /// `md5_digest`.
    pub md5: Option<Md5>,
    /// `sha256_digest`.
    pub sha256: Option<Sha256>,
    /// `blake2_256_digest`.
    pub blake2b_256: Option<Blake2b256>,
}

/// Why the form is no upload.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// `:action` is not `file_upload`.
    #[error("Unknown action '{0}': expected `file_upload`")]
    Action(String),
    /// `protocol_version` is not 1.
    #[error("Unknown protocol version.")]
    Protocol,
    /// A field that may come once came more than once.
    #[error("'{0}' has invalid data: it may be given once")]
    Repeated(&'static str),
    /// A required field is missing.
    #[error("Invalid value for {0}. Error: This field is required.")]
    Missing(&'static str),
    /// `filetype` is unknown.
    #[error(
        "Invalid value for filetype. Error: Use a known file type (`sdist` or `bdist_wheel`), not '{0}'."
    )]
    FileType(String),
    /// `pyversion` does not fit `filetype`.
    #[error("Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.")]
    PyVersion,
    /// No digest came.
    #[error("Error: Include at least one message digest.")]
    NoDigest,
    /// A digest is no digest.
    #[error(
        "Invalid value for {field}. Error: Use a valid, hex-encoded, digest of {digits} digits."
    )]
    Digest {
        /// Which field.
        field: &'static str,
        /// How many digits it has.
        digits: usize,
    },
    /// A metadata field is wrong.
    #[error("{0}")]
    Metadata(#[from] MetadataError),
    /// The filename is no distribution's.
    #[error("{0}")]
    Filename(#[from] InvalidFilename),
    /// The extension does not fit `filetype`.
    #[error("Invalid file extension: '{filename}' is no {}.", .kind.as_str())]
    Extension {
        /// The name of the file.
        filename: Filename,
        /// What the form says it is.
        kind: FileKind,
    },
    /// The filename names another project.
    #[error("Start filename for '{project}' with '{escaped}'.")]
    OtherProject {
        /// The project, as the form has it.
        project: String,
        /// How its filenames begin.
        escaped: String,
    },
    /// The filename has another version.
    #[error("Version in filename should be '{expected}' not '{found}'.")]
    OtherVersion {
        /// The form's version.
        expected: String,
        /// The filename's version.
        found: String,
    },
}

impl UploadForm {
    /// Parses the form's text fields, in the order in which they came, and the name of its file part. Unknown fields are
    /// ignored. The first thing that is wrong is reported.
    pub fn parse(
        fields: &[(String, String)],
        filename: &str,
        profile: Profile,
    ) -> Result<Self, FormError> {
        let one = |name| single(fields, name);
        if let Some(action) = one(":action")?
            && action != "file_upload"
        {
            return Err(FormError::Action(action.chars().take(80).collect()));
        }
        if one("protocol_version")?.is_some_and(|version| version != "1") {
            return Err(FormError::Protocol);
        }
        let kind = one("filetype")?.ok_or(FormError::Missing("filetype"))?;
        let kind: FileKind = kind
            .parse()
            .map_err(|_| FormError::FileType(kind.chars().take(80).collect()))?;
        let digests = ClaimedDigests::parse(fields)?;
        let pyversion = pyversion(kind, one("pyversion")?)?;
        let metadata = CoreMetadata::from_form(fields, profile)?;
        let filename: Filename = filename.parse()?;
        if filename.kind() != kind {
            return Err(FormError::Extension { filename, kind });
        }
        Ok(Self {
            metadata,
            filename,
            pyversion,
            comment: one("comment")?.map(str::to_owned),
            digests,
            attestations: attestations(fields)?,
        })
    }

    /// Whether the filename is this project's and version's, and spelled as installers expect.
    pub(super) fn check_filename(&self, profile: Profile) -> Result<(), UploadError> {
        let name = self.metadata.name.normalised();
        if is_reserved(&name) {
            return Err(UploadError::Reserved { name });
        }
        if *self.filename.project() != name {
            let (project, escaped) = (self.metadata.name.as_str().to_owned(), name.escaped());
            return Err(FormError::OtherProject { project, escaped }.into());
        }
        if *self.filename.version() != self.metadata.version {
            let (expected, found) = (
                self.metadata.version.to_string(),
                self.filename.version().to_string(),
            );
            return Err(FormError::OtherVersion { expected, found }.into());
        }
        Ok(self.filename.check_for_upload(profile)?)
    }
}

/// The value of a field that may come once; an empty one counts as absent.
fn single<'f>(
    fields: &'f [(String, String)],
    name: &'static str,
) -> Result<Option<&'f str>, FormError> {
    let mut values = fields
        .iter()
        .filter(|(field, _)| field == name)
        .map(|(_, value)| value.as_str());
    let first = values.next();
    if values.next().is_some() {
        Err(FormError::Repeated(name))
    } else {
        Ok(first.filter(|value| !value.is_empty()))
    }
}

/// The `attestations` field. An empty one is a malformed one, not an absent one: a client that means to send proof and
/// sends nothing must hear of it.
fn attestations(fields: &[(String, String)]) -> Result<Option<String>, FormError> {
    let mut values = fields
        .iter()
        .filter(|(field, _)| field == "attestations")
        .map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() {
        Err(FormError::Repeated("attestations"))
    } else {
        Ok(first.cloned())
    }
}

fn pyversion(kind: FileKind, given: Option<&str>) -> Result<String, FormError> {
    match (kind, given) {
        (FileKind::Wheel, Some(version)) => Ok(version.to_owned()),
        (FileKind::Wheel, None) => Err(FormError::Missing("pyversion")),
        (FileKind::Sdist, None | Some("source")) => Ok("source".to_owned()),
        (FileKind::Sdist, Some(_)) => Err(FormError::PyVersion),
    }
}

impl ClaimedDigests {
    fn parse(fields: &[(String, String)]) -> Result<Self, FormError> {
        fn digest<D: std::str::FromStr>(
            fields: &[(String, String)],
            field: &'static str,
            digits: usize,
        ) -> Result<Option<D>, FormError> {
            let parse = |text: &str| {
                text.parse()
                    .map_err(|_| FormError::Digest { field, digits })
            };
            single(fields, field)?.map(parse).transpose()
        }
        let digests = Self {
            md5: digest(fields, "md5_digest", 32)?,
            sha256: digest(fields, "sha256_digest", 64)?,
            blake2b_256: digest(fields, "blake2_256_digest", 64)?,
        };
        let some =
            digests.md5.is_some() || digests.sha256.is_some() || digests.blake2b_256.is_some();
        if some {
            Ok(digests)
        } else {
            Err(FormError::NoDigest)
        }
    }

    /// Whether every announced digest is that of the bytes.
    pub(super) fn check(&self, actual: &Digests) -> Result<(), UploadError> {
        fn same<D: PartialEq + ToString>(
            algorithm: &'static str,
            claimed: Option<&D>,
            actual: &D,
        ) -> Result<(), UploadError> {
            match claimed {
                Some(claimed) if claimed != actual => Err(UploadError::Digest {
                    algorithm,
                    claimed: claimed.to_string(),
                    actual: actual.to_string(),
                }),
                _ => Ok(()),
            }
        }
        same("sha256", self.sha256.as_ref(), &actual.sha256)?;
        same("blake2_256", self.blake2b_256.as_ref(), &actual.blake2b_256)?;
        same("md5", self.md5.as_ref(), &actual.md5)
    }
}
