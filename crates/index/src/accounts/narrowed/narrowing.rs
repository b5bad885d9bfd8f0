//! Whether the checks of a genuine narrowed token hold: for a project, or for what concerns no single one.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use biscuit_auth::builder::{AuthorizerBuilder, Term, fact, string};
use biscuit_auth::datalog::RunLimits;
use biscuit_auth::error::{FailedBlockCheck, FailedCheck, Logic, MatchedPolicy, Token};
use biscuit_auth::{Authorizer, Biscuit};
use jiff::Timestamp;
use touchplate_packaging::ProjectName;

use super::super::Network;
use super::shape::{NETWORK, PROJECT, Shape, TIME, Unfit};

/// A net below the bounds of [`Shape`], which keep what is computed far from it. It is the wall's time: 250 ms refused good
/// tokens on a machine with much to do.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The facts: a time, a project, and the 129 networks of an IPv6 address. What a token brings of its own is refused.
const MAX_FACTS: u64 = 256;

/// How much of a check a refusal repeats. What [`super::Caveats`] write for one project or one network fits.
const MAX_SHOWN_CHARS: usize = 200;

/// When and from where a token was presented.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// When.
    pub now: Timestamp,
    /// By whom, if that is known: what asks for a network is refused where it is not.
    pub from: Option<IpAddr>,
}

/// What a holder narrowed a token to, and is not so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaveatUnmet {
    /// A check does not hold.
    #[error("the token was narrowed with `{check}`, which does not hold {circumstances}")]
    Check {
        /// The check, in Biscuit's language.
        check: String,
        /// For what project, from where and when.
        circumstances: String,
    },
    /// A block that is not taken at all.
    #[error("the token was narrowed with {0}")]
    Unfit(#[from] Unfit),
    /// A check has no answer.
    #[error("the token was narrowed with a check that cannot be computed: {0}")]
    Undecided(Token),
}

/// What the holders of a token narrowed it to, and the occasion on which it was presented.
pub(in super::super) struct Narrowing {
    biscuit: Biscuit,
    shape: Shape,
    occasion: Occasion,
}

/// A biscuit holds a private key, which is for no log.
impl fmt::Debug for Narrowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Narrowing")
            .field("blocks", &self.biscuit.block_count())
            .field("occasion", &self.occasion)
            .finish_non_exhaustive()
    }
}

impl Narrowing {
    /// 1. Do the blocks hold what they may?
    /// 2. Does all hold that does not depend on a project?
    pub(super) fn new(biscuit: Biscuit, occasion: Occasion) -> Result<Self, CaveatUnmet> {
        let shape = Shape::of(&biscuit)?; // 1
        let narrowing = Self {
            biscuit,
            shape,
            occasion,
        };
        let failed = narrowing.failed(None)?;
        let shape = &narrowing.shape;
        let hopeless = failed
            .iter()
            .find(|it| !shape.depends_on_project(it.block_id, it.check_id));
        match hopeless {
            Some(check) => Err(narrowing.unmet(check, None)), // 2
            None => Ok(narrowing),
        }
    }

    /// Whether it is the same for all projects, and for what concerns no single one. A check that asks for a project also has
    /// none in view that are not there yet, whatever it says of them.
    pub(in super::super) fn is_for_all(&self) -> bool {
        !self.shape.asks_project()
    }

    /// Whether all hold for a project.
    pub(in super::super) fn allows(&self, project: &ProjectName) -> Result<(), CaveatUnmet> {
        if self.is_for_all() {
            return Ok(()); // It was computed already.
        }
        match self.failed(Some(project))?.first() {
            None => Ok(()),
            Some(check) => Err(self.unmet(check, Some(project))),
        }
    }

    /// The checks that do not hold.
    fn failed(&self, project: Option<&ProjectName>) -> Result<Vec<FailedBlockCheck>, CaveatUnmet> {
        let outcome = self.engine(project).and_then(|mut it| it.authorize());
        let (policy, checks) = match outcome {
            Ok(_) => return Ok(Vec::new()),
            Err(Token::FailedLogic(Logic::Unauthorized { policy, checks })) => (policy, checks),
            Err(other) => return Err(CaveatUnmet::Undecided(other)),
        };
        let ours = checks.iter().map(|check| match check {
            FailedCheck::Block(check) => Some(check.clone()),
            FailedCheck::Authorizer(_) => None,
        });
        match (policy, ours.collect::<Option<Vec<_>>>()) {
            (MatchedPolicy::Allow(_), Some(failed)) if !failed.is_empty() => Ok(failed),
            // We have one policy, which allows, and no checks of our own.
            (policy, _) => {
                let refused = Logic::Unauthorized { policy, checks };
                Err(CaveatUnmet::Undecided(Token::FailedLogic(refused)))
            }
        }
    }

    /// The facts of this occasion, and the policy that all is allowed which no check refuses.
    fn engine(&self, project: Option<&ProjectName>) -> Result<Authorizer, Token> {
        let seconds = u64::try_from(self.occasion.now.as_second()).unwrap_or(0);
        let mut facts = AuthorizerBuilder::new().fact(fact(TIME, &[Term::Date(seconds)]))?;
        if let Some(project) = project {
            facts = facts.fact(fact(PROJECT, &[string(project.as_str())]))?;
        }
        for network in self.networks() {
            facts = facts.fact(fact(NETWORK, &[string(&network.to_string())]))?;
        }
        let limits = RunLimits {
            max_facts: MAX_FACTS,
            max_iterations: 1,
            max_time: MAX_TIME,
        };
        let limited = facts.policy("allow if true")?.set_limits(limits);
        limited.build(&self.biscuit)
    }

    /// The networks that the sender is in, or of them those for which alone the checks ask: the others would change nothing, and
    /// cost the most.
    fn networks(&self) -> Vec<Network> {
        let Some(from) = self.occasion.from else {
            return Vec::new();
        };
        if self.shape.asks_any_network {
            return Network::around(from).collect();
        }
        let named = self.shape.networks.iter();
        let named = named.filter_map(|name| name.parse::<Network>().ok());
        named.filter(|network| network.contains(from)).collect()
    }

    fn unmet(&self, failed: &FailedBlockCheck, project: Option<&ProjectName>) -> CaveatUnmet {
        let Occasion { now, from } = self.occasion;
        let from = from.map_or("an unknown address".to_owned(), |it| {
            it.to_canonical().to_string()
        });
        let project = project.map_or(String::new(), |it| format!("for the project `{it}` "));
        CaveatUnmet::Check {
            check: shown(&failed.rule),
            circumstances: format!("{project}from {from} at {now}"),
        }
    }
}

/// Its holder wrote it, and it goes into logs and header lines.
fn shown(check: &str) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    let mut shown: String = check.chars().take(MAX_SHOWN_CHARS).map(plain).collect();
    if check.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
