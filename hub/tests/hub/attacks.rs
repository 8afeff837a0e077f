//! What nobody should send, and what must not come of it.

use std::time::Duration;

use idlewatt_hub::{Hub, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Miner, hub, settings, start};

#[tokio::test]
async fn lines_of_no_dialect_end_the_connection() {
    let (hub, _folder) = hub().await;
    let long = format!("{{\"method\":\"login\",\"x\":\"{}\"", "a".repeat(20_000));
    let deep = "[".repeat(10_000);
    let lines: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
        b"\xff\xfe\xfd\n",
        b"{}\n",
        b"{\"id\":1,\"method\":\"eth_submitLogin\"}\n",
        deep.as_bytes(),
        long.as_bytes(),
    ];
    for line in lines {
        let mut wire = hub.connect().await;
        wire.push(line).await;
        wire.push(b"\n").await;
        wire.closed().await;
    }
    // None of it has hurt anybody else.
    let device = hub.device().await;
    Miner::login(&hub, &device).await.share().await;
    hub.stop().await;
}

#[tokio::test]
async fn an_oversized_line_ends_a_session_and_credits_nothing() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let megabyte = vec![b'a'; 1 << 20];
    miner.wire.push(&megabyte).await;
    miner.wire.closed().await;
    assert!(hub.shares(&device).await.shares.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn bad_messages_without_end_end_the_session() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let mut answers = 0;
    while miner
        .wire
        .push(b"{\"id\":1,\"method\":\"mining.submit\",\"params\":[]}\n")
        .await
    {
        match tokio::time::timeout(DEADLINE, miner.wire.line())
            .await
            .expect("in time")
        {
            Some(_) => answers += 1,
            None => break,
        }
        assert!(answers <= 25, "patience without end");
    }
    assert!(answers >= 10, "some mistakes are forgiven");
    hub.stop().await;
}

/// Bytes that trickle in keep a connection no longer than a silent one is kept.
#[tokio::test]
async fn a_slow_stranger_is_let_go() {
    let (hub, _folder) = hub().await;
    let mut stream = TcpStream::connect(hub.stratum).await.expect("connects");
    let mut silent = hub.connect().await;
    let ended = tokio::time::timeout(DEADLINE, async {
        let mut answer = [0; 16];
        loop {
            // An unread line feed never comes.
            let _ = stream.write_all(b"{").await;
            tokio::select! {
                read = stream.read(&mut answer) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(_) => panic!("an answer to half a line"),
                },
                () = tokio::time::sleep(Duration::from_millis(300)) => {}
            }
        }
    });
    ended.await.expect("let go");
    silent.closed().await;
    hub.stop().await;
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut few = settings(folder.path());
    few.limits.connections_per_address = 2;
    let hub = start(few).await;
    let device = hub.device().await;
    let mut first = Miner::login(&hub, &device).await;
    let second = Miner::login(&hub, &device).await;
    hub.connect().await.closed().await;
    first.share().await;
    drop(second);
    // The place comes back.
    let back = async {
        loop {
            let mut wire = hub.connect().await;
            wire.push(b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")
                .await;
            if wire.line().await.is_some() {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, back)
        .await
        .expect("a free place");
    hub.stop().await;
}

#[tokio::test]
async fn a_header_cannot_be_smuggled_into_an_answer_or_a_request() {
    let (hub, _folder) = hub().await;
    let address = hub
        .http
        .strip_prefix("http://")
        .expect("an address")
        .to_owned();
    let requests = [
        "GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /v1/shares?after=1%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "NONSENSE\r\n\r\n",
    ];
    for request in requests {
        let mut stream = TcpStream::connect(&address).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        tokio::time::timeout(DEADLINE, read)
            .await
            .expect("in time")
            .expect("text");
        let (head, _) = answer
            .split_once("\r\n\r\n")
            .unwrap_or((answer.as_str(), ""));
        assert!(!head.starts_with("HTTP/1.1 2"), "{request}: {head}");
        assert!(!head.to_lowercase().contains("set-cookie"), "{head}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_that_cannot_start_says_why() {
    let (hub, folder) = hub().await;
    let mut taken = settings(folder.path());
    taken.stratum = hub.stratum;
    let error = Hub::bind(taken).await.err().expect("the port is taken");
    assert!(matches!(
        error,
        StartError::Listen {
            setting: "stratum",
            ..
        }
    ));
    assert!(
        error.to_string().contains(&hub.stratum.to_string()),
        "{error}"
    );

    let mut nowhere = settings(folder.path());
    nowhere.data_dir = folder.path().join("hub.toml/data");
    let error = Hub::bind(nowhere)
        .await
        .err()
        .expect("a file is no directory");
    assert!(error.to_string().contains("hub.toml/data"), "{error}");
    hub.stop().await;
}
