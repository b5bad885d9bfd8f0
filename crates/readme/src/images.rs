//! What becomes of pictures.

use std::str::FromStr;

/// What becomes of pictures. They are on hosts of the author's choice, who would learn of every reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// A link with the picture's alternative text.
    #[default]
    Link,
    /// The reader's browser fetches those that are under https.
    Show,
}

/// The text is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `link` or `show`")]
pub struct InvalidImages;

impl FromStr for Images {
    type Err = InvalidImages;

    fn from_str(given: &str) -> Result<Self, InvalidImages> {
        match given {
            "link" => Ok(Self::Link),
            "show" => Ok(Self::Show),
            _ => Err(InvalidImages),
        }
    }
}
