//! Connections that nobody should hold, and what others feel of them: nothing.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Miner, TestHub, Wire, hub, settings, start};

async fn still_serves(hub: &TestHub) {
    let device = hub.device().await;
    Miner::login(hub, &device).await.share().await;
}

#[tokio::test]
async fn a_line_of_a_megabyte_ends_a_stranger_s_connection_too() {
    let (hub, _folder) = hub().await;
    let mut wire = hub.connect().await;
    let mut line = br#"{"id":1,"method":"mining.subscribe","params":[""#.to_vec();
    line.resize(1 << 20, b'a');
    line.extend(b"\"]}\n");
    wire.push(&line).await;
    wire.closed().await;
    still_serves(&hub).await;
    hub.stop().await;
}

/// Headers of other protocols, what is nested too deep, numbers too large, bytes that are no text: after the login.
#[tokio::test]
async fn garbage_after_the_login_ends_the_session_and_credits_nothing() {
    let (hub, _folder) = hub().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"[..],
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
        b"{\"id\":1e999,\"method\":\"mining.submit\",\"params\":{\"a\":1}}\n",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
        b"{\"id\":1,\"method\":\"mining.submit\",\"params\":[null,{},[],1,true]}\n",
        b"\xff\xfe\n",
    ] {
        let device = hub.device().await;
        let mut miner = Miner::login(&hub, &device).await;
        miner.wire.push(&garbage.repeat(40)).await;
        miner.wire.closed().await;
        assert!(hub.shares(&device).await.shares.is_empty());
    }
    still_serves(&hub).await;
    hub.stop().await;
}

/// Half a line costs a connection after ten seconds, and half a login after as many.
#[tokio::test]
async fn half_a_line_and_half_a_login_are_let_go() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut half_a_login = hub.connect().await;
    let subscribe = r#"{"id":1,"method":"mining.subscribe","params":[]}"#;
    half_a_login.send(subscribe).await;
    let mut miner = Miner::login(&hub, &device).await;
    miner.wire.push(b"{\"id\":").await;
    let mut served = Miner::login(&hub, &device).await;
    miner.wire.closed().await;
    half_a_login.closed().await;
    served.share().await;
    hub.stop().await;
}

/// Who never reads what it asks for is let go, and nobody waits for it.
#[tokio::test]
async fn who_does_not_read_is_let_go() {
    let (hub, _folder) = hub().await;
    let mut deaf = TcpStream::connect(hub.stratum).await.expect("connects");
    let ask = r#"{"id":1,"method":"mining.subscribe","params":[]}"#.to_owned() + "\n";
    let asks = ask.repeat(1_000);
    let ended = async { while deaf.write_all(asks.as_bytes()).await.is_ok() {} };
    let serving = async {
        let device = hub.device().await;
        for _ in 0..5 {
            Miner::login(&hub, &device).await.share().await;
        }
    };
    tokio::time::timeout(DEADLINE, async { tokio::join!(ended, serving) })
        .await
        .expect("both");
    hub.stop().await;
}

/// Ten thousand connections of one address, a few hundred at a time: only so many get in as may, all others are closed
/// at once, and a miner from elsewhere is served meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_of_one_address_are_bounded() {
    const ALLOWED: usize = 50;
    let folder = tempfile::tempdir().expect("a folder");
    let mut few = settings(folder.path());
    few.limits.connections_per_address = ALLOWED;
    let hub = start(few).await;
    let device = hub.device().await;
    let elsewhere = tokio::net::TcpSocket::new_v4().expect("a socket");
    let other = "127.0.0.9:0".parse().expect("an address");
    elsewhere.bind(other).expect("of the loopback");
    let stream = elsewhere.connect(hub.stratum).await.expect("connects");
    let user = crate::harness::user(&device);
    let mut miner = Miner::login_on(Wire::new(stream), &user, device.token.as_str()).await;

    let mut inside = Vec::new();
    let mut refused = 0;
    for _ in 0..10_000 {
        let mut wire = hub.connect().await;
        let asked = wire
            .push(b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")
            .await;
        match asked && wire.line().await.is_some() {
            true => inside.push(wire),
            false => refused += 1,
        }
        if refused % 2_000 == 1 {
            miner.share().await;
        }
    }
    // Whoever got in and did not log in has been let go, which makes room.
    assert!(inside.len() >= ALLOWED, "{}", inside.len());
    assert!(refused > 0, "{refused}");
    miner.share().await;
    drop(inside);
    tokio::time::timeout(DEADLINE, async {
        loop {
            let mut wire = hub.connect().await;
            wire.push(b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")
                .await;
            if wire.line().await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the places come back");
    hub.stop().await;
}
