//! Verifying every stored attestation again, when something else is believed than before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Hasher};
use touchplate_attest::TrustDomains;
use touchplate_packaging::Sha256;

use super::{CheckError, Finding, PAGE_ROWS};
use crate::Index;
use crate::ports::{Came, StoreError};

/// Attestations that a review lists: it is one row of the database. It counts the others.
pub const MOST_LISTED: usize = 1000;

/// What came of verifying every stored attestation again, or has come of it until now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Digest of what was believed: names, roots and scopes of the trust domains.
    pub believed: Sha256,
    /// When it began.
    pub began_at: Timestamp,
    /// When it had looked at all; none while it is under way.
    pub ended_at: Option<Timestamp>,
    /// How many it has looked at.
    pub attestations: u64,
    /// How many of them no longer hold.
    pub unsound: u64,
    /// The first of those.
    pub listed: Vec<NoLonger>,
    /// Whether it has come to the later ones, and the last row that it has looked at: who stops in between goes on there.
    later: bool,
    after: i64,
}

/// An attestation that no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoLonger {
    /// The name of its file.
    pub filename: String,
    /// Whether it came after the upload.
    pub later: bool,
    /// Its row.
    pub row: i64,
    /// What is wrong with it, as [`Finding::name`] has it.
    pub finding: String,
    /// The message, and each cause.
    pub messages: Vec<String>,
}

impl Review {
    /// One that has looked at nothing yet.
    fn begun(believed: Sha256, now: Timestamp) -> Self {
        Self {
            believed,
            began_at: now,
            ended_at: None,
            attestations: 0,
            unsound: 0,
            listed: Vec::new(),
            later: false,
            after: 0,
        }
    }

    fn came(&self) -> Came {
        match self.later {
            false => Came::WithUpload,
            true => Came::Later,
        }
    }
}

impl Index {
    /// Digest of what is believed now.
    pub fn believed(&self) -> Sha256 {
        digest(&self.trust())
    }

    /// The latest review of the index by any process, which may be under way.
    pub async fn review(&self) -> Result<Option<Review>, StoreError> {
        self.ports.inventory.review().await
    }

    /// The review by what is believed now: the latest one, if it is that, or one that begins.
    pub async fn review_of_today(&self, now: Timestamp) -> Result<Review, StoreError> {
        let believed = self.believed();
        let latest = self.review().await?;
        let of_today = latest.filter(|review| review.believed == believed);
        Ok(of_today.unwrap_or_else(|| Review::begun(believed, now)))
    }

    /// Looks at the next page of attestations, and keeps what came of it; those that no longer hold. Several processes may do so, each for
    /// itself: the later one's review stays.
    pub async fn review_on(
        &self,
        review: &mut Review,
        now: Timestamp,
    ) -> Result<Vec<NoLonger>, CheckError> {
        let came = review.came();
        let inventory = &self.ports.inventory;
        let page = inventory
            .attestations_after(came, review.after, PAGE_ROWS)
            .await?;
        let Some(last) = page.last() else {
            match came {
                Came::WithUpload => (review.later, review.after) = (true, 0),
                Came::Later => {
                    review.ended_at = Some(now);
                    // Of an index without attestations there is nothing to say.
                    if review.attestations > 0 {
                        inventory.keep_review(review).await?;
                    }
                }
            }
            return Ok(Vec::new());
        };
        review.after = last.id;
        let rows = u64::try_from(page.len()).unwrap_or(u64::MAX);
        review.attestations = review.attestations.saturating_add(rows);
        let found = self.unsound(came, page, now).await?;
        let found: Vec<NoLonger> = found.iter().filter_map(no_longer).collect();
        let unsound = u64::try_from(found.len()).unwrap_or(u64::MAX);
        review.unsound = review.unsound.saturating_add(unsound);
        let room = MOST_LISTED.saturating_sub(review.listed.len());
        review.listed.extend(found.iter().take(room).cloned());
        inventory.keep_review(review).await?;
        Ok(found)
    }
}

fn no_longer(finding: &Finding) -> Option<NoLonger> {
    let Finding::Attestation {
        filename,
        came,
        row,
        wrong,
    } = finding
    else {
        return None;
    };
    let causes = std::iter::successors(Some(wrong as &dyn std::error::Error), |error| {
        error.source()
    });
    let mut messages: Vec<String> = causes.map(ToString::to_string).collect();
    messages.dedup();
    Some(NoLonger {
        filename: filename.clone(),
        later: *came == Came::Later,
        row: *row,
        finding: finding.name().to_owned(),
        messages,
    })
}

/// Of everything that decides whether an attestation verifies.
fn digest(trust: &TrustDomains) -> Sha256 {
    let mut hasher = Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    if let Some(root) = trust.only_root() {
        part(root.digest().as_bytes());
    }
    for domain in trust.domains() {
        part(domain.name().to_string().as_bytes());
        part(domain.root().digest().as_bytes());
        for pattern in domain.scope().projects() {
            part(pattern.to_string().as_bytes());
        }
        part(b"issuers");
        for issuer in domain.scope().issuers() {
            part(issuer.to_string().as_bytes());
        }
    }
    Sha256::from_bytes(hasher.finalize().into())
}
