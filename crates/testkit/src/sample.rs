//! Tiny distributions, the same bytes in each run, with knobs for those that lie about themselves.

use std::io::{Cursor, Write as _};

use touchplate_packaging::{FileKind, Hasher, Sha256};
use touchplate_trust::Workload;
use zip::write::SimpleFileOptions;

/// A distribution file and the form that goes with it.
#[derive(Clone, Debug)]
pub struct Sample {
    kind: FileKind,
    name: String,
    version: String,
    filename: Option<String>,
    /// METADATA or PKG-INFO, line by line; none: left out of the archive.
    metadata: Option<Vec<(String, String)>>,
    /// Members beside the metadata.
    members: Vec<(String, Vec<u8>)>,
    bytes: Option<Vec<u8>>,
    fields: Vec<(String, String)>,
    dropped: Vec<String>,
    attested: Attested,
}

#[derive(Clone, Debug)]
enum Attested {
    No,
    By(Vec<Workload>),
    Field(Vec<u8>),
}

/// A wheel `{name}-{version}-py3-none-any.whl`.
pub fn wheel(name: &str, version: &str) -> Sample {
    Sample::new(FileKind::Wheel, name, version)
}

/// An sdist `{name}-{version}.tar.gz`.
pub fn sdist(name: &str, version: &str) -> Sample {
    Sample::new(FileKind::Sdist, name, version)
}

/// The workflow whose attestations [`Sample::attested`] bears: `release.yml` of `example/{name}`, at the version's tag.
pub fn workload(name: &str, version: &str) -> Workload {
    Workload::github(
        &format!("example/{name}"),
        "release.yml",
        &format!("refs/tags/v{version}"),
    )
}

impl Sample {
    fn new(kind: FileKind, name: &str, version: &str) -> Self {
        let metadata = [
            ("Metadata-Version", "2.1"),
            ("Name", name),
            ("Version", version),
            ("Summary", "A sample"),
            ("Requires-Python", ">=3.9"),
        ];
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Self {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            filename: None,
            metadata: Some(metadata.map(owned).to_vec()),
            members: Vec::new(),
            bytes: None,
            fields: Vec::new(),
            dropped: Vec::new(),
            attested: Attested::No,
        }
    }

    /// With the publish attestation of [`workload`].
    #[must_use]
    pub fn attested(self) -> Self {
        let by = workload(&self.name, &self.version);
        self.attested_by(by)
    }

    /// With one more publish attestation, by `who`.
    #[must_use]
    pub fn attested_by(mut self, who: Workload) -> Self {
        match &mut self.attested {
            Attested::By(workloads) => workloads.push(who),
            Attested::No | Attested::Field(_) => self.attested = Attested::By(vec![who]),
        }
        self
    }

    /// With these bytes as the field `attestations`.
    #[must_use]
    pub fn attestations(mut self, field: impl Into<Vec<u8>>) -> Self {
        self.attested = Attested::Field(field.into());
        self
    }

    /// Under another filename than the one that fits.
    #[must_use]
    pub fn called(mut self, filename: &str) -> Self {
        self.filename = Some(filename.to_owned());
        self
    }

