//! Who built two releases, and what the certificates say of the builds.

use std::collections::{BTreeMap, BTreeSet};

use touchplate_client::pins::Who;

use crate::verify::Evidence;

/// What the provenance of two releases proves.
#[derive(Debug)]
pub(super) struct Provenance {
    /// The old release's.
    pub(super) old: Side,
    /// The new release's.
    pub(super) new: Side,
    /// Claims whose values differ, by their words: the values of old and of new.
    pub(super) claims: Vec<(&'static str, BTreeSet<String>, BTreeSet<String>)>,
}

/// What the provenance of one release proves.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Its files.
    pub(super) files: usize,
    /// Those with attestations, all of which hold.
    pub(super) attested: usize,
    /// Who signed.
    pub(super) signers: BTreeSet<String>,
    /// Files with an attestation that does not hold, and why.
    pub(super) broken: Vec<(String, String)>,
    claims: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Provenance {
    /// Of the files of two releases.
    pub(super) fn of(old: &[Evidence], new: &[Evidence]) -> Self {
        let (old, new) = (Side::of(old), Side::of(new));
        let words: BTreeSet<_> = old
            .claims
            .keys()
            .chain(new.claims.keys())
            .copied()
            .collect();
        let values = |side: &Side, word| side.claims.get(word).cloned().unwrap_or_default();
        let claims = words
            .into_iter()
            .map(|word| (word, values(&old, word), values(&new, word)))
            .filter(|(_, before, after)| before != after)
            .collect();
        Self { old, new, claims }
    }

    /// Whether no attestation of either release is broken.
    pub(super) fn all_hold(&self) -> bool {
        self.old.broken.is_empty() && self.new.broken.is_empty()
    }

    /// What can be said in one sentence.
    pub(super) fn sentence(&self) -> &'static str {
        match (self.old.attested, self.new.attested) {
            _ if !self.all_hold() => "An attestation does not hold.",
            (0, 0) => "Neither release has provenance.",
            (0, _) => "The new release has provenance, the old one has none.",
            (_, 0) => "The old release has provenance, the new one has none: it was lost.",
            _ if self.old.signers == self.new.signers => "Both releases are by the same builder.",
            _ => "The builder changed.",
        }
    }
}

impl Side {
    fn of(files: &[Evidence]) -> Self {
        let mut side = Self {
            files: files.len(),
            ..Self::default()
        };
        for evidence in files {
            let broken = evidence
                .findings
                .iter()
                .find_map(|it| it.result.as_ref().err());
            if let Some(refused) = broken {
                let why: Vec<_> = crate::report::causes(refused).collect();
                let name = evidence.target.facts.filename.as_str().to_owned();
                side.broken.push((name, why.join(": ")));
                continue;
            }
            side.attested += usize::from(evidence.holds());
            for proven in evidence.proofs() {
                let who = Who::of(proven).map(|who| who.to_string());
                let san = || proven.identity().san().as_str().to_owned();
                side.signers.insert(who.unwrap_or_else(san));
                for (_, words, value) in proven.claims().named() {
                    side.claims
                        .entry(words)
                        .or_default()
                        .insert(value.to_owned());
                }
            }
        }
        side
    }
}
