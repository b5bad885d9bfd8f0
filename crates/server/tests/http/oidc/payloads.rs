//! What is no request for a token, rows 1 and 2.

use serde_json::json;

use super::{World, refused};

#[tokio::test]
async fn payloads_that_are_none_are_refused() {
    let world = World::new().await;
    for body in [
        "",
        "[]",
        "0",
        "-1",
        "1.0",
        "null",
        "true",
        "\"x\"",
        "{}",
        "{\"tok\":\"x\"}",
        "{\"token\":null}",
        "{\"token\":0}",
        "{\"token\":[]}",
        "{\"token\":{}}",
        "{\"token\":\"a\",\"token\":\"b\"}",
        "{\"token\":\"x\",\"features\":\"single-use-token\"}",
        "{\"token\":\"x\",\"features\":[\"single-use-token\",\"multi-use-token\"]}",
        "{\"token\":\"x\",\"features\":[\"other\"]}",
    ] {
        let answer = world.post(body).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(
            (answer.status, &error["code"]),
            (422, &json!("invalid-payload")),
            "{body}"
        );
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .starts_with("expected "),
            "{error}"
        );
    }
    // A megabyte of JSON; a token in the field that it does not belong in.
    let large = world
        .post(json!({ "token": "x".repeat(1 << 20) }).to_string())
        .await;
    refused(
        &large,
        "invalid-payload",
        "expected a body of at most 65536 bytes",
    );
    let wrong_field = world
        .post(json!({ "id_token": world.token(json!({})) }).to_string())
        .await;
    refused(
        &wrong_field,
        "invalid-payload",
        "expected a text as `token`",
    );
    for not_a_token in ["", "x", "a.b.c", "e30.e30.e30"] {
        let answer = world.mint(not_a_token).await;
        let error = &answer.json()["errors"][0];
        assert!(
            matches!(
                error["code"].as_str(),
                Some("invalid-payload" | "invalid-token")
            ),
            "{error}"
        );
    }
    world.refuses("x", "invalid-payload", "malformed JWT: expected a JSON Web Token: three parts in base64url with dots between them").await;
}
