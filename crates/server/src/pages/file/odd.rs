//! What was odd about a file when it was accepted, in words.

use touchplate_index::ports::Findings;
use touchplate_packaging::archive::Difference;

use crate::pages::text;

/// One sentence each: of the archive, then of the form that came with it.
pub(super) fn told(findings: &Findings) -> Vec<String> {
    let notes = findings
        .notes
        .iter()
        .map(|note| sentence(&note.to_string()));
    let differences = findings.differences.iter().map(difference);
    notes.chain(differences).collect()
}

fn difference(found: &Difference) -> String {
    let (form, archive) = (values(&found.form), values(&found.archive));
    let field = &found.field;
    sentence(&format!(
        "the upload's form has {form} for {field}, and the metadata in the file {archive}"
    ))
}

fn values(values: &[String]) -> String {
    if values.is_empty() {
        return "nothing".to_owned();
    }
    let quoted = values.iter().map(|value| format!("“{value}”"));
    quoted.collect::<Vec<_>>().join(", ")
}

/// In one line, whatever uploaders wrote, with a capital and a full stop.
fn sentence(words: &str) -> String {
    let line = text::line(words);
    let mut characters = line.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}
