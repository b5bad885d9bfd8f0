//! What is refused when it is read: JSON, fields, notes; and the statement, inside and out.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_trust::Fault;

use super::Change::{self, Field, Recipe as Minted, Text};
use super::{Mutation, entry};
use crate::support::{base64, digest};

pub(super) fn document() -> Vec<Mutation> {
    vec![
        (
            "a mark in front",
            Text(|it| format!("\u{feff}{it}").into()),
            "Json/ByteOrderMark",
        ),
        (
            "one byte of another encoding",
            Text(|it| {
                it.replacen('v', "\u{e9}", 1)
                    .chars()
                    .map(|c| c as u8)
                    .collect()
            }),
            "Json/NotUtf8",
        ),
        (
            "a comma less",
            Text(|it| it.replacen(',', " ", 1).into()),
            "Json/Syntax",
        ),
        (
            "a word behind",
            Text(|it| format!("{it} null").into()),
            "Json/Trailing",
        ),
        (
            "a key twice",
            Text(|it| it.replacen('{', r#"{"version":1,"#, 1).into()),
            "Json/DuplicateKey",
        ),
        (
            "a deep value",
            Text(|it| {
                it.replacen(
                    '{',
                    &format!(r#"{{"x":{}{},"#, "[".repeat(40), "]".repeat(40)),
                    1,
                )
                .into()
            }),
            "Json/TooDeep",
        ),
        (
            "very many values",
            Text(|it| {
                it.replacen('{', &format!(r#"{{"x":[{}0],"#, "0,".repeat(100_000)), 1)
                    .into()
            }),
            "Json/TooManyValues",
        ),
        (
            "very much white space",
            Text(|it| format!("{it}{}", " ".repeat(1024 * 1024)).into()),
            "Json/TooLarge",
        ),
    ]
}

pub(super) fn fields() -> Vec<Mutation> {
    vec![
        ("version", Field(|it| it["version"] = json!(2)), "Version"),
        (
            "no entries",
            Field(|it| it["verification_material"]["transparency_entries"] = json!([])),
            "NoTransparencyEntries",
        ),
        (
            "too many entries",
            Field(|it| {
                let entry = entry(it).clone();
                it["verification_material"]["transparency_entries"] = vec![entry; 9].into();
            }),
            "Field/TooMany",
        ),
        (
            "no certificate",
            Field(|it| it["verification_material"]["certificate"] = Value::Null),
            "Field/Missing",
        ),
        (
            "an array for the envelope",
            Field(|it| it["envelope"] = json!([])),
            "Field/NotAnObject",
        ),
        (
            "a number for the signature",
            Field(|it| it["envelope"]["signature"] = json!(7)),
            "Field/WrongType",
        ),
        (
            "padding",
            Field(|it| entry(it)["canonicalizedBody"] = json!("AB==")),
            "Field/Base64",
        ),
        (
            "a short log id",
            Field(|it| entry(it)["logId"]["keyId"] = json!("AAAA")),
            "Field/Length",
        ),
        (
            "a leading zero",
            Field(|it| entry(it)["logIndex"] = json!("07")),
            "Field/Number",
        ),
        (
            "an unknown key in the entry",
            Field(|it| entry(it)["more"] = json!(1)),
            "Field/Unknown",
        ),
    ]
}

pub(super) fn notes() -> Vec<Mutation> {
    fn note(json: &mut Value, change: fn(String) -> String) {
        let note = &mut entry(json)["inclusionProof"]["checkpoint"]["envelope"];
        *note = change(note.as_str().unwrap().to_owned()).into();
    }
    vec![
        (
            "a long note",
            Field(|it| note(it, |note| "x".repeat(20_000) + &note)),
            "Checkpoint/TooLarge",
        ),
        (
            "a carriage return",
            Field(|it| note(it, |note| note.replacen('\n', "\r\n", 1))),
            "Checkpoint/ControlCharacter",
        ),
        (
            "no blank line",
            Field(|it| note(it, |note| note.replace("\n\n", "\n"))),
            "Checkpoint/BlankLines",
        ),
        (
            "no line feed at the end",
            Field(|it| note(it, |note| note.trim_end().to_owned())),
            "Checkpoint/Unfinished",
        ),
        (
            "no origin",
            Field(|it| note(it, |note| note[note.find('\n').unwrap()..].to_owned())),
            "Checkpoint/Origin",
        ),
        (
            "a size with a sign",
            Field(|it| note(it, |note| note.replacen('\n', "\n+", 1))),
            "Checkpoint/Size",
        ),
        (
            "a short root",
            Field(|it| note(it, |note| note.replacen("=\n", "==\n", 1))),
            "Checkpoint/RootHash",
        ),
        (
            "a line that is no signature",
            Field(|it| note(it, |note| note + "junk\n")),
            "Checkpoint/SignatureLine",
        ),
        (
            "many signatures",
            Field(|it| {
                note(it, |note| {
                    let line = note.lines().last().unwrap().to_owned() + "\n";
                    note + &line.repeat(40)
                });
            }),
            "Checkpoint/TooManySignatures",
        ),
    ]
}

pub(super) fn statements() -> Vec<Mutation> {
    fn text(json: &mut Value, change: fn(String) -> String) {
        let field = &mut json["envelope"]["statement"];
        let statement = String::from_utf8(base64::decode(field)).unwrap();
        *field = base64::encode(change(statement).as_bytes()).into();
    }
    vec![
        (
            "the statement's key twice",
            Field(|it| text(it, |it| it.replacen('{', r#"{"_type":"","#, 1))),
            "Statement/Json/DuplicateKey",
        ),
        (
            "the statement cut",
            Field(|it| text(it, |it| it[..20].to_owned())),
            "Statement/Json/Syntax",
        ),
        (
            "no predicate type",
            Field(|it| text(it, |it| it.replace("predicateType", "predicate_type"))),
            "Statement/Field/Missing",
        ),
        (
            "one subject without brackets",
            Field(|it| text(it, |it| it.replace(['[', ']'], ""))),
            "Statement/Field/WrongType",
        ),
        (
            "statement type",
            Minted(|it| it.statement.type_uri.push('x')),
            "StatementType",
        ),
        (
            "a second subject",
            Change::Fault(Fault::TwoSubjects),
            "SubjectCount",
        ),
        (
            "no name",
            Minted(|it| it.statement.subjects[0].0.clear()),
            "NoSubjectName",
        ),
        (
            "a name that is none",
            Minted(|it| it.statement.subjects[0].0.push_str(".asc")),
            "SubjectName",
        ),
        (
            "another name",
            Change::Fault(Fault::OtherFilename("other-1.0.tar.gz".to_owned())),
            "OtherFile",
        ),
        (
            "no sha256",
            Minted(|it| {
                it.statement.subjects[0].1 =
                    BTreeMap::from([("sha512".to_owned(), "ab".repeat(64))]);
            }),
            "NoSha256",
        ),
        (
            "sha256 in capitals",
            Minted(|it| {
                it.statement.subjects[0]
                    .1
                    .insert("sha256".to_owned(), digest().to_string().to_uppercase());
            }),
            "Sha256Spelling",
        ),
        (
            "another sha256",
            Change::Fault(Fault::OtherSha256(Sha256::of(b"other"))),
            "OtherSha256",
        ),
        (
            "predicate type",
            Minted(|it| it.statement.predicate_type.push('/')),
            "PredicateType",
        ),
        (
            "predicate",
            Minted(|it| it.statement.predicate = json!({"a": 1})),
            "PredicateBody",
        ),
    ]
}
