//! What authors write to run something in a reader's browser, and that nothing of it comes through.

use touchplate_readme::{Images, render};

use crate::judge::{each, judged};

/// Every markup, and none stated.
const TYPES: [Option<&str>; 4] = [
    Some("text/markdown"),
    Some("text/x-rst"),
    Some("text/plain"),
    None,
];

#[test]
fn no_vector_comes_through() {
    let mut count = 0;
    for vector in each(include_str!("data/markup.txt")) {
        count += 1;
        for content_type in TYPES {
            for images in [Images::Link, Images::Show] {
                // Alone, in a list, and behind text that is open.
                for text in [
                    vector.to_owned(),
                    format!("- x\n\n  {}", vector.replace('\n', "\n  ")),
                    format!("<b><table><tr><td><a href=https://a.example>{vector}"),
                ] {
                    let readme = render(&text, content_type, images);
                    judged(readme.html(), images, &text);
                }
            }
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn a_vector_that_is_rendered_again_is_still_none() {
    for vector in each(include_str!("data/markup.txt")) {
        let once = render(vector, Some("text/markdown"), Images::Show);
        let twice = render(once.html(), Some("text/markdown"), Images::Show);
        judged(twice.html(), Images::Show, vector);
    }
}

#[test]
fn what_cannot_be_seen_is_left_out() {
    let text = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{7f}f `g\u{200d}h` i\u{200d}j [\u{202e}k](https://x.example/\u{202e})";
    let html = render(text, Some("text/markdown"), Images::Link);
    assert_eq!(
        html.html(),
        "<p>abcdef <code>gh</code> i\u{200d}j <a href=\"https://x.example/%E2%80%AE\" rel=\"nofollow noreferrer\">k</a></p>\n"
    );
    let marked = format!("e{}f", "\u{301}".repeat(50));
    let html = render(&marked, Some("text/markdown"), Images::Link);
    assert_eq!(html.html(), format!("<p>e{}f</p>\n", "\u{301}".repeat(4)));
    let plain = render("a\u{202e}b\0c", Some("text/plain"), Images::Link);
    assert_eq!(plain.html(), "<pre class=\"plain\">abc</pre>");
}

#[test]
fn no_restructuredtext_comes_through() {
    for vector in each(include_str!("data/rst.txt")) {
        for images in [Images::Link, Images::Show] {
            let readme = render(vector, Some("text/x-rst"), images);
            judged(readme.html(), images, vector);
        }
    }
}

#[test]
fn every_kept_seed_of_the_fuzzer_is_answered() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/readme");
    let mut count = 0;
    for seed in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for content_type in TYPES {
            for images in [Images::Link, Images::Show] {
                let readme = render(&text, content_type, images);
                judged(readme.html(), images, &text);
            }
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}
