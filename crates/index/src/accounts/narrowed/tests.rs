//! What holders and thieves do with a narrowed token.

use biscuit_auth::builder;
use biscuit_auth::format::SerializedBiscuit;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::accounts::{MadeFor, OutOfScope};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn projects(names: &[&str]) -> Caveats {
    Caveats {
        projects: names.iter().map(|name| name.parse().unwrap()).collect(),
        ..Caveats::default()
    }
}

fn networks(names: &[&str]) -> Caveats {
    Caveats {
        networks: names.iter().map(|name| name.parse().unwrap()).collect(),
        ..Caveats::default()
    }
}

fn until(seconds: i64) -> Caveats {
    Caveats {
        expires_at: Some(Timestamp::from_second(seconds).unwrap()),
        ..Caveats::default()
    }
}

fn narrowed(token: &str, caveats: &Caveats) -> String {
    let token: Bearer = token.parse().unwrap();
    token.narrow(caveats).unwrap()
}

fn proved(token: &str, whole: &Token) -> Option<Proved> {
    let token: Bearer = token.parse().ok()?;
    token.proved(&whole.hash(), Some(whole.narrowing_key()))
}

fn is_of(token: &str, whole: &Token) -> bool {
    proved(token, whole).is_some()
}

fn occasion(seconds: i64, from: Option<&str>) -> Occasion {
    Occasion {
        now: NOW + SignedDuration::from_secs(seconds),
        from: from.map(|it| it.parse().unwrap()),
    }
}

fn scope(token: &str, whole: &Token, occasion: &Occasion) -> Result<Scope, CaveatUnmet> {
    proved(token, whole)
        .unwrap()
        .scope(MadeFor::Everything, occasion)
}

/// Whether the token reaches the project on that occasion, and why not.
fn reaches(token: &str, whole: &Token, project: &str, on: &Occasion) -> Result<(), String> {
    let scope = scope(token, whole, on).map_err(|error| error.to_string())?;
    scope
        .reaches(&project.parse().unwrap())
        .map_err(|why| match why {
            OutOfScope::MadeFor(other) => other.to_string(),
            OutOfScope::ReadsOthers => "for reading others".to_owned(),
            OutOfScope::Narrowed(unmet) => unmet.to_string(),
        })
}

fn biscuit(token: &str, whole: &Token) -> Biscuit {
    let at = token.rfind('-').unwrap_or_default();
    // Base64 for URLs has hyphens too: the biscuit begins behind the id.
    let at = at.min("tp-2-0123456789abcdef-".len() - 1);
    Biscuit::from_base64(&token[at + 1..], key_pair(&whole.secret).public()).unwrap()
}

fn token_of(whole: &Token, biscuit: &Biscuit) -> String {
    let biscuit = biscuit.to_base64().unwrap();
    format!("{NARROWED_PREFIX}{}-{biscuit}", whole.id)
}

fn forged(whole: &Token, biscuit: &SerializedBiscuit) -> String {
    let biscuit = UnverifiedBiscuit::from(biscuit.to_vec().unwrap()).unwrap();
    let biscuit = biscuit.to_base64().unwrap();
    format!("{NARROWED_PREFIX}{}-{biscuit}", whole.id)
}

/// Derives what soon has no end: 4 facts, then 4^4, then 4^16 of each kind.
const RULES: &str = "n(0); n(1); n(2); n(3); m($a, $b, $c, $d) <- n($a), n($b), n($c), n($d); \
    o($a, $e) <- m($a, $b, $c, $d), m($e, $f, $g, $h), m($i, $j, $k, $l), m($p, $q, $r, $s)";

/// A token whose holder wrote this Datalog with Biscuit's own tools.
fn written(whole: &Token, datalog: &str) -> String {
    let first = Biscuit::builder().code(datalog).unwrap();
    token_of(whole, &first.build(&key_pair(&whole.secret)).unwrap())
}

