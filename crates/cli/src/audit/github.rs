//! An audit as annotations of GitHub's workflows: lines that its runner reads from standard output.

use touchplate_policy::verdict::{Class, Reason};

use super::report::Report;
use super::tell::{called, summed};

/// One line for each violation, each thing that cannot be told and each that is accepted; what is only worth knowing is
/// counted in the last one, or a long lockfile would hide what is wrong.
pub(super) fn annotations(report: &Report) -> String {
    let mut text = String::new();
    for lockfile in &report.lockfiles {
        for audited in &lockfile.entries {
            let file = lockfile.file_of(audited);
            let file = file.to_string_lossy();
            for reason in &audited.verdict.reasons {
                let Some(command) = command(reason) else {
                    continue;
                };
                let word = reason.finding.word();
                let title = property(&format!("{}: {word}", called(audited)));
                let line = audited.entry.line;
                let (file, message) = (property(&file), data(&message(reason)));
                text.push_str(&format!(
                    "::{command} file={file},line={line},title={title}::{message}\n"
                ));
            }
        }
    }
    for (path, failure) in &report.unread {
        let (file, message) = (property(&path.to_string_lossy()), failure.messages());
        let message = data(&message.join(": "));
        text.push_str(&format!("::error file={file},title=not read::{message}\n"));
    }
    let counts = data(&summed(report));
    text.push_str(&format!("::notice title=touchplate audit::{counts}\n"));
    text
}

fn command(reason: &Reason) -> Option<&'static str> {
    match reason.class() {
        Class::Notice => None,
        Class::Violation | Class::Unknown if !reason.stands() => Some("notice"),
        Class::Violation => Some("error"),
        Class::Unknown => Some("warning"),
    }
}

fn message(reason: &Reason) -> String {
    let mut message = reason.finding.to_string();
    for cause in reason.finding.causes() {
        message.push_str(&format!("\n{cause}"));
    }
    if !reason.files.is_empty() {
        message.push_str(&format!("\n{}", reason.files.join(", ")));
    }
    if let Some(accepted) = &reason.accepted {
        let (until, reason) = (accepted.until, &accepted.reason);
        message.push_str(&format!("\naccepted until {until}: {reason}"));
    }
    message
}

/// As the runner takes text apart: what would end the command, or begin another one, is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_begins_another_command() {
        assert_eq!(data("50%\n::error::x\r"), "50%25%0A::error::x%0D");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
