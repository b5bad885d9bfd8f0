//! Help texts and wrong usage.

use crate::run::touchplate;

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.trim().is_empty());
    // Wrapped lines go on further to the right.
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut paths: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = paths.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = touchplate(&arguments).ended(0);
        assert!(
            help.stdout.contains("Example"),
            "{path:?} has no example: {}",
            help.stdout
        );
        assert!(help.stdout.contains("Usage: touchplate"), "{path:?}");
        let joined = ["touchplate"]
            .into_iter()
            .chain(path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        let example = help
            .stdout
            .lines()
            .skip_while(|line| !line.starts_with("Example"))
            .any(|line| line.contains(&joined));
        assert!(
            example,
            "the example of {path:?} does not use it: {}",
            help.stdout
        );
        let below = listed(&help.stdout)
            .into_iter()
            .map(|name| [path.clone(), vec![name]].concat());
        paths.extend(below);
        seen += 1;
    }
    assert!(seen > 25, "only {seen} commands were found");
}

#[test]
fn wrong_usage_ends_with_two_and_says_what_was_expected() {
    touchplate(&["serv"])
        .ended(2)
        .complains(&["unrecognized subcommand 'serv'", "serve"]);
    touchplate(&["verify"]).ended(2).complains(&["<TARGET>"]);
    touchplate(&["verify", "a.whl", "--identity", "x"])
        .ended(2)
        .complains(&["--issuer"]);
    touchplate(&["verify", "a.whl", "--publisher", "{}"])
        .ended(2)
        .complains(&["--publisher", "kind"]);
    touchplate(&[
        "verify",
        "--filename",
        "a-1.tar.gz",
        "--sha256",
        "00",
        "--attestation",
        "x",
    ])
    .ended(2)
    .complains(&["64 hexadecimal digits"]);
    touchplate(&[
        "admin",
        "member",
        "add",
        "--project",
        "p",
        "--user",
        "u",
        "--role",
        "king",
    ])
    .ended(2)
    .complains(&["owner", "maintainer"]);
    touchplate(&["admin", "token", "create", "--user", "Alice"])
        .ended(2)
        .complains(&["`Alice` is no user name"]);
    touchplate(&["admin", "token", "revoke", "x"])
        .ended(2)
        .complains(&["expected a token's id"]);
}

#[test]
fn colour_is_for_terminals() {
    let run = touchplate(&["--help"]).ended(0);
    assert!(!run.stdout.contains('\u{1b}'));
}
