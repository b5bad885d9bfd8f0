//! Commands: `entry_points.txt`, and the programs that installers write of it.

use super::MAX_INSTALLED_BYTES;

/// Of a program that an installer writes, or a script that it changes the first line of. Real ones have some hundred bytes;
/// whole programs as scripts have some hundred kilobytes.
pub const MAX_LAUNCHER_BYTES: usize = 4 << 20;

/// A command of `console_scripts` or `gui_scripts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is called.
    pub name: String,
    /// The module that has it.
    pub module: String,
    /// What in that is called, as a path of attributes.
    pub function: String,
}

/// What each installer writes after the first line: pip since 25.3, pip and distlib before, virtualenv's seeds, uv.
const LAUNCHERS: [&str; 4] = [
    "import sys
from {module} import {import}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({function}())
",
    r"# -*- coding: utf-8 -*-
import re
import sys
from {module} import {import}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])
    sys.exit({function}())
",
    r"# -*- coding: utf-8 -*-
import re
import sys
if __name__ == '__main__':
    from {module} import {import}
    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])
    sys.exit({function}())
",
    r#"# -*- coding: utf-8 -*-
import sys
from {module} import {import}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({function}())
"#,
];

/// The commands that `entry_points.txt` names; what is none in it is passed over, as installers refuse the whole then.
pub fn commands(bytes: &[u8]) -> Vec<Command> {
    if bytes.len() > MAX_INSTALLED_BYTES {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(bytes);
    let (mut commands, mut within) = (Vec::new(), false);
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default();
            within = matches!(section, "console_scripts" | "gui_scripts");
        } else if within && !trimmed.starts_with(['#', ';']) {
            commands.extend(command(trimmed));
        }
    }
    commands
}

fn command(line: &str) -> Option<Command> {
    let (name, target) = line.split_once('=')?;
    // What stands in brackets is what it needs.
    let target = target.split('[').next()?.trim();
    let (module, function) = target.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    let is_path = |text: &str| {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        !text.is_empty() && text.chars().all(plain)
    };
    (is_path(module) && is_path(function)).then(|| Command {
        name: name.trim().to_owned(),
        module: module.to_owned(),
        function: function.to_owned(),
    })
}

/// The interpreter that a program names, and what follows: after `#!` in the first line, or in the three lines that
/// installers write where a path is too long for that or has a space.
pub fn launcher_body(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix("#!/bin/sh\n'''exec' ") {
        let (first, body) = rest.split_once("\n' '''\n")?;
        let interpreter = first.strip_suffix(" \"$0\" \"$@\"")?;
        return Some((interpreter.trim_matches('"'), body));
    }
    let (first, body) = text.strip_prefix("#!")?.split_once('\n')?;
    Some((first.trim_end_matches('\r').trim(), body))
}

/// Whether a program is one that an installer writes for a command: nothing but the call.
pub fn is_launcher(body: &str, command: &Command) -> bool {
    let import = command.function.split('.').next().unwrap_or_default();
    let body = body.replace("\r\n", "\n");
    let written = |launcher: &str| {
        let launcher = launcher
            .replace("{module}", &command.module)
            .replace("{import}", import);
        launcher.replace("{function}", &command.function) == body
    };
    LAUNCHERS.iter().any(|launcher| written(launcher))
}
