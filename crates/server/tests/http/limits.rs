//! How much one caller may ask of a trust stack, by one process and by several.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::{Request, header};
use touchplate_server::outbound::Issuers;
use touchplate_server::trust::limits::Limits;
use touchplate_server::wiring;
use touchplate_testkit::Proxy;
use touchplate_testkit::postgres::TestDatabase;
use touchplate_testkit::proxy::Link;

use crate::logs::{ENTRIES1, ENTRIES2, World};
use crate::stack::Stack;

#[tokio::test]
async fn who_writes_too_often_waits() {
    let two = NonZeroU32::new(2).unwrap();
    let limits = Limits::new(two, two);
    let world = World::with(Stack::limited(Issuers::default(), limits).await);
    let from = |address: [u8; 4], path: &str| {
        let mut request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{}"))
            .unwrap();
        let peer = wiring::Peer((address, 1).into());
        request.extensions_mut().insert(peer);
        world.ask(request)
    };
    let (first, other) = ([198, 51, 100, 1], [198, 51, 100, 2]);
    from(first, ENTRIES1).await.refuses1(400, "");
    from(first, ENTRIES2).await.refuses2(400, 3, "");
    let words = "too many requests from one address; the header Retry-After says when to go on";
    let said = from(first, ENTRIES1).await;
    said.refuses1(429, words);
    assert!(["29", "30"].contains(&said.header("retry-after")));
    from(first, ENTRIES2).await.refuses2(429, 8, words);
    let search = "/trust/rekor1/api/v1/index/retrieve";
    from(first, search).await.refuses1(429, words);
    from(other, ENTRIES1).await.refuses1(400, "");
    // Reading goes on.
    assert_eq!(world.get("/trust/rekor1/api/v1/log").await.status, 200);
}

#[tokio::test]
async fn what_one_process_let_through_counts_for_all() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let engine = Proxy::before(database.address()).await;
    let url = engine.instead_of(database.address(), &database.url());
    let process = async || {
        let five = NonZeroU32::new(5).unwrap();
        let allowances = touchplate_store::open_allowances(&url.parse().unwrap()).await;
        let limits = Limits::new(five, five).in_common(allowances.unwrap().unwrap());
        World::with(Stack::limited(Issuers::default(), limits).await)
    };
    let (one, other) = (process().await, process().await);
    let from = async |world: &World, address: [u8; 4]| {
        let mut request = Request::post(ENTRIES1)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{}"))
            .unwrap();
        let peer = wiring::Peer((address, 1).into());
        request.extensions_mut().insert(peer);
        world.ask(request).await
    };
    let (first, second) = ([198, 51, 100, 1], [198, 51, 100, 2]);
    for world in [&one, &other, &one, &other, &one] {
        from(world, first).await.refuses1(400, "");
    }
    // Neither of them let through as many as one alone would.
    for world in [&one, &other] {
        let said = from(world, first).await;
        said.refuses1(429, "too many requests from one address");
        assert!(["11", "12", "13"].contains(&said.header("retry-after")));
    }
    from(&other, second).await.refuses1(400, "");
    // Nobody knows whether it may: it does not go on.
    engine.set(Link::Closed);
    let said = from(&one, second).await;
    assert_eq!((said.status, said.header("retry-after")), (503, "5"));
    engine.set(Link::Up);
    // Each connection that was closed is noticed by whoever uses it first.
    let mut said = from(&one, second).await;
    for _ in 0..3 {
        if said.status == 503 {
            said = from(&one, second).await;
        }
    }
    said.refuses1(400, "");
}
