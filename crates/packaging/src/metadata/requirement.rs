//! Requirements by PEP 508: is the text one, and does it name a URL?
//!
//! The grammar is small and written here over `pep440_rs` and `url`. The crate `pep508_rs` is not for bytes from outside:
//! it panics on `a->1`, reads environment variables and files for URLs, and turns markers into decision diagrams in a
//! table shared by the whole process, which never shrinks and which a hostile marker of a few hundred bytes makes
//! exponentially large.

use pep440_rs::{VersionSpecifiers, VersionSpecifiersParseError};
use url::Url;

use crate::{InvalidName, ProjectName};

/// Requirements with long markers, as lockers write them, have a few kilobytes.
const MAX_REQUIREMENT_BYTES: usize = 8 << 10;

/// Of parentheses in a marker; real ones have three or four.
const MAX_DEPTH: usize = 32;

/// Why a text is no requirement.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// Longer than any real one.
    #[error("expected at most {MAX_REQUIREMENT_BYTES} bytes, found {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// The name, or that of an extra.
    #[error("expected the name of a project or an extra")]
    Name(#[source] InvalidName),
    /// The brackets with the extras.
    #[error("expected extras as in `[one,two]`")]
    Extras,
    /// The version specifiers.
    #[error("expected version specifiers as in `>=1.0,<2`, a marker or the end")]
    Versions(#[source] VersionSpecifiersParseError),
    /// A parenthesis around the version specifiers that is not closed.
    #[error("expected a closing parenthesis after the version specifiers")]
    Parenthesis,
    /// The URL of a direct reference.
    #[error("expected a URL after `@`")]
    Url(#[source] url::ParseError),
    /// Blanks in the URL of a direct reference.
    #[error("expected nothing but a marker after the URL")]
    AfterUrl,
    /// The environment marker.
    #[error("expected {expected} at byte {offset} of the marker")]
    Marker {
        /// What the grammar wants there.
        expected: &'static str,
        /// Counted from 0, after the semicolon.
        offset: usize,
    },
    /// The environment marker has too many parentheses inside each other.
    #[error("expected at most {MAX_DEPTH} parentheses inside each other in the marker")]
    TooDeep,
}

/// How a requirement says what satisfies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// By name and versions.
    Named,
    /// By a URL: a direct reference.
    Direct,
}

/// Checks the grammar of PEP 508.
pub(crate) fn check(given: &str) -> Result<Reference, RequirementError> {
    if given.len() > MAX_REQUIREMENT_BYTES {
        return Err(RequirementError::TooLong { found: given.len() });
    }
    let (head, marker) = split_marker(given);
    let reference = check_head(head.trim())?;
    if let Some(marker) = marker {
        check_marker(marker)?;
    }
    Ok(reference)
}

/// `name[extras]`, then `@ url`, or version specifiers, perhaps in parentheses, or nothing.
fn check_head(head: &str) -> Result<Reference, RequirementError> {
    let end = |text: &str| text.find(|c: char| !is_name_part(c)).unwrap_or(text.len());
    let (name, rest) = head.split_at(end(head));
    check_name(name)?;
    let mut rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('[') {
        let (extras, after) = after.split_once(']').ok_or(RequirementError::Extras)?;
        if !extras.trim().is_empty() {
            extras
                .split(',')
                .try_for_each(|extra| check_name(extra.trim()))?;
        }
        rest = after.trim_start();
    }
    if let Some(url) = rest.strip_prefix('@') {
        let url = url.trim_start();
        if url.contains(char::is_whitespace) {
            return Err(RequirementError::AfterUrl);
        }
        Url::parse(url).map_err(RequirementError::Url)?;
        return Ok(Reference::Direct);
    }
    let versions = match rest.strip_prefix('(') {
        Some(inside) => inside
            .strip_suffix(')')
            .ok_or(RequirementError::Parenthesis)?,
        None => rest,
    };
    // `packaging` allows a comma after the last one.
    let versions = versions.trim();
    let versions = versions
        .strip_suffix(',')
        .filter(|some| !some.is_empty())
        .unwrap_or(versions);
    if !versions.is_empty() {
        versions
            .parse::<VersionSpecifiers>()
            .map_err(RequirementError::Versions)?;
    }
    Ok(Reference::Named)
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn check_name(name: &str) -> Result<(), RequirementError> {
    name.parse::<ProjectName>()
        .map(|_| ())
        .map_err(RequirementError::Name)
}

/// A semicolon begins the marker; after a URL, which may hold one itself, only with a blank before it.
fn split_marker(given: &str) -> (&str, Option<&str>) {
    let first = given.find(';');
    let is_url = given
        .find('@')
        .is_some_and(|at| first.is_none_or(|semicolon| at < semicolon));
    let start = if is_url {
        given
            .match_indices(';')
            .map(|(at, _)| at)
            .find(|&at| given[..at].ends_with(char::is_whitespace))
    } else {
        first
    };
    start.map_or((given, None), |at| (&given[..at], Some(&given[at + 1..])))
}

/// The variables of environment markers, with the older spellings that `packaging` still reads.
const VARIABLES: [&str; 20] = [
    "python_version",
    "python_full_version",
    "os_name",
    "os.name",
    "sys_platform",
    "sys.platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "platform.version",
    "platform_machine",
    "platform.machine",
    "platform_python_implementation",
    "platform.python_implementation",
    "python_implementation",
    "implementation_name",
    "implementation_version",
    "extra",
    "extras",
    "dependency_groups",
];

/// Longest first: `<=` must not be read as `<`.
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// What the grammar wants next.
#[derive(Clone, Copy)]
enum Want {
    Left,
    Operator,
    Right,
    Joint,
}

/// `left operator right`, joined by `and` and `or`, in parentheses. A loop with a counter: no depth of input reaches
/// the stack.
fn check_marker(marker: &str) -> Result<(), RequirementError> {
    let mut scan = Scan {
        whole: marker,
        rest: marker,
    };
    let mut want = Want::Left;
    let mut depth = 0_usize;
    loop {
        scan.skip_blanks();
        want = match want {
            Want::Left if scan.take("(") => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(RequirementError::TooDeep);
                }
                Want::Left
            }
            Want::Left => {
                scan.value()?;
                Want::Operator
            }
            Want::Operator => {
                scan.operator()?;
                Want::Right
            }
            Want::Right => {
                scan.value()?;
                Want::Joint
            }
            Want::Joint if scan.rest.is_empty() && depth == 0 => return Ok(()),
            Want::Joint if depth > 0 && scan.take(")") => {
                depth -= 1;
                Want::Joint
            }
            Want::Joint if scan.take_word("and") || scan.take_word("or") => Want::Left,
            Want::Joint => return Err(scan.expected("`and`, `or` or the end of the expression")),
        };
    }
}

