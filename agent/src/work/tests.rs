//! Connections against a server that does as it is told: every fault that a real one may have.

mod failover;
mod kawpow;
mod moving;
mod proxy;
mod tls;

use super::*;
use idlewatt_kernels::Digest;
use test_server::{LIMIT, Server, job_line, quick};
use tokio::io::AsyncWriteExt;

fn solution(job: &CurrentJob) -> Solution {
    Solution {
        job_id: job.job.id.clone(),
        nonce: 0x0403_0201,
        extranonce2: 1,
        digest: Digest([0; 32]),
        mix: None,
    }
}

/// The next job that is another one than `before`.
async fn next_job(work: &Work, algorithm: Algorithm, before: Option<&CurrentJob>) -> CurrentJob {
    let mut jobs = work.jobs(algorithm);
    let wanted = |job: &Option<CurrentJob>| job.is_some() && job.as_ref() != before;
    let job = tokio::time::timeout(LIMIT, jobs.wait_for(wanted)).await;
    job.expect("a job in time")
        .expect("alive")
        .clone()
        .expect("a job")
}

async fn no_job(work: &Work, algorithm: Algorithm) {
    let mut jobs = work.jobs(algorithm);
    let none = tokio::time::timeout(LIMIT, jobs.wait_for(Option::is_none)).await;
    none.expect("in time").expect("alive");
}

async fn status(work: &Work, wanted: impl Fn(&ConnectionStatus) -> bool) -> ConnectionStatus {
    let mut statuses = work.statuses();
    let found = |all: &BTreeMap<Algorithm, ConnectionStatus>| all.values().any(&wanted);
    let all = tokio::time::timeout(LIMIT, statuses.wait_for(found)).await;
    let all = all.expect("in time").expect("alive").clone();
    all.into_values().find(wanted).expect("just seen")
}

/// One server for every algorithm.
fn at(server: &Server) -> Addresses {
    Addresses {
        common: server.address().parse().expect("an address"),
        own: BTreeMap::new(),
    }
}

async fn failed(work: &Work, part: &str) {
    let waiting = |status: &ConnectionStatus| matches!(&status.phase, Phase::Waiting { reason, .. } if reason.contains(part));
    status(work, waiting).await;
}

