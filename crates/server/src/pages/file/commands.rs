//! Commands that check a file again on the reader's own machine.

use touchplate_attest::Publisher;

/// The commands that check a file's attestations on the reader's own machine; none if it has none.
pub(super) fn commands<'p>(
    filename: &str,
    download: &str,
    provenance: &str,
    publishers: impl Iterator<Item = &'p Publisher>,
    private_root: bool,
) -> Vec<String> {
    let file = quoted(filename);
    let beside = quoted(&format!("{filename}.provenance"));
    let root = if private_root {
        " --trusted-root trusted_root.json"
    } else {
        ""
    };
    let mut checks: Vec<String> = Vec::new();
    for publisher in publishers {
        let publisher = quoted(&publisher.to_json().to_string());
        let check =
            format!("touchplate verify {file} --provenance {beside} --publisher {publisher}{root}");
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    if checks.is_empty() {
        return checks;
    }
    let fetch = [
        format!("curl -fo {file} {}", quoted(download)),
        format!("curl -fo {beside} {}", quoted(provenance)),
    ];
    fetch.into_iter().chain(checks).collect()
}

/// A word of a shell's command line (POSIX sh).
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("demo-1.0.whl"), "demo-1.0.whl");
        assert_eq!(quoted("it's; rm -r ~"), r"'it'\''s; rm -r ~'");
        assert_eq!(
            (quoted(""), quoted("-x")),
            ("''".to_owned(), "'-x'".to_owned())
        );
    }
}
