//! What a rendered description may consist of, read by a tokenizer, and compared with lists that are not the crate's.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use touchplate_readme::Images;

/// The cases of a data file.
pub(crate) fn each(data: &'static str) -> impl Iterator<Item = &'static str> {
    let cases = data.split("\n%%\n").skip(1);
    cases.map(|case| case.trim_end_matches('\n'))
}

/// Panics if `html` has an element, an attribute or a link that a description may not have.
pub(crate) fn judged(html: &str, images: Images, text: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => {
                let name = text_of(&tag.name);
                let verdict = judged_tag(&name, &tag, images);
                assert_eq!(verdict, Ok(()), "from {text}\nin {html}");
                if !matches!(&*name, "br" | "hr" | "img" | "wbr") {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => {
                let name = text_of(&tag.name);
                assert_eq!(open.pop(), Some(name), "balanced\nfrom {text}\nin {html}");
            }
            other => {
                let is_text = matches!(other, Token::String(_));
                assert!(is_text, "{other:?}\nfrom {text}\nin {html}");
            }
        }
    }
    assert!(
        open.is_empty(),
        "{open:?} stay open\nfrom {text}\nin {html}"
    );
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn judged_tag(name: &str, tag: &StartTag<()>, images: Images) -> Result<(), String> {
    const ELEMENTS: &str = "a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure \
        h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th \
        thead tr u ul var wbr";
    let shown = images == Images::Show && name == "img";
    if !shown && !ELEMENTS.split_whitespace().any(|known| known == name) {
        return Err(format!("an element {name}"));
    }
    for (attribute, value) in &tag.attributes {
        let (attribute, value) = (text_of(attribute), text_of(&value.value));
        let fits = match &*attribute {
            "id" => value.starts_with("readme-"),
            "href" => {
                ["https://", "http://", "mailto:", "#readme-"]
                    .iter()
                    .any(|known| value.starts_with(known))
                    && !value.contains(|c: char| c.is_control())
            }
            "rel" => value == "nofollow noreferrer",
            "src" => shown && value.starts_with("https://"),
            "alt" | "loading" => shown,
            "width" | "height" => shown && value.parse::<u16>().is_ok(),
            "class" => matches!(&*value, "image" | "table-wrap" | "plain" | "admonition"),
            "tabindex" => value == "0",
            "align" => matches!(&*value, "left" | "center" | "right"),
            "colspan" | "rowspan" => value.parse::<u16>().is_ok_and(|span| span <= 50),
            "start" => value.parse::<u16>().is_ok(),
            "type" => matches!(&*value, "a" | "A" | "i" | "I"),
            "open" | "title" => true,
            _ => false,
        };
        if !fits {
            return Err(format!("an attribute {attribute}={value:?} of {name}"));
        }
    }
    let led = tag
        .attributes
        .iter()
        .any(|(name, _)| text_of(name) == "href");
    let bare = tag
        .attributes
        .iter()
        .any(|(name, _)| text_of(name) == "rel");
    if name == "a" && !(led && bare) {
        return Err("a link without target or rel".to_owned());
    }
    Ok(())
}
