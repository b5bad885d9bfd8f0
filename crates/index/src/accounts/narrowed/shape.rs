//! What the blocks of a narrowed token may hold: checks, and no more of them than are soon computed.
//!
//! Biscuit's language can do more: rules that derive facts, patterns, functions over sets. A holder needs none of it to take
//! something away, and each can be made to take long; the engine looks at its clock only between queries.

use std::collections::BTreeSet;

use biscuit_auth::Biscuit;
use biscuit_auth::datalog::SymbolTable;
use biscuit_auth::error::Token;
use biscuit_auth::format::schema::op::Content;
use biscuit_auth::format::schema::{
    Op, Predicate, Rule, SnapshotBlock, Term, op_binary, op_unary, term,
};

use super::super::MAX_CAVEAT_NETWORKS;
use super::MAX_BLOCKS;

/// Queries of a token in all: each `or` of a check is one. What [`super::Bearer::narrow`] writes into all blocks.
const MAX_QUERIES: usize = MAX_BLOCKS * (MAX_CAVEAT_NETWORKS + 2);

/// Facts that one query asks for. There are three kinds to ask for.
const MAX_ASKED: usize = 4;

/// Values and operators of a token in all. What [`super::Bearer::narrow`] writes has 48.
const MAX_OPS: usize = 128;

/// Facts that queries look at in all. What [`super::Bearer::narrow`] writes has them look at 21,000; one step takes some 70 ns.
const MAX_STEPS: usize = 40_000;

/// Networks that an address is in, of IPv6.
const NETWORKS: usize = 129;

/// The fact that names the project.
pub(super) const PROJECT: &str = "project";
/// The facts that name networks, up to 129.
pub(super) const NETWORK: &str = "network";
/// The fact that tells the time.
pub(super) const TIME: &str = "time";

/// What a token's blocks hold and may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Signed by somebody whom nobody here knows.
    #[error("a block of a third party")]
    ThirdParty,
    /// They could derive others without end.
    #[error("a fact or a rule, where checks alone are taken")]
    NotAlone,
    /// Too much to compute.
    #[error("more than {MAX_QUERIES} queries")]
    Queries,
    /// Each multiplies what is to be computed.
    #[error("a query for more than {MAX_ASKED} facts, or for two networks")]
    Asked,
    /// Too much to compute: above all, other facts asked for beside a network that is not named.
    #[error("queries that look at more than {MAX_STEPS} facts; name the networks")]
    Steps,
    /// Too much to compute.
    #[error("expressions of more than {MAX_OPS} values and operators")]
    Ops,
    /// Patterns are compiled at each use, functions over sets nest, and foreign ones are not there.
    #[error("an operator that is not taken: `.matches()`, `.all()`, `.any()`, `extern::`")]
    Operator,
    /// What does not translate into the engine's own terms.
    #[error("what cannot be read")]
    Unreadable,
}

/// What the checks of a token ask for.
pub(super) struct Shape {
    /// Block and check that ask for the project.
    of_project: BTreeSet<(u32, u32)>,
    /// The networks that they ask for by name, however it is spelt.
    pub(super) networks: BTreeSet<String>,
    /// Whether any asks for networks in another way.
    pub(super) asks_any_network: bool,
}

impl Shape {
    /// Reads the blocks as the engine would compute them, and computes nothing.
    pub(super) fn of(biscuit: &Biscuit) -> Result<Self, Unfit> {
        let snapshot = biscuit
            .authorizer()
            .and_then(|engine| engine.snapshot().map_err(Token::Format));
        let world = snapshot.map_err(|_| Unfit::Unreadable)?.world;
        let symbols = SymbolTable::from(world.symbols).map_err(|_| Unfit::Unreadable)?;
        let mut reader = Reader {
            project: symbols.get(PROJECT),
            network: symbols.get(NETWORK),
            symbols,
            queries: 0,
            ops: 0,
            passes: 0,
        };
        let mut shape = Self {
            of_project: BTreeSet::new(),
            networks: BTreeSet::new(),
            asks_any_network: false,
        };
        for (at, block) in (0..).zip(&world.blocks) {
            reader.block(at, block, &mut shape)?;
        }
        let networks = if shape.asks_any_network {
            NETWORKS
        } else {
            shape.networks.len()
        };
        // With the time and the project.
        let few = reader.passes * (networks + 2) <= MAX_STEPS;
        few.then_some(shape).ok_or(Unfit::Steps)
    }

    /// Whether any check asks for the project.
    pub(super) fn asks_project(&self) -> bool {
        !self.of_project.is_empty()
    }

