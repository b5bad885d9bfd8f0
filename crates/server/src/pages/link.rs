//! Links to what others wrote.

use super::text;

/// A text, and where it leads if that is on the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) href: Option<String>,
}

impl Link {
    /// A text that leads where `url` says. Only http and https: `javascript:` and `data:` are programs, not places.
    pub(super) fn new(text: &str, url: &str) -> Self {
        let url = url.trim();
        let lower = url.to_ascii_lowercase();
        let on_the_web = lower.starts_with("https://") || lower.starts_with("http://");
        let plain =
            url.bytes().all(|b| b.is_ascii_graphic()) && !url.contains(['"', '<', '>', '\\', '`']);
        Self {
            text: text::line(text).into_owned(),
            href: (on_the_web && plain).then(|| url.to_owned()),
        }
    }

    /// A text that leads where it says itself, if it says a place.
    pub(super) fn of(text: &str) -> Self {
        Self::new(text, text)
    }

    /// A text that leads nowhere.
    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self {
            text: text::line(text.as_ref()).into_owned(),
            href: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_on_the_web_are_led_to() {
        for good in [
            "https://example.org/x?y=1#z",
            "HTTP://example.org",
            " https://example.org ",
        ] {
            assert!(Link::of(good).href.is_some(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//example.org",
            "/x",
            "ftp://example.org",
            "https://x y",
            "https://x\"onclick=",
            "java\nscript:x",
            "mailto:x@example.org",
            "",
        ] {
            assert_eq!(Link::of(bad).href, None, "{bad}");
        }
    }
}