#[test]
fn a_holder_narrows_again_and_nobody_widens() {
    let whole = Token::random();
    let first = narrowed(&whole.reveal(), &projects(&["demo", "other"]));
    let second = narrowed(&first, &networks(&["10.0.0.0/8"]));
    let third = narrowed(&second, &projects(&["demo"]));
    for token in [&first, &second, &third] {
        assert!(is_of(token, &whole) && !is_of(token, &Token::random()));
    }
    let (one, all) = (biscuit(&first, &whole), biscuit(&third, &whole));
    let (one, all) = (one.container(), all.container());
    type Attack = fn(&mut SerializedBiscuit, &SerializedBiscuit);
    let attacks: [(&str, Attack); 8] = [
        ("nothing", |_, _| {}),
        ("the last block dropped", |it, _| drop(it.blocks.pop())),
        ("one between dropped", |it, _| drop(it.blocks.remove(0))),
        ("blocks swapped", |it, _| it.blocks.swap(0, 1)),
        ("a block twice", |it, _| {
            it.blocks.push(it.blocks[1].clone());
        }),
        ("the first block gone", |it, _| {
            it.authority = it.blocks.remove(0);
        }),
        ("an earlier key", |it, one| it.proof = one.proof.clone()),
        ("another's signature", |it, _| {
            it.blocks[1].signature = it.blocks[0].signature.clone();
        }),
    ];
    for (at, (attack, change)) in attacks.into_iter().enumerate() {
        let mut changed = all.clone();
        change(&mut changed, one);
        assert_eq!(
            is_of(&forged(&whole, &changed), &whole),
            at == 0,
            "{attack}"
        );
    }
    // Another network in the same block.
    let mut bytes = all.to_vec().unwrap();
    let at = bytes.windows(4).position(|it| it == b"10.0").unwrap();
    bytes[at + 1] = b'1';
    let wider = UnverifiedBiscuit::from(bytes).unwrap();
    let wider = format!("tp-2-{}-{}", whole.id, wider.to_base64().unwrap());
    assert!(!is_of(&wider, &whole));
    // Who was given the first may do with it what they could before, and no more.
    assert!(is_of(&first, &whole));
}

#[test]
fn blocks_of_two_tokens_do_not_mix() {
    let (whole, other) = (Token::random(), Token::random());
    let one = narrowed(&whole.reveal(), &projects(&["demo"]));
    let theirs = narrowed(&other.reveal(), &projects(&["theirs"]));
    assert!(!is_of(
        &theirs.replace(other.id.as_str(), whole.id.as_str()),
        &whole
    ));
    // Two that were narrowed from one: the second's block does not fit behind the first's, nor another's first below it.
    let left = biscuit(&narrowed(&one, &projects(&["demo"])), &whole);
    let right = biscuit(&narrowed(&one, &networks(&["::/0"])), &whole);
    let theirs = biscuit(&theirs, &other);
    let mut mixed = left.container().clone();
    mixed.blocks.push(right.container().blocks[0].clone());
    mixed.proof = right.container().proof.clone();
    assert!(!is_of(&forged(&whole, &mixed), &whole));
    let mut based = left.container().clone();
    based.authority = theirs.container().authority.clone();
    assert!(!is_of(&forged(&whole, &based), &whole));
    assert!(!is_of(&forged(&other, &based), &other));
}

#[test]
fn checks_that_holders_write_themselves_hold_or_not() {
    let whole = Token::random();
    let here = occasion(7, Some("10.1.2.3"));
    for (datalog, demo, other) in [
        ("check if project(\"demo\")", true, false),
        (
            "check if project($p), [\"demo\", \"x\"].contains($p)",
            true,
            false,
        ),
        (
            "check if project($p), $p.starts_with(\"de\") && $p.length() < 5",
            true,
            false,
        ),
        (
            "check if project(\"demo\") or network(\"11.0.0.0/8\")",
            true,
            false,
        ),
        ("check all project($p), $p == \"demo\"", true, false),
        ("reject if project(\"other\")", true, false),
        (
            "check if network(\"10.0.0.0/8\"), project(\"demo\"), time(1970-01-01T00:00:07Z)",
            true,
            false,
        ),
        (
            "check if network($n), $n.ends_with(\"/32\"), $n.starts_with(\"10.\")",
            true,
            true,
        ),
        ("check if time($t), $t <= 1970-01-01T00:00:07Z", true, true),
        ("check if time($t), $t < 1970-01-01T00:00:07Z", false, false),
        ("check if network(\"10.1.0.0/8\")", false, false),
        ("check if project(\"Demo\")", false, false),
        ("check if operation(\"upload\")", false, false),
        ("check if project($p), $p < 5", false, false),
        ("check if 1/0 == 1", false, false),
        ("check if project($p) trusting previous", true, true),
    ] {
        let token = written(&whole, datalog);
        let found = ["demo", "other"].map(|it| reaches(&token, &whole, it, &here).is_ok());
        assert_eq!(found, [demo, other], "{datalog}");
    }
    // What concerns no single project: only where no check asks for one, were it for its absence.
    for (datalog, all) in [
        ("check if project($p)", false),
        ("check if network(\"10.0.0.0/8\")", true),
        ("reject if project(\"other\")", false),
    ] {
        let scope = scope(&written(&whole, datalog), &whole, &here).unwrap();
        assert_eq!(scope.is_all(), all, "{datalog}");
    }
}

