//! The upload form as it arrives: text fields into memory, the file into the spool, each within its bound.

use axum::http::{HeaderMap, header};
use multer::{Field, Multipart};
use touchplate_attest::attestation::MAX_ATTESTATIONS_FIELD_BYTES;
use touchplate_index::spool::{Spool, SpoolError, SpoolRoom};
use touchplate_index::upload::UploadError;
use touchplate_packaging::filename::MAX_FILENAME_BYTES;

use super::Early;
use super::arriving::{ArrivalError, Arriving, Unclaimed};

/// A description is a README; the longest on PyPI have about a megabyte.
const MAX_DESCRIPTION_BYTES: usize = 4 << 20;

/// Any other field. The longest are license texts pasted into `license`, of some hundred kilobytes.
const MAX_FIELD_BYTES: usize = 1 << 20;

/// A name of a field in the form; the longest known has 24 letters.
const MAX_FIELD_NAME_BYTES: usize = 100;

/// Fields of one form, repeated ones counted. The largest releases list some hundred classifiers, extras and
/// requirements; some generate a few thousand requirements.
const MAX_FIELDS: usize = 8192;

/// All text fields together, which is what one upload can hold in memory.
pub(crate) const MAX_FORM_BYTES: usize =
    MAX_DESCRIPTION_BYTES + MAX_ATTESTATIONS_FIELD_BYTES + (2 << 20);

/// What came.
#[derive(Debug)]
pub(crate) struct Form {
    /// Text fields in the order in which they came.
    pub(crate) fields: Vec<(String, String)>,
    /// The file's name.
    pub(crate) filename: String,
    /// The file.
    pub(crate) spool: Spool,
    /// A PGP signature came, which nobody reads any more.
    pub(crate) had_signature: bool,
}

/// Why a body is no upload form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormRefused {
    /// The request says that its body is something else.
    #[error(
        "Invalid Form Data: expected the content type `multipart/form-data` with a boundary, found {found}"
    )]
    NotMultipart { found: String },
    /// The body is not what it says.
    #[error("Invalid Form Data: the multipart body is malformed")]
    Malformed(#[source] multer::Error),
    /// The body did not arrive.
    #[error("Invalid Form Data: the multipart body did not arrive in full")]
    Incomplete(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The body has no parts.
    #[error(
        "Invalid Form Data: expected a part behind the boundary that the content type announces, and the body has none"
    )]
    NoPart,
    /// The uploader went silent.
    #[error("The upload stalled")]
    Stalled(#[source] ArrivalError),
    /// A part does not say what it is.
    #[error("Invalid Form Data: part {position} of the form has no name")]
    Nameless { position: usize },
    /// A name is too long.
    #[error(
        "Invalid Form Data: part {position} of the form has a name of more than {MAX_FIELD_NAME_BYTES} bytes"
    )]
    LongName { position: usize },
    /// A field is too long.
    #[error("Invalid value for {field}. Error: The field is larger than {limit} bytes.")]
    LongField { field: String, limit: usize },
    /// The field with the attestations is too long. PyPI's words, as for everything that is wrong with it.
    #[error(
        "Invalid attestations supplied during upload: Malformed attestations: the field is larger than {limit} bytes"
    )]
    LongAttestations { limit: usize },
    /// The field with the attestations is no text. PyPI's words, as above.
    #[error(
        "Invalid attestations supplied during upload: Malformed attestations: the field is not UTF-8"
    )]
    AttestationsNotText,
    /// All fields together are too long.
    #[error("Invalid Form Data: the fields have more than {MAX_FORM_BYTES} bytes together")]
    LongForm,
    /// There are too many.
    #[error("Invalid Form Data: the form has more than {MAX_FIELDS} fields")]
    ManyFields,
    /// A field is no text.
    #[error("Invalid Form Data: the field `{field}` is not UTF-8")]
    NotText { field: String },
    /// A text field came as a file.
    #[error(
        "{field}: Should not be a tuple. It was sent as a file, and only `content` may be one."
    )]
    Tuple { field: String },
    /// No file came.
    #[error("Upload payload does not have a file.")]
    NoFile,
    /// Two came.
    #[error("Upload payload has more than one file: `content` may be given once.")]
    TwoFiles,
    /// The file's name is too long for any distribution's.
    #[error("Invalid distribution file. Its name has more than {MAX_FILENAME_BYTES} bytes.")]
    LongFilename,
    /// The file part has the type of an image: a browser's form, not an uploader.
    #[error(
        "Invalid distribution file. Expected a content type such as `application/octet-stream`, found {found}."
    )]
    ContentType { found: String },
    /// The file is too large, or the disk failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The upload would be refused for what is known already.
    #[error(transparent)]
    Early(Box<UploadError>),
}

