//! How sessions begin and end: standard miners, revoked devices, a hub that shuts down.

use std::time::Duration;

use idlewatt_hub::bus::Notice;
use idlewatt_protocol::api::Devices;
use idlewatt_stratum::bitcoin::ServerMessage;
use idlewatt_stratum::monero;
use reqwest::Method;
use serde_json::json;

use crate::accounts::ask;
use crate::harness::{DEADLINE, Miner, TestHub, Wire, hub, settings, start};
use crate::kawpow_miner;

#[tokio::test]
async fn any_miner_may_work_for_an_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut two = settings(folder.path());
    two.limits.workers_per_account = 2;
    let hub = start(two).await;
    let account = hub.account().await;
    let id = &account.account;
    for (user, password) in [
        (format!("{id}.rig-1"), "x"),
        (format!("{id}.rig-1"), "anything"),
        (id.to_string(), ""),
    ] {
        let mut miner = Miner::login_on(hub.connect().await, &user, password).await;
        miner.share().await;
        assert!(miner.receipt.is_some());
    }
    // Two workers are all that it may have; a device's name needs its token.
    let device = hub.enrol(&account).await;
    for user in [
        format!("{id}.third"),
        format!("{id}.{}", device.device),
        "A0000000000000000.rig".to_owned(),
    ] {
        let mut wire = hub.connect().await;
        wire.send(r#"{"id":1,"method":"mining.subscribe","params":[]}"#)
            .await;
        wire.line().await.expect("subscribed");
        let authorize =
            serde_json::json!({"id": 2, "method": "mining.authorize", "params": [user, "x"]});
        wire.send(&authorize.to_string()).await;
        let refused = ServerMessage::parse(&wire.line().await.expect("an answer"));
        assert!(
            matches!(refused, Ok(ServerMessage::Error { code: 24, .. })),
            "{user}: {refused:?}"
        );
        wire.closed().await;
    }
    let login = monero::ClientMessage::Login {
        id: 1.into(),
        login: format!("{id}.rig-1"),
        pass: "x".into(),
        agent: Some("XMRig/6".into()),
        rigid: None,
        algo: vec!["rx/0".into()],
    };
    let mut wire = hub.connect().await;
    wire.send(&login.to_line()).await;
    let answer = monero::ServerMessage::parse(&wire.line().await.expect("an answer"));
    assert!(matches!(answer, Ok(monero::ServerMessage::LoginOk { .. })));
    hub.stop().await;
}

/// What a miner that is not let in is told, in each dialect.
async fn refusals(hub: &TestHub, user: &str) -> [String; 3] {
    let subscribe = r#"{"id":1,"method":"mining.subscribe","params":[]}"#.to_owned();
    let authorize = json!({"id": 2, "method": "mining.authorize", "params": [user, "x"]});
    let authorize = authorize.to_string();
    let login = json!({"id": 1, "jsonrpc": "2.0", "method": "login", "params": {
        "login": user, "pass": "x", "agent": "XMRig/6", "algo": ["rx/0"],
    }});
    let own = hub.address_of("kawpow-test").await;
    let mut told = Vec::new();
    for (address, lines) in [
        (hub.stratum, vec![&subscribe, &authorize]),
        (own, vec![&subscribe, &authorize]),
        (hub.stratum, vec![&login.to_string()]),
    ] {
        let mut wire = Wire::connect(address).await;
        let mut answer = String::new();
        for line in lines {
            wire.send(line).await;
            answer = wire.line().await.expect("an answer");
        }
        told.push(answer);
        wire.closed().await;
    }
    told.try_into().expect("three")
}

