//! Requirements, as `pip-compile --generate-hashes`, `uv export` and people write them: digests, and no filenames.

use pep440_rs::{Operator, VersionSpecifiers};

use super::{Digest, Entry, LockError, LockedFile, LockedName, Source};
use crate::metadata::requirement;

/// Options with a value that change where files come from, and not which ones.
const WITH_VALUE: [&str; 12] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "--no-binary",
    "--only-binary",
    "--use-feature",
    "--config-settings",
    "--config-setting",
    "-C",
];

/// Options without one.
const ALONE: [&str; 4] = ["--no-index", "--pre", "--prefer-binary", "--require-hashes"];

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let mut index = None;
    let mut entries = Vec::new();
    for (line, content) in logical(text) {
        if content.starts_with('-') {
            if let Some(entry) = option(line, &content, &mut index)? {
                entries.push(entry);
            }
            continue;
        }
        entries.push(entry(line, &content)?);
    }
    for entry in &mut entries {
        if entry.source == Source::Index(None) {
            entry.source = Source::Index(index.clone());
        }
    }
    Ok(entries)
}

/// Lines without their comments, those that end in a backslash joined with the next, with the number of the first.
fn logical(text: &str) -> Vec<(usize, String)> {
    let mut joined = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (line, content) in (1..).zip(text.lines()) {
        let content = without_comment(content);
        let (number, mut before) = open.take().unwrap_or((line, String::new()));
        match content.strip_suffix('\\') {
            Some(part) => {
                before.push_str(part);
                before.push(' ');
                open = Some((number, before));
            }
            None => {
                before.push_str(content);
                joined.push((number, before));
            }
        }
    }
    joined.extend(open);
    let trimmed = joined.into_iter();
    trimmed
        .map(|(line, content)| (line, content.trim().to_owned()))
        .filter(|(_, content)| !content.is_empty())
        .collect()
}

/// As pip has it: a `#` at the beginning or after a blank begins a comment.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..at).unwrap_or_default();
        }
        before = c;
    }
    line
}

/// A line that begins with an option.
fn option(
    line: usize,
    content: &str,
    index: &mut Option<String>,
) -> Result<Option<Entry>, LockError> {
    let (option, value) = content
        .split_once(|c: char| c == '=' || c.is_whitespace())
        .unwrap_or((content, ""));
    let value = value.trim();
    let elsewhere = |source| Entry {
        source,
        ..Entry::new(line, content, None)
    };
    Ok(match option {
        "-r" | "--requirement" => Some(elsewhere(Source::Included(value.to_owned()))),
        "-e" | "--editable" => Some(elsewhere(direct(value))),
        // Constraints install nothing by themselves.
        "-c" | "--constraint" => None,
        "-i" | "--index-url" => {
            *index = Some(value.to_owned());
            None
        }
        _ if WITH_VALUE.contains(&option) || ALONE.contains(&option) => None,
        _ => {
            return Err(LockError::Option {
                line,
                option: option.to_owned(),
            });
        }
    })
}

/// A requirement with its digests.
fn entry(line: usize, content: &str) -> Result<Entry, LockError> {
    let (what, options) = match content.find(" -") {
        Some(at) => content.split_at(at),
        None => (content, ""),
    };
    let what = what.trim();
    let files = digests(line, options)?;
    if is_location(what) {
        return Ok(Entry {
            source: direct(what),
            files,
            ..Entry::new(line, what, None)
        });
    }
    let bad = |source| LockError::Requirement { line, source };
    requirement::check(what).map_err(bad)?;
    let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let (name, rest) = what.split_at(what.find(end).unwrap_or(what.len()));
    let rest = rest.split(';').next().unwrap_or_default().trim();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, after)| after.trim()),
        None => rest,
    };
    let (version, source) = match rest.strip_prefix('@') {
        Some(url) => (None, direct(url.trim())),
        None => (exact(rest), Source::Index(None)),
    };
    Ok(Entry {
        source,
        files,
        ..Entry::new(line, name, version.as_deref())
    })
}

/// The options behind a requirement: digests, and nothing else that is known.
fn digests(line: usize, options: &str) -> Result<Vec<LockedFile>, LockError> {
    let mut files = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word, None),
        };
        match option {
            "--hash" => {
                let value = value.or_else(|| words.next()).unwrap_or_default();
                files.push(LockedFile {
                    name: LockedName::Absent,
                    digest: Digest::tagged(value),
                });
            }
            "--config-settings" | "--config-setting" | "-C" | "--global-option" => {
                if value.is_none() {
                    words.next();
                }
            }
            _ => {
                return Err(LockError::Option {
                    line,
                    option: option.to_owned(),
                });
            }
        }
    }
    Ok(files)
}

/// Of specifiers that name exactly one version.
fn exact(specifiers: &str) -> Option<String> {
    let specifiers = specifiers.trim_start_matches('(').trim_end_matches(')');
    let parsed: VersionSpecifiers = specifiers.parse().ok()?;
    match &parsed[..] {
        [one] if matches!(one.operator(), Operator::Equal | Operator::ExactEqual) => {
            Some(one.version().to_string())
        }
        _ => None,
    }
}

/// A URL or a path in place of a name.
fn is_location(what: &str) -> bool {
    let first = what.split([' ', '@', '[', ';']).next().unwrap_or_default();
    first.contains("://")
        || first.starts_with("file:")
        || first.contains(['/', '\\'])
        || first.starts_with('.')
        || [".whl", ".tar.gz", ".zip"]
            .iter()
            .any(|ending| first.ends_with(ending))
}

fn direct(what: &str) -> Source {
    let what = what
        .split(" ;")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let scheme = what.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if scheme.contains('+') => Source::Vcs(what),
        Some("file") => Source::Path(what),
        Some(_) => Source::Url(what),
        None if [".whl", ".tar.gz", ".zip"]
            .iter()
            .any(|ending| what.ends_with(ending)) =>
        {
            Source::Path(what)
        }
        None => Source::Directory(what),
    }
}
