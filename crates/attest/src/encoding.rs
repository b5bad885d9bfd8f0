//! The text encodings of signed material, each accepted in one spelling only.

use base64_simd::STANDARD;

/// Characters a line, as MIME (RFC 2045 §6.8) and Python's `encodebytes` wrap it.
const MIME_LINE: usize = 76;

/// Why text is not base64 in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// Another alphabet, white space, missing padding, bits or text left over.
    #[error("another alphabet, white space, missing padding, or bits or text left over")]
    Spelling,
    /// Wrapped, but not in lines of 76 characters.
    #[error("expected one line, or lines of {MIME_LINE} characters, found a line of {found}")]
    Line {
        /// The odd line's length.
        found: usize,
    },
}

/// RFC 4648 §4 with padding and zero trailing bits: the one spelling of some bytes.
pub(crate) fn base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    STANDARD
        .decode_to_vec(text)
        .map_err(|_| Base64Error::Spelling)
}

/// Appends some bytes in that spelling.
pub(crate) fn append_base64(bytes: &[u8], text: &mut String) {
    STANDARD.encode_append(bytes, text);
}

/// How long that spelling of some bytes is.
pub(crate) fn base64_length(bytes: &[u8]) -> usize {
    STANDARD.encoded_length(bytes.len())
}

/// Like [`base64()`], and also in the lines that MIME prescribes: early writers of attestations produced them.
pub(crate) fn wrapped_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    if !text.contains('\n') {
        return base64(text);
    }
    let mut lines: Vec<&str> = text.split('\n').collect();
    let last = lines.pop().unwrap_or_default();
    // `encodebytes` ends each line with LF, MIME separates them: the last line may be short, and LF may follow it.
    let last = if last.is_empty() {
        lines.pop().unwrap_or_default()
    } else {
        last
    };
    if let Some(odd) = lines.iter().find(|line| line.len() != MIME_LINE) {
        return Err(Base64Error::Line { found: odd.len() });
    }
    if last.len() > MIME_LINE || last.is_empty() {
        return Err(Base64Error::Line { found: last.len() });
    }
    base64(&(lines.concat() + last))
}

/// A decimal number in its shortest spelling.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let shortest = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if shortest && digits {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(base64("aGk=").unwrap(), b"hi");
        assert_eq!(base64("").unwrap(), b"");
        for other in [
            "aGk",
            "aGk=\n",
            " aGk=",
            "aG k=",
            "aGl=",
            "aGk=aGk=",
            "aGk==",
            "_-8=",
            "aGk=x",
            "aGk\u{ff1d}",
        ] {
            assert!(base64(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn mime_lines_are_read_where_they_are_regular() {
        let bytes = [7; 100];
        let one_line = STANDARD.encode_to_string(bytes);
        let (first, rest) = one_line.split_at(MIME_LINE);
        for wrapped in [
            one_line.clone(),
            format!("{first}\n{rest}"),
            format!("{first}\n{rest}\n"),
        ] {
            assert_eq!(wrapped_base64(&wrapped).unwrap(), bytes);
        }
        assert_eq!(wrapped_base64("aGk=\n").unwrap(), b"hi");
        for odd in [
            format!("{first}\n\n{rest}"),
            format!("{rest}\n{first}"),
            format!("{first}\r\n{rest}"),
            format!("{first}\n{rest}\n\n"),
            format!("\n{first}\n{rest}"),
            format!("{first}\n {rest}"),
            "\n".to_owned(),
        ] {
            assert!(wrapped_base64(&odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("10"), Some(10));
        for other in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "18446744073709551616",
            "１",
        ] {
            assert_eq!(decimal(other), None, "{other:?}");
        }
    }
}
