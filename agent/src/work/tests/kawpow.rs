//! KawPow's dialect over a connection, and the ports that a hub has for it.

use super::*;
use idlewatt_kernels::JobInput;
use test_server::Peer;

const LOGGED_IN: &str = r#"{"id":2,"result":true,"error":null}"#;

/// Takes the login and gives the first job.
async fn accept(server: &Server, job_id: &str) -> Peer {
    let mut peer = server.accept().await;
    peer.expect("mining.subscribe").await;
    peer.say(r#"{"id":1,"result":[null,"c0de"],"error":null}"#)
        .await;
    peer.expect(r#"["A.D","token"]"#).await;
    peer.say(LOGGED_IN).await;
    peer.expect("mining.extranonce.subscribe").await;
    peer.say(&notify(job_id, 170_915)).await;
    peer
}

fn notify(job_id: &str, height: u64) -> String {
    let (header, target) = ("5b".repeat(32), "0f".repeat(32));
    format!(
        r#"{{"id":null,"method":"mining.notify","params":["{job_id}","{header}","","{target}",true,{height},"1b00ffff"]}}"#
    )
}

#[tokio::test]
async fn a_share_goes_out_and_its_answer_comes_back() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::KawPow, quick());
    let mut peer = accept(&server, "7").await;
    let job = next_job(&work, Algorithm::KawPow, None).await;
    let JobInput::ProgPow(input) = &job.job.input else {
        panic!("{job:?}");
    };
    assert_eq!(input.nonce_prefix, [0xc0, 0xde]);

    let foreign = Solution {
        extranonce2: 0xc0df_0000,
        mix: Some([0xef; 32]),
        ..solution(&job)
    };
    let own = Solution {
        extranonce2: 0xc0de_0001,
        ..foreign.clone()
    };
    // The first one is another connection's to find: the server never hears of it.
    let refused = work.submit(foreign).await;
    let Verdict::Rejected { reason, .. } = refused else {
        panic!("{refused:?}");
    };
    assert!(reason.contains("does not begin with c0de"), "{reason}");
    let (verdict, ()) = tokio::join!(work.submit(own), async {
        let line = peer.expect("mining.submit").await;
        let (header, mix) = ("5b".repeat(32), "ef".repeat(32));
        let expected = format!(r#"["A.D","7","0xc0de000104030201","0x{header}","0x{mix}"]"#);
        assert!(line.contains(&expected), "{line}");
        peer.answer(&line, r#""result":true,"error":null"#).await;
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });
}

#[tokio::test]
async fn a_job_beyond_any_epoch_ends_the_work_and_says_so() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::KawPow, quick());
    let mut peer = accept(&server, "7").await;
    let first = next_job(&work, Algorithm::KawPow, None).await;
    peer.say(&notify("8", 244_800_000)).await;
    no_job(&work, Algorithm::KawPow).await;
    let none = status(&work, |status| status.no_job.is_some()).await;
    let reason = none.no_job.expect("a reason");
    assert!(reason.contains("0 to 244799999"), "{reason}");
    peer.say(&notify("9", 170_916)).await;
    next_job(&work, Algorithm::KawPow, Some(&first)).await;
}

#[tokio::test]
async fn each_algorithm_is_asked_for_at_its_own_port_and_followed_to_a_new_one() {
    let (common, kawpow) = (Server::bind().await, Server::bind().await);
    let source = Source::hub(&common.address(), "A.D", "token").expect("an address");
    let work = Work::start(source, Ways::default(), quick());
    let mut addresses = at(&common);
    let own = |server: &Server| {
        [(
            Algorithm::KawPow,
            server.address().parse().expect("an address"),
        )]
        .into()
    };
    addresses.own = own(&kawpow);
    work.set_addresses(&addresses);
    work.set_algorithms(&[Algorithm::RandomX, Algorithm::KawPow]);
    let mut monero = common.accept_monero("j1").await;
    let mut peer = accept(&kawpow, "7").await;
    let first = next_job(&work, Algorithm::KawPow, None).await;
    let randomx = next_job(&work, Algorithm::RandomX, None).await;

    let moved = Server::bind().await;
    addresses.own = own(&moved);
    work.set_addresses(&addresses);
    peer.expect_end().await;
    let _moved = accept(&moved, "7").await;
    next_job(&work, Algorithm::KawPow, Some(&first)).await;
    let told = status(&work, |status| status.algorithm == Algorithm::KawPow).await;
    assert_eq!(told.address, moved.address());

    // The other connection has stayed where it is.
    monero.say(&job_line("j2", 8)).await;
    let next = next_job(&work, Algorithm::RandomX, Some(&randomx)).await;
    assert_eq!(next.generation, randomx.generation);
}
