//! Bytes that nobody meant: cut short, changed, and put together at random. Whatever they are, the answer is an answer.

use touchplate_client::fetch::{Document, Netrc, Page};
use touchplate_client::pins::Pins;

const PAGE: &str = r#"{"meta":{"api-version":"1.4"},"name":"demo","files":[{"filename":"demo-1.0.tar.gz","url":"../f/demo-1.0.tar.gz","hashes":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"yanked":"why","provenance":"https://index.example/p"}]}"#;
const HTML: &str = r#"<!DOCTYPE html><base href="/x/"><meta name="pypi:repository-version" content="1.4"><a href="demo-1.0.tar.gz#sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" data-yanked data-provenance="https://h/p">x</a><script></script>"#;
const PINS: &str = "version = 1\n[[project]]\nname = 'demo'\n[[project.identity]]\npublisher = { kind = 'GitHub', repository = 'a/b', workflow = 'c.yml' }\nfirst-seen = { version = '1', date = 2026-11-25 }\n";
const NETRC: &str =
    "machine a.example login \"a \\\" b\" password p\nmacdef x\ny\n\ndefault login z";

fn read_all(bytes: &[u8]) {
    for content_type in ["application/json", "text/html"] {
        let document = Document {
            url: "https://index.example/simple/demo/".parse().unwrap(),
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
        };
        let _ = Page::read(&document);
    }
    if let Ok(mut pins) = Pins::parse(bytes) {
        let pin = pins
            .projects()
            .next()
            .map(|(name, pins)| (name.clone(), pins[0].clone()));
        if let Some((name, pin)) = pin
            && pins.add(&name, pin).is_ok()
        {
            // What was written can be read.
            Pins::parse(pins.text().as_bytes()).unwrap();
        }
    }
    let _ = Netrc::parse(&String::from_utf8_lossy(bytes));
}

#[test]
fn what_is_cut_short_or_changed_is_answered() {
    for text in [PAGE, HTML, PINS, NETRC] {
        let bytes = text.as_bytes();
        for at in 0..bytes.len() {
            read_all(&bytes[..at]);
            read_all(&bytes[at..]);
            for with in [0, b'"', b'\'', b'[', b'{', b'<', b'\n', b'#', 0xff] {
                let mut changed = bytes.to_vec();
                changed[at] = with;
                read_all(&changed);
            }
        }
    }
}

#[test]
fn what_is_put_together_at_random_is_answered() {
    let pieces: Vec<&str> = [PAGE, HTML, PINS, NETRC]
        .iter()
        .flat_map(|text| text.split_inclusive([' ', ',', '=', '>', '\n', ':']))
        .collect();
    // xorshift: the same texts in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..24 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(pieces[usize::try_from(state % pieces.len() as u64).unwrap()]);
        }
        read_all(text.as_bytes());
    }
}
