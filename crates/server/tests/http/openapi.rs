//! The API's description says what the routes do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;

/// Every URL below `/api/v1/` that the table of routes has.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../../src/routes.rs");
    let table = source.split("pub(crate) fn is_open").next().unwrap();
    table
        .split('"')
        .filter(|text| text.starts_with("/api/v1/"))
        .map(str::to_owned)
        .collect()
}

async fn document(server: &TestServer) -> Value {
    let answer = server.get("/api/v1/openapi.json").await.assert_ok();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

#[tokio::test]
async fn every_route_is_described_with_its_methods() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths.keys().cloned().collect();
    assert_eq!(described, routes());
    let mut differing = BTreeMap::new();
    for (path, operations) in paths {
        let known = ["get", "put", "post", "delete"];
        let mut methods: BTreeSet<String> = operations
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| known.contains(&key.as_str()))
            .map(|key| key.to_uppercase())
            .collect();
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        let url = path
            .replace("{project}", "demo")
            .replace("{version}", "1.0")
            .replace("{filename}", "demo-1.0.tar.gz")
            .replace("{token}", "0123456789abcdef")
            .replace("{user}", "alice")
            .replace("{id}", "1");
        let answer = server.client.send(&Request::new("OPTIONS", &url)).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header("allow").unwrap().split(", ");
        let allowed: BTreeSet<String> = allowed.map(str::to_owned).collect();
        if allowed != methods {
            differing.insert(path, (allowed, methods));
        }
    }
    assert!(differing.is_empty(), "{differing:?}");
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_is_named() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    let mut names = BTreeSet::new();
    let mut references = 0;
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    references += 1;
                }
                if let Some(Value::String(name)) = fields.get("operationId") {
                    assert!(names.insert(name), "{name} names two operations");
                }
                waiting.extend(fields.values());
            }
            _ => {}
        }
    }
    assert!(
        references > 50 && names.len() == 45,
        "{references} {names:?}"
    );
}