struct Scan<'m> {
    whole: &'m str,
    rest: &'m str,
}

impl Scan<'_> {
    fn expected(&self, expected: &'static str) -> RequirementError {
        RequirementError::Marker {
            expected,
            offset: self.whole.len() - self.rest.len(),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes `word` if nothing that could belong to a longer word follows.
    fn take_word(&mut self, word: &str) -> bool {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let after = self
            .rest
            .strip_prefix(word)
            .filter(|after| !after.starts_with(inner));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// A quoted string or a variable.
    fn value(&mut self) -> Result<(), RequirementError> {
        for quote in ["'", "\""] {
            if let Some(after) = self.rest.strip_prefix(quote) {
                let (_, after) = after
                    .split_once(quote)
                    .ok_or_else(|| self.expected("a closing quote"))?;
                self.rest = after;
                return Ok(());
            }
        }
        if VARIABLES.iter().any(|variable| self.take_word(variable)) {
            return Ok(());
        }
        Err(self.expected("a quoted string or an environment variable of PEP 508"))
    }

    fn operator(&mut self) -> Result<(), RequirementError> {
        if OPERATORS.iter().any(|operator| self.take(operator)) || self.take_word("in") {
            return Ok(());
        }
        if self.take_word("not") {
            self.skip_blanks();
            if self.take_word("in") {
                return Ok(());
            }
        }
        Err(self.expected("a comparison"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements() {
        for given in [
            "requests",
            "A.B-C_D",
            "name<=1",
            "requests [security,tests] >= 2.8.1, == 2.8.*",
            "build ; extra == \"dev\"",
            "abi3info[test,lint,doc] ; extra == \"dev\"",
            "pdoc >= 13.0.0 ; extra == 'doc'",
            "a (>=1.0,<2)",
            "a>=1.0,",
            "a;python_version<'3.8'",
            "a; (os_name=='nt' or sys_platform == \"win32\") and not_there == 'x'"
                .replace("not_there", "extra")
                .as_str(),
            "a; python_version in '2.6 2.7' and platform_machine not in 'x86'",
            "a; 'linux' in sys.platform",
            "a ; extra == 'x;y'",
        ] {
            assert_eq!(
                check(given).unwrap_or_else(|error| panic!("{given}: {error:?}")),
                Reference::Named,
                "{given}"
            );
        }
    }

    #[test]
    fn direct_references() {
        for given in [
            "pip @ https://example.org/pip.zip",
            "a@file:///tmp/a",
            "pip @ https://example.org/a;b ; python_version > '3'",
        ] {
            assert_eq!(
                check(given).unwrap_or_else(|error| panic!("{given}: {error:?}")),
                Reference::Direct,
                "{given}"
            );
        }
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for given in [
            "",
            "-a",
            "a b",
            "a >=",
            "a->1",
            "a-",
            "a_[x]",
            "a[x-]",
            "a[x,]",
            "a[x y]",
            "a (>=1",
            "a >=1)",
            "a >=1,,<2",
            "a ,",
            "a @ https://example.org/a b",
            "a >= dog",
            "a[",
            "a[x",
            "a @ not a url",
            "https://example.org/a.zip",
            "a ;",
            "a ; python_version",
            "a ; python_version >",
            "a ; python_version > 3",
            "a ; python_version > '3",
            "a ; python_version > '3' and",
            "a ; python_version > '3' 'x'",
            "a ; (python_version > '3'",
            "a ; python_version > '3')",
            "a ; ()",
            "a ; unheard_of == 'x'",
            "a ; extra not 'x'",
            "a ; python_versions > '3'",
        ] {
            assert!(check(given).is_err(), "{given}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth| format!("a ; {}extra == 'x'{}", "(".repeat(depth), ")".repeat(depth));
        assert!(check(&nested(MAX_DEPTH)).is_ok());
        assert!(matches!(
            check(&nested(MAX_DEPTH + 1)),
            Err(RequirementError::TooDeep)
        ));
        assert!(matches!(
            check(&nested(4000)),
            Err(RequirementError::TooDeep)
        ));
        assert!(matches!(
            check(&"a".repeat(MAX_REQUIREMENT_BYTES + 1)),
            Err(RequirementError::TooLong { .. })
        ));
        // Exponential as a decision diagram with its variables in order: here it takes no time.
        let pairs: Vec<String> = (0..80)
            .map(|i| format!("(extra == 'a{i}' and extra == 'z{i}')"))
            .collect();
        assert!(check(&format!("a ; {}", pairs.join(" or "))).is_ok());
    }
}