/// Reads the form. `limit` bounds the file; `early` is asked when the file begins.
pub(crate) async fn receive(
    headers: &HeaderMap,
    arriving: &mut Arriving,
    room: &SpoolRoom,
    limit: u64,
    early: Option<&Early<'_>>,
) -> Result<Form, FormRefused> {
    let boundary = boundary(headers)?;
    let mut reading = Reading {
        room,
        limit,
        unclaimed: arriving.unclaimed(),
        form_bytes: 0,
        fields: Vec::new(),
    };
    let mut parts = Multipart::new(arriving, boundary);
    let mut content = None;
    let mut had_signature = false;
    let mut position = 0;
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(multer::Error::IncompleteStream) if position == 0 => {
                return Err(FormRefused::NoPart);
            }
            Err(error) => return Err(broken(error)),
        };
        reading.unclaimed.claim();
        position += 1;
        if position > MAX_FIELDS {
            return Err(FormRefused::ManyFields);
        }
        match reading.name(&part, position)?.as_str() {
            "content" if content.is_some() => return Err(FormRefused::TwoFiles),
            "content" => {
                if let Some(early) = early {
                    let filename = part.file_name().unwrap_or_default().to_owned();
                    let room = early.has_room(&reading.fields, &filename).await;
                    room.map_err(|error| FormRefused::Early(Box::new(error)))?;
                }
                content = Some(reading.file(part).await?);
            }
            "gpg_signature" => {
                reading.bytes("gpg_signature", part).await?;
                had_signature = true;
            }
            field => reading.text(field, part).await?,
        }
    }
    let (filename, spool) = content.ok_or(FormRefused::NoFile)?;
    Ok(Form {
        fields: reading.fields,
        filename,
        spool,
        had_signature,
    })
}

fn boundary(headers: &HeaderMap) -> Result<String, FormRefused> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(FormRefused::NotMultipart {
            found: "none".to_owned(),
        });
    };
    let found = String::from_utf8_lossy(value.as_bytes());
    multer::parse_boundary(&found).map_err(|_| FormRefused::NotMultipart {
        found: quoted(&found),
    })
}

/// Long enough for what was meant, short enough for a message.
const EXCERPT_CHARS: usize = 60;

fn quoted(text: &str) -> String {
    let excerpt: String = text.chars().take(EXCERPT_CHARS).collect();
    format!("`{excerpt}`")
}

struct Reading<'r> {
    room: &'r SpoolRoom,
    limit: u64,
    unclaimed: Unclaimed,
    form_bytes: usize,
    fields: Vec<(String, String)>,
}

impl Reading<'_> {
    fn name(&mut self, part: &Field<'_>, position: usize) -> Result<String, FormRefused> {
        let name = part.name().ok_or(FormRefused::Nameless { position })?;
        if name.len() > MAX_FIELD_NAME_BYTES {
            return Err(FormRefused::LongName { position });
        }
        self.count(name.len())?;
        Ok(name.to_owned())
    }

    fn count(&mut self, bytes: usize) -> Result<(), FormRefused> {
        self.form_bytes = self.form_bytes.saturating_add(bytes);
        if self.form_bytes > MAX_FORM_BYTES {
            Err(FormRefused::LongForm)
        } else {
            Ok(())
        }
    }

    async fn text(&mut self, field: &str, part: Field<'_>) -> Result<(), FormRefused> {
        let field = field.to_owned();
        if part.file_name().is_some() {
            return Err(FormRefused::Tuple { field });
        }
        let bytes = self.bytes(&field, part).await?;
        let value = String::from_utf8(bytes).map_err(|_| match field.as_str() {
            "attestations" => FormRefused::AttestationsNotText,
            _ => FormRefused::NotText {
                field: field.clone(),
            },
        })?;
        self.fields.push((field, value));
        Ok(())
    }

    async fn bytes(&mut self, field: &str, mut part: Field<'_>) -> Result<Vec<u8>, FormRefused> {
        let limit = match field {
            "description" => MAX_DESCRIPTION_BYTES,
            "attestations" => MAX_ATTESTATIONS_FIELD_BYTES,
            _ => MAX_FIELD_BYTES,
        };
        let mut bytes = Vec::new();
        while let Some(piece) = part.chunk().await.map_err(broken)? {
            self.unclaimed.claim();
            if bytes.len().saturating_add(piece.len()) > limit {
                return Err(match field {
                    "attestations" => FormRefused::LongAttestations { limit },
                    _ => FormRefused::LongField {
                        field: field.to_owned(),
                        limit,
                    },
                });
            }
            self.count(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    async fn file(&mut self, mut part: Field<'_>) -> Result<(String, Spool), FormRefused> {
        let filename = part
            .file_name()
            .filter(|name| !name.is_empty())
            .ok_or(FormRefused::NoFile)?
            .to_owned();
        if filename.len() > MAX_FILENAME_BYTES {
            return Err(FormRefused::LongFilename);
        }
        match part.content_type() {
            Some(image) if image.type_() == "image" => {
                return Err(FormRefused::ContentType {
                    found: quoted(image.as_ref()),
                });
            }
            // uv sends none.
            Some(_) | None => {}
        }
        let mut writer = self.room.writer(self.limit);
        while let Some(piece) = part.chunk().await.map_err(broken)? {
            self.unclaimed.claim();
            writer.write(&piece).await?;
        }
        Ok((filename, writer.finish().await?))
    }
}

fn broken(error: multer::Error) -> FormRefused {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<ArrivalError>() {
            Ok(arrival) => match *arrival {
                slow @ ArrivalError::Slow(_) => FormRefused::Stalled(slow),
                other @ (ArrivalError::Unclaimed | ArrivalError::Broken(_)) => {
                    FormRefused::Incomplete(Box::new(other))
                }
            },
            Err(cause) => FormRefused::Incomplete(cause),
        },
        other @ (multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream) => FormRefused::Incomplete(Box::new(other)),
        other => FormRefused::Malformed(other),
    }
}
