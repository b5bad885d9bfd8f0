//! License-Expression: SPDX expressions as PEP 639 wants them.

use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{Expression, ParseMode};

use crate::excerpt::excerpt;
use crate::metadata::MetadataError;

/// Real ones have a few dozen bytes; a distribution that bundles many others has a few hundred.
const MAX_EXPRESSION_BYTES: usize = 4096;

/// PEP 639 knows every identifier of the SPDX list, the deprecated ones too.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// The expression with identifiers and operators in their proper case, or why it is none.
pub(super) fn normalise(given: &str) -> Result<String, MetadataError> {
    let refuse = |source| MetadataError::LicenseExpression {
        given: excerpt(given),
        source,
    };
    if given.len() > MAX_EXPRESSION_BYTES {
        return Err(refuse(None));
    }
    let spaced = given.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().map(proper_case).collect();
    let normal = words.join(" ").replace("( ", "(").replace(" )", ")");
    Expression::parse_mode(&normal, MODE).map_err(|source| refuse(Some(source)))?;
    Ok(normal)
}

fn proper_case(word: &str) -> &str {
    // A trailing `+` ("or later") is not part of the identifier; the list has deprecated ones that end in it.
    let operators = ["AND", "OR", "WITH"].into_iter();
    let known = operators
        .chain(LICENSES.iter().map(|one| one.name))
        .chain(EXCEPTIONS.iter().map(|one| one.name));
    known
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(word))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_get_their_proper_case() {
        for (given, normal) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("mit or apache-2.0", "MIT OR Apache-2.0"),
            ("( MIT and bsd-3-clause )", "(MIT AND BSD-3-Clause)"),
            (
                "GPL-3.0-or-later WITH Classpath-exception-2.0",
                "GPL-3.0-or-later WITH Classpath-exception-2.0",
            ),
            ("GPL-2.0", "GPL-2.0"),
            ("GPL-2.0+", "GPL-2.0+"),
            ("Apache-2.0+", "Apache-2.0+"),
            ("LicenseRef-Proprietary", "LicenseRef-Proprietary"),
        ] {
            assert_eq!(normalise(given).unwrap(), normal);
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("{}MIT", "(".repeat(2000));
        let long = "MIT OR ".repeat(1000) + "MIT";
        for given in [
            "",
            "Use-it-after-midnight",
            "MIT/Apache-2.0",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
            "MIT é",
            &deep,
            &long,
        ] {
            assert!(normalise(given).is_err(), "{given}");
        }
    }
}
