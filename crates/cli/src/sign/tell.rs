//! What `sign` reports.

use serde_json::{Value, json};
use touchplate_attest::Proven;

use super::Made;
use super::sidecar::Kept;
use crate::options::REPORT_VERSION;
use crate::screen::Page;
use crate::signer;
use crate::signing::{Instance, Who};

/// For people: who signed, once, and a line for each file.
pub(super) fn text(made: &[Made], instance: &Instance, who: Option<&Who>) -> String {
    let mut page = Page::new();
    for it in made {
        let name = it.sidecar.path.display();
        match &it.result {
            Ok(_) if it.is_new => page.good(&format!("{name}: signed, logged and verified")),
            Ok(_) => page.good(&format!("{name}: was there, and holds")),
            Err(_) => page.bad(&format!("{name}: not signed")),
        }
        if let Ok(kept) = &it.result {
            signer::records(&mut page, kept.proven.log_entries(), kept.proven.times());
        }
    }
    let signed = made.iter().find_map(|it| it.result.as_ref().ok());
    if let Some(Kept { proven }) = signed {
        page.gap();
        page.title("signer");
        signer::identity(&mut page, proven.identity(), proven.claims());
    }
    if let Some(who) = who {
        page.row("token from", &who.origin);
    }
    page.row("services from", &instance.origin);
    page.take()
}

/// For programs.
pub(super) fn json(made: &[Made], instance: &Instance, who: Option<&Who>) -> Value {
    let files: Vec<Value> = made.iter().map(file).collect();
    json!({
        "version": REPORT_VERSION,
        "signed": made.iter().all(|it| it.result.is_ok()),
        "instance": {"origin": instance.origin, "root_sha256": instance.root.digest()},
        "token_from": who.map(|who| &who.origin),
        "files": files,
    })
}

fn file(made: &Made) -> Value {
    let proven = made.result.as_ref().ok().map(|kept| &kept.proven);
    let identity = proven.map(|proven| {
        let identity = proven.identity();
        json!({"san": identity.san().as_str(), "issuer": identity.issuer()})
    });
    let error = made.result.as_ref().err();
    json!({
        "path": made.sidecar.file.display().to_string(),
        "filename": made.sidecar.facts.filename.as_str(),
        "sha256": made.sidecar.facts.sha256,
        "attestation": proven.map(|_| made.sidecar.path.display().to_string()),
        "new": made.is_new && proven.is_some(),
        "error": error.map(crate::report::Failure::messages),
        "identity": identity,
        "claims": proven.map(Proven::claims),
        "log_entries": proven.map(Proven::log_entries),
        "times": proven.map(Proven::times),
    })
}
