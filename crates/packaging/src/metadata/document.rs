//! The shape of a METADATA or PKG-INFO file: headers, an empty line, a body.
//!
//! Written here, because crates for mail read more than this format has (multipart bodies, transfer encodings, encoded
//! words) and guess where it is broken. Python's `email` guesses too, so what two readers could take differently is
//! refused: a lone carriage return, which Python takes for the end of a line, and a line that is no header, which
//! Python takes for the beginning of the body.

use crate::excerpt::excerpt;
use crate::metadata::{MAX_METADATA_BYTES, MetadataError};

/// What is wrong with the file's shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not UTF-8.
    #[error("expected UTF-8, found other bytes at offset {offset}")]
    NotUtf8 {
        /// Of the first other byte.
        offset: usize,
    },
    /// A carriage return inside a header line.
    #[error("expected only line feeds to end lines, found a carriage return in line {line}")]
    CarriageReturn {
        /// Counted from 1.
        line: usize,
    },
    /// Neither a header, nor the continuation of one, nor the empty line before the body.
    #[error("expected `Name: value` in line {line}, found '{found}'")]
    NotAHeader {
        /// Counted from 1.
        line: usize,
        /// The line, shortened.
        found: String,
    },
}

/// A file taken apart.
#[derive(Debug)]
pub(crate) struct Document<'d> {
    /// Name as written and unfolded value, in order.
    pub(crate) headers: Vec<(&'d str, String)>,
    /// What follows the empty line, unless it is blank.
    pub(crate) body: Option<&'d str>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Document<'_>, MetadataError> {
    if bytes.len() > MAX_METADATA_BYTES {
        return Err(MetadataError::FileTooLong { found: bytes.len() });
    }
    let mut rest = std::str::from_utf8(bytes).map_err(|error| DocumentError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    let mut headers: Vec<Header<'_>> = Vec::new();
    for line in 1.. {
        let (text, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let text = text.strip_suffix('\r').unwrap_or(text);
        rest = after;
        if text.is_empty() {
            break;
        }
        if text.contains('\r') {
            return Err(DocumentError::CarriageReturn { line }.into());
        }
        let not_a_header = || DocumentError::NotAHeader {
            line,
            found: excerpt(text),
        };
        if text.starts_with([' ', '\t']) {
            headers
                .last_mut()
                .ok_or_else(not_a_header)?
                .continuation
                .push(text);
        } else {
            let (name, value) = text.split_once(':').ok_or_else(not_a_header)?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_graphic()) {
                return Err(not_a_header().into());
            }
            headers.push(Header {
                name,
                first: value.trim_matches([' ', '\t']),
                continuation: Vec::new(),
            });
        }
    }
    let body = Some(rest).filter(|body| !body.trim().is_empty());
    Ok(Document {
        headers: headers.into_iter().map(Header::unfold).collect(),
        body,
    })
}

struct Header<'d> {
    name: &'d str,
    first: &'d str,
    continuation: Vec<&'d str>,
}

impl<'d> Header<'d> {
    /// Puts a folded value together again. Its writer indented every line but the first: by seven blanks and a bar, or
    /// by some blanks, of which those that all lines share are taken away.
    fn unfold(self) -> (&'d str, String) {
        let Self {
            name,
            first,
            continuation,
        } = self;
        let barred = !continuation.is_empty()
            && continuation.iter().all(|line| line.starts_with("       |"));
        let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let filled = continuation.iter().filter(|line| !line.trim().is_empty());
        let shared = if barred {
            8
        } else {
            filled.map(|line| blanks(line)).min().unwrap_or_default()
        };
        let mut value = first.to_owned();
        for line in continuation {
            value.push('\n');
            // The indentation is of one-byte characters, and a blank line may be shorter.
            value.push_str(line.get(shared..).unwrap_or_default());
        }
        (name, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<(&str, String)> {
        read(text.as_bytes()).unwrap().headers
    }

    fn refusal(text: &[u8]) -> DocumentError {
        match read(text).unwrap_err() {
            MetadataError::Document(error) => error,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn headers_and_body() {
        let document =
            read("Name: a\nSummary:\tb c \r\nX-Other:\n\nBody\n\nof any: kind\r\n".as_bytes())
                .unwrap();
        let expected = [("Name", "a"), ("Summary", "b c"), ("X-Other", "")];
        assert_eq!(
            document.headers,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
        assert_eq!(document.body, Some("Body\n\nof any: kind\r\n"));
        assert_eq!(read(b"Name: a").unwrap().body, None);
        assert_eq!(read(b"Name: a\n\n \n\n").unwrap().body, None);
        assert_eq!(read(b"").unwrap().headers, []);
        assert_eq!(read(b"\nonly a body").unwrap().body, Some("only a body"));
    }

    #[test]
    fn folded_values_lose_the_indentation_of_their_writer() {
        for (folded, value) in [
            (
                "License: MIT\n        one\n          two\n        \n        three\n",
                "MIT\none\n  two\n\nthree",
            ),
            (
                "Description: first\n       |second\n       |\n       |  third\n",
                "first\nsecond\n\n  third",
            ),
            ("Keywords: a,\n\tb\n", "a,\nb"),
            ("Summary:\n  é\n", "\né"),
            ("Summary: a\n \n", "a\n "),
        ] {
            assert_eq!(headers(folded)[0].1, value, "{folded:?}");
        }
    }

    #[test]
    fn what_two_readers_could_take_differently_is_refused() {
        for (text, error) in [
            (
                &b"Name: a\rName: b\n"[..],
                DocumentError::CarriageReturn { line: 1 },
            ),
            (
                b"Name: a\nno header\n",
                DocumentError::NotAHeader {
                    line: 2,
                    found: "no header".to_owned(),
                },
            ),
            (
                b" Name: a\n",
                DocumentError::NotAHeader {
                    line: 1,
                    found: " Name: a".to_owned(),
                },
            ),
            (
                b"Name : a\n",
                DocumentError::NotAHeader {
                    line: 1,
                    found: "Name : a".to_owned(),
                },
            ),
            (
                b": a\n",
                DocumentError::NotAHeader {
                    line: 1,
                    found: ": a".to_owned(),
                },
            ),
            (
                "\u{feff}Name: a\n".as_bytes(),
                DocumentError::NotAHeader {
                    line: 1,
                    found: "\u{feff}Name: a".to_owned(),
                },
            ),
            (b"Name: caf\xe9\n", DocumentError::NotUtf8 { offset: 9 }),
            (
                b"Name: a\n\nbody \xff",
                DocumentError::NotUtf8 { offset: 14 },
            ),
        ] {
            assert_eq!(refusal(text), error);
        }
        let long = vec![b'a'; MAX_METADATA_BYTES + 1];
        assert!(matches!(
            read(&long),
            Err(MetadataError::FileTooLong { .. })
        ));
    }
}
