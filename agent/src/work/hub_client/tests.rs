use super::*;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;

async fn serve(router: Router) -> HubClient {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    HubClient::new(&address).expect("an address")
}

#[test]
fn addresses_are_checked() {
    for bad in [
        "",
        "hub.example.org",
        "ftp://hub",
        "http://",
        "https://me:secret@hub",
    ] {
        let error = HubClient::new(bad).expect_err(bad);
        assert!(error.to_string().contains("https://hub.example.org"));
        assert!(!error.can_heal());
    }
    let client = HubClient::new("https://hub.example.org:8443/idle?x=1").expect("good");
    assert_eq!(client.address(), "https://hub.example.org:8443/idle");
    assert_eq!(client.host(), "hub.example.org");
}

#[test]
fn a_hub_on_this_pc_is_known_as_such() {
    let own = |address: &str| is_on_this_pc(&parse(address).expect("an address"));
    assert!(own("http://127.0.0.1:1") && own("http://[::1]:1") && own("http://localhost"));
    assert!(!own("http://hub.example.org") && !own("http://10.0.0.1"));
}

#[tokio::test]
async fn secrets_and_bodies_arrive_and_answers_are_read() {
    let device = json!({"account": "A12345678901", "device": "D12345678901",
        "token": format!("IWD-{}", "7".repeat(32))});
    let answer = device.clone();
    let router = Router::new()
        .route(
            "/v1/devices",
            post(|Json(body): Json<Value>| async move {
                let key = "11".repeat(32);
                assert_eq!(
                    body,
                    json!({"code": "ABCDEFGH", "name": "desk", "public_key": key})
                );
                Json(answer)
            }),
        )
        .route(
            "/v1/shares",
            get(
                |headers: HeaderMap, Query(query): Query<HashMap<String, String>>| async move {
                    let secret = headers["authorization"].to_str().expect("text").to_owned();
                    assert_eq!(secret, format!("Bearer IWD-{}", "7".repeat(32)));
                    assert_eq!(
                        (query["after"].as_str(), query["limit"].as_str()),
                        ("5", "1000")
                    );
                    Json(json!({"shares": [], "more": false}))
                },
            ),
        );
    let client = serve(router).await;
    let code = "ABCDEFGH".parse().expect("a code");
    let enrolled = client
        .enrol_device(&code, "desk", &"11".repeat(32))
        .await
        .expect("enrolled");
    assert_eq!(enrolled.device.as_str(), "D12345678901");
    let page = client
        .shares(&enrolled.token, 5, 5_000)
        .await
        .expect("a page");
    assert!(page.shares.is_empty());
}

#[tokio::test]
async fn every_way_of_failing_is_told_apart() {
    let share = json!({"sequence": 5, "digest": "", "algorithm": "randomx", "work": 1, "at": "2026-01-01T00:00:00Z",
        "credit": {"asset": "PRACTICE", "amount": "1", "practice": true}});
    let router = Router::new()
        .route("/v1/work", get(|| async { "x".repeat(BODY_LIMIT + 1) }))
        .route(
            "/v1/earnings",
            get(|| async {
                let body = json!({"error": "unauthorized", "message": "no such device"});
                (StatusCode::UNAUTHORIZED, Json(body))
            }),
        )
        .route(
            "/v1/accounts",
            post(|| async { (StatusCode::BAD_GATEWAY, "<html>") }),
        )
        .route(
            "/v1/shares",
            get(move || async move { Json(json!({"shares": [share], "more": true})) }),
        );
    let client = serve(router).await;
    let token = DeviceToken::random();

    let oversized = client.work_offers().await.expect_err("too large");
    assert!(matches!(oversized, HubError::Answer { .. }), "{oversized}");
    let refused = client.earnings(&token).await.expect_err("refused");
    assert!(refused.is_unauthorized() && !refused.can_heal());
    assert!(refused.to_string().contains("no such device"));
    let down = client.create_account().await.expect_err("bad gateway");
    assert!(down.can_heal(), "{down}");
    let endless = client.shares(&token, 5, 10).await.expect_err("stuck");
    assert!(matches!(endless, HubError::Answer { .. }), "{endless}");

    client.set_address("http://127.0.0.1:1").expect("good");
    let gone = client.work_offers().await.expect_err("nobody there");
    assert!(
        gone.can_heal() && gone.to_string().contains("127.0.0.1:1"),
        "{gone}"
    );
}
