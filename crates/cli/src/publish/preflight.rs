//! What a run is about to do, as far as it can be known before anything is signed or sent.

use touchplate_attest::{Proven, TokenMismatch};
use touchplate_client::fetch::Agent;
use touchplate_client::identity::IdentityToken;
use touchplate_client::publish::access::Access;
use touchplate_client::publish::checks;
use touchplate_client::publish::downgrade::{self, Allowed, Comparison, Worse};
use touchplate_client::publish::remote::Listing;
use touchplate_client::publish::{Distribution, Standing};
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use super::attesting::Attesting;
use super::identity::Holder;
use super::options::Arguments;
use super::plan::Checked;
use super::target::{Shelf, Target};
use super::tell;
use crate::report::Failure;

/// What a run is about to do.
#[derive(Debug)]
pub(super) struct Preflight<'r> {
    /// All files that the command line names.
    pub(super) checked: &'r [Checked],
    pub(super) target: &'r Target,
    pub(super) access: &'r Access<'r>,
    pub(super) holder: Option<&'r Holder>,
    /// The ID token that is exchanged, if one is.
    pub(super) bearer: Option<&'r IdentityToken>,
    pub(super) wanted: Wanted,
    pub(super) comparisons: Vec<Compared>,
    pub(super) told: tell::Attested,
}

/// A release, and how it stands to the one before.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) project: ProjectName,
    pub(super) version: Version,
    pub(super) comparison: Comparison,
}

/// What is wanted of each file, by what the index lists.
#[derive(Debug)]
pub(super) struct Wanted {
    standings: Vec<Standing>,
    /// Positions of those that are sent.
    sent: Vec<usize>,
}

#[derive(Debug, thiserror::Error)]
enum WantedError {
    #[error("the index has another `{filename}`: it lists sha256 {listed}, and `{}` has {ours}", .path.display())]
    Conflict {
        path: std::path::PathBuf,
        filename: Filename,
        listed: Sha256,
        ours: Sha256,
    },
    #[error("--skip-existing needs to know what is there, and that cannot be told: {why}")]
    Unseen { why: String },
}

impl Wanted {
    /// Looks at each file. One that is there with other bytes refuses the run: part of a release helps nobody.
    pub(super) fn of(
        checked: &[Checked],
        shelf: &Shelf<'_>,
        arguments: &Arguments,
    ) -> Result<Self, Failure> {
        let mut wanted = Self {
            standings: Vec::with_capacity(checked.len()),
            sent: Vec::new(),
        };
        for (at, Checked { file, .. }) in checked.iter().enumerate() {
            let standing = shelf.stood(file);
            let is_sent = match &standing {
                Standing::New => true,
                Standing::Identical { attested } => !attested && !arguments.skip_existing,
                Standing::Conflicting { listed } => return Err(conflict(file, *listed)),
                Standing::CannotBeTold { why } if arguments.skip_existing => {
                    let why = why.clone();
                    return Err(Failure::usage(WantedError::Unseen { why })
                        .hint("name the index's Simple API with --check-url URL"));
                }
                Standing::CannotBeTold { .. } => true,
            };
            if is_sent {
                wanted.sent.push(at);
            }
            wanted.standings.push(standing);
        }
        Ok(wanted)
    }

    /// Where the index stood with the file at this position.
    pub(super) fn standing(&self, at: usize) -> Option<&Standing> {
        self.standings.get(at)
    }

    /// Whether the file at this position is sent.
    pub(super) fn is_sent(&self, at: usize) -> bool {
        self.sent.contains(&at)
    }

    /// Positions of the files that are sent.
    pub(super) fn sent(&self) -> &[usize] {
        &self.sent
    }

    /// The files that are sent.
    pub(super) fn files<'c>(&self, checked: &'c [Checked]) -> Vec<&'c Checked> {
        self.sent.iter().filter_map(|at| checked.get(*at)).collect()
    }

    /// Nothing is attested, so that what is there already has nothing to gain.
    pub(super) fn attest_nothing(&mut self) {
        let standings = &self.standings;
        self.sent.retain(|at| {
            let standing = standings.get(*at);
            !matches!(standing, Some(Standing::Identical { .. }))
        });
    }

    /// Holds each release that something is sent of against the one before.
    pub(super) fn compare(
        &self,
        checked: &[Checked],
        target: &Target,
        shelf: &Shelf<'_>,
        attesting: &Attesting,
        agent: &Agent,
    ) -> Result<Vec<Compared>, Failure> {
        let files: Vec<Distribution> = self
            .files(checked)
            .iter()
            .map(|it| it.file.clone())
            .collect();
        let claims = attesting.signing.as_ref();
        let claims = claims.map(|(_, signatory)| signatory.who.token.unchecked_claims());
        let by = match &claims {
            Some(claims) => downgrade::Attesting::Holder(claims),
            None => downgrade::Attesting::Nobody,
        };
        let simple = target.simple.as_ref();
        let simple = simple.map_or(&target.destination.url, |simple| &simple.url);
        let mut compared = Vec::new();
        for release in checks::releases(&files) {
            let nothing = Listing::NoProject;
            let listing = shelf.listing(release.project).unwrap_or(&nothing);
            let comparison = downgrade::compare(agent, simple, listing, release.version, by)?;
            let comparison = match comparison {
                Comparison::Downgrade { last, old } if attesting.covers(files.len()) => {
                    by_sidecars(last, old, attesting.proven_beside())
                }
                other => other,
            };
            compared.push(Compared {
                project: release.project.clone(),
                version: release.version.clone(),
                comparison,
            });
        }
        Ok(compared)
    }
}

/// Nobody signs in this run, and every file has an attestation that was made before.
fn by_sidecars<'p>(
    last: Version,
    old: Vec<touchplate_attest::Publisher>,
    proven: impl Iterator<Item = &'p Proven>,
) -> Comparison {
    let mut same = None;
    for proven in proven {
        match proven.clone().by_any(old.iter()) {
            Ok(verified) => same = Some(verified.publisher().clone()),
            Err(_) => {
                return Comparison::NewIdentity {
                    last,
                    old,
                    difference: TokenMismatch::NotFound,
                };
            }
        }
    }
    match same {
        Some(publisher) => Comparison::Same { last, publisher },
        None => Comparison::Downgrade { last, old },
    }
}

fn conflict(file: &Distribution, listed: Sha256) -> Failure {
    let error = WantedError::Conflict {
        path: file.path().to_owned(),
        filename: file.filename().clone(),
        listed,
        ours: file.facts().sha256,
    };
    Failure::refused(error).hint(
        "files of a release never change: publish what is there, or another version; nothing was sent",
    )
}

impl<'r> Preflight<'r> {
    /// Refuses what is worse than the last release.
    pub(super) fn permit(&self, allowed: Allowed) -> Result<(), Worse> {
        let mut comparisons = self.comparisons.iter();
        comparisons.try_for_each(|it| it.comparison.permit(allowed))
    }

    /// The files that are sent.
    pub(super) fn files(&self) -> Vec<&'r Checked> {
        self.wanted.files(self.checked)
    }
}
