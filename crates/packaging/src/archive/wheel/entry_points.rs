//! entry_points.txt: an INI file as Python's `configparser` reads it with `=` alone between name and value.

use std::collections::HashSet;

/// The line, counted from 1, and what should be there.
pub(super) type Problem = (usize, &'static str);

/// Sections of `name = value`, none twice; names of commands must be names of files.
pub(super) fn check(bytes: &[u8]) -> Result<(), Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes
            .iter()
            .take(error.valid_up_to())
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        (line, "UTF-8")
    })?;
    let mut section: Option<String> = None;
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut sections: HashSet<String> = HashSet::new();
    let mut in_value = false;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) && in_value {
            continue; // the value goes on
        }
        if let Some(after) = trimmed.strip_prefix('[') {
            let name = after
                .split_once(']')
                .map(|(name, _)| name)
                .filter(|name| !name.is_empty());
            let name = name.ok_or((number, "`[section]`"))?.to_owned();
            if !sections.insert(name.clone()) {
                return Err((number, "each section once"));
            }
            section = Some(name);
            in_value = false;
            continue;
        }
        let within = section
            .clone()
            .ok_or((number, "a section before the first entry"))?;
        let (name, _) = trimmed.split_once('=').ok_or((number, "`name = value`"))?;
        let name = name.trim_end().to_owned();
        let is_command = matches!(&*within, "console_scripts" | "gui_scripts");
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || (is_command && !name.chars().all(fits)) {
            return Err((number, "a name of letters, digits, '_', '.' and '-'"));
        }
        if !seen.insert((within, name)) {
            return Err((number, "each name once in a section"));
        }
        in_value = true;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points() {
        for (text, problem) in [
            ("", None),
            (
                "[console_scripts]\ndemo = demo:main\ndemo-x.y=demo:main [extra]\n\n[a.group]\nany name: here = x\n",
                None,
            ),
            (
                "# note\n; note\n[gui_scripts]\r\n  demo = demo:main\r\n",
                None,
            ),
            ("[a]\nx = y\n    more\n", None),
            ("[a]\nx = y\n[b]\nx = y\n", None),
            ("x = y\n", Some((1, "a section before the first entry"))),
            ("[a]\nx\n", Some((2, "`name = value`"))),
            ("[a\nx = y\n", Some((1, "`[section]`"))),
            ("[]\n", Some((1, "`[section]`"))),
            (
                "[a]\nx = y\nx = z\n",
                Some((3, "each name once in a section")),
            ),
            ("[a]\n[b]\n[a]\n", Some((3, "each section once"))),
            (
                "[console_scripts]\n../x = y\n",
                Some((2, "a name of letters, digits, '_', '.' and '-'")),
            ),
            (
                "[console_scripts]\na b = y\n",
                Some((2, "a name of letters, digits, '_', '.' and '-'")),
            ),
            (
                "[a]\n= y\n",
                Some((2, "a name of letters, digits, '_', '.' and '-'")),
            ),
        ] {
            assert_eq!(check(text.as_bytes()).err(), problem, "{text:?}");
        }
        assert_eq!(check(b"[a]\nx = \xff\n"), Err((2, "UTF-8")));
    }
}