    /// Whether that check asks for the project. There being no rules, one that does not is the same for all of them.
    pub(super) fn depends_on_project(&self, block: u32, check: u32) -> bool {
        self.of_project.contains(&(block, check))
    }
}

struct Reader {
    symbols: SymbolTable,
    project: Option<u64>,
    network: Option<u64>,
    queries: usize,
    ops: usize,
    /// How often all facts are looked at.
    passes: usize,
}

impl Reader {
    fn block(&mut self, at: u32, block: &SnapshotBlock, shape: &mut Shape) -> Result<(), Unfit> {
        if block.external_key.is_some() {
            return Err(Unfit::ThirdParty);
        }
        // With no facts but ours, whom a block trusts (`trusting`) makes no difference.
        if !block.facts.is_empty() || !block.rules.is_empty() {
            return Err(Unfit::NotAlone);
        }
        for (check_at, check) in (0..).zip(&block.checks) {
            for query in &check.queries {
                self.query(query)?;
                for asked in &query.body {
                    if Some(asked.name) == self.project {
                        shape.of_project.insert((at, check_at));
                    }
                    if Some(asked.name) == self.network {
                        match self.named(asked) {
                            Some(network) => drop(shape.networks.insert(network.to_owned())),
                            None => shape.asks_any_network = true,
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The one text that a fact is asked to hold.
    fn named(&self, asked: &Predicate) -> Option<&str> {
        match &asked.terms[..] {
            [
                Term {
                    content: Some(term::Content::String(symbol)),
                },
            ] => self.symbols.get_symbol(*symbol),
            _ => None,
        }
    }

    fn query(&mut self, query: &Rule) -> Result<(), Unfit> {
        self.queries += 1;
        if self.queries > MAX_QUERIES {
            return Err(Unfit::Queries);
        }
        let asked = query.body.len();
        let mut networks = query.body.iter().filter(|it| Some(it.name) == self.network);
        let network = networks.next();
        if asked > MAX_ASKED || networks.next().is_some() {
            return Err(Unfit::Asked);
        }
        // For each fact that fits one asked for, the engine looks at all of them for the next.
        self.passes += match network {
            Some(any) if self.named(any).is_none() => 1 + NETWORKS * asked.saturating_sub(1),
            Some(_) | None => asked,
        };
        // A check derives nothing, so its head has no terms; the engine prints a line for one that it cannot derive.
        if !query.head.terms.is_empty() {
            return Err(Unfit::NotAlone);
        }
        query
            .expressions
            .iter()
            .try_for_each(|expression| self.ops(&expression.ops))
    }

    fn ops(&mut self, ops: &[Op]) -> Result<(), Unfit> {
        self.ops += ops.len();
        if self.ops > MAX_OPS {
            return Err(Unfit::Ops);
        }
        for op in ops {
            match &op.content {
                Some(Content::Value(_)) => {}
                Some(Content::Unary(unary)) if is_unary_taken(unary.kind) => {}
                Some(Content::Binary(binary)) if is_binary_taken(binary.kind) => {}
                // One without parameters is the right side of `&&` and `||`: computed once, if at all.
                Some(Content::Closure(closure)) if closure.params.is_empty() => {
                    self.ops(&closure.ops)?;
                }
                Some(Content::Unary(_) | Content::Binary(_) | Content::Closure(_)) | None => {
                    return Err(Unfit::Operator);
                }
            }
        }
        Ok(())
    }
}

fn is_unary_taken(kind: i32) -> bool {
    use op_unary::Kind as K;
    matches!(
        K::from_i32(kind),
        Some(K::Negate | K::Parens | K::Length | K::TypeOf)
    )
}

/// All but patterns, functions over sets and foreign ones: what they take is bounded by what they are given.
fn is_binary_taken(kind: i32) -> bool {
    use op_binary::Kind as K;
    matches!(
        K::from_i32(kind),
        Some(
            K::LessThan
                | K::GreaterThan
                | K::LessOrEqual
                | K::GreaterOrEqual
                | K::Equal
                | K::Contains
                | K::Prefix
                | K::Suffix
                | K::Add
                | K::Sub
                | K::Mul
                | K::Div
                | K::And
                | K::Or
                | K::Intersection
                | K::Union
                | K::BitwiseAnd
                | K::BitwiseOr
                | K::BitwiseXor
                | K::NotEqual
                | K::HeterogeneousEqual
                | K::HeterogeneousNotEqual
                | K::LazyAnd
                | K::LazyOr
                | K::Get
                | K::TryOr
        )
    )
}
