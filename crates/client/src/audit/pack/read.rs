//! A pack being read: as something that anybody may have made.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256 as Sha2};
use touchplate_attest::Sha256;
use touchplate_attest::provenance::MAX_PROVENANCE_BYTES;

use super::line::{Head, Line, VERSION};
use super::{MAX_PACK_BYTES, Pack, PackHead};
use crate::fetch::{MAX_PAGE_BYTES, MAX_PAGE_FILES};
use crate::trust_store::{ExportError, TrustExport};

/// A page, which is shorter here than where it came from.
const MAX_LINE_BYTES: u64 = MAX_PAGE_BYTES as u64;

/// Why a file is no pack that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The disk, or a file that is no gzip.
    #[error("it could not be read, or is no gzip file")]
    Unreadable(#[source] io::Error),
    /// More than any pack has.
    #[error("it has more than {MAX_PACK_BYTES} bytes")]
    TooLong,
    /// One line is longer than any can be.
    #[error("line {number} has more than {MAX_LINE_BYTES} bytes")]
    LongLine {
        /// Counted from 1.
        number: usize,
    },
    /// A line is not one of a pack's.
    #[error("line {number} is none that a pack has")]
    Line {
        /// Counted from 1.
        number: usize,
        /// Why not.
        source: serde_json::Error,
    },
    /// A line that is one, at a place where it cannot stand, or for the second time.
    #[error("line {number} is not what a pack has there")]
    Place {
        /// Counted from 1.
        number: usize,
    },
    /// A later format.
    #[error("expected a pack of version {VERSION}, found {found}")]
    Version {
        /// As it stands there.
        found: u32,
    },
    /// The trust domains cannot be read.
    #[error("its trust domains cannot be used")]
    Trust(#[from] ExportError),
    /// A page whose files are none of its project's.
    #[error("the page on line {number} lists what is no file of its project, or too many")]
    Page {
        /// Counted from 1.
        number: usize,
    },
    /// It ends before its seal.
    #[error("it ends without a seal: something is missing")]
    Unsealed,
    /// It was changed since it was sealed.
    #[error("expected the seal {expected}, found {found}: it was changed or damaged")]
    Seal {
        /// What it says.
        expected: Sha256,
        /// What is in it.
        found: Sha256,
    },
}

impl Pack {
    /// Reads a pack, and holds it against its seal.
    ///
    /// # Errors
    /// See [`PackError`].
    pub fn read(from: impl Read) -> Result<Self, PackError> {
        let bounded = MultiGzDecoder::new(from).take(MAX_PACK_BYTES + 1);
        let mut lines = Lines {
            reader: BufReader::new(bounded),
            hasher: Sha2::new(),
            number: 0,
            total: 0,
        };
        let head = match lines.next()? {
            Some((Line::TouchplatePack(head), _)) => head_of(head)?,
            _ => return Err(PackError::Place { number: 1 }),
        };
        let trust = match lines.next()? {
            Some((Line::Trust(json), _)) => TrustExport::parse(json.as_bytes())?,
            _ => return Err(PackError::Place { number: 2 }),
        };
        let mut pack = Self {
            head,
            trust,
            seal: Sha256::of(&[]),
            pages: BTreeMap::new(),
            objects: BTreeMap::new(),
            wheels: BTreeMap::new(),
        };
        while let Some((line, before)) = lines.next()? {
            if let Line::Seal(expected) = line {
                if expected != before {
                    let found = before;
                    return Err(PackError::Seal { expected, found });
                }
                pack.seal = expected;
                return match lines.next()? {
                    None => Ok(pack),
                    Some(_) => Err(PackError::Place {
                        number: lines.number,
                    }),
                };
            }
            pack.take(line, lines.number)?;
        }
        Err(PackError::Unsealed)
    }

    /// One line between head and seal.
    fn take(&mut self, line: Line, number: usize) -> Result<(), PackError> {
        let again = match line {
            Line::Page(packed) => {
                let key = (packed.index.clone(), packed.project.clone());
                let page = packed.page();
                let page = page.filter(|page| page.files.len() <= MAX_PAGE_FILES);
                let page = page.ok_or(PackError::Page { number })?;
                self.pages.insert(key, Some(page)).is_some()
            }
            Line::NoProject(absent) => {
                let key = (absent.index, absent.project);
                self.pages.insert(key, None).is_some()
            }
            Line::Provenance(packed) => {
                let object = packed.object.map(String::into_bytes);
                // Longer ones are cut: the reader of provenance objects refuses what is left.
                let object = object.map(|mut bytes| {
                    bytes.truncate(MAX_PROVENANCE_BYTES + 1);
                    bytes
                });
                let key = (packed.sha256, packed.url);
                self.objects.insert(key, object).is_some()
            }
            Line::Wheel(packed) => {
                let key = (packed.index.clone(), packed.filename.clone());
                self.wheels.insert(key, packed.wheel()).is_some()
            }
            Line::TouchplatePack(_) | Line::Trust(_) | Line::Seal(_) => true,
        };
        if again {
            return Err(PackError::Place { number });
        }
        Ok(())
    }
}

fn head_of(head: Head) -> Result<PackHead, PackError> {
    if head.version != VERSION {
        return Err(PackError::Version {
            found: head.version,
        });
    }
    Ok(PackHead {
        made_at: head.made_at,
        index: head.index.map(|it| it.0),
        default_index: head.default_index.map(|it| it.0),
    })
}

/// Lines, and the digest of those so far.
struct Lines<R> {
    reader: BufReader<R>,
    hasher: Sha2,
    number: usize,
    total: u64,
}

impl<R: Read> Lines<R> {
    /// The next line, and the digest of those before it.
    fn next(&mut self) -> Result<Option<(Line, Sha256)>, PackError> {
        let mut text = Vec::new();
        let mut one = (&mut self.reader).take(MAX_LINE_BYTES + 1);
        one.read_until(b'\n', &mut text)
            .map_err(PackError::Unreadable)?;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        self.total += text.len() as u64;
        if self.total > MAX_PACK_BYTES {
            return Err(PackError::TooLong);
        }
        let number = self.number;
        if text.len() as u64 > MAX_LINE_BYTES {
            return Err(PackError::LongLine { number });
        }
        let before = Sha256::from_bytes(self.hasher.clone().finalize().into());
        self.hasher.update(&text);
        let line = serde_json::from_slice(&text);
        let line = line.map_err(|source| PackError::Line { number, source })?;
        Ok(Some((line, before)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use jiff::Timestamp;

    use super::*;
    use crate::audit::{Recorder, Source, SourceError};
    use crate::fetch::{FileEntry, Page};
    use crate::trust_store::StoredDomain;
    use touchplate_packaging::ProjectName;
    use url::Url;

    /// A source with one empty page.
    struct Empty;

    impl Source for Empty {
        fn page(&self, index: &Url, _project: &ProjectName) -> Result<Page, SourceError> {
            let (url, files) = (index.clone(), Vec::new());
            Ok(Page { url, files })
        }

        fn provenance(
            &self,
            _index: &Url,
            _file: &FileEntry,
            _sha256: &Sha256,
            _anew: bool,
        ) -> Result<Option<crate::audit::Found>, SourceError> {
            Ok(None)
        }

        fn contents(
            &self,
            _index: &Url,
            file: &FileEntry,
        ) -> Result<crate::audit::WheelContents, SourceError> {
            let what = file.filename.to_string();
            Err(SourceError::NotPacked { what })
        }
    }

    fn pack() -> Vec<u8> {
        let recorder = Recorder::new(&Empty);
        let index: Url = "https://index.example/simple/".parse().unwrap();
        recorder.page(&index, &"demo".parse().unwrap()).unwrap();
        let head = PackHead {
            made_at: Timestamp::UNIX_EPOCH,
            index: None,
            default_index: Some(index),
        };
        let trust = TrustExport {
            created_at: Timestamp::UNIX_EPOCH,
            domains: vec![StoredDomain::public_good()],
        };
        let mut bytes = Vec::new();
        recorder.write(&head, &trust, &mut bytes).unwrap();
        bytes
    }

    fn text(pack: &[u8]) -> String {
        let mut text = String::new();
        MultiGzDecoder::new(pack).read_to_string(&mut text).unwrap();
        text
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let pack = Pack::read(&pack()[..]).unwrap();
        assert_eq!(pack.pages.len(), 1);
        assert_eq!(pack.head.made_at, Timestamp::UNIX_EPOCH);
        let index = pack.head.default_index.clone().unwrap();
        assert!(pack.page(&index, &"demo".parse().unwrap()).is_ok());
        let error = pack.page(&index, &"other".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the pack has no page of `other` at https://index.example/simple/"
        );
    }

    #[test]
    fn what_was_changed_is_refused() {
        let whole = pack();
        let text = text(&whole);
        let refused = |text: &str| Pack::read(&packed(text)[..]).unwrap_err();
        let changed = text.replace("\"demo\"", "\"dema\"");
        assert!(matches!(refused(&changed), PackError::Seal { .. }));
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let without = |at: usize| -> String {
            let lines = lines.iter().zip(0..).filter(|(_, number)| *number != at);
            lines.map(|(line, _)| *line).collect()
        };
        assert!(matches!(
            refused(&without(0)),
            PackError::Place { number: 1 }
        ));
        assert!(matches!(
            refused(&without(1)),
            PackError::Place { number: 2 }
        ));
        assert!(matches!(refused(&without(2)), PackError::Seal { .. }));
        assert!(matches!(refused(&without(3)), PackError::Unsealed));
        let twice = format!("{}{}", lines[..3].concat(), lines[2]);
        assert!(matches!(refused(&twice), PackError::Place { number: 4 }));
        assert!(matches!(
            refused(&format!("{text}{text}")),
            PackError::Place { number: 5 }
        ));
        assert!(matches!(
            refused(&format!("{text}x")),
            PackError::Line { number: 5, .. }
        ));
        assert!(matches!(
            refused(&text.replacen("\"version\":1", "\"version\":2", 1)),
            PackError::Version { found: 2 }
        ));
        assert!(matches!(
            Pack::read(&b"no gzip"[..]),
            Err(PackError::Unreadable(_))
        ));
        let cut = &whole[..whole.len() - 20];
        assert!(matches!(
            Pack::read(cut),
            Err(PackError::Unreadable(_) | PackError::Unsealed)
        ));
    }
}