#[test]
fn blocks_hold_checks_alone_and_few_of_them() {
    let whole = Token::random();
    let many = |count: usize, one: &str, between: &str| vec![one; count].join(between);
    let nested = |depth: usize| {
        let inner = (0..depth).fold("true".to_owned(), |inner, at| {
            format!("{{1,2,3,4,5,6,7,8}}.any($x{at} -> {inner})")
        });
        format!("check if {inner}")
    };
    for (datalog, unfit) in [
        ("project(\"demo\")", Unfit::NotAlone),
        (RULES, Unfit::NotAlone),
        ("project($p) <- network($p)", Unfit::NotAlone),
        (
            "check if project($p), $p.matches(\"(a*)*b\")",
            Unfit::Operator,
        ),
        ("check if project($p).extern::f()", Unfit::Operator),
        ("check if {1}.all($x -> $x > 0)", Unfit::Operator),
        (&nested(8), Unfit::Operator),
        ("check if network($a), network($b)", Unfit::Asked),
        (
            &format!("check if {}", many(5, "project($p)", ", ")),
            Unfit::Asked,
        ),
        (
            &format!("check if {}", many(3, "network($n), time($t)", " or ")),
            Unfit::Steps,
        ),
        (
            &format!("check if {}", many(145, "time($t)", " or ")),
            Unfit::Queries,
        ),
        (&format!("check if {}", many(65, "1", " + ")), Unfit::Ops),
    ] {
        let datalog = datalog.replace("project($p).extern", "project($p), $p.extern");
        let found = scope(&written(&whole, &datalog), &whole, &occasion(0, None));
        assert_eq!(found.err(), Some(CaveatUnmet::Unfit(unfit)), "{datalog}");
    }
    // Behind checks that hold, and behind one that does not.
    let block = BlockBuilder::new().code(RULES);
    for first in [until(1), until(0)] {
        let first = biscuit(&narrowed(&whole.reveal(), &first), &whole);
        let token = token_of(&whole, &first.append(block.clone().unwrap()).unwrap());
        let found = scope(&token, &whole, &occasion(0, None)).err();
        assert_eq!(found, Some(CaveatUnmet::Unfit(Unfit::NotAlone)));
    }
}

/// A token with one check: values and operators that no parser made. None: what does not read back.
fn computed(whole: &Token, ops: Vec<builder::Op>) -> Option<String> {
    let head = builder::pred("query", &[] as &[builder::Term]);
    let query = builder::Rule::new(
        head,
        Vec::new(),
        vec![builder::Expression { ops }],
        Vec::new(),
    );
    let check = builder::Check {
        queries: vec![query],
        kind: builder::CheckKind::One,
    };
    let first = Biscuit::builder().check(check).unwrap();
    let first = first.build(&key_pair(&whole.secret)).ok()?;
    Some(token_of(whole, &first))
}

#[test]
fn what_is_nested_deeply_is_refused() {
    use builder::{Binary, Op, Term, Unary};
    let whole = Token::random();
    let yes = || Op::Value(Term::Bool(true));
    let flat = |depth: usize| {
        let mut ops = vec![yes()];
        ops.resize(depth, Op::Unary(Unary::Parens));
        ops
    };
    // `true && (true && (…))`: each level is three messages within each other.
    let nested = |depth: usize| {
        (0..depth).fold(vec![yes()], |inner, _| {
            vec![
                yes(),
                Op::Closure(Vec::new(), inner),
                Op::Binary(Binary::LazyAnd),
            ]
        })
    };
    let here = occasion(0, None);
    let holds = |ops| reaches(&computed(&whole, ops).unwrap(), &whole, "demo", &here);
    assert_eq!((holds(flat(100)), holds(nested(40))), (Ok(()), Ok(())));
    assert!(
        holds(flat(129))
            .unwrap_err()
            .contains("more than 128 values")
    );
    // The format's own limit, when a block is read.
    assert_eq!(
        [60, 200].map(|depth| computed(&whole, nested(depth))),
        [None, None]
    );
}

#[test]
fn a_block_of_a_third_party_is_refused() {
    let whole = Token::random();
    let first = biscuit(&written(&whole, "check if true"), &whole);
    let party = KeyPair::new();
    let request = first.third_party_request().unwrap();
    let block = BlockBuilder::new().code("check if true").unwrap();
    let block = request.create_block(&party.private(), block).unwrap();
    let second = first.append_third_party(party.public(), block).unwrap();
    let found = scope(&token_of(&whole, &second), &whole, &occasion(0, None));
    assert_eq!(found.err(), Some(CaveatUnmet::Unfit(Unfit::ThirdParty)));
}

