//! Texts that are made to take long or grow large: whatever they are, an answer comes, and it is bounded. With work that grows as
//! the square of the text, these tests would take hours.

use touchplate_readme::{Images, MAX_TEXT_BYTES, render};

use crate::judge::judged;

const MARKUPS: [Option<&str>; 2] = [Some("text/markdown"), Some("text/x-rst")];

/// Of a text here: a debug build is thirty times as slow.
const BYTES: usize = MAX_TEXT_BYTES / 20;

fn full_of(unit: &str) -> String {
    unit.repeat(BYTES / unit.len())
}

fn half_of(unit: &str) -> String {
    unit.repeat(BYTES / unit.len() / 2)
}

#[test]
fn one_thing_over_and_over() {
    for unit in [
        // Inline.
        "*",
        "_",
        "`",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "&",
        "!",
        "\\",
        "|",
        "~",
        ":",
        "^",
        "#",
        "=",
        "-",
        "+",
        "$",
        "**a ",
        "*a_ ",
        "a**b",
        "[a](",
        "![a](",
        "![",
        "[a][",
        "[](",
        "[[a]",
        "](",
        "[^1]",
        "<a",
        "<a href='",
        "<!--",
        "<?",
        "<![CDATA[",
        "</",
        "`a``",
        "a`b",
        "&#",
        "&amp",
        "http://",
        "http://(",
        "www.",
        "https://a)",
        "*[a](b)*",
        "a_ ",
        "__ ",
        "|a| ",
        "`a`_ ",
        "`a <b>`_ ",
        ":a:`b` ",
        "[1]_ ",
        "|a|_ ",
        "``a",
        "_`a",
        // Blocks.
        "> ",
        ">",
        "- ",
        "* ",
        "1. ",
        "1) ",
        "-\n",
        "- a\n",
        "> a\n",
        "> > a\n",
        "\n",
        " \n",
        "\t",
        "    a\n",
        "a\n\n",
        "# a\n",
        "# \n",
        "a\n=\n",
        "a\n-\n",
        "```\n",
        "~~~\n",
        "---\n",
        "|a|\n",
        "|-|\n",
        "|a|\n|-|\n",
        "- [ ] a\n",
        "[a]: b\n",
        "[^a]: b\n\n",
        "<div>\n",
        "<p>\n\n",
        ".. a\n",
        ".. \n",
        "..\n",
        ".. a::\n",
        ".. _a: b\n",
        "::\n\n",
        "a::\n\n b\n\n",
        ":a: b\n",
        "a\n b\n",
        "-a  b\n",
        "+-+\n",
        "+-+\n| |\n",
        "== ==\n",
        "| a\n",
        ">>> a\n",
        "__ a\n",
        ".. |a| image:: b\n",
        ".. [1] a\n",
        ".. note:: a\n",
        " ",
        "\u{202e}",
        "\0",
        "é",
        "😀",
        // HTML.
        "<b>",
        "</b>",
        "<b><p>",
        "<p><b>",
        "<a href=x>",
        "<a href=https://x.example>",
        "<font size=1>",
        "<table>",
        "<table><tr><td>",
        "<td>",
        "<li>",
        "<ul>",
        "<ul><li>",
        "<dl>",
        "<h1>",
        "<h1>a",
        "<div>",
        "<span>",
        "<details><summary>",
        "<svg>",
        "<math>",
        "<script>",
        "<style>",
        "<title>",
        "<img src=a>",
        "<img alt=a>",
        "<p id=a>",
        "<h1>a</h1>",
        "<b a><b b><b c><p>",
        "<select>",
        "<template>",
        "<form>",
        "<button>",
        "<nobr>",
        "<br/>",
        "<sup><sub>",
        "<i><b><u><s>",
    ] {
        for content_type in MARKUPS {
            let text = full_of(unit);
            judged(
                render(&text, content_type, Images::Link).html(),
                Images::Link,
                unit,
            );
        }
    }
}

#[test]
fn a_beginning_many_times_and_then_an_end_many_times() {
    for (begin, end) in [
        ("[", "](x)"),
        ("![", "](x)"),
        ("<div>", "</div>"),
        ("<b>", "</b>"),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<ul><li>", "</li></ul>"),
        ("<a href=https://x.example>", "<p>"),
        ("<b><i><u><s>", "<p>x"),
        ("> ", "\na"),
        ("- ", "\na"),
        ("- ", "\n"),
        ("1. ", "\n\n"),
        ("*a ", "b*"),
        ("`", "a"),
        ("(", ")"),
        ("https://x.example/(", ")"),
        ("[a", "]: x\n"),
        ("|a", "\n|-|\n"),
    ] {
        for content_type in MARKUPS {
            let text = half_of(begin) + &half_of(end);
            judged(
                render(&text, content_type, Images::Link).html(),
                Images::Link,
                begin,
            );
        }
    }
}

#[test]
fn deeper_with_every_line() {
    for mark in [
        "- a",
        "> a",
        "1. a",
        "* a\n",
        "a\n",
        ":a: b",
        "a::",
        ".. note::",
        ".. a",
        "| a",
        "a\n  b",
    ] {
        let mut text = String::new();
        let mut depth = 0;
        while text.len() < BYTES {
            text.push_str(&" ".repeat(depth));
            text.push_str(mark);
            text.push('\n');
            depth += 2;
        }
        let quoted = (1..100)
            .map(|depth| "> ".repeat(depth) + "a\n")
            .collect::<String>();
        for content_type in MARKUPS {
            for text in [&text, &quoted] {
                judged(
                    render(text, content_type, Images::Link).html(),
                    Images::Link,
                    mark,
                );
            }
        }
    }
}

#[test]
fn all_kinds_of_formatting_that_stay_open() {
    // HTML has them begin again in each paragraph: three of each name and set of attributes.
    let mut text = String::new();
    for n in 0..2000 {
        text.push_str(&format!("<b class=a{n}><font color={n}>"));
    }
    while text.len() < MAX_TEXT_BYTES {
        text.push_str("<p>x");
    }
    let html = render(&text, Some("text/markdown"), Images::Link);
    assert!(
        html.html().len() < 2 * MAX_TEXT_BYTES,
        "{}",
        html.html().len()
    );
}

#[test]
fn what_is_too_long_is_cut_between_lines() {
    let text = "é\n".repeat(MAX_TEXT_BYTES);
    let readme = render(&text, Some("text/plain"), Images::Link);
    assert!(readme.is_cut());
    assert_eq!(
        readme.html(),
        format!(
            "<pre class=\"plain\">{}</pre>",
            "é\n".repeat(MAX_TEXT_BYTES / 3).trim_end()
        )
    );
    let line = render(
        &"é".repeat(MAX_TEXT_BYTES),
        Some("text/plain"),
        Images::Link,
    );
    assert!(line.is_cut() && line.html().len() > MAX_TEXT_BYTES);
    assert!(!render(&"a".repeat(MAX_TEXT_BYTES), None, Images::Link).is_cut());
}
