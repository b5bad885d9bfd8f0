//! Targets for parsers of clients and the index, which `attest` knows nothing of. As in `lib.rs`: an answer for each
//! input, and a panic only where a promise is broken. `server`'s tests run them on the kept seeds.

use touchplate_client::audit::Pack;
use touchplate_client::fetch::{Authorities, Document, IndexUrl, Netrc, Page};
use touchplate_client::identity::IdentityToken;
use touchplate_client::monitor::{IdentityPattern, State};
use touchplate_client::pins::Pins;
use touchplate_client::sign::SigningConfig;
use touchplate_client::trust_store::TrustExport;
use touchplate_index::accounts::{Bearer, Network};
use touchplate_index::attesters::Attester;
use touchplate_index::managing::{PendingAsked, PublisherOnTerms};
use touchplate_index::search::Query;
use touchplate_index::trusted_publishing::{Ratchet, Terms};
use touchplate_packaging::installed::{self, DirectUrl, Record, WheelFile};
use touchplate_packaging::lock::Lockfile;
use touchplate_packaging::{Filename, Version};

type Target = (&'static str, fn(&[u8]));

/// Every target here, as in `lib.rs`.
pub(crate) const TARGETS: &[Target] = &[
    ("version", version),
    ("lockfile", lockfile),
    ("installed", left_behind),
    ("simple_page", simple_page),
    ("netrc", netrc),
    ("index_url", index_url),
    ("pins", pins),
    ("authorities", authorities),
    ("identity_token", identity_token),
    ("identity_pattern", identity_pattern),
    ("signing_config", signing_config),
    ("monitor_state", monitor_state),
    ("trust_export", trust_export),
    ("audit_pack", audit_pack),
    ("search_query", search_query),
    ("bearer_token", bearer_token),
    ("network", network),
    ("management", management),
];

/// Runs the target with this name.
pub(crate) fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.expect("the fuzzer and the tests name targets of the table");
    run(bytes);
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn version(bytes: &[u8]) {
    if let Some(read) = text(bytes).and_then(|text| text.parse::<Version>().ok()) {
        let again: Version = read.to_string().parse().expect("what is shown is readable");
        assert_eq!(again.to_string(), read.to_string());
        assert_eq!(again.key(), read.key());
    }
}

/// The first byte says by which name.
fn lockfile(bytes: &[u8]) {
    const NAMES: [&str; 6] = [
        "pylock.toml",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "requirements.txt",
        "report.json",
    ];
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    if let Ok(read) = Lockfile::parse(name, bytes) {
        let lines = bytes.split(|byte| *byte == b'\n').count();
        assert!(
            read.entries
                .iter()
                .all(|entry| (1..=lines + 1).contains(&entry.line))
        );
    }
}

/// The first byte says which file beside an installed distribution it is.
fn left_behind(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    match first % 4 {
        0 => {
            if let Ok(record) = Record::parse(bytes) {
                let clean = |path: &str| !path.is_empty() && !path.contains(['\n', '\\']);
                assert!(record.rows.iter().all(|row| clean(&row.path)));
            }
        }
        1 => {
            if let Ok(wheel) = WheelFile::parse(bytes) {
                let tag = wheel.tags.first().expect("there is one at least");
                let filename = format!("x-0-{tag}.whl").parse();
                let resembles = |it| wheel.build.is_some() || wheel.resembles(it);
                assert!(
                    matches!(&filename, Ok(Filename::Wheel(it)) if resembles(it)),
                    "{tag} is no tag of a filename"
                );
            }
        }
        2 => drop(DirectUrl::parse(bytes)),
        _ => {
            // Entry points, a line, and a program.
            let end = bytes.windows(4).position(|four| four == b"\n--\n");
            let (points, program) = bytes.split_at(end.map_or(bytes.len(), |end| end + 4));
            let commands = installed::commands(points);
            if let Some((_, body)) = text(program).and_then(installed::launcher_body) {
                let mut calls = commands.iter();
                assert!(
                    calls.all(|it| !installed::is_launcher(body, it) || body.contains(&it.module))
                );
            }
        }
    }
}

/// The first byte says as what it comes.
fn simple_page(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let content_type = match first % 2 {
        0 => "application/vnd.pypi.simple.v1+json",
        _ => "text/html",
    };
    let url = "https://packages.example/simple/demo/".parse();
    let page = Page::read(&Document {
        url: url.expect("it is a URL"),
        content_type: content_type.to_owned(),
        bytes: bytes.to_vec(),
    });
    if let Ok(page) = page {
        for version in page.versions() {
            assert!(!page.release(version).is_empty());
        }
    }
}

fn netrc(bytes: &[u8]) {
    let _ = Netrc::parse(&String::from_utf8_lossy(bytes));
}

fn index_url(bytes: &[u8]) {
    if let Some(Ok(read)) = text(bytes).map(|text| IndexUrl::parse(text, "a test")) {
        assert!(read.url.username().is_empty() && read.url.password().is_none());
    }
}

fn pins(bytes: &[u8]) {
    if let Ok(read) = Pins::parse(bytes) {
        let again = Pins::parse(read.text().as_bytes()).expect("what is written is readable");
        assert_eq!(again.text(), read.text());
    }
}

fn authorities(bytes: &[u8]) {
    let _ = Authorities::from_pem(bytes);
}

fn identity_token(bytes: &[u8]) {
    if let Some(text) = text(bytes) {
        let _ = IdentityToken::parse(text);
    }
}

fn identity_pattern(bytes: &[u8]) {
    if let Some(read) = text(bytes).and_then(|text| text.parse::<IdentityPattern>().ok()) {
        let again = read.to_string().parse();
        assert_eq!(again, Ok(read));
    }
}

fn signing_config(bytes: &[u8]) {
    let _ = SigningConfig::parse(bytes);
}

fn monitor_state(bytes: &[u8]) {
    if let Ok(read) = State::parse(bytes) {
        let again = State::parse(read.to_json().as_bytes()).expect("what is written is readable");
        assert_eq!(again.to_json(), read.to_json());
    }
}

fn trust_export(bytes: &[u8]) {
    let _ = (TrustExport::is_meant(bytes), TrustExport::parse(bytes));
}

fn audit_pack(bytes: &[u8]) {
    let _ = Pack::read(bytes);
}

fn search_query(bytes: &[u8]) {
    let read = Query::read(&String::from_utf8_lossy(bytes));
    assert!(read.words.len() + read.publishers.len() + read.workflows.len() <= 14);
    assert!(read.words.iter().all(|word| !word.is_empty()));
}

fn bearer_token(bytes: &[u8]) {
    if let Some(Ok(read)) = text(bytes).map(str::parse::<Bearer>) {
        let _ = read.id();
    }
}

fn network(bytes: &[u8]) {
    if let Some(read) = text(bytes).and_then(|text| text.parse::<Network>().ok()) {
        let again: Network = read.to_string().parse().expect("what is shown is readable");
        assert_eq!(again, read);
    }
}

/// What members send to `/api/v1`: publishers with their terms, pending ones, terms, ratchets, attesters.
fn management(bytes: &[u8]) {
    let _ = PublisherOnTerms::parse(bytes);
    let _ = PendingAsked::parse(bytes);
    let _ = Terms::parse(bytes);
    let _ = Ratchet::parse(bytes);
    let _ = Attester::parse(bytes);
}
