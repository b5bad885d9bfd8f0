//! Whether this run makes a project's provenance worse: the last release was attested and this one would not be, or by
//! somebody else.
//!
//! It guards a publisher against their own mistakes (another workflow, a token instead of an identity, a job that lost its
//! permission to sign), so what the index says of the last release is taken as it is. Readers verify for themselves.

use touchplate_attest::{Provenance, ProvenanceError, Publisher, TokenClaims, TokenMismatch};
use touchplate_packaging::Version;

use super::remote::Listing;
use crate::fetch::{Agent, Announced, FetchError, FileEntry, Index, IndexError, Page};
use url::Url;

/// Files of the last release whose provenance is looked at. One job makes them all; some projects build wheels in another.
const MAX_FILES: usize = 4;

/// Who attests in this run.
#[derive(Clone, Copy, Debug)]
pub enum Attesting<'r> {
    /// Nobody: the release would have no attestation.
    Nobody,
    /// The holder of the ID token with these claims.
    Holder(&'r TokenClaims),
}

/// How this run stands to the last release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// There is no release before this one.
    First,
    /// The last one has no attestation: there is nothing to lose.
    NeverAttested {
        /// Which.
        last: Version,
    },
    /// The same identity attests.
    Same {
        /// Which.
        last: Version,
        /// Who.
        publisher: Publisher,
    },
    /// The last release is attested, and this one would not be.
    Downgrade {
        /// Which.
        last: Version,
        /// By whom, as far as that can be read.
        old: Vec<Publisher>,
    },
    /// The last release is attested by others.
    NewIdentity {
        /// Which.
        last: Version,
        /// By whom.
        old: Vec<Publisher>,
        /// How whoever attests now differs from the nearest of them.
        difference: TokenMismatch,
    },
    /// The last release is attested, or may be, and by whom cannot be told.
    CannotBeTold {
        /// Why, in words.
        why: String,
    },
}

/// A release that this run may not be the successor of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Worse {
    /// Without `--allow-downgrade`.
    #[error(
        "release {last} is attested{}, and what this run publishes would not be",
        by(old)
    )]
    Downgrade {
        /// The last release.
        last: Version,
        /// By whom it is attested.
        old: Vec<Publisher>,
    },
    /// Without `--allow-new-identity`.
    #[error(
        "release {last} is attested{}, and what this run publishes would be by somebody else",
        by(old)
    )]
    NewIdentity {
        /// The last release.
        last: Version,
        /// By whom it is attested.
        old: Vec<Publisher>,
        /// How whoever attests now differs.
        #[source]
        difference: TokenMismatch,
    },
}

impl Worse {
    /// The option that allows it.
    pub fn allowed_by(&self) -> &'static str {
        match self {
            Self::Downgrade { .. } => "--allow-downgrade",
            Self::NewIdentity { .. } => "--allow-new-identity",
        }
    }
}

fn by(publishers: &[Publisher]) -> String {
    let names: Vec<String> = publishers.iter().map(Publisher::describe).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" by {}", names.join(" and by "))
    }
}

/// What makes a release worse that may be published all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// That it loses attestations.
    pub downgrade: bool,
    /// That somebody else attests.
    pub new_identity: bool,
}

impl Comparison {
    /// Refuses what is worse than the last release and not allowed. What cannot be told is no reason to refuse.
    ///
    /// # Errors
    /// See [`Worse`].
    pub fn permit(&self, allowed: Allowed) -> Result<(), Worse> {
        match self {
            Self::Downgrade { last, old } if !allowed.downgrade => Err(Worse::Downgrade {
                last: last.clone(),
                old: old.clone(),
            }),
            Self::NewIdentity {
                last,
                old,
                difference,
            } if !allowed.new_identity => Err(Worse::NewIdentity {
                last: last.clone(),
                old: old.clone(),
                difference: difference.clone(),
            }),
            Self::First
            | Self::NeverAttested { .. }
            | Self::Same { .. }
            | Self::Downgrade { .. }
            | Self::NewIdentity { .. }
            | Self::CannotBeTold { .. } => Ok(()),
        }
    }
}

