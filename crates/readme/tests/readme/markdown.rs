//! Markdown as GitHub means it, and the author's HTML in it.

use insta::assert_snapshot;
use touchplate_readme::{Images, render};

fn html(text: &str) -> String {
    let readme = render(text, Some("text/markdown"), Images::Link);
    readme.html().to_owned()
}

#[test]
fn a_whole_description() {
    assert_snapshot!(html(include_str!("data/whole.md")));
}

#[test]
fn pictures_are_shown_where_the_index_says_so() {
    let text = "![a](https://x.example/a.png) ![b](http://x.example/b.png) ![c](c.png) ![d](data:image/png;base64,AAAA) \
        <img src='https://x.example/e.svg?x=1&y=2' width=20px height=10 onerror=x>";
    let shown = render(
        text,
        Some("text/markdown; charset=UTF-8; variant=GFM"),
        Images::Show,
    );
    assert_snapshot!(shown.html());
    assert!(!html(text).contains("<img"));
}

#[test]
fn links_lead_to_the_web_or_nowhere() {
    for (given, expected) in [
        ("x y", None),
        ("<https://x.example/a b>", Some("https://x.example/a%20b")),
        ("HTTPS://X.EXAMPLE", Some("https://x.example/")),
        ("mailto:a@x.example", Some("mailto:a@x.example")),
        ("#place", Some("#readme-place")),
        ("docs/x.md", None),
        ("/x", None),
        ("../x", None),
        ("//x.example", None),
        ("?x", None),
        ("ftp://x.example", None),
        ("irc://x.example", None),
        ("https://", None),
        ("https://[", None),
        ("", None),
    ] {
        let html = html(&format!("[text]({given})"));
        let href = html
            .split("href=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        assert_eq!(href, expected, "{given}: {html}");
        assert!(html.contains("text"), "{given}: {html}");
    }
}

#[test]
fn addresses_in_text_are_links() {
    for (text, linked, after) in [
        ("https://x.example.", "https://x.example", "."),
        ("https://x.example/a_(b)", "https://x.example/a_(b)", ""),
        ("https://x.example/a)", "https://x.example/a", ")"),
        (
            "https://x.example/?a=1&b=2, c",
            "https://x.example/?a=1&amp;b=2",
            ", c",
        ),
        ("www.x.example/é;", "www.x.example/é", ";"),
    ] {
        let html = html(&format!("see ({text}"));
        assert!(
            html.contains(&format!(">{linked}</a>{after}")),
            "{text}: {html}"
        );
    }
    for text in [
        "http://",
        "www.",
        "xhttps://x.example",
        "`https://x.example`",
        "https:x.example",
    ] {
        assert!(!html(text).contains("<a "), "{text}");
    }
}

#[test]
fn html_is_balanced_and_in_its_place() {
    for (given, expected) in [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<b><p>a</b>b</p>", "<b><p>ab</p></b>"),
        (
            "<ul>a<li>b<li>c<p>d</ul>e",
            "<ul><li>a</li><li>b</li><li>c<p>d</p></li></ul>e",
        ),
        ("<li>a</li>", "<div>a</div>"),
        (
            "<table>a<tr>b<th>c</table>",
            "<table><tbody><tr><td>a</td></tr><tr><td>b</td><th>c</th></tr></tbody></table>",
        ),
        (
            "<table><td>a<td>b<tr><td>c</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
        ),
        (
            "<dl><dt>a<dd>b<dt>c</dl>",
            "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>",
        ),
        (
            "<h1>a<h2>b</h1>c",
            "<h3 id=\"readme-a\">a</h3><h4 id=\"readme-b\">b</h4>c",
        ),
        (
            "<a href=https://x.example>a<a href=https://y.example>b</a>",
            "<a href=\"https://x.example/\">a</a><a href=\"https://y.example/\">b</a>",
        ),
        (
            "<a href=https://x.example></a><a name=b></a><h1></h1>",
            "<span id=\"readme-b\"></span>",
        ),
        (
            "<p id=a>x</p><p id=a>y</p><p id='a b'>z</p>",
            "<p id=\"readme-a\">x</p><p>y</p><p>z</p>",
        ),
        ("<center>a</center>", "<div align=\"center\">a</div>"),
        ("<video><p>a</p></video><blink>b</blink>", "<p>a</p>b"),
        ("</p></td></b>a", "a"),
        ("<td>a", "<div>a</div>"),
    ] {
        let html = html(&format!("<div>{given}</div>"))
            .replace(" rel=\"nofollow noreferrer\"", "")
            .replace("<div class=\"table-wrap\" tabindex=\"0\">", "")
            .replace("</table></div>", "</table>");
        assert_eq!(html.trim(), format!("<div>{expected}</div>"), "{given}");
    }
}
