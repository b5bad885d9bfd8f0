//! Long descriptions (READMEs) as HTML for a page of the index.
//!
//! Whoever uploads writes the text, so it is hostile until shown otherwise. Four steps, each with one job:
//!
//! 1. `markdown` and `rst` make HTML of the markup, the author's own HTML included;
//! 2. `shape` makes a fragment for our page of it: few elements, balanced and not deep, headings below the page's own,
//!    links only to the web, pictures as links to them;
//! 3. `clean` is the sanitiser, with the last word: whatever the steps before let through, it allows what its list
//!    names;
//! 4. what cannot be rendered within the bounds is shown as `plain` text. Nothing is an error.
//!
//! It is pure: no network, no clock, and time in proportion to the text.

mod clean;
mod images;
mod invisible;
mod markdown;
mod markup;
mod plain;
mod rst;
mod shape;

pub use images::{Images, InvalidImages};
pub use markup::Markup;

/// A description as HTML that may stand in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readme {
    html: String,
    cut: bool,
}

impl Readme {
    /// The fragment, sanitised: to stand between tags as it is. Only [`render`] makes it.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// Whether the text was too long to be shown whole.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// Of the text. The longest that are read, not searched, are of this size; on the public index one in a thousand is longer, by
/// a changelog. It bounds the work of every step.
pub const MAX_TEXT_BYTES: usize = 100_000;

/// Renders `text` in the markup that `content_type` names (`Description-Content-Type`).
pub fn render(text: &str, content_type: Option<&str>, images: Images) -> Readme {
    let (shown, cut) = beginning(text);
    let html = match Markup::of(content_type) {
        Markup::Markdown => markdown::html(shown),
        Markup::ReStructuredText => rst::html(shown).map(|written| written.html),
        // What nobody says the markup of is rendered where it is without doubt what is meant by default.
        Markup::Unstated => rst::html(shown)
            .filter(|written| !written.doubtful)
            .map(|written| written.html),
        Markup::Plain => None,
    };
    let shaped = html.and_then(|html| shape::shaped(&html, images));
    let shaped = shaped.unwrap_or_else(|| plain::html(shown));
    Readme {
        html: clean::cleaned(&shaped, images),
        cut,
    }
}

/// As much as is shown, in whole lines where there are such, and whether there is more.
fn beginning(text: &str) -> (&str, bool) {
    if text.len() <= MAX_TEXT_BYTES {
        return (text, false);
    }
    let whole = text.floor_char_boundary(MAX_TEXT_BYTES);
    let shown = text.get(..whole).unwrap_or_default();
    let lines = shown.rfind('\n').map_or(shown, |end| &shown[..end]);
    (lines, true)
}
