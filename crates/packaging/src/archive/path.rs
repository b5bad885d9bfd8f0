//! Paths of members: below the directory they are unpacked into, and spelled in one way.

use crate::archive::Limits;

/// What is wrong with a member's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It is empty, or has an empty part or `.`: another spelling of a path that may be there too.
    #[error("expected no empty part and no '.' in it")]
    Unclean,
    /// `..`, which leads out of the directory.
    #[error("expected no '..' in it")]
    Parent,
    /// It begins at a root or a drive.
    #[error("expected a relative path")]
    Absolute,
    /// A control character.
    #[error("Invalid character in filename")]
    Control,
    /// Not UTF-8, or not declared to be.
    #[error("Filename not unicode")]
    NotUtf8,
    /// Longer than [`Limits::name_bytes`].
    #[error("expected a shorter path")]
    TooLong,
}

/// Checks a member's path; a slash at its end, which marks a directory, is ignored.
pub(super) fn check(name: &str, limits: &Limits) -> Result<(), PathProblem> {
    if name.len() > limits.name_bytes {
        return Err(PathProblem::TooLong);
    }
    if name.chars().any(|c| c.is_ascii_control()) {
        return Err(PathProblem::Control);
    }
    let drive =
        name.chars().nth(1) == Some(':') && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if name.starts_with(['/', '\\']) || drive {
        return Err(PathProblem::Absolute);
    }
    // A backslash parts directories on Windows.
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err(PathProblem::Parent);
    }
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.split('/').any(|part| part.is_empty() || part == ".") {
        return Err(PathProblem::Unclean);
    }
    Ok(())
}

/// Does a symbolic link at `link` to `target` stay inside the top-level directory, however other links are followed?
/// It does if `..` comes only at the beginning of the target and no oftener than there are directories to leave:
/// members never lie beyond a link, so those directories are real.
pub(super) fn link_stays_inside(link: &str, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains(['\\', '\0']) {
        return false;
    }
    let directories = link.split('/').count().saturating_sub(2);
    let parts: Vec<&str> = target
        .trim_end_matches('/')
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let upwards = parts.iter().take_while(|part| **part == "..").count();
    upwards <= directories && parts.iter().skip(upwards).all(|part| *part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let long = "a".repeat(Limits::NAME_BYTES + 1);
        for (name, problem) in [
            ("a", None),
            ("a/b.py", None),
            ("a/", None),
            ("a b/ü.txt", None),
            ("a/...", None),
            ("a/b..c", None),
            ("", Some(PathProblem::Unclean)),
            ("a//b", Some(PathProblem::Unclean)),
            ("a//", Some(PathProblem::Unclean)),
            ("./a", Some(PathProblem::Unclean)),
            ("a/.", Some(PathProblem::Unclean)),
            ("..", Some(PathProblem::Parent)),
            ("a/../b", Some(PathProblem::Parent)),
            ("a/..", Some(PathProblem::Parent)),
            ("a\\..\\b", Some(PathProblem::Parent)),
            ("/a", Some(PathProblem::Absolute)),
            ("/", Some(PathProblem::Absolute)),
            ("\\a", Some(PathProblem::Absolute)),
            ("C:a", Some(PathProblem::Absolute)),
            ("a\nb", Some(PathProblem::Control)),
            ("a\0", Some(PathProblem::Control)),
            (&long, Some(PathProblem::TooLong)),
        ] {
            assert_eq!(check(name, &Limits::default()).err(), problem, "{name:?}");
        }
    }

    #[test]
    fn links() {
        for (link, target, inside) in [
            ("top/a", "b", true),
            ("top/a", "./b/c", true),
            ("top/sub/a", "../b", true),
            ("top/sub/sub/a", "../../b", true),
            ("top/a", "../b", false),
            ("top/sub/a", "../../b", false),
            ("top/sub/a", "x/../../b", false),
            ("top/sub/a", "x/..", false),
            ("top/a", "/etc/passwd", false),
            ("top/a", "..\\b", false),
            ("top/a", "", false),
            ("a", "b", true),
            ("a", "../b", false),
        ] {
            assert_eq!(
                link_stays_inside(link, target),
                inside,
                "{link} -> {target}"
            );
        }
    }
}
