//! What holders and thieves do with a narrowed token.

use super::*;
use crate::accounts::MAX_CAVEAT_PROJECTS;

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn caveats(json: &str) -> Caveats {
    serde_json::from_str(json).unwrap()
}

fn narrowed(token: &str, json: &str) -> String {
    let token: Bearer = token.parse().unwrap();
    token.narrow(&caveats(json)).unwrap()
}

fn is_of(token: &str, whole: &Token) -> bool {
    let token: Result<Bearer, _> = token.parse();
    token.is_ok_and(|it| it.is_of(&whole.hash(), Some(whole.narrowing_key())))
}

/// The token's head, its segments, and the head and segments as a text again.
fn taken_apart(token: &str) -> (String, Vec<String>) {
    let at = token
        .rfind('-')
        .map_or(0, |_| "tp-2-0123456789abcdef-".len());
    let segments = token[at..].split('.').map(str::to_owned);
    (token[..at].to_owned(), segments.collect())
}

#[test]
fn a_holder_narrows_again_and_nobody_widens() {
    let whole = Token::random();
    let first = narrowed(&whole.reveal(), r#"{"projects":["demo","other"]}"#);
    let second = narrowed(&first, r#"{"projects":["demo"],"networks":["10.0.0.0/8"]}"#);
    assert!(is_of(&first, &whole) && is_of(&second, &whole));
    assert!(!is_of(&second, &Token::random()));

    let (head, parts) = taken_apart(&second);
    let [one, by_one, two, by_two, key] = &parts[..] else {
        panic!("{parts:?}")
    };
    let (_, of_first) = taken_apart(&first);
    let again = |segments: &[&String]| {
        let segments: Vec<_> = segments.iter().map(|it| it.as_str()).collect();
        format!("{head}{}", segments.join("."))
    };
    assert!(is_of(&again(&[one, by_one, two, by_two, key]), &whole));
    let mut wider = URL_SAFE_NO_PAD.decode(two).unwrap();
    let at = wider.windows(4).position(|it| it == b"10.0").unwrap();
    wider[at..at + 2].copy_from_slice(b"11");
    let wider = URL_SAFE_NO_PAD.encode(wider);
    for (attack, segments) in [
        ("the last block dropped", vec![one, by_one, key]),
        ("the first block dropped", vec![two, by_two, key]),
        ("blocks swapped", vec![two, by_two, one, by_one, key]),
        ("signatures swapped", vec![one, by_two, two, by_one, key]),
        (
            "a block twice",
            vec![one, by_one, one, by_one, two, by_two, key],
        ),
        ("another network", vec![one, by_one, &wider, by_two, key]),
        ("no block", vec![key]),
        ("no key", vec![one, by_one, two, by_two]),
        (
            "an earlier key",
            vec![one, by_one, two, by_two, &of_first[2]],
        ),
    ] {
        assert!(!is_of(&again(&segments), &whole), "{attack}");
    }
    // Who was given the first may do with it what they could before, and no more.
    assert!(is_of(&again(&[one, by_one, &of_first[2]]), &whole));
}

#[test]
fn blocks_of_two_tokens_do_not_mix() {
    let (whole, other) = (Token::random(), Token::random());
    let one = narrowed(&whole.reveal(), r#"{"projects":["demo"]}"#);
    let theirs = narrowed(&other.reveal(), r#"{"projects":["theirs"]}"#);
    let (head, _) = taken_apart(&one);
    let (_, parts) = taken_apart(&theirs);
    assert!(!is_of(&format!("{head}{}", parts.join(".")), &whole));
    // Two that were narrowed from one: the second's block does not fit behind the first's.
    let (left, right) = (
        narrowed(&one, r#"{"projects":["demo"]}"#),
        narrowed(&one, r#"{"networks":["10.0.0.0/8"]}"#),
    );
    let ((head, left), (_, right)) = (taken_apart(&left), taken_apart(&right));
    let mixed = [&left[..4], &right[2..]].concat().join(".");
    assert!(!is_of(&format!("{head}{mixed}"), &whole));
}

/// A token with one block of this JSON, rightly signed.
fn signed(whole: &Token, block: &str) -> String {
    let (next, mut text) = (Secret::random(), format!("{NARROWED_PREFIX}{}-", whole.id));
    let key = URL_SAFE_NO_PAD.encode(next.public().0);
    let block = block.replace("KEY", &key);
    append(&mut text, &Secret(whole.secret), block.as_bytes(), &next);
    text
}

#[test]
fn what_is_not_understood_is_refused_however_well_signed() {
    let whole = Token::random();
    assert!(is_of(&signed(&whole, r#"{"key":"KEY"}"#), &whole));
    let many = |of: &str, count: usize| {
        let all: Vec<_> = (0..count)
            .map(|at| format!("\"{}\"", of.replace('N', &at.to_string())))
            .collect();
        all.join(",")
    };
    for block in [
        "",
        "[]",
        "{}",
        r#"["KEY",null,null,null]"#,
        r#"{"key":"KEY","key":"KEY"}"#,
        r#"{"key":"KEY","user":"alice"}"#,
        r#"{"key":"KEY","projects":[]}"#,
        r#"{"key":"KEY","projects":"demo"}"#,
        r#"{"key":"KEY","projects":["-"]}"#,
        r#"{"key":"KEY","networks":[]}"#,
        r#"{"key":"KEY","networks":["10.0.0.0/33"]}"#,
        r#"{"key":"KEY","expires_at":"soon"}"#,
        r#"{"key":"KEY","expires_at":1}"#,
        r#"{"key":"AAAA"}"#,
        &format!(
            r#"{{"key":"KEY","projects":[{}]}}"#,
            many("pN", MAX_CAVEAT_PROJECTS + 1)
        ),
        &format!(r#"{{"key":"KEY","networks":[{}]}}"#, many("10.0.0.N", 17)),
    ] {
        assert!(!is_of(&signed(&whole, block), &whole), "{block}");
    }
    let most = format!(
        r#"{{"key":"KEY","projects":[{}]}}"#,
        many("pN", MAX_CAVEAT_PROJECTS)
    );
    assert!(is_of(&signed(&whole, &most), &whole));
}

#[test]
fn hands_and_bytes_are_bounded() {
    let whole = Token::random();
    let mut token = whole.reveal();
    for _ in 0..MAX_BLOCKS {
        token = narrowed(&token, r#"{"projects":["demo"]}"#);
    }
    assert!(is_of(&token, &whole));
    let last: Bearer = token.parse().unwrap();
    let once_more = last.narrow(&caveats(r#"{"projects":["demo"]}"#));
    assert_eq!(once_more, Err(NarrowError::TooOften));
    assert_eq!(last.narrow(&Caveats::default()), Err(NarrowError::Nothing));
    let Bearer::Narrowed(Narrowed { text, secret, .. }) = &last else {
        panic!("it was narrowed")
    };
    let (next, mut nine) = (Secret::random(), format!("{text}."));
    let key = URL_SAFE_NO_PAD.encode(next.public().0);
    append(
        &mut nine,
        secret,
        format!(r#"{{"key":"{key}"}}"#).as_bytes(),
        &next,
    );
    assert!(nine.len() < MAX_NARROWED_BYTES && !is_of(&nine, &whole));

    let name = |at: usize| format!("\"{at}{}\"", "x".repeat(190));
    let long: Vec<_> = (0..20).map(name).collect();
    let long = caveats(&format!(r#"{{"projects":[{}]}}"#, long.join(",")));
    let long = Bearer::Whole(whole).narrow(&long);
    assert!(matches!(long, Err(NarrowError::TooLong(_))), "{long:?}");
}

#[test]
fn all_that_was_asked_on_the_way_holds() {
    let whole = Token::random();
    let first = narrowed(&whole.reveal(), r#"{"projects":["demo","other"]}"#);
    let second = narrowed(
        &first,
        r#"{"projects":["demo","third"],"expires_at":"1970-01-01T00:00:01Z"}"#,
    );
    let third = narrowed(&second, r#"{"networks":["10.0.0.0/8"]}"#);
    let third: Bearer = third.parse().unwrap();
    let occasion = |seconds, from: Option<&str>| Occasion {
        now: NOW + jiff::SignedDuration::from_secs(seconds),
        from: from.map(|it| it.parse().unwrap()),
    };
    let demo = Projects::one("demo".parse().unwrap());
    let here = occasion(0, Some("10.1.2.3"));
    assert_eq!(third.allows(None, &here), Ok(Some(demo.clone())));
    let both = Some(demo.clone());
    assert_eq!(third.allows(both.clone(), &here), Ok(both));
    let mapped = occasion(0, Some("::ffff:10.1.2.3"));
    assert_eq!(third.allows(None, &mapped), Ok(Some(demo)));
    let why = |only: Option<&str>, occasion: &Occasion| {
        let only = only.map(|it| Projects::one(it.parse().unwrap()));
        third.allows(only, occasion).unwrap_err().to_string()
    };
    assert_eq!(
        [
            why(None, &occasion(1, Some("10.1.2.3"))),
            why(None, &occasion(0, Some("11.1.2.3"))),
            why(None, &occasion(0, None)),
            why(Some("other"), &here),
            why(Some("fourth"), &here),
        ],
        [
            "the token was narrowed to end at 1970-01-01T00:00:01Z, which has passed",
            "the token was narrowed to the network `10.0.0.0/8`, and this request came from 11.1.2.3",
            "the token was narrowed to the network `10.0.0.0/8`, and where this request came from is not known",
            "the token was narrowed to the projects `demo`, `third`, and before to others alone, so it is for no project",
            "the token was narrowed to the projects `demo`, `other`, and before to others alone, so it is for no project",
        ]
    );
}
