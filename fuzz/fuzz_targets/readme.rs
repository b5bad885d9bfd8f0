#![no_main]

//! A description in each markup, judged as `crates/readme`'s tests judge it.

use touchplate_readme::{Images, render};

#[path = "../../crates/readme/tests/readme/judge.rs"]
#[allow(dead_code)]
mod judge;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for content_type in [Some("text/markdown"), Some("text/x-rst"), None] {
        for images in [Images::Link, Images::Show] {
            let readme = render(&text, content_type, images);
            judge::judged(readme.html(), images, &text);
        }
    }
});