#[test]
fn a_sealed_token_is_used_and_not_narrowed() {
    let whole = Token::random();
    let first = biscuit(&narrowed(&whole.reveal(), &projects(&["demo"])), &whole);
    let sealed = token_of(&whole, &first.seal().unwrap());
    let here = occasion(0, None);
    assert_eq!(reaches(&sealed, &whole, "demo", &here), Ok(()));
    assert!(reaches(&sealed, &whole, "other", &here).is_err());
    let sealed: Bearer = sealed.parse().unwrap();
    assert_eq!(sealed.narrow(&until(1)), Err(NarrowError::Sealed));
}

#[test]
fn hands_and_bytes_are_bounded() {
    let whole = Token::random();
    let mut token = whole.reveal();
    for _ in 0..MAX_BLOCKS {
        token = narrowed(&token, &projects(&["demo"]));
    }
    assert_eq!(reaches(&token, &whole, "demo", &occasion(0, None)), Ok(()));
    let last: Bearer = token.parse().unwrap();
    let once_more = last.narrow(&projects(&["demo"]));
    assert_eq!(once_more, Err(NarrowError::TooOften));
    assert_eq!(last.narrow(&Caveats::default()), Err(NarrowError::Nothing));
    let block = BlockBuilder::new().code("check if true").unwrap();
    let nine = token_of(&whole, &biscuit(&token, &whole).append(block).unwrap());
    assert!(nine.len() < MAX_NARROWED_BYTES && !is_of(&nine, &whole));

    let whole = Bearer::Whole(whole);
    let many: Vec<_> = (0..17).map(|at| format!("10.0.0.{at}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let many = whole.narrow(&networks(&many));
    assert_eq!(many, Err(NarrowError::TooManyNetworks(17)));
    let long: Vec<_> = (0..20)
        .map(|at| format!("{at}{}", "x".repeat(190)))
        .collect();
    let long: Vec<_> = long.iter().map(String::as_str).collect();
    let long = whole.narrow(&projects(&long));
    assert!(matches!(long, Err(NarrowError::TooLong(_))), "{long:?}");
}

#[test]
fn what_is_no_biscuit_is_malformed() {
    let id = "0".repeat(16);
    let megabyte = "A".repeat(1 << 20);
    // Messages within messages, as deep as they fit: each 0x0a is a field that holds the rest.
    let deep: Vec<u8> = (0..120).flat_map(|at| [0x12, 240 - 2 * at]).collect();
    let deep = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, deep);
    for rest in ["", "A", "====", "AAAA", "tp-1", &megabyte, &deep] {
        assert!(format!("tp-2-{id}-{rest}").parse::<Bearer>().is_err());
    }
    for token in ["tp-2-", "tp-2-0-", "tp-3-0-", &megabyte] {
        assert!(token.parse::<Bearer>().is_err());
    }
}

#[test]
fn one_bit_changed_is_another_token() {
    let whole = Token::random();
    let token = narrowed(&whole.reveal(), &projects(&["demo"]));
    let bytes = biscuit(&token, &whole).to_vec().unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        for given in [&changed[..], &bytes[..at]] {
            let given = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, given);
            let given = format!("tp-2-{}-{given}", whole.id);
            assert!(!is_of(&given, &whole), "byte {at}");
        }
    }
}

#[test]
fn a_holder_signs_any_bytes_as_a_block_and_nothing_breaks() {
    let whole = Token::random();
    let block = written(
        &whole,
        "check if project($p), network(\"10.0.0.0/8\"), {\"demo\"}.contains($p) && $p.length() < 9; \
         check all project($p), [\"demo\", 7, null].get(0) == $p; reject if time($t), $t > 2030-01-01T00:00:00Z || hex:00 == hex:01",
    );
    let block = biscuit(&block, &whole)
        .container()
        .to_proto()
        .authority
        .block;
    let (base, next) = (written(&whole, "check if true"), KeyPair::new());
    let base = biscuit(&base, &whole);
    let here = occasion(0, Some("10.0.0.1"));
    let judged = |block: Vec<u8>| {
        let signed = base
            .container()
            .append_serialized(&next, block, None)
            .unwrap();
        let biscuit = UnverifiedBiscuit::from(signed.to_vec().unwrap()).ok()?;
        let biscuit = biscuit.to_base64().unwrap();
        let token = format!("tp-2-{}-{biscuit}", whole.id);
        Some(reaches(&token, &whole, "demo", &here))
    };
    assert_eq!(judged(block.clone()), Some(Ok(())));
    for at in 0..block.len() {
        for to in [
            0,
            1,
            5,
            0x0a,
            0x7f,
            0x80,
            0xff,
            block[at] ^ 1,
            block[at] ^ 8,
        ] {
            let mut changed = block.clone();
            changed[at] = to;
            judged(changed);
        }
        judged(block[..at].to_vec());
    }
}

