//! Looking for a zip archive as lenient readers do: from the end.

use std::io::{self, Read, Seek, SeekFrom};

/// An end record has 22 bytes and a comment of at most 65,535.
const TAIL_BYTES: u64 = 22 + 65_535;

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";

/// Does any end record near the file's end lead to a directory? Readers allow bytes before the archive, so the directory
/// may lie at the offset given or just before the end record.
pub(super) fn has_directory(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let ends = tail
        .windows(END.len())
        .enumerate()
        .filter(|(_, four)| *four == END);
    for (at, _) in ends {
        let number = |offset: usize| {
            let bytes = tail.get(at + offset..at + offset + 4)?;
            Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
        };
        let (Some(size), Some(offset)) = (number(12), number(16)) else {
            continue;
        };
        let end = start + at as u64;
        for place in [Some(offset), end.checked_sub(size)].into_iter().flatten() {
            let mut four = [0; 4];
            file.seek(SeekFrom::Start(place))?;
            if place < length && file.read_exact(&mut four).is_ok() && four == CENTRAL {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
