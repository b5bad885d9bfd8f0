//! Timestamps of RFC 3161.

use serde_json::{Value, json};
use touchplate_attest::crypto::Hash;
use touchplate_attest::stamp::Token;

use super::certificate::Certificate;
use crate::report::causes;
use crate::screen::{Page, hex, instant};

/// For people.
pub(super) fn text(page: &mut Page, der: &[u8]) {
    let token = match Token::parse(der) {
        Ok(token) => token,
        Err(error) => {
            let why = causes(&error).collect::<Vec<_>>().join(": ");
            return page.row("timestamp", &format!("malformed: {why}"));
        }
    };
    page.row("timestamp", &instant(token.time()));
    let (hash, digest) = token.message_digest();
    page.row(
        "message imprint",
        &format!("{} {}", name(hash), hex(digest)),
    );
    for certificate in token.certificates() {
        match Certificate::read(certificate) {
            Ok(read) => page.row("certificate", &read.summary()),
            Err(error) => page.row("certificate", &format!("malformed: {error}")),
        }
    }
    if token.certificates().is_empty() {
        page.row("certificate", "none");
    }
}

/// For programs.
pub(super) fn json(der: &[u8]) -> Value {
    match Token::parse(der) {
        Ok(token) => {
            let (hash, digest) = token.message_digest();
            let certificates = token.certificates().iter();
            json!({
                "time": token.time(),
                "message_digest": {"algorithm": name(hash), "digest": hex(digest)},
                "certificates": certificates.map(|der| Certificate::read_json(der)).collect::<Vec<_>>(),
                "unreadable": null,
            })
        }
        Err(error) => json!({
            "time": null,
            "message_digest": null,
            "certificates": [],
            "unreadable": causes(&error).collect::<Vec<_>>(),
        }),
    }
}

fn name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "sha256",
        Hash::Sha384 => "sha384",
        Hash::Sha512 => "sha512",
    }
}
