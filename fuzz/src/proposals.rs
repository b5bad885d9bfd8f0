//! What is proposed to the logs, and what is asked of them.

use serde_json::Value;
use touchplate_trust::rekor::{Proposal, ProposalError, Query};

pub(crate) fn rekor1(bytes: &[u8]) {
    let Some(body) = logged(bytes, Proposal::for_v1) else {
        return;
    };
    let version = &body["apiVersion"];
    assert_eq!(version, "0.0.1", "an entry of another version is logged");
    let key = match body["kind"].as_str() {
        Some("dsse") => &body["spec"]["signatures"][0]["verifier"],
        _ => &body["spec"]["signature"]["publicKey"]["content"],
    };
    assert!(key.is_string(), "an entry without its verifier is logged");
}

pub(crate) fn rekor2(bytes: &[u8]) {
    let Some(body) = logged(bytes, Proposal::for_v2) else {
        return;
    };
    assert_eq!(body["apiVersion"], "0.0.2");
    let verifier = &body["spec"]["hashedRekordV002"]["signature"]["verifier"];
    let forms = ["x509Certificate", "publicKey"].iter();
    let found = forms.filter(|form| verifier.get(form).is_some());
    assert_eq!(found.count(), 1, "an entry without its verifier is logged");
}

pub(crate) fn query(bytes: &[u8]) {
    if let Ok(query) = Query::parse(bytes) {
        assert!(!query.keys.is_empty(), "a query for nothing is answered");
    }
}

/// The body of a proposal that is taken: it fits a tile, and is in the one spelling that everybody hashes.
fn logged(bytes: &[u8], read: fn(&[u8]) -> Result<Proposal, ProposalError>) -> Option<Value> {
    let proposal = read(bytes).ok()?;
    let again = read(bytes).expect("what was read is read again");
    assert_eq!(proposal.body(), again.body());
    assert!(u16::try_from(proposal.body().len()).is_ok());
    let body: Value = serde_json::from_slice(proposal.body()).expect("a body is JSON");
    // serde_json's maps are ordered and these texts are ASCII, so that this is RFC 8785.
    let canonical = serde_json::to_vec(&body).expect("JSON is written");
    assert_eq!(proposal.body(), &canonical, "a body has another spelling");
    Some(body)
}
