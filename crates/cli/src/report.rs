//! How a command ends: its exit status, and on standard error what went wrong, why, and what to do about it.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::screen::{BAD, HINT, printable};

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, or verified.
    Done,
    /// The answer is no, and the report has said why.
    No,
}

/// Who can mend a failure; decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The answer is no: what was asked for is refused as things stand.
    Refused,
    /// The command line or the configuration is wrong.
    Usage,
    /// Something outside failed: the disk, the network, the database.
    Outside,
}

/// Why a command could not be carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    error: Box<dyn Error + Send + Sync>,
    hint: Option<String>,
}

type Cause = Box<dyn Error + Send + Sync>;

impl Failure {
    /// The answer is no (status 1).
    pub(crate) fn refused(error: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Refused,
            error: error.into(),
            hint: None,
        }
    }

    /// The command line or the configuration is wrong (status 2).
    pub(crate) fn usage(error: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Usage,
            error: error.into(),
            hint: None,
        }
    }

    /// Something outside failed (status 3).
    pub(crate) fn outside(error: impl Into<Cause>) -> Self {
        Self {
            kind: Kind::Outside,
            error: error.into(),
            hint: None,
        }
    }

    /// Who can mend it.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The error, and each cause that adds something.
    pub(crate) fn messages(&self) -> Vec<String> {
        causes(&*self.error).collect()
    }

    /// What to do about it, if that was said.
    pub(crate) fn what_to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Tells it on standard error, where the command goes on.
    pub(crate) fn tell(&self) {
        // Nothing is left to tell it to when standard error is gone.
        let _ = anstream::stderr().write_all(self.text().as_bytes());
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The text on standard error: the error, each cause that adds something, the hint.
    fn text(&self) -> String {
        let mut text = format!(
            "{BAD}error:{BAD:#} {}\n",
            printable(&self.error.to_string())
        );
        for cause in causes(&*self.error).skip(1) {
            text.push_str(&format!("  cause: {}\n", printable(&cause)));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{HINT}hint:{HINT:#} {hint}\n"));
        }
        text
    }
}

/// An error's message and those of its causes, without any that only repeats the one before.
pub(crate) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = String> + use<'e> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let mut before = String::new();
    chain.map(ToString::to_string).filter(move |message| {
        let new = *message != before;
        before.clone_from(message);
        new
    })
}

/// Ends the process: prints a failure and picks the exit status.
pub(crate) fn end(result: Result<Outcome, Failure>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(failure) => {
            failure.tell();
            match failure.kind {
                Kind::Refused => ExitCode::from(1),
                Kind::Usage => ExitCode::from(2),
                Kind::Outside => ExitCode::from(3),
            }
        }
    }
}

/// Writes to standard output, at once. A reader that has gone away (`| head`) has read enough.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::outside(NotWritten(error)))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a report as JSON to standard output.
pub(crate) fn say_json(report: &serde_json::Value) -> Result<(), Failure> {
    say(&format!("{report:#}\n"))
}

/// Says something beside the report, on standard error.
pub(crate) fn note(text: &str) {
    // A remark that cannot be shown changes nothing about the outcome.
    let _ = anstream::stderr().write_all(format!("{text}\n").as_bytes());
}

#[derive(Debug, thiserror::Error)]
#[error("the report could not be written to standard output")]
struct NotWritten(#[source] io::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file was not read")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Middle(#[from] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("expected `a`, found `\u{1b}[31m`")]
    struct Inner;

    #[test]
    fn a_failure_tells_causes_and_hint_and_no_escape_sequence_of_others() {
        let failure = Failure::usage(Outer(Middle(Inner))).hint("write `a`");
        let plain = anstream::adapter::strip_str(&failure.text()).to_string();
        assert_eq!(
            plain,
            "error: the file was not read\n  cause: expected `a`, found `\\u{1b}[31m`\nhint: write `a`\n"
        );
    }
}
