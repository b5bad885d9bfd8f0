//! Lines and their indentation, which is what reStructuredText's structure is made of.

/// The text without tabs and what is at the end of a line.
pub(super) fn expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        let mut column = 0;
        for c in line.trim_end().chars() {
            if c == '\t' {
                let spaces = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            } else {
                // Form feeds and vertical tabs are spaces.
                out.push(if matches!(c, '\u{b}' | '\u{c}') {
                    ' '
                } else {
                    c
                });
                column += 1;
            }
        }
        out.push('\n');
    }
    out
}

/// As docutils has it.
const TAB: usize = 8;

/// How many spaces a line begins with.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The line without its first `count` spaces, or without as many as it has.
pub(super) fn without(line: &str, count: usize) -> &str {
    line.get(count.min(indent(line))..).unwrap_or_default()
}

/// Lines without the indentation that all of them have, and without blank ones at either end.
pub(super) fn dedented<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let indented = lines.iter().filter(|line| !is_blank(line));
    let common = indented.map(|line| indent(line)).min().unwrap_or(0);
    let mut lines: Vec<&str> = lines.iter().map(|line| without(line, common)).collect();
    while lines.last().is_some_and(|line| is_blank(line)) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| is_blank(line)).count();
    lines.split_off(blank)
}

/// How many of the lines are blank or indented, blank ones at the end aside.
pub(super) fn body(lines: &[&str]) -> usize {
    let count = lines
        .iter()
        .take_while(|line| is_blank(line) || indent(line) > 0)
        .count();
    let trailing = lines[..count]
        .iter()
        .rev()
        .take_while(|line| is_blank(line))
        .count();
    count - trailing
}

/// The lines as one text.
pub(super) fn joined(lines: &[&str]) -> String {
    lines.join("\n")
}

/// The character that the whole line repeats, if it is a mark of punctuation.
pub(super) fn rule(line: &str) -> Option<char> {
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    line.chars().all(|c| c == first).then_some(first)
}
