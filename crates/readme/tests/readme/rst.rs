//! reStructuredText as docutils means it, and what is not understood shown as it was written.

use insta::assert_snapshot;
use touchplate_readme::{Images, render};

fn html(text: &str) -> String {
    let readme = render(text, Some("text/x-rst"), Images::Link);
    readme.html().replace(" rel=\"nofollow noreferrer\"", "")
}

#[test]
fn a_whole_description() {
    assert_snapshot!(html(include_str!("data/whole.rst")));
}

#[test]
fn what_is_in_a_line() {
    for (given, expected) in [
        (
            "*a* **b** ``c``",
            "<em>a</em> <strong>b</strong> <code>c</code>",
        ),
        ("2*3 a*b* *a b * c d*", "2*3 a*b* <em>a b * c d</em>"),
        ("\"*\" '*' (*) *", "\"*\" '*' (*) *"),
        ("``a\\b`` \\*c\\* d\\ e \\\\", "<code>a\\b</code> *c* de \\"),
        ("``a`b`` ```c```", "<code>a`b</code> <code>`c`</code>"),
        ("**a*", "**a*"),
        (
            "`a` :code:`b` `c`:sub: :PEP:`8`",
            "<cite>a</cite> <code>b</code> <sub>c</sub> <a href=\"https://peps.python.org/pep-0008\">PEP 8</a>",
        ),
        (":py:func:`a.b`", "<code>a.b</code>"),
        (
            "`a <https://x.example/a\nb>`_",
            "<a href=\"https://x.example/ab\">a</a>",
        ),
        (
            "`a <https://x.example>`__, `<https://y.example>`_.",
            "<a href=\"https://x.example/\">a</a>, <a href=\"https://y.example/\">https://y.example</a>.",
        ),
        (
            "`a <https://x.example>`_ a_ A_",
            "<a href=\"https://x.example/\">a</a> <a href=\"https://x.example/\">a</a> <a href=\"https://x.example/\">A</a>",
        ),
        ("a_ `b c`_ d__ [1]_ |e|", "a_ `b c`_ d__ [1]_ |e|"),
        ("a_b __init__ _c x_.", "a_b __init__ _c x_."),
        (
            "(https://x.example/a_b), a@x.example.",
            "(<a href=\"https://x.example/a_b\">https://x.example/a_b</a>), <a href=\"mailto:a@x.example\">a@x.example</a>.",
        ),
        ("é*a*é —*b*—", "é*a*é —<em>b</em>—"),
    ] {
        let html = html(given);
        assert_eq!(html.trim(), format!("<p>{expected}</p>"), "{given}");
    }
}

#[test]
fn names_lead_where_they_are_told_to() {
    for (given, expected) in [
        (
            "a_\n\n.. _a: https://x.example",
            "<a href=\"https://x.example/\">a</a>",
        ),
        (
            "`A  b`_\n\n.. _a B: https://x.example",
            "<a href=\"https://x.example/\">A  b</a>",
        ),
        (
            "a_\n\n.. _a: b_\n.. _b: https://x.example",
            "<a href=\"https://x.example/\">a</a>",
        ),
        ("a_\n\n.. _a: b_\n.. _b: a_", "a_"),
        (
            "a__ b__\n\n__ https://x.example\n.. __: https://y.example",
            "<a href=\"https://x.example/\">a</a> <a href=\"https://y.example/\">b</a>",
        ),
        (
            "a_\n\n.. _a: https://x.example/\n   path\n\n",
            "<a href=\"https://x.example/path\">a</a>",
        ),
        (
            "`a:b`_\n\n.. _`a:b`: https://x.example",
            "<a href=\"https://x.example/\">a:b</a>",
        ),
        ("a_\n\n.. _a: docs/x.rst", "a"),
        ("|a|\n\n.. |a| replace:: *b*", "<em>b</em>"),
        ("|a|\n\n.. |a| unicode:: U+00A9 .. a sign", "©"),
        (
            "|a|_\n\n.. |a| image:: https://x.example/a.png\n.. _a: https://y.example",
            "<a href=\"https://y.example/\"><span class=\"image\">a</span></a>",
        ),
    ] {
        let html = html(given);
        assert_eq!(html.trim(), format!("<p>{expected}</p>"), "{given}");
    }
}

#[test]
fn what_is_not_understood_is_shown_as_it_was_written() {
    for text in [
        ".. unknown:: x\n   :y: z\n\n   w",
        ".. raw:: html\n\n   <b>x</b>",
        "+---+\n| a |\n+--+",
        "+---+---+\n| a | b |\n+---+   |\n| c |   |\n+---+---+\n| d |",
    ] {
        let shown = text.replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(
            html(text).trim(),
            format!("<pre tabindex=\"0\"><code>{shown}\n</code></pre>")
        );
    }
    let deep = (0..40)
        .map(|depth| format!("{}* a\n\n", "  ".repeat(depth)))
        .collect::<String>();
    assert!(html(&deep).contains("<code>a\n\n* a"));
}

#[test]
fn without_a_stated_markup_only_what_is_without_doubt_is_rendered() {
    let unstated = |text: &str| render(text, None, Images::Link).html().to_owned();
    assert_eq!(unstated("*a*"), "<p><em>a</em></p>\n");
    assert_eq!(unstated("UNKNOWN"), "<p>UNKNOWN</p>\n");
    for text in ["`a`_", ".. b::", "|c|", ":d:`e`", "f::", "# g", "```h\n```"] {
        assert_eq!(unstated(text), format!("<pre class=\"plain\">{text}</pre>"));
    }
}

#[test]
fn a_short_text_does_not_stand_for_a_long_one() {
    let url = format!("https://x.example/{}", "a".repeat(3000));
    for (definition, used) in [
        (format!(".. _a: {url}\n"), "a_ "),
        (format!(".. |a| image:: {url}\n"), "|a| "),
        (format!(".. |a| replace:: {}\n", "b ".repeat(2000)), "|a| "),
    ] {
        let text = format!("{definition}\n{}", used.repeat(20_000));
        let html = html(&text);
        assert!(html.starts_with("<pre class=\"plain\">"), "{}", html.len());
    }
}

#[test]
fn contents_lead_to_headings_and_nothing_else() {
    let text = "``A`` `b <https://x.example>`_ c__\n====\n\n.. contents::\n   :local:\n\nD *e* f__\n----\n\nG\n====\n\n__ https://y.example\n__ https://z.example";
    let html = html(text);
    assert!(
        html.contains("<ul><li><a href=\"#readme-d-e-f\">D <em>e</em> f</a></li></ul>"),
        "{html}"
    );
    assert!(
        html.contains("<a href=\"https://z.example/\">f</a></h4>"),
        "{html}"
    );
}
