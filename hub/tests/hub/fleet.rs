//! Devices over HTTP: how they are added, prove themselves, report, are told what to do and end.

use ed25519_dalek::{Signer, SigningKey};
use idlewatt_hub::Settings;
use idlewatt_protocol::EnrolmentCode;
use idlewatt_protocol::api::{
    Challenge, DeviceEnrolled, DeviceOrders, DeviceReport, DeviceState, Devices, EnrolmentCreated,
    EnrolmentTokenCreated, NewDeviceToken, ProcessorReport,
};
use idlewatt_test_postgres::PostgresServer;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::accounts::ask;
use crate::harness::{DEADLINE, TestHub, hub, settings, start};

fn report(reason: &str) -> DeviceReport {
    DeviceReport {
        mode: "smart".into(),
        reason: reason.into(),
        version: "0.1.0".into(),
        processors: vec![ProcessorReport {
            name: "CPU".into(),
            algorithm: Some("randomx".into()),
            hash_rate: 1_234.5,
            allowance_percent: 50.0,
            temperature: Some(61.0),
            fault: None,
        }],
        ..DeviceReport::default()
    }
}

/// The only device of an account, once it is as wanted.
async fn device_that(
    hub: &TestHub,
    key: &str,
    wanted: impl Fn(&DeviceState) -> bool,
) -> DeviceState {
    let waiting = async {
        loop {
            let Devices { devices, .. } = hub.get("/v1/devices", key).await;
            if let Some(device) = devices.into_iter().find(&wanted) {
                return device;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting)
        .await
        .expect("in time")
}

#[tokio::test]
async fn what_a_device_reports_to_one_hub_is_seen_and_answered_at_another() {
    let address = PostgresServer::shared().database();
    let folders = [0, 1].map(|_| tempfile::tempdir().expect("a folder"));
    let settings = folders.each_ref().map(|folder| Settings {
        database: Some(address.clone()),
        ..settings(folder.path())
    });
    let [first, second] = settings;
    let (one, other) = (start(first).await, start(second).await);
    let account = one.account().await;
    let key = account.key.as_str();
    let device = one.enrol(&account).await;
    let token = device.token.as_str();
    let orders: DeviceOrders = one
        .post("/v1/devices/report", token, &report("the PC is free"))
        .await;
    assert_eq!((orders.limit_percent, orders.report_every), (None, 10));
    let state = device_that(&other, key, |device| device.online).await;
    assert_eq!(state.report, Some(report("the PC is free")));

    // A limit set at the other hub reaches the device at the first.
    let path = format!("/v1/devices/{}", device.device);
    let body = json!({"limit_percent": 30, "group": "lab", "name": "Desk 'x' \"y\""});
    assert_eq!(ask(&other, Method::PATCH, &path, key, body).await.0, 200);
    let told = async {
        loop {
            let orders: DeviceOrders = one.post("/v1/devices/report", token, &report("x")).await;
            if orders.limit_percent == Some(30) {
                assert_eq!(orders.name, "Desk 'x' \"y\"");
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, told).await.expect("in time");

    // So does a revocation.
    assert_eq!(
        ask(&other, Method::DELETE, &path, key, json!({})).await.0,
        200
    );
    let refused = async {
        while ask(
            &one,
            Method::POST,
            "/v1/devices/report",
            token,
            json!(report("x")),
        )
        .await
        .0 != 401
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, refused)
        .await
        .expect("in time");
    let listed: Devices = one.get("/v1/devices", key).await;
    assert!(listed.devices.is_empty());
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_limit_and_a_revocation_work_at_once_where_they_are_made() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let (key, device) = (account.key.as_str(), hub.enrol(&account).await);
    let token = device.token.as_str();
    let path = format!("/v1/devices/{}", device.device);
    let nothing = DeviceReport::default();
    let orders = || hub.post::<DeviceOrders>("/v1/devices/report", token, &nothing);
    assert_eq!(orders().await.limit_percent, None);
    for (body, limit) in [
        (json!({"limit_percent": 0}), Some(0)),
        (json!({"name": "x"}), Some(0)),
        (json!({"limit_percent": null}), None),
    ] {
        assert_eq!(ask(&hub, Method::PATCH, &path, key, body).await.0, 200);
        assert_eq!(orders().await.limit_percent, limit);
    }
    let body = json!({"group": "", "limit_percent": 55});
    let all = ask(&hub, Method::PATCH, "/v1/devices", key, body).await;
    assert_eq!(all, (200, json!({"devices": 1})));
    assert_eq!(orders().await.limit_percent, Some(55));
    for body in [
        json!({"limit_percent": 101}),
        json!({"limit_percent": -1}),
        json!({"limit_percent": "50"}),
        json!({"name": ""}),
        json!({"name": "a\r\nSet-Cookie: x"}),
        json!({"group": "x".repeat(65)}),
        json!({"account": "A00000000000"}),
    ] {
        let refused = ask(&hub, Method::PATCH, &path, key, body.clone()).await;
        assert_eq!(refused.0, 400, "{body}");
    }
    let stranger = hub.account().await;
    let theirs = ask(
        &hub,
        Method::DELETE,
        &path,
        stranger.key.as_str(),
        json!({}),
    )
    .await;
    assert_eq!(theirs.0, 404);
    assert_eq!(
        ask(&hub, Method::DELETE, &path, key, json!({})).await.0,
        200
    );
    let refused = ask(&hub, Method::GET, "/v1/shares", token, json!(null)).await;
    assert_eq!(refused.0, 401);
    hub.stop().await;
}

#[tokio::test]
async fn a_report_that_no_device_makes_is_refused() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let good = json!(report("free"));
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).expect("there") = value;
        body
    };
    let processors = vec![report("").processors[0].clone(); 65];
    for body in [
        with("/mode", json!("x".repeat(17))),
        with("/reason", json!("a\nb")),
        with("/reason", json!("x".repeat(257))),
        with("/version", json!(7)),
        with("/processors", json!(processors)),
        with("/processors/0/hash_rate", json!(-1.0)),
        with("/processors/0/hash_rate", json!(1e300)),
        with("/processors/0/hash_rate", json!(null)),
        with("/processors/0/allowance_percent", json!(100.1)),
        with("/processors/0/temperature", json!(5_000.0)),
        with("/shares/accepted", json!(-1)),
    ] {
        let token = device.token.as_str();
        let refused = ask(
            &hub,
            Method::POST,
            "/v1/devices/report",
            token,
            body.clone(),
        )
        .await;
        assert_eq!(refused.0, 400, "{body}");
    }
    hub.stop().await;
}

async fn enrol_with_key(hub: &TestHub, key: &str, signing: &SigningKey) -> DeviceEnrolled {
    let EnrolmentCreated { code, .. } = hub.post("/v1/enrolments", key, &()).await;
    let public_key = hex::encode(signing.verifying_key().as_bytes());
    let body = json!({"code": code, "name": "PC", "public_key": public_key});
    hub.post("/v1/devices", "", &body).await
}

#[tokio::test]
async fn a_device_gets_a_new_token_for_its_signature() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let signing = SigningKey::from_bytes(&[7; 32]);
    let device = enrol_with_key(&hub, account.key.as_str(), &signing).await;
    let id = &device.device;
    let challenge = |device: String| {
        let hub = &hub;
        async move {
            let body = json!({"device": device});
            hub.post::<Challenge>("/v1/devices/challenges", "", &body)
                .await
        }
    };
    let sign = |by: &SigningKey, challenge: &str| {
        let text = Challenge::signed_text(id, challenge);
        let signature = hex::encode(by.sign(text.as_bytes()).to_bytes());
        json!({"device": id, "challenge": challenge, "signature": signature})
    };
    // Nobody learns from a challenge whether there is such a device.
    let known = challenge(id.to_string()).await.challenge;
    let unknown = challenge("D00000000000".into()).await.challenge;
    assert_eq!(known.len(), unknown.len());

    let good = sign(&signing, &known);
    let NewDeviceToken { token } = hub.post("/v1/devices/tokens", "", &good).await;
    let shares = |token: String| {
        let hub = &hub;
        async move {
            ask(hub, Method::GET, "/v1/shares", &token, json!(null))
                .await
                .0
        }
    };
    assert_eq!(shares(token.as_str().into()).await, 200);
    assert_eq!(
        shares(device.token.as_str().into()).await,
        401,
        "the old one"
    );

    let stranger = SigningKey::from_bytes(&[8; 32]);
    let fresh = challenge(id.to_string()).await.challenge;
    let mut tampered = sign(&signing, &fresh);
    tampered["challenge"] = json!(fresh.replace('-', "--"));
    let of_other =
        json!({"device": "D00000000000", "challenge": unknown, "signature": "00".repeat(64)});
    let mut answers = Vec::new();
    for body in [
        good,
        sign(&stranger, &fresh),
        tampered,
        json!({"device": id, "challenge": fresh, "signature": "zz"}),
        of_other,
    ] {
        answers.push(ask(&hub, Method::POST, "/v1/devices/tokens", "", body).await);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all alike: {answers:?}");
    assert_eq!(answers[0].0, 401);
    assert_eq!(shares(token.as_str().into()).await, 200, "still good");

    // Revoked: the right signature opens nothing.
    let path = format!("/v1/devices/{id}");
    let revoked = ask(&hub, Method::DELETE, &path, account.key.as_str(), json!({})).await;
    assert_eq!(revoked.0, 200);
    let last = challenge(id.to_string()).await.challenge;
    let refused = ask(
        &hub,
        Method::POST,
        "/v1/devices/tokens",
        "",
        sign(&signing, &last),
    )
    .await;
    assert_eq!(refused, answers[0]);
    assert_eq!(shares(token.as_str().into()).await, 401);
    hub.stop().await;
}

#[tokio::test]
async fn a_fleet_is_added_with_a_token() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let key = account.key.as_str();
    let new = json!({"name": "lab", "group": "room 1", "limit": 2});
    let made: EnrolmentTokenCreated = hub.post("/v1/enrolment-tokens", key, &new).await;
    let public_key = hex::encode(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let body = json!({"code": made.token, "name": "PC", "public_key": public_key});
    let enrol = || ask(&hub, Method::POST, "/v1/devices", "", body.clone());
    let statuses = [enrol().await.0, enrol().await.0, enrol().await.0];
    assert_eq!(statuses, [200, 200, 401]);
    let page: Devices = hub.get("/v1/devices?group=room+1&limit=1", key).await;
    assert_eq!(page.devices.len(), 1);
    let next = format!(
        "/v1/devices?group=room+1&after={}",
        page.next.expect("one more")
    );
    let page: Devices = hub.get(&next, key).await;
    assert_eq!((page.devices.len(), page.next), (1, None));
    let tokens = ask(&hub, Method::GET, "/v1/enrolment-tokens", key, json!(null))
        .await
        .1;
    assert_eq!(tokens["tokens"][0]["used"], 2);
    assert!(!tokens.to_string().contains("IWE-"), "never shown again");
    for body in [
        json!({"name": "x", "limit": 0}),
        json!({"name": "x", "limit": 100_001}),
        json!({"name": "", "limit": 1}),
        json!({"name": "x", "limit": 1, "expires": "2001-01-01T00:00:00Z"}),
    ] {
        let refused = ask(
            &hub,
            Method::POST,
            "/v1/enrolment-tokens",
            key,
            body.clone(),
        )
        .await;
        assert_eq!(refused.0, 400, "{body}");
    }
    let path = format!("/v1/enrolment-tokens/{}", made.id);
    assert_eq!(
        ask(&hub, Method::DELETE, &path, key, json!({})).await.0,
        200
    );
    let stranger = hub.account().await;
    let theirs = ask(
        &hub,
        Method::DELETE,
        &path,
        stranger.key.as_str(),
        json!({}),
    )
    .await;
    assert_eq!(theirs.0, 404);
    hub.stop().await;
}

#[tokio::test]
async fn guessing_codes_from_many_addresses_is_locked_out_but_tokens_go_on() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let key = account.key.as_str();
    let new = json!({"name": "lab", "limit": 2});
    let made: EnrolmentTokenCreated = hub.post("/v1/enrolment-tokens", key, &new).await;
    let mut locked = false;
    'guessing: for address in 1..=250u8 {
        let client = reqwest::Client::builder()
            .no_proxy()
            .local_address(std::net::IpAddr::from([127, 0, 1, address]))
            .build()
            .expect("builds");
        for attempt in 0..5 {
            let body = json!({"code": EnrolmentCode::random(), "name": "x", "public_key": "11".repeat(32)});
            let request = client.post(format!("{}/v1/devices", hub.http)).json(&body);
            let status = request.send().await.expect("answers").status().as_u16();
            if status == 429 {
                assert!(attempt < 5 && address >= 40, "by all of them together");
                locked = true;
                break 'guessing;
            }
            assert_eq!(status, 401);
        }
    }
    assert!(locked, "1,250 guesses from 250 addresses");
    let body = json!({"code": made.token, "name": "PC", "public_key": "11".repeat(32)});
    assert_eq!(
        ask(&hub, Method::POST, "/v1/devices", "", body).await.0,
        200
    );
    hub.stop().await;
}