#[tokio::test]
async fn a_revoked_worker_does_not_come_back_under_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = settings(folder.path());
    settings.test_algorithm = true;
    let hub = start(settings).await;
    let account = hub.account().await;
    let key = account.key.as_str();
    let user = |worker: &str| format!("{}.{worker}", account.account);
    let mut rig = Miner::login_on(hub.connect().await, &user("rig"), "x").await;
    let mut other = Miner::login_on(hub.connect().await, &user("other"), "x").await;
    rig.share().await;
    let known: Devices = hub.get("/v1/devices", key).await;
    let of_rig = known.devices.iter().find(|device| device.name == "rig");
    let path = format!("/v1/devices/{}", of_rig.expect("listed").device);
    let revoke = async || ask(&hub, Method::DELETE, &path, key, json!(null)).await.0;
    assert_eq!(revoke().await, 200);
    rig.wire.closed().await;
    for told in refusals(&hub, &user("rig")).await {
        assert!(
            told.contains("this worker was revoked") && told.contains("another worker name"),
            "{told}"
        );
    }
    assert_eq!(revoke().await, 404, "no other took its place");
    other.share().await;
    Miner::login_on(hub.connect().await, &user("rig-2"), "x")
        .await
        .share()
        .await;

    // With the account all of its workers go, known and new.
    let body = json!({"confirm": "delete", "forfeit": true});
    let deleted = ask(&hub, Method::DELETE, "/v1/account", key, body).await;
    assert_eq!(deleted.0, 200, "{}", deleted.1);
    other.wire.closed().await;
    for worker in ["rig", "other", "new"] {
        for told in refusals(&hub, &user(worker)).await {
            let plain = told.contains("unauthorized worker") || told.contains("Invalid login");
            assert!(plain && !told.contains("revoked"), "{told}");
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_revoked_device_s_sessions_end_and_no_others() {
    let (hub, _folder) = hub().await;
    let (revoked, other) = (hub.device().await, hub.device().await);
    let mut first = Miner::login(&hub, &revoked).await;
    let mut second = Miner::login(&hub, &revoked).await;
    let mut others = Miner::login(&hub, &other).await;
    let bus = hub.bus.clone().expect("in this process");
    bus.publish(Notice::Revoked(revoked.device.clone()));
    first.wire.closed().await;
    second.wire.closed().await;
    others.share().await;
    hub.stop().await;
}

/// Notices may get lost between replicas: then the books are asked.
#[tokio::test]
async fn a_missed_notice_ends_nobody_who_may_work() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let bus = hub.bus.clone().expect("in this process");
    bus.publish(Notice::Missed);
    bus.publish(Notice::Revoked(hub.device().await.device));
    for _ in 0..3 {
        miner.share().await;
    }
    hub.stop().await;
}

/// Miners are told where to go before the hub ends, and a share sent at the last moment still counts.
#[tokio::test]
async fn a_hub_that_ends_sends_its_miners_elsewhere() {
    for drain_to in [None, Some("hub2.example:3480")] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut drained = settings(folder.path());
        drained.test_algorithm = true;
        drained.drain_to = drain_to.map(|to| to.to_owned().try_into().expect("valid"));
        let hub = start(drained).await;
        let device = hub.device().await;
        let mut miner = Miner::login(&hub, &device).await;
        let mut kawpow = kawpow_miner::Miner::login(&hub, &device).await;
        let mut silent = hub.connect().await;
        let stopped = tokio::spawn(hub.stop());
        let expected = drain_to.map(|_| ("hub2.example".to_owned(), 3480));
        match miner.message().await.expect("a word") {
            ServerMessage::Reconnect { host, port, wait } => {
                assert_eq!(host.zip(port), expected);
                assert!((1..=10).contains(&wait), "{wait}");
            }
            other => panic!("not expected: {other:?}"),
        }
        if drain_to.is_none() {
            miner.share().await;
        }
        miner.wire.closed().await;
        silent.closed().await;
        let words = tokio::time::timeout(DEADLINE, kawpow.wire.line()).await;
        let words = words.expect("in time").expect("a word");
        assert!(words.contains("client.reconnect"), "{words}");
        kawpow.wire.closed().await;
        let ended = tokio::time::timeout(Duration::from_secs(30), stopped).await;
        ended.expect("ends").expect("no panic");
    }
}
