//! Which markup a description is in.

/// What `Description-Content-Type` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// `text/markdown`, of either variant: GitHub's is a superset.
    Markdown,
    /// `text/x-rst`.
    ReStructuredText,
    /// Nothing is said: by the standard reStructuredText, if it can be read as that, else plain text.
    Unstated,
    /// `text/plain`, and what we do not know.
    Plain,
}

impl Markup {
    /// What a content type names, its parameters aside: an index refuses all but UTF-8 at the door.
    pub fn of(content_type: Option<&str>) -> Self {
        let Some(given) = content_type else {
            return Self::Unstated;
        };
        let essence = given.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/markdown" => Self::Markdown,
            "text/x-rst" => Self::ReStructuredText,
            "" => Self::Unstated,
            _ => Self::Plain,
        }
    }
}
