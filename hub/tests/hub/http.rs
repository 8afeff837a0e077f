//! The HTTP API: who may do what, and how it refuses.

use idlewatt_protocol::EnrolmentCode;
use idlewatt_protocol::api::{Blocks, EnrolmentCreated, ErrorAnswer, WorkOffers};
use reqwest::{Method, StatusCode};

use crate::harness::{TestHub, hub};

/// Status and error word of a request that fails.
async fn refused(
    hub: &TestHub,
    method: Method,
    path: &str,
    secret: Option<&str>,
    body: &str,
) -> (StatusCode, String) {
    let mut request = hub
        .client
        .request(method, format!("{}{path}", hub.http))
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(secret) = secret {
        request = request.header("authorization", format!("Bearer {secret}"));
    }
    let answer = request.send().await.expect("answers");
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    let error: ErrorAnswer = serde_json::from_str(&text).expect("an error answer");
    assert!(!error.message.is_empty());
    (status, error.error)
}

#[tokio::test]
async fn open_routes_answer() {
    let (hub, _folder) = hub().await;
    let health = hub
        .client
        .get(format!("{}/healthz", hub.http))
        .send()
        .await
        .expect("answers");
    assert_eq!(health.text().await.expect("a body"), "ok\n");
    let work: WorkOffers = hub.get("/v1/work", "").await;
    assert_eq!(work.stratum_port, hub.stratum.port());
    let offers: Vec<_> = work
        .offers
        .iter()
        .map(|offer| {
            let credit = offer.credit_per_terahash.to_string();
            assert!(offer.available && offer.upstream == "practice");
            (offer.algorithm.as_str(), credit)
        })
        .collect();
    assert_eq!(
        offers,
        [
            ("sha256d", "0.001000000000 PRACTICE".to_owned()),
            ("randomx", "1000000.000000000000 PRACTICE".to_owned()),
            ("kawpow", "250.000000000000 PRACTICE".to_owned()),
            ("progpowz", "250.000000000000 PRACTICE".to_owned()),
        ]
    );
    let mut ports: Vec<_> = work.offers.iter().map(|offer| offer.stratum_port).collect();
    assert_eq!(ports[..2], [None, None], "at the common port");
    ports.extend([Some(work.stratum_port)]);
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4, "the others have one each");
    let blocks: Blocks = hub.get("/v1/blocks", "").await;
    assert!(blocks.blocks.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn every_refusal_is_in_words() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let token = device.token.as_str();
    let bad = (StatusCode::BAD_REQUEST, "bad_request".to_owned());
    let not_found = (StatusCode::NOT_FOUND, "not_found".to_owned());
    assert_eq!(refused(&hub, Method::GET, "/v2", None, "").await, not_found);
    let other_method = refused(&hub, Method::DELETE, "/v1/accounts", None, "").await;
    assert_eq!(other_method.0, StatusCode::METHOD_NOT_ALLOWED);
    for body in [
        "",
        "{",
        "[]",
        r#"{"digests":"x"}"#,
        r#"{"digests":["abc"]}"#,
    ] {
        let find = refused(&hub, Method::POST, "/v1/shares/find", Some(token), body).await;
        assert_eq!(find, bad, "{body}");
    }
    let many = format!(r#"{{"digests":{:?}}}"#, vec!["00"; 1_001]);
    let find = refused(&hub, Method::POST, "/v1/shares/find", Some(token), &many).await;
    assert_eq!(find, bad);
    let large = format!(r#"{{"digests":["{}"]}}"#, "0".repeat(200_000));
    let find = refused(&hub, Method::POST, "/v1/shares/find", Some(token), &large).await;
    assert_eq!(find.0, StatusCode::PAYLOAD_TOO_LARGE);
    for query in ["after=x", "limit=-1", "limit=1;DROP TABLE shares", "page=2"] {
        let path = format!("/v1/shares?{query}");
        assert_eq!(
            refused(&hub, Method::GET, &path, Some(token), "").await,
            bad,
            "{query}"
        );
    }
    for name in ["", "a\nb", "a\u{0}", &"a".repeat(65)] {
        let code = EnrolmentCode::random();
        let body = serde_json::json!({"code": code, "name": name}).to_string();
        let enrol = refused(&hub, Method::POST, "/v1/devices", None, &body).await;
        assert_eq!(enrol, bad, "{name:?}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn secrets_are_asked_for_and_not_interchangeable() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let unauthorized = (StatusCode::UNAUTHORIZED, "unauthorized".to_owned());
    let (key, token) = (account.key.as_str(), device.token.as_str());
    let attempts = [
        (Method::POST, "/v1/enrolments", Some(token)),
        (Method::GET, "/v1/earnings", Some(key)),
        (Method::GET, "/v1/shares", None),
        (Method::GET, "/v1/earnings", Some("' OR '1'='1")),
    ];
    for (method, path, secret) in attempts {
        assert_eq!(
            refused(&hub, method, path, secret, "").await,
            unauthorized,
            "{path}"
        );
    }
    hub.earnings(&device).await;
    hub.stop().await;
}

#[tokio::test]
async fn an_enrolment_code_works_once_and_guessing_is_locked_out() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let EnrolmentCreated { code, .. } = hub.post("/v1/enrolments", account.key.as_str(), &()).await;
    let enrol = |code: &EnrolmentCode| {
        let name = "x\" \\ 🙂 <script>";
        let public_key = "11".repeat(32);
        serde_json::json!({"code": code, "name": name, "public_key": public_key}).to_string()
    };
    let answer: serde_json::Value = hub
        .post(
            "/v1/devices",
            "",
            &serde_json::from_str::<serde_json::Value>(&enrol(&code)).expect("JSON"),
        )
        .await;
    assert_eq!(answer["account"], account.account.as_str());
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(
            refused(&hub, Method::POST, "/v1/devices", None, &enrol(&code))
                .await
                .0
                .as_u16(),
        );
    }
    assert_eq!(seen, [401, 401, 401, 401, 401, 429, 429]);
    // Locked out means the right code too: otherwise guessing could go on.
    let EnrolmentCreated { code, .. } = hub.post("/v1/enrolments", account.key.as_str(), &()).await;
    let request = hub.client.post(format!("{}/v1/devices", hub.http));
    let request = request
        .json(&serde_json::json!({"code": code, "name": "x", "public_key": "11".repeat(32)}));
    let answer = request.send().await.expect("answers");
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    hub.stop().await;
}