#[test]
fn all_that_was_asked_on_the_way_holds() {
    let whole = Token::random();
    let first = narrowed(&whole.reveal(), &projects(&["demo", "other"]));
    let mut caveats = projects(&["demo", "third"]);
    caveats.expires_at = until(1).expires_at;
    let second = narrowed(&first, &caveats);
    let third = narrowed(&second, &networks(&["10.3.2.1/8", "fd00::/8"]));
    let here = occasion(0, Some("10.1.2.3"));
    for from in ["10.1.2.3", "::ffff:10.1.2.3", "fdff::1"] {
        let there = occasion(0, Some(from));
        assert_eq!(reaches(&third, &whole, "demo", &there), Ok(()));
    }
    let why = |project: &str, occasion: &Occasion| {
        reaches(&third, &whole, project, occasion).unwrap_err()
    };
    let network = "the token was narrowed with `check if network(\"10.0.0.0/8\") or network(\"fd00::/8\")`, which does not hold from";
    assert_eq!(
        why("demo", &occasion(1, Some("10.1.2.3"))),
        "the token was narrowed with `check if time($time), $time < 1970-01-01T00:00:01Z`, which does not hold from 10.1.2.3 at \
         1970-01-01T00:00:01Z"
    );
    assert_eq!(
        why("demo", &occasion(0, Some("11.1.2.3"))),
        format!("{network} 11.1.2.3 at 1970-01-01T00:00:00Z")
    );
    assert_eq!(
        why("demo", &occasion(0, None)),
        format!("{network} an unknown address at 1970-01-01T00:00:00Z")
    );
    assert_eq!(
        why("other", &here),
        "the token was narrowed with `check if project($project), {\"demo\", \"third\"}.contains($project)`, which does not hold \
         for the project `other` from 10.1.2.3 at 1970-01-01T00:00:00Z"
    );
    assert_eq!(
        why("third", &here),
        "the token was narrowed with `check if project($project), {\"demo\", \"other\"}.contains($project)`, which does not hold \
         for the project `third` from 10.1.2.3 at 1970-01-01T00:00:00Z"
    );
    // A token for one project, narrowed to another.
    let made_for = MadeFor::Project("other".parse().unwrap());
    let scope = proved(&third, &whole).unwrap().scope(made_for, &here);
    let demo = scope.unwrap().reaches(&"demo".parse().unwrap());
    assert_eq!(demo, Err(OutOfScope::MadeFor("other".parse().unwrap())));
}

/// What `docs/decisions/scoped-tokens.md` says a check costs:
/// `cargo test --release -p touchplate-index --lib a_check_costs -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "a measurement")]
fn a_check_costs() {
    let whole = Token::random();
    let secret = whole.reveal();
    let six = occasion(0, Some("2001:db8::7"));
    let all = Caveats {
        expires_at: until(1).expires_at,
        networks: networks(&["192.0.2.0/24", "2001:db8::/32"]).networks,
        ..projects(&["demo", "other"])
    };
    let eight = (0..MAX_BLOCKS).fold(secret.clone(), |token, _| narrowed(&token, &all));
    let ops = vec!["$n.length() > 0"; 16].join(", ");
    let worst =
        format!("check if network($n), project($p), time($t), {ops}, $n == \"x\" or project($p)");
    let worse = "check if network($n), project($p), time(1970-01-01T00:00:09Z) or project($p)";
    for (name, token) in [
        ("as the index made it", secret.clone()),
        ("project", narrowed(&secret, &projects(&["demo"]))),
        ("project, end, 2 networks", narrowed(&secret, &all)),
        ("the same in 8 blocks", eight),
        (
            "the dearest operators that are taken",
            written(&whole, &worst),
        ),
        ("the dearest queries that are taken", written(&whole, worse)),
    ] {
        let mut each: Vec<_> = (0..1000)
            .map(|_| {
                let began = std::time::Instant::now();
                assert_eq!(reaches(&token, &whole, "demo", &six), Ok(()), "{name}");
                began.elapsed()
            })
            .collect();
        each.sort();
        // The median: a machine with more to do takes some of them away.
        let each = each[500];
        println!("{name}: {} bytes, {each:?}", token.len());
    }
}
