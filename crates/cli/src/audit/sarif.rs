//! An audit as SARIF 2.1.0, for code scanning: one result a reason, at the line of its entry; what is accepted is suppressed.

use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use touchplate_client::audit::Audited;
use touchplate_packaging::Sha256;
use touchplate_policy::verdict::{Class, Reason};

use super::report::Report;
use super::tell::called;

/// The schema that it is of: an identifier.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What a path in a URI reference cannot hold as it is. A colon in the first part would make that a scheme.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

pub(super) fn sarif(report: &Report) -> Value {
    let mut rules: Vec<&str> = Vec::new();
    let mut results = Vec::new();
    for lockfile in &report.lockfiles {
        for audited in &lockfile.entries {
            for reason in &audited.verdict.reasons {
                let word = reason.finding.word();
                let rule = rules.iter().position(|it| *it == word).unwrap_or_else(|| {
                    rules.push(word);
                    rules.len() - 1
                });
                results.push(result(&lockfile.file_of(audited), audited, reason, rule));
            }
        }
    }
    let rules: Vec<Value> = rules.into_iter().map(|word| json!({"id": word})).collect();
    let unread = report.unread.iter().map(|(path, failure)| {
        json!({
            "level": "error",
            "message": {"text": failure.messages().join(": ")},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(path)}}}],
        })
    });
    let counts = report.counts();
    let counts: serde_json::Map<String, Value> = counts
        .iter()
        .map(|(standing, count)| (standing.as_str().to_owned(), json!(count)))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "touchplate audit",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": report.unread.is_empty(),
                "endTimeUtc": report.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "toolExecutionNotifications": unread.collect::<Vec<_>>(),
            }],
            "results": results,
            "properties": {"entries": report.entries().count(), "standings": counts},
        }],
    })
}

fn result(path: &Path, audited: &Audited, reason: &Reason, rule: usize) -> Value {
    let word = reason.finding.word();
    let subject = called(audited);
    let mut message = format!("{subject}: {}", reason.finding);
    for cause in reason.finding.causes() {
        message.push_str(&format!(": {cause}"));
    }
    if !reason.files.is_empty() {
        message.push_str(&format!(" ({})", reason.files.join(", ")));
    }
    // The same finding of the same release, wherever it moves to in the file.
    let identity = format!("{word} {subject} {}", reason.files.join(" "));
    let mut result = json!({
        "ruleId": word,
        "ruleIndex": rule,
        "level": level(reason.class()),
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(path)},
            "region": {"startLine": audited.entry.line},
        }}],
        "partialFingerprints": {"findingOfRelease/v1": Sha256::of(identity.as_bytes())},
    });
    if let (Some(accepted), Value::Object(fields)) = (&reason.accepted, &mut result) {
        let justification = format!("until {}: {}", accepted.until, accepted.reason);
        let suppression = json!([{"kind": "external", "justification": justification}]);
        fields.insert("suppressions".to_owned(), suppression);
    }
    result
}

fn level(class: Class) -> &'static str {
    match class {
        Class::Violation => "error",
        Class::Unknown => "warning",
        Class::Notice => "note",
    }
}

/// The path as a URI reference; of a path that is absolute, with a scheme.
fn uri(path: &Path) -> String {
    let shown = path.to_string_lossy().replace('\\', "/");
    let escaped = utf8_percent_encode(shown.trim_start_matches("./"), PATH).to_string();
    if path.is_absolute() {
        format!("file://{escaped}")
    } else {
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uri_references() {
        for (path, expected) in [
            ("uv.lock", "uv.lock"),
            ("./a b/uv.lock", "a%20b/uv.lock"),
            ("c:x/%.txt", "c%3Ax/%25.txt"),
            ("/tmp/uv.lock", "file:///tmp/uv.lock"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }
}
