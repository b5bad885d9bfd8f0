//! What `token narrow` narrows a token to: projects, an end, networks; as checks in Biscuit's Datalog.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use touchplate_packaging::ProjectName;

use super::Network;

/// Networks that one narrowing names. The ranges of a company's runners are a handful.
pub const MAX_CAVEAT_NETWORKS: usize = 16;

/// What a token is narrowed to. All of it must hold; what is empty asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caveats {
    /// The projects that it is for.
    pub projects: BTreeSet<ProjectName>,
    /// When it ends, in whole seconds: what is below one is cut off.
    pub expires_at: Option<Timestamp>,
    /// Where it may come from.
    pub networks: Vec<Network>,
}

impl Caveats {
    /// Whether they ask nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The checks of the block that asks for them, which the guide documents: whoever writes the same with other tools gets
    /// the same.
    pub fn datalog(&self) -> String {
        let mut checks = String::new();
        if let Some(first) = self.projects.first() {
            checks += &match self.projects.len() {
                1 => format!("check if project(\"{first}\");\n"),
                _ => format!(
                    "check if project($project), {{{}}}.contains($project);\n",
                    joined(&self.projects, ", ", "\"", "\"")
                ),
            };
        }
        if let Some(end) = self.end() {
            checks += &format!("check if time($time), $time < {end};\n");
        }
        if !self.networks.is_empty() {
            let any = joined(&self.networks, " or ", "network(\"", "\")");
            checks += &format!("check if {any};\n");
        }
        checks
    }

    /// The end in whole seconds, as Biscuit's times are.
    fn end(&self) -> Option<Timestamp> {
        let end = self.expires_at?;
        Some(Timestamp::from_second(end.as_second()).unwrap_or(end))
    }
}

fn joined<T: fmt::Display>(
    all: impl IntoIterator<Item = T>,
    between: &str,
    before: &str,
    behind: &str,
) -> String {
    let all: Vec<_> = all
        .into_iter()
        .map(|one| format!("{before}{one}{behind}"))
        .collect();
    all.join(between)
}

/// What follows "narrowed the token": each caveat in words.
impl fmt::Display for Caveats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let quoted = |what: &str, count: usize, all: String| {
            let plural = plural(count);
            format!(" {what}{plural} {all}")
        };
        if !self.projects.is_empty() {
            let all = joined(&self.projects, ", ", "`", "`");
            f.write_str(&quoted("to the project", self.projects.len(), all))?;
        }
        if let Some(end) = self.end() {
            write!(f, " until {end}")?;
        }
        if !self.networks.is_empty() {
            let all = joined(&self.networks, ", ", "`", "`");
            f.write_str(&quoted("from the network", self.networks.len(), all))?;
        }
        Ok(())
    }
}
