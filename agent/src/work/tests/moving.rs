//! Servers that send their clients elsewhere, and passwords that are replaced.

use super::*;

const SUBSCRIBED: &str = r#"{"id":1,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}"#;

/// Takes the login of Bitcoin's dialect and gives a job.
async fn accept(server: &Server, job_id: &str) -> test_server::Peer {
    let mut peer = server.accept().await;
    let configure = peer.expect("mining.configure").await;
    peer.answer(
        &configure,
        r#""result":null,"error":[20,"unknown method",null]"#,
    )
    .await;
    peer.expect("mining.subscribe").await;
    peer.say(SUBSCRIBED).await;
    peer.expect("mining.authorize").await;
    peer.say(r#"{"id":2,"result":true,"error":null}"#).await;
    peer.expect("mining.extranonce.subscribe").await;
    let zeros = "00".repeat(32);
    peer.say(&format!(r#"{{"id":null,"method":"mining.notify","params":["{job_id}","{zeros}","aa","bb",[],"20000000","207fffff","6b023e2c",true]}}"#))
        .await;
    peer
}

fn reconnect(host: &str, port: u16) -> String {
    format!(r#"{{"id":null,"method":"client.reconnect","params":["{host}",{port},0]}}"#)
}

#[tokio::test]
async fn a_server_that_is_taken_down_is_left_for_its_other_port() {
    let (server, other) = (Server::bind().await, Server::bind().await);
    let work = server.work(Algorithm::Sha256d, quick());
    let mut peer = accept(&server, "1").await;
    next_job(&work, Algorithm::Sha256d, None).await;
    let port = other.address().parse::<Address>().expect("an address").port;
    peer.say(&reconnect("127.0.0.1", port)).await;
    let moved = accept(&other, "2").await;
    let told = status(&work, |status| status.phase == Phase::Connected).await;
    assert_eq!((told.address, told.not_followed), (other.address(), None));
    // When that is over, where it was set to be counts again.
    drop(moved);
    accept(&server, "3").await;
}

#[tokio::test]
async fn nobody_is_followed_to_a_foreign_host() {
    let (server, foreign) = (Server::bind().await, Server::bind().await);
    let work = server.work(Algorithm::Sha256d, quick());
    let mut peer = accept(&server, "1").await;
    next_job(&work, Algorithm::Sha256d, None).await;
    let port = foreign
        .address()
        .parse::<Address>()
        .expect("an address")
        .port;
    // The same machine, but not the name that was set.
    peer.say(&reconnect("localhost", port)).await;
    let mut again = accept(&server, "2").await;
    let told = status(&work, |status| status.phase == Phase::Connected).await;
    assert_eq!(told.address, server.address());
    assert_eq!(told.not_followed.as_deref(), Some("localhost"));
    again.say(&reconnect("", 0)).await;
    accept(&server, "3").await;
}

#[tokio::test]
async fn a_host_that_the_owner_allows_is_followed() {
    let (server, other) = (Server::bind().await, Server::bind().await);
    let source = Source::hub(&server.address(), "A.D", "token").expect("an address");
    let ways = Ways {
        reconnect_hosts: vec!["localhost".into()],
        ..Ways::default()
    };
    let work = Work::start(source, ways, quick());
    work.set_algorithms(&[Algorithm::Sha256d]);
    let mut peer = accept(&server, "1").await;
    let port = other.address().parse::<Address>().expect("an address").port;
    peer.say(&reconnect("localhost", port)).await;
    accept(&other, "2").await;
    let told = status(&work, |status| status.address.starts_with("localhost:")).await;
    assert_eq!(told.not_followed, None);
}

#[tokio::test]
async fn shares_count_until_the_connection_is_left() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::Sha256d, quick());
    let mut peer = accept(&server, "1").await;
    let job = next_job(&work, Algorithm::Sha256d, None).await;
    peer.say(r#"{"id":null,"method":"client.reconnect","params":["",0,200]}"#)
        .await;
    let (verdict, ()) = tokio::join!(work.submit(solution(&job)), async {
        let line = peer.expect("mining.submit").await;
        peer.answer(&line, r#""result":true,"error":null,"receipt":"1|D|x""#)
            .await;
    });
    let receipt = Some("1|D|x".to_owned());
    assert_eq!(verdict, Verdict::Accepted { receipt });
}

#[tokio::test]
async fn a_refused_password_is_told_and_another_one_used_at_once() {
    let server = Server::bind().await;
    let slow = std::time::Duration::from_secs(3_600);
    let timing = Timing {
        retry: (slow, slow),
        ..quick()
    };
    let work = server.work(Algorithm::RandomX, timing);
    let mut refused = work.refused_logins();
    let mut peer = server.accept().await;
    peer.expect("\"token\"").await;
    peer.say(r#"{"id":1,"error":{"code":-1,"message":"Unauthenticated"}}"#)
        .await;
    let told = tokio::time::timeout(LIMIT, refused.changed()).await;
    told.expect("in time").expect("alive");
    assert_eq!(*refused.borrow(), "token");
    work.set_password("another");
    server.accept().await.expect("\"another\"").await;
}
