//! What an index accounts for: the attestations of the watched identity that its files have, each verified.

use std::collections::HashMap;

use jiff::Timestamp;
use touchplate_attest::log::leaf_hash;
use touchplate_attest::logged::promised_leaf;
use touchplate_attest::{
    Attestation, FileFacts, LogKind, Provenance, VerifyError, verify_any_predicate,
};
use touchplate_packaging::ProjectName;

use super::Watched;
use super::error::MonitorError;
use crate::fetch::{Agent, Index, IndexError};

/// A file whose attestation says that the log has this entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The file.
    pub filename: String,
    /// Who signed.
    pub san: String,
    /// Where the attestation says that the entry is; a certificate does not say.
    pub index: Option<u64>,
    /// When the certificate was given.
    pub certified_at: Timestamp,
}

/// A file with an attestation of the identity that does not hold: it accounts for nothing.
#[derive(Debug)]
pub struct Unproven {
    /// The file.
    pub filename: String,
    /// Why not.
    pub source: VerifyError,
}

/// What an index accounts for.
#[derive(Debug, Default)]
pub struct Accounts {
    /// By the entry's hash as a leaf, in hex. Two files have never one entry.
    pub(super) entries: HashMap<String, Account>,
    /// What does not hold.
    pub unproven: Vec<Unproven>,
    /// Files that were looked at.
    pub files: u64,
}

impl Accounts {
    /// Reads the index. All of it, unless `projects` are named.
    ///
    /// # Errors
    /// When a page or a provenance object cannot be read: half an index accounts for nothing.
    pub fn read(
        agent: &Agent,
        index: &url::Url,
        projects: &[ProjectName],
        watched: &Watched,
        now: Timestamp,
    ) -> Result<Self, MonitorError> {
        let index = Index::new(agent, index);
        let all;
        let projects = if projects.is_empty() {
            all = index.projects()?;
            &all
        } else {
            projects
        };
        let mut accounts = Self::default();
        for project in projects {
            let page = match index.project(project) {
                Ok(page) => page,
                // Listed, and gone since.
                Err(IndexError::NoProject { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            for file in &page.files {
                accounts.files += 1;
                let Some(document) = index.provenance(file)? else {
                    continue;
                };
                let Some(sha256) = file.sha256 else { continue };
                let facts = FileFacts {
                    filename: file.filename.clone(),
                    sha256,
                };
                let provenance = Provenance::parse(&document.bytes);
                let provenance = provenance.map_err(|_| MonitorError::Answer {
                    url: document.url.clone(),
                    expected: "a provenance object",
                })?;
                let bundles = provenance.bundles.iter();
                for attestation in bundles.flat_map(|bundle| &bundle.attestations) {
                    accounts.add(&facts, attestation, watched, now);
                }
            }
        }
        Ok(accounts)
    }

    fn add(
        &mut self,
        file: &FileFacts,
        attestation: &Attestation,
        watched: &Watched,
        now: Timestamp,
    ) {
        let Ok(facts) = attestation.certificate_facts() else {
            return;
        };
        if !watched.concerns(&facts.identity) {
            return;
        }
        let promised = promised(attestation, watched);
        if promised.is_empty() {
            return;
        }
        if let Err(source) = verify_any_predicate(file, attestation, &watched.root, now) {
            let filename = file.filename.as_str().to_owned();
            self.unproven.push(Unproven { filename, source });
            return;
        }
        for (leaf, index) in promised {
            let account = Account {
                filename: file.filename.as_str().to_owned(),
                san: facts.identity.san().to_string(),
                index,
                certified_at: facts.not_before,
            };
            self.entries.entry(leaf).or_insert(account);
        }
    }
}

/// The entries that an attestation says this log has: leaf and index.
fn promised(attestation: &Attestation, watched: &Watched) -> Vec<(String, Option<u64>)> {
    let is_ours = |id: &[u8; 32]| watched.keys.iter().any(|key| key.id == *id);
    let watches_certificates = watched
        .keys
        .iter()
        .any(|key| key.kind == LogKind::Certificates);
    if watches_certificates {
        let promised = promised_leaf(attestation.certificate(), &watched.root);
        let promised = promised.filter(|(id, _)| is_ours(id));
        return promised
            .map(|(_, leaf)| (hex::encode(leaf_hash(&leaf)), None))
            .into_iter()
            .collect();
    }
    let entries = attestation.transparency_entries().iter();
    entries
        .filter(|entry| is_ours(&entry.log_id))
        .map(|entry| {
            let index = entry.proof.as_ref().map(|proof| proof.log_index);
            (hex::encode(leaf_hash(&entry.body)), index)
        })
        .collect()
}
