//! `.netrc`: credentials by host name.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use super::Environment;

/// A `.netrc` has a few lines for each of a few hosts.
const MAX_NETRC_BYTES: u64 = 1 << 20;

/// The entries of a `.netrc`. Its `default` entry, if any, is not among them: it would hand a password to every host that
/// a page points at.
#[derive(Clone, Default)]
pub struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Clone, Default)]
struct Entry {
    machine: String,
    login: String,
    password: String,
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machines = self.entries.iter().map(|entry| &entry.machine);
        f.debug_list().entries(machines).finish()
    }
}

impl Netrc {
    /// Reads the file that `NETRC` names, or `.netrc` or `_netrc` in the home directory; no file is an empty one.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn from_environment(variable: Environment<'_>) -> io::Result<Self> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let paths = match (set("NETRC"), set("HOME")) {
            (Some(path), _) => vec![PathBuf::from(path)],
            (None, Some(home)) => [".netrc", "_netrc"]
                .iter()
                .map(|name| PathBuf::from(&home).join(name))
                .collect(),
            (None, None) => Vec::new(),
        };
        for path in paths {
            match fs::File::open(&path) {
                Ok(file) => {
                    let mut text = String::new();
                    file.take(MAX_NETRC_BYTES).read_to_string(&mut text)?;
                    return Ok(Self::parse(&text));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self::default())
    }

    /// Reads the text. What it cannot make sense of it passes over, as every reader of this format does.
    pub fn parse(text: &str) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut within = false;
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" => {
                    within = true;
                    let machine = words.next().unwrap_or_default().to_ascii_lowercase();
                    entries.push(Entry {
                        machine,
                        ..Entry::default()
                    });
                }
                "default" => within = false,
                "login" | "user" | "password" | "account" => {
                    let value = words.next().unwrap_or_default();
                    let Some(entry) = entries.last_mut().filter(|_| within) else {
                        continue;
                    };
                    match word.as_str() {
                        "password" => entry.password = value,
                        "account" => {}
                        _ => entry.login = value,
                    }
                }
                _ => {}
            }
        }
        Self { entries }
    }

    /// Login and password for a host; the first entry counts.
    pub(crate) fn of(&self, host: &str) -> Option<(&str, &str)> {
        let entry = self.entries.iter().find(|entry| entry.machine == host)?;
        Some((&entry.login, &entry.password))
    }
}

/// Words between blanks; `"…"` with backslashes for what has blanks; `#` begins a comment where a word would; a macro
/// goes on to the next empty line.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            // A password may begin with `#`; a comment cannot stand for one.
            let value_next = words
                .last()
                .is_some_and(|word: &String| word == "password" || word == "login");
            if first == '#' && !value_next {
                break;
            }
            let (word, after) = word(rest);
            if word == "macdef" {
                in_macro = true;
                break;
            }
            words.push(word);
            rest = after.trim_start();
        }
    }
    words
}

fn word(text: &str) -> (String, &str) {
    let quoted = text.starts_with('"');
    let mut word = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        let ends = if quoted { c == '"' } else { c.is_whitespace() };
        if ends {
            return (word, text.get(at + c.len_utf8()..).unwrap_or_default());
        }
        if c == '\\' && quoted {
            word.extend(chars.next().map(|(_, escaped)| escaped));
        } else {
            word.push(c);
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_by_machine_and_the_default_is_nobodys() {
        let netrc = Netrc::parse(
            "# ours\nmachine a.example login alice password \"p a\\\"ss\"\n\
             machine B.example\n  login bob\n  account x\n  password #hash\n\
             macdef init\nmachine evil.example login m password m\n\n\
             default login anyone password anything\nmachine c.example login c password c machine a.example login x",
        );
        assert_eq!(netrc.of("a.example"), Some(("alice", "p a\"ss")));
        assert_eq!(netrc.of("b.example"), Some(("bob", "#hash")));
        assert_eq!(netrc.of("c.example"), Some(("c", "c")));
        assert_eq!(netrc.of("evil.example"), None);
        assert_eq!(netrc.of("d.example"), None);
    }

    #[test]
    fn what_is_cut_short_is_no_trouble() {
        for text in [
            "machine",
            "machine x login",
            "login a",
            "\"",
            "machine \"x",
            "macdef",
        ] {
            assert_eq!(Netrc::parse(text).of("nowhere"), None, "{text}");
        }
    }
}
