//! The sanitiser: what may be in a page, whatever came before.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::Images;
use crate::shape::ID_PREFIX;

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("abbr", &["title"]),
    ("details", &["open"]),
    ("ol", &["start"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
];

/// Attributes that may have these values and no others.
const VALUES: &[(&[&str], &str, &[&str])] = &[
    (
        &["div", "h3", "h4", "h5", "h6", "p", "td", "th"],
        "align",
        &["left", "center", "right"],
    ),
    (&["div", "pre"], "tabindex", &["0"]),
    (&["ol"], "type", &["1", "a", "A", "i", "I"]),
];

const CLASSES: &[(&str, &[&str])] = &[
    ("a", &["image"]),
    ("div", &["table-wrap", "admonition"]),
    ("pre", &["plain"]),
    ("span", &["image"]),
];

static LINKED: LazyLock<Builder<'static>> = LazyLock::new(|| builder(Images::Link));
static SHOWN: LazyLock<Builder<'static>> = LazyLock::new(|| builder(Images::Show));

pub(crate) fn cleaned(html: &str, images: Images) -> String {
    let builder = match images {
        Images::Link => &LINKED,
        Images::Show => &SHOWN,
    };
    builder.clean(html).to_string()
}

/// Everything is said here, nothing left to the crate's defaults: they change with its versions.
fn builder(images: Images) -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::from(["id"]))
        .tag_attributes(keyed(ATTRIBUTES))
        .allowed_classes(keyed(CLASSES))
        .id_prefix(Some(ID_PREFIX))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Custom(Box::new(own_fragment)))
        .link_rel(Some("nofollow noreferrer"))
        .strip_comments(true);
    for (tags, attribute, values) in VALUES {
        for tag in *tags {
            builder.add_tag_attribute_values(tag, attribute, *values);
        }
    }
    if images == Images::Show {
        builder
            .add_tags(["img"])
            .add_tag_attributes("img", ["src", "alt", "width", "height", "loading"])
            .attribute_filter(shown_under_https);
    }
    builder
}

fn keyed(
    pairs: &[(&'static str, &[&'static str])],
) -> HashMap<&'static str, HashSet<&'static str>> {
    let entry =
        |(key, values): &(&'static str, &[&'static str])| (*key, values.iter().copied().collect());
    pairs.iter().map(entry).collect()
}

/// To a place in the same description; a path would lead into the index.
fn own_fragment(url: &str) -> Option<Cow<'_, str>> {
    let fragment = url.strip_prefix('#')?;
    fragment
        .starts_with(ID_PREFIX)
        .then_some(Cow::Borrowed(url))
}

fn shown_under_https<'v>(tag: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let elsewhere = (tag, attribute) == ("img", "src") && !value.starts_with("https://");
    (!elsewhere).then_some(Cow::Borrowed(value))
}
