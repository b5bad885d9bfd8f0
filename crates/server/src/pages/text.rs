//! Text that an uploader wrote, as a page shows it.
//!
//! The template's escaping keeps markup out. What is left are characters that change how *other* text looks, or that
//! nobody sees: direction controls (which can make `exe.whl` of `lhw.exe`), zero-width characters (which make two names
//! look alike), and values so long that they bury the page. The first two are shown by their code points; the last are
//! cut, and it is said that they were. Right-to-left scripts are left as they are: the elements that hold such text isolate
//! it (`unicode-bidi: isolate` in the stylesheet).

use std::borrow::Cow;

use super::units;

/// Longest value on one line. The longest that PyPI's own data needs, a summary, has at most 512.
const MAX_LINE_CHARS: usize = 1_000;

/// Longest value of several lines. A page is for reading; who wants more than a long article has it in the file.
const MAX_BLOCK_CHARS: usize = 100_000;

/// Marks that may stand over one letter: Vietnamese needs two, Hebrew with cantillation four. More of them are drawn over
/// the lines above.
const MAX_MARKS: usize = 4;

/// A value on one line: a name, a summary, an address.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    shown(text, MAX_LINE_CHARS, false)
}

/// A value of several lines.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    shown(text, MAX_BLOCK_CHARS, true)
}

fn shown(text: &str, max_chars: usize, several_lines: bool) -> Cow<'_, str> {
    // Nearly every value: short, and of characters that stand for themselves.
    let plain = |b: u8| b.is_ascii_graphic() || b == b' ' || (several_lines && b == b'\n');
    if text.len() <= max_chars && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(4 * max_chars));
    let mut before = None;
    let mut marks = 0;
    for c in text.chars().take(max_chars) {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\n' | '\t' if several_lines => out.push(c),
            '\r' if several_lines => {}
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            _ if marks > MAX_MARKS || is_deceptive(c) => push_code(&mut out, c),
            _ if joins(c) && !before.is_some_and(may_be_joined) => push_code(&mut out, c),
            _ => out.push(c),
        }
        before = Some(c);
    }
    let rest = text.chars().skip(max_chars).count();
    if rest > 0 {
        let rest = units::grouped(rest as u64);
        out.push_str(&format!(" … (cut here: {rest} more characters)"));
    }
    Cow::Owned(out)
}

/// In angle brackets that no name and no markup has.
fn push_code(out: &mut String, c: char) {
    out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
}

/// What nobody sees, or what changes how other characters are laid out.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul and Khmer fillers.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
            // Mongolian separators.
            | '\u{180b}'..='\u{180f}'
            // Zero-width space, direction marks, embeddings, overrides, isolates, invisible operators.
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Blank Braille, variation selectors but the two of emoji, byte order mark, annotations.
            | '\u{2800}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            // Shorthand and musical controls; tags and the other variation selectors, which can carry a whole text.
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Joiners and the two selectors of emoji: they belong to some scripts, and are seen by what they do there.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// Whether a joiner behind `c` does something that is seen: letters of scripts that join, and pictures. Keycaps are made
/// of digits.
fn may_be_joined(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*' | '\u{fe0f}')
        || (u32::from(c) >= 0x600 && !joins(c) && !is_deceptive(c))
        || matches!(c, '©' | '®')
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_stays() {
        for text in [
            "demo-1.0-py3-none-any.whl",
            "Müller, Łódź, Ελλάδα, Київ, 東京, 한국어",
            "שלום עולם and مرحبا",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}💻 ❤\u{fe0f} 1\u{fe0f}\u{20e3} ©\u{fe0f}",
            "Việt Nam e\u{302}\u{301}",
            "",
        ] {
            assert_eq!(line(text), text);
            assert_eq!(block(text), text);
        }
        assert_eq!(block("a\r\n\tb\n"), "a\n\tb\n");
    }

    #[test]
    fn what_deceives_is_shown_by_its_code() {
        for (text, seen) in [
            ("\u{202e}lhw.exe", "⟨U+202E⟩lhw.exe"),
            ("re\u{200b}quests", "re⟨U+200B⟩quests"),
            ("re\u{200d}quests", "re⟨U+200D⟩quests"),
            ("a\u{ad}b\u{feff}", "a⟨U+00AD⟩b⟨U+FEFF⟩"),
            ("x\u{e0041}\u{e0100}", "x⟨U+E0041⟩⟨U+E0100⟩"),
            ("a\0b\u{1b}[2J\u{85}", "a⟨U+0000⟩b⟨U+001B⟩[2J⟨U+0085⟩"),
            ("\u{2066}a\u{2069}", "⟨U+2066⟩a⟨U+2069⟩"),
            ("👩\u{200d}\u{200d}", "👩\u{200d}⟨U+200D⟩"),
            (
                "a\u{301}\u{301}\u{301}\u{301}\u{301}",
                "a\u{301}\u{301}\u{301}\u{301}⟨U+0301⟩",
            ),
        ] {
            assert_eq!(line(text), seen);
            assert_eq!(block(text), seen);
        }
        assert_eq!(line("a\r\nb\u{2028}c"), "a  b c");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "x".repeat(10_000);
        let cut = line(&long);
        assert!(
            cut.ends_with("x … (cut here: 9,000 more characters)"),
            "{cut}"
        );
        assert_eq!(block(&long), long);
        let wide = "é".repeat(MAX_LINE_CHARS);
        assert_eq!(line(&wide), wide);
        // The most that a value can grow to.
        let worst = "\u{e0041}".repeat(1_000_000);
        assert!(line(&worst).len() < 20 * MAX_LINE_CHARS);
    }
}
