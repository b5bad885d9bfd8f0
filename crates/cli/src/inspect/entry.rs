//! Entries of transparency logs, and checkpoints.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use touchplate_attest::attestation::TransparencyEntry;
use touchplate_attest::log::Checkpoint;

use super::wire::{Bytes, Number};
use crate::report::causes;
use crate::screen::{Page, hex, instant};

/// An entry as a bundle has it. All is optional: protobuf leaves out what is zero.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    log_index: Number,
    log_id: LogId,
    kind_version: KindVersion,
    integrated_time: Option<Number>,
    inclusion_promise: Option<serde::de::IgnoredAny>,
    inclusion_proof: Option<Proof>,
}

/// Which log.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LogId {
    key_id: Bytes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KindVersion {
    kind: String,
    version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Proof {
    log_index: Number,
    root_hash: Bytes,
    tree_size: Number,
    checkpoint: Note,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Note {
    envelope: String,
}

impl Entry {
    /// An entry that PEP 740's parser has read.
    pub(super) fn of(read: &TransparencyEntry) -> Self {
        let number = |number: u64| Number(i64::try_from(number).unwrap_or(i64::MAX));
        Self {
            log_index: number(read.log_index),
            log_id: LogId {
                key_id: Bytes(read.log_id.to_vec()),
            },
            kind_version: KindVersion {
                kind: read.kind.clone(),
                version: read.kind_version.clone(),
            },
            integrated_time: read.integrated_time.map(Number),
            inclusion_promise: read.promise.as_ref().map(|_| serde::de::IgnoredAny),
            inclusion_proof: read.proof.as_ref().map(|proof| Proof {
                log_index: number(proof.log_index),
                root_hash: Bytes(proof.root_hash.to_vec()),
                tree_size: number(proof.tree_size),
                checkpoint: Note {
                    envelope: proof.checkpoint.note().to_owned(),
                },
            }),
        }
    }

    fn kind(&self) -> String {
        let KindVersion { kind, version } = &self.kind_version;
        format!("{kind} {version}").trim().to_owned()
    }

    /// For people.
    pub(super) fn text(&self, page: &mut Page) {
        page.gap();
        let log = hex(&self.log_id.key_id.0);
        page.row(
            "log entry",
            &format!("{} in the log {log}", self.log_index.0),
        );
        page.row("kind", &self.kind());
        // Protobuf writes 0 for no time.
        let time = self.integrated_time.filter(|seconds| seconds.0 != 0);
        let time = time.and_then(|seconds| Timestamp::from_second(seconds.0).ok());
        page.row(
            "logged at",
            &time.map_or_else(|| "no time".to_owned(), instant),
        );
        page.row(
            "promise",
            if self.inclusion_promise.is_some() {
                "there is one"
            } else {
                "none"
            },
        );
        let Some(proof) = &self.inclusion_proof else {
            page.row("inclusion proof", "none");
            return;
        };
        page.row(
            "inclusion proof",
            &format!(
                "{} in a tree of {} entries",
                proof.log_index.0, proof.tree_size.0
            ),
        );
        match Checkpoint::parse(&proof.checkpoint.envelope) {
            Ok(checkpoint) => page.row(
                "checkpoint",
                &format!(
                    "{}, signed by {}",
                    checkpoint.origin(),
                    signers(&checkpoint).join(", ")
                ),
            ),
            Err(_) if proof.checkpoint.envelope.is_empty() => page.row("checkpoint", "none"),
            Err(error) => page.row("checkpoint", &format!("malformed: {error}")),
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let proof = self.inclusion_proof.as_ref().map(|proof| {
            let note = &proof.checkpoint.envelope;
            let (checkpoint, unreadable) = match Checkpoint::parse(note) {
                Ok(read) => (Some(checkpoint_json(&read)), None),
                Err(_) if note.is_empty() => (None, None),
                Err(error) => (None, Some(causes(&error).collect::<Vec<_>>())),
            };
            json!({
                "log_index": proof.log_index.0,
                "tree_size": proof.tree_size.0,
                "root_hash": hex(&proof.root_hash.0),
                "checkpoint": checkpoint,
                "checkpoint_unreadable": unreadable,
            })
        });
        json!({
            "log_id": hex(&self.log_id.key_id.0),
            "log_index": self.log_index.0,
            "kind": self.kind(),
            "integrated_time": self.integrated_time.map(|seconds| seconds.0),
            "has_promise": self.inclusion_promise.is_some(),
            "proof": proof,
        })
    }
}

fn signers(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.signers().collect()
}

/// A checkpoint of its own, for people.
pub(super) fn checkpoint(page: &mut Page, checkpoint: &Checkpoint) {
    page.row("log", checkpoint.origin());
    page.row("entries", &checkpoint.tree_size().to_string());
    page.row("root hash", &hex(checkpoint.root_hash()));
    for signer in signers(checkpoint) {
        page.row("signed by", signer);
    }
}

/// A checkpoint for programs.
pub(super) fn checkpoint_json(checkpoint: &Checkpoint) -> Value {
    json!({
        "origin": checkpoint.origin(),
        "tree_size": checkpoint.tree_size(),
        "root_hash": hex(checkpoint.root_hash()),
        "signers": signers(checkpoint),
    })
}
