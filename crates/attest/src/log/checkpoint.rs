//! Checkpoints: a log's size and root hash in a signed note.

use crate::encoding;

/// The longest note that is read. Rekor's are about 260 bytes; each witness adds about 100.
pub const MAX_NOTE_BYTES: usize = 16 * 1024;

/// Signature lines that are read: a log and its witnesses. The note specification asks readers for at least 16.
pub const MAX_NOTE_SIGNATURES: usize = 32;

/// A log's statement of its size and root hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    note: String,
    origin: String,
    tree_size: u64,
    root_hash: [u8; 32],
    /// Length of the note's text, which is what is signed.
    text_bytes: usize,
    signatures: Vec<NoteSignature>,
}

/// A signature line of a note, `— name base64(key hint of 4 bytes, signature)`. Names and hints are claims: only the
/// key decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who is said to have signed.
    pub name: String,
    /// The start of the key's identifier.
    pub key_hint: [u8; 4],
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Why text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Longer than [`MAX_NOTE_BYTES`].
    #[error("expected a note of at most {MAX_NOTE_BYTES} bytes, found {found}")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// A signed note has no other control characters.
    #[error("the note has the control character {0:?}")]
    ControlCharacter(char),
    /// No blank line between text and signatures, or more than one.
    #[error("expected one blank line between the note's text and its signatures, found {found}")]
    BlankLines {
        /// How many there are.
        found: usize,
    },
    /// The last line does not end in a line feed.
    #[error("the note does not end with a line feed")]
    Unfinished,
    /// No origin line.
    #[error("the note's text has no origin in its first line")]
    Origin,
    /// The second line is no size.
    #[error("expected the tree size in decimal in the note's second line, found {found:?}")]
    Size {
        /// What stands there, shortened.
        found: String,
    },
    /// The third line is no hash.
    #[error("expected a root hash of 32 bytes in base64 in the note's third line, found {found:?}")]
    RootHash {
        /// What stands there, shortened.
        found: String,
    },
    /// A line after the blank one is no signature.
    #[error("expected signature lines (`— name base64`) after the blank line, found {found:?}")]
    SignatureLine {
        /// What stands there, shortened.
        found: String,
    },
    /// More than [`MAX_NOTE_SIGNATURES`].
    #[error("expected at most {MAX_NOTE_SIGNATURES} signatures, found {found}")]
    TooManySignatures {
        /// How many there are.
        found: usize,
    },
}