    /// With this field in the form, in place of the one that fits.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.dropped.push(name.to_owned());
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this field in the form once more.
    #[must_use]
    pub fn field_again(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this field in the form.
    #[must_use]
    pub fn without_field(mut self, name: &str) -> Self {
        self.dropped.push(name.to_owned());
        self
    }

    /// With this line in the archive's metadata, in place of the one that fits.
    #[must_use]
    pub fn archive_says(mut self, key: &str, value: &str) -> Self {
        if let Some(lines) = &mut self.metadata {
            lines.retain(|(line, _)| line != key);
            lines.push((key.to_owned(), value.to_owned()));
        }
        self
    }

    /// Without METADATA or PKG-INFO in the archive.
    #[must_use]
    pub fn without_metadata(mut self) -> Self {
        self.metadata = None;
        self
    }

    /// With one more member in the archive.
    #[must_use]
    pub fn member(mut self, path: &str, bytes: &[u8]) -> Self {
        self.members.push((path.to_owned(), bytes.to_vec()));
        self
    }

    /// With these bytes in place of the archive.
    #[must_use]
    pub fn holding(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }

    /// Its filename.
    pub fn filename(&self) -> String {
        self.filename.clone().unwrap_or_else(|| {
            let stem = self.stem();
            match self.kind {
                FileKind::Wheel => format!("{stem}-py3-none-any.whl"),
                FileKind::Sdist => format!("{stem}.tar.gz"),
            }
        })
    }

    fn stem(&self) -> String {
        let escaped = self.name.replace(['-', '.'], "_").to_lowercase();
        format!("{escaped}-{}", self.version)
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match (&self.bytes, self.kind) {
            (Some(bytes), _) => bytes.clone(),
            (None, FileKind::Wheel) => self.zip(),
            (None, FileKind::Sdist) => self.tar_gz(),
        }
    }

    /// Their SHA-256.
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&self.bytes())
    }

    /// Who is to attest it.
    pub fn workloads(&self) -> &[Workload] {
        match &self.attested {
            Attested::By(workloads) => workloads,
            Attested::No | Attested::Field(_) => &[],
        }
    }

    /// The form's fields, in the order in which twine sends them; without the attestations of [`Sample::workloads`].
    pub fn fields(&self) -> Vec<(String, Vec<u8>)> {
        let mut hasher = Hasher::new();
        hasher.update(&self.bytes());
        let (digests, _) = hasher.finish();
        let pyversion = match self.kind {
            FileKind::Wheel => "py3",
            FileKind::Sdist => "source",
        };
        let fitting = [
            (":action", "file_upload".to_owned()),
            ("protocol_version", "1".to_owned()),
            ("metadata_version", "2.1".to_owned()),
            ("name", self.name.clone()),
            ("version", self.version.clone()),
            ("summary", "A sample".to_owned()),
            ("requires_python", ">=3.9".to_owned()),
            ("filetype", self.kind.as_str().to_owned()),
            ("pyversion", pyversion.to_owned()),
            ("sha256_digest", digests.sha256.to_string()),
            ("blake2_256_digest", digests.blake2b_256.to_string()),
        ];
        let fitting = fitting
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let kept = fitting.filter(|(name, _)| !self.dropped.contains(name));
        let mut fields: Vec<_> = kept
            .chain(self.fields.iter().cloned())
            .map(|(name, value)| (name, value.into_bytes()))
            .collect();
        if let Attested::Field(field) = &self.attested {
            fields.push(("attestations".to_owned(), field.clone()));
        }
        fields
    }

    fn metadata_text(&self) -> Option<String> {
        let lines = self.metadata.as_ref()?.iter();
        Some(
            lines
                .map(|(key, value)| format!("{key}: {value}\n"))
                .collect(),
        )
    }

    fn zip(&self) -> Vec<u8> {
        let info = format!("{}.dist-info", self.stem());
        let tag =
            "Wheel-Version: 1.0\nGenerator: testkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let mut members = vec![(format!("{info}/WHEEL"), tag.as_bytes().to_vec())];
        members.extend(
            self.metadata_text()
                .map(|text| (format!("{info}/METADATA"), text.into_bytes())),
        );
        members.extend(self.members.iter().cloned());
        let mut record: String = members
            .iter()
            .map(|(path, _)| format!("{path},,\n"))
            .collect();
        record.push_str(&format!("{info}/RECORD,,\n"));
        members.push((format!("{info}/RECORD"), record.into_bytes()));
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in &members {
            // The default time is that of the format's epoch.
            zip.start_file(path, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn tar_gz(&self) -> Vec<u8> {
        let top = self.stem();
        let mut members: Vec<(String, Vec<u8>)> = Vec::new();
        members.extend(
            self.metadata_text()
                .map(|text| (format!("{top}/PKG-INFO"), text.into_bytes())),
        );
        members.push((format!("{top}/pyproject.toml"), b"[project]\n".to_vec()));
        members.extend(self.members.iter().cloned());
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::default(),
        ));
        for (path, bytes) in &members {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            tar.append_data(&mut header, path, bytes.as_slice())
                .unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }
}
