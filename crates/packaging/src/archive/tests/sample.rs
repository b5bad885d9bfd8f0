//! Small archives, good and with anything changed.

use std::io::Write;

use crate::Sha256;
use ::tar::{Builder, EntryType, Header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

pub(super) fn metadata(name: &str, version: &str) -> Vec<u8> {
    format!("Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nRequires-Python: >=3.9\n")
        .into_bytes()
}

/// The files of a good wheel `demo-1.0-py3-none-any.whl`.
pub(super) fn wheel_files() -> Vec<(String, Vec<u8>)> {
    let wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let mut files = [
        ("demo.py", b"print('demo')\n".to_vec()),
        ("demo-1.0.dist-info/WHEEL", wheel.as_bytes().to_vec()),
        ("demo-1.0.dist-info/METADATA", metadata("Demo", "1.0")),
        (RECORD, Vec::new()),
    ]
    .map(|(name, data)| (name.to_owned(), data))
    .to_vec();
    record(&mut files);
    files
}

/// The path of a good wheel's RECORD.
pub(super) const RECORD: &str = "demo-1.0.dist-info/RECORD";

/// Makes RECORD, which is one of `files`, state what the files are.
pub(super) fn record(files: &mut [(String, Vec<u8>)]) {
    let others = files.iter().filter(|(name, _)| name != RECORD);
    let rows =
        others.map(|(name, data)| format!("{name},sha256={},{}\n", digest(data), data.len()));
    let text: String = rows.chain([format!("{RECORD},,\n")]).collect();
    if let Some((_, data)) = files.iter_mut().find(|(name, _)| name == RECORD) {
        *data = text.into_bytes();
    }
}

fn digest(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::of(data).as_bytes())
}

/// Written by the crate `zip`, which this library does not read with.
pub(super) fn zip_by_crate(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data) in files {
        writer
            .start_file(name.as_str(), ::zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(data).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One member of a zip archive, both headers open to changes. Offsets are those of APPNOTE 4.3.7 and 4.3.12.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: Vec<u8>,
    pub(super) data: Vec<u8>,
    /// Without the two lengths at its end.
    pub(super) local: [u8; 26],
    pub(super) local_extra: Vec<u8>,
    /// The path in the directory; that of the local header if `None`.
    pub(super) central_name: Option<Vec<u8>>,
    /// Without the three lengths in its middle.
    pub(super) central: [u8; 28],
    pub(super) central_extra: Vec<u8>,
    pub(super) comment: Vec<u8>,
    pub(super) mode: u32,
    pub(super) moved: u32,
}

pub(super) fn stored(name: &str, data: &[u8]) -> Part {
    part(name, 0, data.to_vec(), data)
}

pub(super) fn deflated(name: &str, data: &[u8]) -> Part {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    part(name, 8, encoder.finish().unwrap(), data)
}

fn part(name: &str, method: u16, data: Vec<u8>, contents: &[u8]) -> Part {
    let mut crc = flate2::Crc::new();
    crc.update(contents);
    let flags: u16 = if name.is_ascii() { 0 } else { 1 << 11 };
    let mut common = vec![20, 0];
    common.extend(flags.to_le_bytes());
    common.extend(method.to_le_bytes());
    common.extend([0, 0, 0x21, 0]);
    common.extend(crc.sum().to_le_bytes());
    common.extend((data.len() as u32).to_le_bytes());
    common.extend((contents.len() as u32).to_le_bytes());
    let local = [b"PK\x03\x04".to_vec(), common.clone()].concat();
    let central = [b"PK\x01\x02\x14\x03".to_vec(), common].concat();
    Part {
        name: name.as_bytes().to_vec(),
        data,
        local: local.try_into().unwrap(),
        local_extra: Vec::new(),
        central_name: None,
        central: central.try_into().unwrap(),
        central_extra: Vec::new(),
        comment: Vec::new(),
        mode: 0o100_644,
        moved: 0,
    }
}

pub(super) fn parts() -> Vec<Part> {
    wheel_files()
        .iter()
        .map(|(name, data)| deflated(name, data))
        .collect()
}

/// Local headers with data, and the directory.
pub(super) fn zip_body(parts: &[Part]) -> (Vec<u8>, Vec<u8>) {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    let short = |bytes: &[u8]| (bytes.len() as u16).to_le_bytes();
    for part in parts {
        let offset = body.len() as u32 + part.moved;
        body.extend(part.local);
        body.extend(short(&part.name));
        body.extend(short(&part.local_extra));
        body.extend(&part.name);
        body.extend(&part.local_extra);
        body.extend(&part.data);
        let name = part.central_name.as_ref().unwrap_or(&part.name);
        directory.extend(part.central);
        directory.extend(short(name));
        directory.extend(short(&part.central_extra));
        directory.extend(short(&part.comment));
        directory.extend([0; 4]);
        directory.extend((part.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name);
        directory.extend(&part.central_extra);
        directory.extend(&part.comment);
    }
    (body, directory)
}

pub(super) fn end(records: u16, size: u32, offset: u32, comment: &[u8]) -> Vec<u8> {
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend(records.to_le_bytes());
    end.extend(records.to_le_bytes());
    end.extend(size.to_le_bytes());
    end.extend(offset.to_le_bytes());
    end.extend((comment.len() as u16).to_le_bytes());
    end.extend(comment);
    end
}

pub(super) fn zip(parts: &[Part]) -> Vec<u8> {
    let (body, directory) = zip_body(parts);
    let end = end(
        parts.len() as u16,
        directory.len() as u32,
        body.len() as u32,
        b"",
    );
    [body, directory, end].concat()
}

/// One member of a tar archive.
pub(super) struct Entry {
    pub(super) header: Header,
    pub(super) data: Vec<u8>,
}

pub(super) fn entry(path: &str, kind: EntryType, data: &[u8]) -> Entry {
    let mut header = Header::new_ustar();
    let field = &mut header.as_old_mut().name;
    field[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    Entry {
        header,
        data: data.to_vec(),
    }
}

pub(super) fn link(path: &str, kind: EntryType, target: &str) -> Entry {
    let mut entry = entry(path, kind, b"");
    entry.header.set_link_name_literal(target).unwrap();
    entry
}

pub(super) fn tar(entries: Vec<Entry>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for mut entry in entries {
        entry.header.set_cksum();
        builder.append(&entry.header, &*entry.data).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A good sdist's members, `top` before each path.
pub(super) fn entries(top: &str, files: &[(&str, &[u8])]) -> Vec<Entry> {
    files
        .iter()
        .map(|(path, data)| entry(&format!("{top}/{path}"), EntryType::Regular, data))
        .collect()
}

pub(super) fn sdist(top: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    gzip(&tar(entries(top, files)))
}