#[tokio::test]
async fn a_monero_share_goes_out_and_its_answer_comes_back() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut peer = server.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let record = work.record(&job.job.id).expect("known");
    assert_eq!((record.wire_id.as_str(), record.work), ("j1", 50));

    let (verdict, ()) = tokio::join!(work.submit(solution(&job)), async {
        let line = peer.expect("\"submit\"").await;
        assert!(line.contains(r#""job_id":"j1""#) && line.contains(r#""nonce":"01020304""#));
        assert!(line.contains(r#""id":"s1""#));
        peer.say(r#"{"id":2,"error":null,"result":{"status":"OK"}}"#)
            .await;
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });

    // Another job on the same block leaves the first one valid, one on the next block does not.
    peer.say(&job_line("j2", 7)).await;
    let second = next_job(&work, Algorithm::RandomX, Some(&job)).await;
    assert_eq!(work.record(&job.job.id).expect("known").over, None);
    peer.say(&job_line("j3", 8)).await;
    next_job(&work, Algorithm::RandomX, Some(&second)).await;
    let reason = book::REPLACED.to_owned();
    assert_eq!(work.submit(solution(&job)).await, Verdict::Stale { reason });
}

#[tokio::test]
async fn a_bitcoin_share_goes_out_and_its_answer_comes_back() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::Sha256d, quick());
    let mut peer = server.accept().await;
    let configure = peer.expect("mining.configure").await;
    let agreed =
        r#""result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null"#;
    peer.answer(&configure, agreed).await;
    peer.expect("mining.subscribe").await;
    peer.say(r#"{"id":1,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}"#)
        .await;
    peer.expect(r#"["A.D","token"]"#).await;
    peer.say(r#"{"id":2,"result":true,"error":null}"#).await;
    // It takes another extranonce where the server likes; that this one does not, is no fault.
    peer.expect("mining.extranonce.subscribe").await;
    peer.say(r#"{"id":3,"result":null,"error":[25,"Not supported",null]}"#)
        .await;
    peer.say(r#"{"id":null,"method":"mining.set_difficulty","params":[0.001]}"#)
        .await;
    let zeros = "00".repeat(32);
    peer.say(&format!(r#"{{"id":null,"method":"mining.notify","params":["5","{zeros}","aa","bb",[],"20000000","207fffff","6b023e2c",true]}}"#))
        .await;
    let job = next_job(&work, Algorithm::Sha256d, None).await;
    let (verdict, ()) = tokio::join!(work.submit(solution(&job)), async {
        let expected = r#"["A.D","5","00000001","6b023e2c","04030201","00000000"]"#;
        let line = peer.expect(expected).await;
        peer.answer(
            &line,
            r#""result":null,"error":[23,"low difficulty share",null]"#,
        )
        .await;
    });
    let reason = "low difficulty share".to_owned();
    assert_eq!(verdict, Verdict::Rejected { code: 23, reason });
}

#[tokio::test]
async fn whatever_answers_that_is_no_stratum_server_is_named_and_tried_again() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    for (bytes, reason) in [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            "does not speak",
        ),
        (b"\xff\xfe\xfd\n".to_vec(), "does not speak"),
        (vec![b'x'; 70_000], "longer than 65536"),
        (
            br#"{"id":1,"error":{"code":-1,"message":"Invalid login"}}"#
                .iter()
                .copied()
                .chain([b'\n'])
                .collect(),
            "refused: Invalid login",
        ),
        (b"{\"id\":1,\"resu".to_vec(), "closed the connection"),
    ] {
        let mut peer = server.accept().await;
        peer.expect("\"login\"").await;
        // A client that has read enough may close while the rest is still being written.
        let _ = peer.lines.get_mut().write_all(&bytes).await;
        let _ = peer.lines.get_mut().shutdown().await;
        failed(&work, reason).await;
        drop(peer);
    }
    let _peer = server.accept_monero("j1").await;
    next_job(&work, Algorithm::RandomX, None).await;
}

#[tokio::test]
async fn a_lost_connection_leaves_its_shares_unknown_and_its_jobs_stale() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut logins = work.logins();
    let mut peer = server.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let (verdict, ()) = tokio::join!(work.submit(solution(&job)), async move {
        peer.expect("\"submit\"").await;
        // In the middle of a line.
        peer.say_bytes(br#"{"id":2,"error":nul"#).await;
    });
    assert!(matches!(verdict, Verdict::Unknown { .. }), "{verdict:?}");
    no_job(&work, Algorithm::RandomX).await;
    let stale = work.submit(solution(&job)).await;
    assert!(matches!(stale, Verdict::Stale { .. }), "{stale:?}");

    let _peer = server.accept_monero("j1").await;
    let again = next_job(&work, Algorithm::RandomX, Some(&job)).await;
    assert_ne!(again.generation, job.generation);
    // The server's id is the same, ours is not: the old connection's share cannot pass for the new one's.
    let stale = work.submit(solution(&job)).await;
    assert!(matches!(stale, Verdict::Stale { .. }), "{stale:?}");
    let twice = tokio::time::timeout(LIMIT, logins.wait_for(|logins| *logins == 2)).await;
    twice.expect("in time").expect("alive");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::bind().await;
    let short = Duration::from_millis(50);
    let work = server.work(
        Algorithm::RandomX,
        Timing {
            login: short,
            ..quick()
        },
    );
    let _silent = server.accept().await;
    failed(&work, "login was not answered").await;

    let server = Server::bind().await;
    let timing = Timing {
        silence: short,
        ..quick()
    };
    let work = server.work(Algorithm::RandomX, timing);
    let _peer = server.accept_monero("j1").await;
    failed(&work, "gone silent").await;

    let server = Server::bind().await;
    let timing = Timing {
        answer: short,
        ..quick()
    };
    let work = server.work(Algorithm::RandomX, timing);
    let _peer = server.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let verdict = work.submit(solution(&job)).await;
    assert!(matches!(verdict, Verdict::Unknown { .. }), "{verdict:?}");
    failed(&work, "share was not answered").await;
}

#[tokio::test]
async fn signs_of_life_are_sent_and_their_answers_taken() {
    let server = Server::bind().await;
    let timing = Timing {
        keep_alive: Duration::from_millis(20),
        ..quick()
    };
    let work = server.work(Algorithm::RandomX, timing);
    let mut peer = server.accept_monero("j1").await;
    for id in 2..5 {
        peer.expect("keepalived").await;
        let answer = format!(r#"{{"id":{id},"error":null,"result":{{"status":"KEEPALIVED"}}}}"#);
        peer.say(&answer).await;
    }
    let connected = status(&work, |status| status.phase == Phase::Connected).await;
    assert_eq!((connected.bad_lines, connected.unknown_messages), (0, 0));
}

#[tokio::test]
async fn what_is_not_understood_is_counted_and_passed_over() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut peer = server.accept_monero("j1").await;
    let first = next_job(&work, Algorithm::RandomX, None).await;
    peer.say(r#"{"method":"dance","params":{}}"#).await;
    peer.say("garbage").await;
    peer.say(&job_line("j2", 8).replace("rx/0", "kawpow")).await;
    no_job(&work, Algorithm::RandomX).await;
    let none = status(&work, |status| status.no_job.is_some()).await;
    assert!(none.no_job.expect("a reason").contains("\"kawpow\""));
    assert_eq!((none.unknown_messages, none.bad_lines), (1, 2));

    peer.say(&job_line("j3", 8)).await;
    next_job(&work, Algorithm::RandomX, Some(&first)).await;
    status(&work, |status| status.no_job.is_none() && status.jobs == 2).await;
    for _ in 0..20 {
        // The client may hang up before the last of them.
        let _ = peer.lines.get_mut().write_all(b"garbage\n").await;
    }
    failed(&work, "too many lines").await;
}

#[tokio::test]
async fn a_new_address_is_followed_at_once() {
    let old = Server::bind().await;
    let new = Server::bind().await;
    let slow = Duration::from_secs(3_600);
    let timing = Timing {
        retry: (slow, slow),
        ..quick()
    };
    let work = old.work(Algorithm::RandomX, timing);
    let mut peer = old.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    work.set_addresses(&at(&new));
    peer.expect_end().await;
    let peer = new.accept_monero("j1").await;
    next_job(&work, Algorithm::RandomX, Some(&job)).await;
    // Also out of a long wait.
    drop(peer);
    failed(&work, "closed").await;
    work.set_addresses(&at(&old));
    old.accept_monero("j2").await;
}

#[tokio::test]
async fn a_share_under_way_at_the_end_gets_its_answer() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut peer = server.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let (verdict, ()) = tokio::join!(work.submit(solution(&job)), async {
        peer.expect("\"submit\"").await;
        let answer = async {
            // Only when the end has begun is there no job any more.
            no_job(&work, Algorithm::RandomX).await;
            peer.say(r#"{"id":2,"error":null,"result":{"status":"OK"}}"#)
                .await;
        };
        tokio::join!(work.shutdown(), answer);
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });
    peer.expect_end().await;
    assert!(work.statuses().borrow().is_empty());
    let late = work.submit(solution(&job)).await;
    assert!(matches!(late, Verdict::Stale { .. }), "{late:?}");
}

#[tokio::test]
async fn a_connection_that_is_no_longer_wanted_is_closed() {
    let server = Server::bind().await;
    let work = server.work(Algorithm::RandomX, quick());
    let mut peer = server.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    work.set_algorithms(&[]);
    peer.expect_end().await;
    no_job(&work, Algorithm::RandomX).await;
    let stale = work.submit(solution(&job)).await;
    assert!(matches!(stale, Verdict::Stale { .. }), "{stale:?}");
    work.set_algorithms(&[Algorithm::RandomX]);
    server.accept_monero("j1").await;
}
