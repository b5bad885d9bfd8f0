//! Renders standard input: `cargo run -p touchplate-readme --example render -- text/markdown < README.md`. `--show` shows pictures.

use std::io::{self, Read as _, Write as _};

use touchplate_readme::{Images, render};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let images = if arguments.iter().any(|argument| argument == "--show") {
        Images::Show
    } else {
        Images::Link
    };
    let content_type = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"));
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let readme = render(&text, content_type.map(String::as_str), images);
    io::stdout().write_all(readme.html().as_bytes())
}
