//! How a hub ends: miners and load balancers hear of it first.

use std::os::unix::process::ExitStatusExt;

use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::ClientMessage;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::hub::{Enrolled, Hub, PATIENCE, wait_for};

/// Much longer than any of these tests takes: what they see does not depend on how fast the machine is.
const OWN: &str = "drain_for = 3600\ndrain_to = \"hub2.example:3480\"\n";

async fn draining_hub() -> Hub {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("own.toml"), OWN).expect("written");
    Hub::start_in(folder, "info", &[]).await
}

/// A miner that only listens. Without its half for writing the connection would end.
async fn listener(
    hub: &Hub,
    device: &Enrolled,
) -> (Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf) {
    let stream = TcpStream::connect(&hub.listening.stratum).await;
    let (read, mut write) = stream.expect("connects").into_split();
    let subscribe = ClientMessage::Subscribe {
        id: Id::Number(1),
        agent: None,
    };
    let authorize = ClientMessage::Authorize {
        id: Id::Number(2),
        user: device.user.clone(),
        password: device.token.clone(),
    };
    for message in [subscribe, authorize] {
        let line = message.to_line();
        write.write_all(line.as_bytes()).await.expect("sent");
    }
    let mut lines = BufReader::new(read).lines();
    until(&mut lines, "mining.notify").await;
    (lines, write)
}

/// Reads to the first message of this method.
async fn until(lines: &mut Lines<BufReader<OwnedReadHalf>>, method: &str) -> Value {
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("in time");
        let line = line.expect("readable").expect("the connection is open");
        let message: Value = serde_json::from_str(&line).expect("JSON");
        if message["method"] == method {
            return message;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_are_sent_elsewhere_while_the_hub_says_that_it_ends() {
    let mut hub = draining_hub().await;
    let device = hub.enrol().await;
    wait_for("readiness", async || {
        (hub.get("/readyz").await.0 == 200).then_some(())
    })
    .await;
    let (mut lines, _write) = listener(&hub, &device).await;
    hub.signal("TERM");
    let sent_away = until(&mut lines, "client.reconnect").await;
    assert_eq!(sent_away["params"][0], "hub2.example");
    assert_eq!(sent_away["params"][1].to_string().trim_matches('"'), "3480");
    let (status, readiness) = hub.get("/readyz").await;
    assert_eq!((status, &readiness["draining"]), (503, &Value::Bool(true)));
    // Then the miner's connection is closed, though the hub still answers.
    let closed = async { while let Ok(Some(_)) = lines.next_line().await {} };
    timeout(PATIENCE, closed).await.expect("closed in time");
    assert_eq!(hub.get("/healthz").await.0, 200);
    wait_for("nobody to be let in any more", async || {
        let refused = TcpStream::connect(&hub.listening.stratum).await;
        refused.is_err().then_some(())
    })
    .await;

    hub.signal("TERM");
    let ended = timeout(PATIENCE, hub.process.wait()).await;
    let status = ended.expect("the second signal ends it").expect("ends");
    assert_eq!((status.code(), status.signal()), (Some(143), None));
}
