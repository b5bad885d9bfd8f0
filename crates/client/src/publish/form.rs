//! The form of an upload, as twine and uv fill it in: fields from the file's own metadata, digests, attestations, the file.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use aws_lc_rs::error::Unspecified;
use touchplate_packaging::{FileKind, Filename, MetadataError, metadata};

use super::Distribution;

/// One upload. The file stays on disk until it is sent, and can be sent again.
pub struct Form {
    boundary: String,
    head: Vec<u8>,
    file: PathBuf,
    file_bytes: u64,
    tail: Vec<u8>,
}

/// Why there is no form.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The metadata cannot be read.
    #[error("the metadata in the file cannot be read")]
    Metadata(#[from] MetadataError),
    /// The crypto library gave no random number for the boundary between parts.
    #[error("no random number could be made")]
    Random(#[from] Unspecified),
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Form {
    /// The form of a file whose METADATA or PKG-INFO is `document`; `attestations` are PEP 740's objects, as JSON.
    ///
    /// # Errors
    /// See [`FormError`].
    pub fn new(
        file: &Distribution,
        document: &[u8],
        attestations: &[String],
    ) -> Result<Self, FormError> {
        let boundary = boundary()?;
        let mut head = Vec::new();
        for (name, value) in fields(file, document, attestations)? {
            part(&mut head, &boundary, name, &value);
        }
        let filename = file.filename();
        head.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{filename}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        Ok(Self {
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
            head,
            file: file.path().to_owned(),
            file_bytes: file.bytes(),
            boundary,
        })
    }

    /// Its media type.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// How many bytes it has, in all.
    pub fn length(&self) -> u64 {
        self.head.len() as u64 + self.file_bytes + self.tail.len() as u64
    }

    /// The form from its start. Of a file that has grown in the meantime no more is sent than was announced.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(&self) -> io::Result<impl Read + use<'_>> {
        let file = File::open(&self.file)?.take(self.file_bytes);
        let file = Whole {
            inner: file,
            left: self.file_bytes,
        };
        Ok(Cursor::new(&self.head)
            .chain(file)
            .chain(Cursor::new(&self.tail)))
    }
}

/// A file that has become shorter is an error here, rather than a request that never ends.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(part)?;
        self.left -= read as u64;
        if read == 0 && self.left > 0 && !part.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file has become shorter since it was looked at",
            ));
        }
        Ok(read)
    }
}

fn fields(
    file: &Distribution,
    document: &[u8],
    attestations: &[String],
) -> Result<Vec<(&'static str, String)>, FormError> {
    let digests = file.digests();
    let (filetype, pyversion) = kind(file.filename());
    let mut fields = vec![
        (":action", "file_upload".to_owned()),
        ("protocol_version", "1".to_owned()),
        ("filetype", filetype.to_owned()),
        ("pyversion", pyversion),
        ("sha256_digest", digests.sha256.to_string()),
        ("blake2_256_digest", digests.blake2b_256.to_string()),
    ];
    fields.extend(metadata::form_fields(document)?);
    // GitLab's index refuses an upload without it; uv sends it always, too.
    if !fields.iter().any(|(name, _)| *name == "requires_python") {
        fields.push(("requires_python", String::new()));
    }
    if !attestations.is_empty() {
        fields.push(("attestations", format!("[{}]", attestations.join(","))));
    }
    Ok(fields)
}

/// `filetype` and `pyversion`, as twine has them: of a wheel its first Python tag.
fn kind(filename: &Filename) -> (&'static str, String) {
    match filename {
        Filename::Wheel(wheel) => {
            let python = wheel.tags().first().map(|tag| tag.python.clone());
            (FileKind::Wheel.as_str(), python.unwrap_or_default())
        }
        Filename::Sdist(_) => (FileKind::Sdist.as_str(), "source".to_owned()),
    }
}

fn part(form: &mut Vec<u8>, boundary: &str, name: &str, value: &str) {
    form.extend_from_slice(
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
            .as_bytes(),
    );
    form.extend_from_slice(value.as_bytes());
    form.extend_from_slice(b"\r\n");
}

/// 128 random bits: no file has them by chance, nor can its author have known them.
fn boundary() -> Result<String, Unspecified> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)?;
    Ok(hex::encode(random))
}