#[tokio::test]
async fn headers_that_are_more_than_they_seem_do_nothing() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let key = account.key.as_str();
    let address = hub.http.trim_start_matches("http://").to_owned();
    let huge = "a".repeat(1_000_000);
    let many: String = (0..2_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    for (head, allowed) in [
        (
            format!("Authorization: Bearer {key}\r\n x\r\n"),
            &["400", "401"][..],
        ),
        (
            format!("Authorization: Bearer {key}\nX: y\r\n"),
            &["200", "400"],
        ),
        (
            format!("Authorization: Bearer {key}\0\r\n"),
            &["400", "401"],
        ),
        ("Authorization: Bearer ' OR '1'='1\r\n".to_owned(), &["401"]),
        (
            "Authorization: Bearer \u{1F980}\r\n".to_owned(),
            &["400", "401"],
        ),
        (format!("X-Long: {huge}\r\n"), &["431", "400"]),
        (many, &["431", "400"]),
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            &["400", "401"],
        ),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address)
            .await
            .expect("connects");
        let request =
            format!("GET /v1/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n");
        // The hub may close before everything was sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer));
        let _ = read.await.expect("in time");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or("closed").to_owned();
        let shown: String = head.chars().take(60).collect();
        assert!(
            status == "closed" || allowed.contains(&status.as_str()),
            "{shown:?}: {answer}"
        );
        assert!(!answer.contains("\r\nX: y"), "nothing of it comes back");
    }
    let devices: Devices = hub.get("/v1/devices", key).await;
    assert!(devices.devices.is_empty(), "others are not touched");
    hub.stop().await;
}