/// Compares this run, which publishes `version`, with the last release of a listing. `simple` is where that is from.
///
/// # Errors
/// The index could not be reached.
pub fn compare(
    agent: &Agent,
    simple: &Url,
    listing: &Listing,
    version: &Version,
    attesting: Attesting<'_>,
) -> Result<Comparison, FetchError> {
    let page = match listing {
        Listing::Page(page) => page,
        Listing::NoProject => return Ok(Comparison::First),
        Listing::CannotBeTold { why } => return Ok(Comparison::CannotBeTold { why: why.clone() }),
    };
    let Some(last) = last_release(page, version) else {
        return Ok(Comparison::First);
    };
    let files = page.release(last);
    let files = files.into_iter().filter(|file| !file.says_unattested());
    let files: Vec<&FileEntry> = files.take(MAX_FILES).collect();
    let announced = files.iter().any(|file| file.is_attested());
    let (old, unread) = publishers(agent, simple, &files)?;
    let last = last.clone();
    Ok(match (attesting, unread) {
        (Attesting::Nobody, _) if announced || !old.is_empty() => {
            Comparison::Downgrade { last, old }
        }
        (Attesting::Nobody, Some(why)) => Comparison::CannotBeTold { why },
        (Attesting::Nobody, None) => Comparison::NeverAttested { last },
        (Attesting::Holder(_), None) if old.is_empty() => Comparison::NeverAttested { last },
        (Attesting::Holder(claims), unread) => by_whom(last, old, unread, claims),
    })
}

/// The release that this one follows: itself, where attested files of it are there already; else the next older one. A
/// version older than all is held against the newest.
fn last_release<'p>(page: &'p Page, version: &Version) -> Option<&'p Version> {
    let mut own = page.release(version).into_iter();
    if let Some(file) = own.find(|file| file.is_attested()) {
        return Some(file.filename.version());
    }
    let versions = page.versions();
    let others = || versions.iter().filter(|it| **it != version);
    let older = others().rfind(|it| it.key() < version.key());
    older.or_else(|| others().next_back()).copied()
}

/// Who attested these files, each once, and why some could not be read.
fn publishers(
    agent: &Agent,
    simple: &Url,
    files: &[&FileEntry],
) -> Result<(Vec<Publisher>, Option<String>), FetchError> {
    let index = Index::new(agent, simple);
    let mut publishers: Vec<Publisher> = Vec::new();
    let mut unread = None;
    for file in files {
        let document = match index.provenance(file) {
            Ok(Some(document)) => document,
            Ok(None) => continue,
            Err(IndexError::Fetch(error)) if !matches!(error, FetchError::Denied { .. }) => {
                return Err(error);
            }
            Err(error) => {
                unread = Some(error.to_string());
                continue;
            }
        };
        match Provenance::parse(&document.bytes) {
            Ok(provenance) => {
                for bundle in provenance.bundles {
                    if !publishers.contains(&bundle.publisher) {
                        publishers.push(bundle.publisher);
                    }
                }
            }
            Err(error) => unread = Some(why_unread(file, &error)),
        }
    }
    Ok((publishers, unread))
}

fn why_unread(file: &FileEntry, error: &ProvenanceError) -> String {
    format!(
        "the provenance object of `{}` cannot be read: {error}",
        file.filename
    )
}

/// The same one, if they are among those who attested the last release.
fn by_whom(
    last: Version,
    old: Vec<Publisher>,
    unread: Option<String>,
    claims: &TokenClaims,
) -> Comparison {
    let mut nearest = TokenMismatch::NotFound;
    let mut rank = 0;
    for publisher in &old {
        match publisher.check_token(claims) {
            Ok(()) => {
                let publisher = publisher.clone();
                return Comparison::Same { last, publisher };
            }
            Err(mismatch) if rank < nearness(&mismatch) => {
                rank = nearness(&mismatch);
                nearest = mismatch;
            }
            Err(_) => {}
        }
    }
    match unread {
        // One of those that could not be read may be this one.
        Some(why) => Comparison::CannotBeTold { why },
        None => Comparison::NewIdentity {
            last,
            old,
            difference: nearest,
        },
    }
}

/// Another issuer is farther than another claim of the same.
fn nearness(mismatch: &TokenMismatch) -> u8 {
    match mismatch {
        TokenMismatch::NotFound | TokenMismatch::Malformed { .. } => 0,
        TokenMismatch::Issuer { .. } => 1,
        TokenMismatch::Missing { .. }
        | TokenMismatch::Required { .. }
        | TokenMismatch::Optional { .. }
        | TokenMismatch::NoWorkflow
        | TokenMismatch::Empty { .. }
        | TokenMismatch::NoVersion { .. }
        | TokenMismatch::Workflow { .. }
        | TokenMismatch::PullRequestTarget
        | TokenMismatch::SshRerun
        | TokenMismatch::SubjectFormat
        | TokenMismatch::Subject => 2,
    }
}

impl FileEntry {
    /// Whether the page announces a provenance object, usable or not.
    pub fn is_attested(&self) -> bool {
        matches!(self.provenance, Announced::At(_) | Announced::Unusable(_))
    }

    /// Whether the page says that there is none.
    fn says_unattested(&self) -> bool {
        self.provenance == Announced::Nowhere
    }
}
