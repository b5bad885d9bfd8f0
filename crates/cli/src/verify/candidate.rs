//! The flags that accept what was proved, for a caller who has seen who it was.

use serde_json::Value;
use touchplate_attest::{Proven, Publisher};
use touchplate_client::pins::Who;

use crate::screen::{printable, quoted};

/// The flags that would expect exactly the holder of this proof's certificate; none where they could not be typed.
pub(crate) fn flags(proven: &Proven) -> Option<String> {
    let words = match Who::of(proven)? {
        Who::Publisher(publisher) => vec!["--publisher".to_owned(), without_nulls(&publisher)],
        Who::Identity { san, issuer } => {
            vec!["--identity".to_owned(), san, "--issuer".to_owned(), issuer]
        }
    };
    if words.iter().any(|word| printable(word) != *word) {
        return None;
    }
    Some(
        words
            .iter()
            .map(|word| quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// The publisher object without fields that restrict nothing.
pub(crate) fn without_nulls(publisher: &Publisher) -> String {
    let mut json = publisher.to_json();
    if let Value::Object(fields) = &mut json {
        fields.retain(|_, value| !value.is_null());
    }
    json.to_string()
}
