//! How a value from outside is shown in a message.

/// Longer values are cut: a message goes into an HTTP reason phrase and a log line, and the value may be a megabyte.
const SHOWN_WHOLE: usize = 60;

/// `value` as it may stand in a message: control characters escaped, and the middle left out of a long one.
pub(crate) fn excerpt(value: &str) -> String {
    let escape = |text: &str| -> String {
        text.chars()
            .flat_map(|c| {
                let escaped = c.is_control().then(|| c.escape_default());
                escaped
                    .is_none()
                    .then_some(c)
                    .into_iter()
                    .chain(escaped.into_iter().flatten())
            })
            .collect()
    };
    if value.chars().nth(SHOWN_WHOLE).is_none() {
        return escape(value);
    }
    let half = SHOWN_WHOLE / 2;
    let head: String = value.chars().take(half).collect();
    let mut tail: Vec<char> = value.chars().rev().take(half).collect();
    tail.reverse();
    let tail: String = tail.into_iter().collect();
    format!("{}...{}", escape(&head), escape(&tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_keeps_both_ends_and_a_control_character_is_escaped() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt("a\nb\0"), "a\\nb\\u{0}");
        assert_eq!(excerpt(&"é".repeat(60)), "é".repeat(60));
        let long = format!("{}{}", "a".repeat(50), "z".repeat(50));
        assert_eq!(
            excerpt(&long),
            format!("{}...{}", "a".repeat(30), "z".repeat(30))
        );
    }
}