impl Checkpoint {
    /// Reads a signed note whose text is a checkpoint. Its signatures are not checked here.
    pub fn parse(note: &str) -> Result<Self, CheckpointError> {
        use CheckpointError as Error;
        if note.len() > MAX_NOTE_BYTES {
            return Err(Error::TooLarge { found: note.len() });
        }
        // Of UTF-8, those below 0x20 and 0x7f are octets of their own; those from U+0080 on begin with 0xc2.
        let suspect = |octet: u8| (octet < 0x20 && octet != b'\n') || matches!(octet, 0x7f | 0xc2);
        if note.bytes().any(suspect)
            && let Some(control) = note.chars().find(|c| c.is_control() && *c != '\n')
        {
            return Err(Error::ControlCharacter(control));
        }
        // The first blank line ends the text, so a second one is below it.
        let parts = note.split_once("\n\n");
        let parts = parts.filter(|(_, rest)| !rest.starts_with('\n') && !rest.contains("\n\n"));
        let (text, signatures) = parts.ok_or_else(|| Error::BlankLines {
            found: note.matches("\n\n").count(),
        })?;
        let signatures = signatures.strip_suffix('\n').ok_or(Error::Unfinished)?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty());
        let origin = origin.ok_or(Error::Origin)?.to_owned();
        let size = lines.next().unwrap_or_default();
        let tree_size = encoding::decimal(size).ok_or_else(|| Error::Size {
            found: crate::json::shown(size),
        })?;
        let root = lines.next().unwrap_or_default();
        let root_hash = encoding::base64(root).ok();
        let root_hash = root_hash.and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        let root_hash = root_hash.ok_or_else(|| Error::RootHash {
            found: crate::json::shown(root),
        })?;
        let signatures = signatures
            .split('\n')
            .map(|line| {
                signature(line).ok_or_else(|| Error::SignatureLine {
                    found: crate::json::shown(line),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_NOTE_SIGNATURES {
            return Err(Error::TooManySignatures {
                found: signatures.len(),
            });
        }
        Ok(Self {
            note: note.to_owned(),
            origin,
            tree_size,
            root_hash,
            text_bytes: text.len() + "\n".len(),
            signatures,
        })
    }

    /// The whole note, as given.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The log's name for itself.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Entries in the log.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// The Merkle tree's root (RFC 6962 §2.1).
    pub fn root_hash(&self) -> &[u8; 32] {
        &self.root_hash
    }

    /// The names on the signature lines, in order. Names are claims: only the key decides.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|it| it.name.as_str())
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> impl Iterator<Item = &NoteSignature> {
        self.signatures.iter()
    }

    /// What is signed: the note up to the blank line.
    pub fn text(&self) -> &str {
        self.note.get(..self.text_bytes).unwrap_or_default()
    }
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    let signed = encoding::base64(signature).ok()?;
    let (key_hint, bytes) = signed.split_first_chunk::<4>()?;
    (named && !bytes.is_empty()).then(|| NoteSignature {
        name: name.to_owned(),
        key_hint: *key_hint,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const SIGNATURE: &str = "AQIDBAUG";

    fn good() -> String {
        format!("log.example - 12\n7\n{ROOT}\n\n\u{2014} log.example {SIGNATURE}\n")
    }

    #[test]
    fn a_checkpoint_with_extension_and_cosignature_is_read() {
        let note = format!(
            "log.example\n0\n{ROOT}\nTimestamp: 1\n\n\u{2014} log.example {SIGNATURE}\n\u{2014} witness/1 {SIGNATURE}\n"
        );
        let checkpoint = Checkpoint::parse(&note).unwrap();
        assert_eq!(checkpoint.origin(), "log.example");
        assert_eq!(checkpoint.tree_size(), 0);
        assert_eq!(checkpoint.root_hash(), &[0; 32]);
        let signers: Vec<&str> = checkpoint.signers().collect();
        assert_eq!(signers, ["log.example", "witness/1"]);
        assert_eq!(checkpoint.note(), note);
        assert_eq!(Checkpoint::parse(&good()).unwrap().tree_size(), 7);
    }

    #[test]
    fn each_rule_of_the_note_has_its_own_refusal() {
        use CheckpointError as E;
        let dash = '\u{2014}';
        let changed =
            |from: &str, to: &str| Checkpoint::parse(&good().replacen(from, to, 1)).unwrap_err();
        assert!(matches!(
            changed("7", &"7".repeat(MAX_NOTE_BYTES)),
            E::TooLarge { .. }
        ));
        assert!(matches!(changed("log", "log\r"), E::ControlCharacter('\r')));
        assert!(matches!(changed("log", "log\0"), E::ControlCharacter('\0')));
        assert!(matches!(changed("\n\n", "\n"), E::BlankLines { found: 0 }));
        assert!(matches!(
            changed("\n7", "\n\n7"),
            E::BlankLines { found: 2 }
        ));
        assert!(matches!(changed("\n\n", "\n\n\n"), E::BlankLines { .. }));
        assert!(matches!(
            Checkpoint::parse(good().trim_end()),
            Err(E::Unfinished)
        ));
        assert!(matches!(changed("log.example - 12", ""), E::Origin));
        for size in ["+7", "07", "0x7", "-7", " 7", "7 "] {
            assert!(matches!(changed("7", size), E::Size { .. }), "{size:?}");
        }
        for root in ["AAAA", "!", &ROOT[1..]] {
            assert!(
                matches!(changed(ROOT, root), E::RootHash { .. }),
                "{root:?}"
            );
        }
        for line in [
            "junk".to_owned(),
            format!("- log {SIGNATURE}"),
            format!("{dash} {SIGNATURE}"),
            format!("{dash}  log {SIGNATURE}"),
            format!("{dash} lo+g {SIGNATURE}"),
            format!("{dash} log {SIGNATURE} "),
            format!("{dash} log {SIGNATURE}="),
            format!("{dash} log AQIDBA=="),
        ] {
            let note = format!("log\n7\n{ROOT}\n\n{dash} log {SIGNATURE}\n{line}\n");
            let refused = Checkpoint::parse(&note).unwrap_err();
            assert!(
                matches!(refused, E::SignatureLine { .. }),
                "{line:?} {refused:?}"
            );
        }
        let many = format!("{dash} log {SIGNATURE}\n").repeat(MAX_NOTE_SIGNATURES + 1);
        assert!(matches!(
            Checkpoint::parse(&format!("log\n7\n{ROOT}\n\n{many}")),
            Err(E::TooManySignatures { .. })
        ));
    }
}
