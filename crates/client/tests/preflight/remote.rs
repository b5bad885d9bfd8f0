use touchplate_attest::FileFacts;
use touchplate_client::fetch::Cause;
use touchplate_client::publish::Standing;
use touchplate_client::publish::remote::{Listing, Origin, SimpleApi};
use touchplate_packaging::Sha256;
use url::Url;

use crate::server::{Request, Server, answer, ok};
use crate::{agent, entry, page};

/// How an index stands with `demo-1.0.tar.gz`, asked by its upload URL alone.
fn standing(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Standing {
    let server = Server::start(answer);
    let upload: Url = format!("{}/legacy/", server.url).parse().unwrap();
    let simple = SimpleApi::of(&upload, None, None).unwrap();
    assert_eq!(simple.origin, Origin::Guessed);
    let listing = Listing::ask(&agent(), Some(&simple), &"demo".parse().unwrap());
    listing.unwrap().standing(&facts())
}

fn facts() -> FileFacts {
    FileFacts {
        filename: "demo-1.0.tar.gz".parse().unwrap(),
        sha256: Sha256::of(b"demo"),
    }
}

fn absent() -> Vec<u8> {
    answer("404 Not Found", &[], b"")
}

#[test]
fn what_is_there_is_told_by_digest_in_json_and_html() {
    let json = |contents: &'static str| {
        standing(move |_| page("1.4", &[entry("demo-1.0.tar.gz", contents, "")]))
    };
    assert_eq!(json("demo"), Standing::Identical { attested: false });
    let listed = Sha256::of(b"other");
    assert_eq!(json("other"), Standing::Conflicting { listed });
    let html = standing(move |_| {
        let digest = Sha256::of(b"demo");
        let body = format!("<a href='/f/demo-1.0.tar.gz#sha256={digest}'>demo-1.0.tar.gz</a>");
        answer("200 OK", &[("content-type", "text/html")], body.as_bytes())
    });
    assert_eq!(html, Standing::Identical { attested: false });
}

#[test]
fn a_project_that_is_not_there_is_new_where_there_is_an_index_at_all() {
    let new = standing(|request| match request.path.as_str() {
        "/simple/" => ok(b"a list that may be long"),
        _ => absent(),
    });
    assert_eq!(new, Standing::New);
    let untold = standing(|_| absent());
    let Standing::CannotBeTold { why } = untold else {
        panic!("{untold:?}");
    };
    assert!(why.contains("--check-url"), "{why}");
}

#[test]
fn a_listing_that_is_kept_from_the_uploader_cannot_be_told() {
    let untold = standing(|_| answer("401 Unauthorized", &[], b""));
    assert!(
        matches!(untold, Standing::CannotBeTold { .. }),
        "{untold:?}"
    );
}

#[test]
fn where_somebody_says_that_it_is_it_must_be() {
    let server = Server::start(|_| ok(b"<html>welcome</html>"));
    let upload: Url = format!("{}/legacy/", server.url).parse().unwrap();
    let said: Url = format!("{}/simple/", server.url).parse().unwrap();
    let simple = SimpleApi::of(&upload, Some(&said), None).unwrap();
    let refused = Listing::ask(&agent(), Some(&simple), &"demo".parse().unwrap());
    assert_eq!(refused.unwrap_err().cause(), Cause::Outside);
    let asked: Vec<String> = server.asked().into_iter().map(|it| it.path).collect();
    assert_eq!(asked, ["/simple/demo/"]);
    let nowhere = Listing::ask(&agent(), None, &"demo".parse().unwrap()).unwrap();
    let untold = nowhere.standing(&facts());
    assert!(
        matches!(untold, Standing::CannotBeTold { .. }),
        "{untold:?}"
    );
}
