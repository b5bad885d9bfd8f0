//! What reports are made of: styles, signs, aligned rows. Everything that others wrote is made printable here.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

/// Something held.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What to do.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// A title.
pub(crate) const TITLE: Style = Style::new().bold();
/// Beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// The signs in front of a line, as far as the terminal's encoding has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    /// Held.
    pub(crate) good: &'static str,
    /// Refused.
    pub(crate) bad: &'static str,
}

impl Signs {
    const UNICODE: Self = Self {
        good: "\u{2713}",
        bad: "\u{2717}",
    };
    const ASCII: Self = Self {
        good: "ok",
        bad: "no",
    };

    /// By the locale, as the C library decides: the first of three variables that is not empty.
    pub(crate) fn of_locale() -> Self {
        let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
        let locale = variables
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8") {
            Self::UNICODE
        } else {
            Self::ASCII
        }
    }
}

/// The text without anything that would move the cursor, change colours, or turn the direction of writing: certificates,
/// statements and servers are written by others.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hostile(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_hostile(c: char) -> bool {
    // Bidirectional controls (UAX #9) can make one name look like another; zero-width ones hide in it.
    let turns = matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    c.is_control() || turns
}

/// A time to the second.
pub(crate) fn instant(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Breaks a long text into lines that fit the terminal when indented by `indent`; one line where there is no terminal,
/// so that programs find what they look for.
pub(crate) fn lines(text: &str, indent: usize) -> Vec<String> {
    let terminal = std::io::stdout()
        .is_terminal()
        .then(terminal_size::terminal_size)
        .flatten();
    match terminal {
        Some((width, _)) => wrapped(text, usize::from(width.0).saturating_sub(indent)),
        None => vec![text.to_owned()],
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The word as a POSIX shell takes it unchanged.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A report in text, built line by line.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    signs: Signs,
}

/// Width of the labels of rows: the longest in use, and a space between.
const LABEL_WIDTH: usize = 16;

impl Page {
    /// An empty page.
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            signs: Signs::of_locale(),
        }
    }

    /// An empty line, unless the page is empty.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A title.
    pub(crate) fn title(&mut self, text: &str) {
        self.write(format_args!("{TITLE}{}{TITLE:#}\n", printable(text)));
    }

    /// One line with the sign of what held.
    pub(crate) fn good(&mut self, text: &str) {
        let sign = self.signs.good;
        self.write(format_args!("{GOOD}{sign}{GOOD:#} {}\n", printable(text)));
    }

    /// One line with the sign of what did not.
    pub(crate) fn bad(&mut self, text: &str) {
        let sign = self.signs.bad;
        self.write(format_args!("{BAD}{sign}{BAD:#} {}\n", printable(text)));
    }

    /// A labelled value.
    pub(crate) fn row(&mut self, label: &str, value: &str) {
        let width = LABEL_WIDTH;
        self.write(format_args!(
            "  {FAINT}{label:<width$}{FAINT:#} {}\n",
            printable(value)
        ));
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: &str) {
        self.write(format_args!("{}\n", printable(text)));
    }

    /// A line beside the point.
    pub(crate) fn faint(&mut self, text: &str) {
        self.write(format_args!("{FAINT}{}{FAINT:#}\n", printable(text)));
    }

    /// What to do next.
    pub(crate) fn hint(&mut self, text: &str) {
        self.write(format_args!("{HINT}hint:{HINT:#} {}\n", printable(text)));
    }

    /// The page so far, emptying it.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(arguments)
            .expect("writing to a string cannot fail");
    }
}

/// Columns of a listing, each as wide as its widest cell; the last one is left ragged.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, at: usize| {
        row.get(at)
            .map(|cell| printable(cell).into_owned())
            .unwrap_or_default()
    };
    let width = |at: usize| {
        rows.iter()
            .map(|row| cell(row, at).chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = widths
            .iter()
            .enumerate()
            .map(|(at, &width)| format!("{:<width$}", cell(row, at)));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_turned_text_are_shown_not_obeyed() {
        assert_eq!(printable("plain ü ✓"), "plain ü ✓");
        assert_eq!(
            printable("a\u{1b}[2Jb\n\u{202e}c"),
            "a\\u{1b}[2Jb\\u{a}\\u{202e}c"
        );
    }

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable x", 3), ["unbreakable", "x"]);
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["id".into(), "whose".into()],
            vec!["1234".into(), "a".into()],
        ];
        assert_eq!(columns(&rows), "id    whose\n1234  a\n");
    }

    #[test]
    fn what_others_wrote_cannot_leave_its_quotes() {
        assert_eq!(quoted("https://a/b@c"), "https://a/b@c");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a'; rm -rf ~; '"), r"'a'\''; rm -rf ~; '\'''");
        assert_eq!(quoted("$(x)"), "'$(x)'");
    }
}
