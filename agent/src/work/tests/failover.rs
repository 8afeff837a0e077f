//! Several pools: one stands in for another, and gives way again.

use std::time::Duration;

use super::*;

/// Times that a test can wait for.
fn timing() -> Timing {
    Timing {
        stable: Duration::ZERO,
        first_again: Duration::from_millis(30),
        ..quick()
    }
}

fn server(at: &str) -> StratumServer {
    StratumServer {
        address: at.parse().expect("an address"),
        user: "A.D".into(),
        password: "token".into(),
    }
}

fn work(first: &str, other: &str, timing: Timing) -> Work {
    let source = Source::pools(vec![Pool {
        algorithm: Algorithm::RandomX,
        first: server(first),
        others: vec![server(other)],
    }]);
    let work = Work::start(source.expect("pools"), Ways::default(), timing);
    work.set_algorithms(&[Algorithm::RandomX]);
    work
}

/// An address at which nothing listens as yet.
async fn nobody() -> String {
    Server::bind().await.address()
}

#[tokio::test]
async fn another_pool_stands_in_until_the_first_has_work_again_and_no_share_is_lost() {
    let (first, second) = (nobody().await, Server::bind().await);
    let work = work(&first, &second.address(), timing());
    let mut peer = second.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let record = work.record(&job.job.id).expect("known");
    assert_eq!(*record.source, *format!("pool {} A.D", second.address()));
    let told = status(&work, |status| status.instead_of.is_some()).await;
    assert_eq!(told.address, second.address());
    let instead_of = told.instead_of.expect("just seen");
    assert_eq!(instead_of.address, first);
    assert!(
        instead_of.reason.contains("cannot connect"),
        "{instead_of:?}"
    );

    // A share is under way while the first comes back.
    let answered = work.submit(solution(&job));
    let (verdict, first) = tokio::join!(answered, async {
        peer.expect("\"submit\"").await;
        let first = Server::bind_at(&first).await;
        // One connection to see whether it has work, and that is all.
        let mut look = first.accept_monero("j2").await;
        look.expect_end().await;
        peer.say(r#"{"id":2,"error":null,"result":{"status":"OK"}}"#)
            .await;
        first
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });
    peer.expect_end().await;
    let _peer = first.accept_monero("j3").await;
    let job = next_job(&work, Algorithm::RandomX, Some(&job)).await;
    let record = work.record(&job.job.id).expect("known");
    assert_eq!(
        (record.wire_id.as_str(), &*record.source),
        ("j3", &*format!("pool {} A.D", first.address()))
    );
    status(&work, |status| {
        status.instead_of.is_none() && status.phase == Phase::Connected
    })
    .await;
}

#[tokio::test]
async fn a_first_pool_that_refuses_the_login_or_has_nothing_to_do_is_passed_over() {
    let (first, second) = (Server::bind().await, Server::bind().await);
    let timing = Timing {
        workless: Duration::from_millis(50),
        first_again: Duration::from_secs(600),
        ..timing()
    };
    let work = work(&first.address(), &second.address(), timing);
    let refusal = r#"{"id":1,"error":{"code":-1,"message":"Invalid login"}}"#;
    let mut peer = first.accept().await;
    peer.expect("\"login\"").await;
    peer.say(refusal).await;
    let peer = second.accept_monero("j1").await;
    let told = status(&work, |status| status.instead_of.is_some()).await;
    let reason = told.instead_of.expect("just seen").reason;
    assert!(reason.contains("Invalid login"), "{reason}");
    next_job(&work, Algorithm::RandomX, None).await;

    // The second is lost: the first is asked, and has work of another kind alone.
    drop(peer);
    let mut peer = first.accept().await;
    peer.expect("\"login\"").await;
    let foreign = format!(
        r#"{{"id":1,"error":null,"result":{{"id":"s","job":{},"status":"OK"}}}}"#,
        test_server::job("j9", 7).replace("rx/0", "cn/r")
    );
    peer.say(&foreign).await;
    peer.expect_end().await;
    let _peer = second.accept_monero("j2").await;
    let told = status(&work, |status| {
        let reason = status.instead_of.as_ref().map(|first| first.reason.clone());
        reason.is_some_and(|reason| reason.contains("nothing to do"))
    });
    assert_eq!(told.await.address, second.address());
}

#[tokio::test]
async fn where_no_pool_can_be_reached_each_is_tried_again_and_again() {
    let (first, second) = (nobody().await, nobody().await);
    let work = work(&first, &second, timing());
    failed(&work, "cannot connect").await;
    for _ in 0..3 {
        status(&work, |status| status.address == first).await;
        status(&work, |status| status.address == second).await;
    }
    let second = Server::bind_at(&second).await;
    let _peer = second.accept_monero("j1").await;
    next_job(&work, Algorithm::RandomX, None).await;
}

#[tokio::test]
async fn a_first_pool_that_comes_back_without_work_is_not_gone_back_to() {
    let (first, second) = (nobody().await, Server::bind().await);
    let work = work(&first, &second.address(), timing());
    let _peer = second.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let first = Server::bind_at(&first).await;
    for _ in 0..3 {
        let mut look = first.accept().await;
        look.expect("\"login\"").await;
        look.say(r#"{"id":1,"error":{"code":-1,"message":"no node"}}"#)
            .await;
        look.expect_end().await;
    }
    let told = status(&work, |status| {
        let reason = status.instead_of.as_ref().map(|first| first.reason.clone());
        reason.is_some_and(|reason| reason.contains("no node"))
    });
    assert_eq!(told.await.phase, Phase::Connected);
    let jobs = work.jobs(Algorithm::RandomX);
    assert_eq!(jobs.borrow().as_ref(), Some(&job));
}

#[tokio::test]
async fn a_pool_whose_jobs_turn_to_nonsense_is_left_for_another() {
    let (first, second) = (Server::bind().await, Server::bind().await);
    let timing = Timing {
        workless: Duration::from_millis(50),
        first_again: Duration::from_secs(600),
        ..timing()
    };
    let work = work(&first.address(), &second.address(), timing);
    let mut peer = first.accept_monero("j1").await;
    next_job(&work, Algorithm::RandomX, None).await;
    // Another algorithm, or a target of 0, which nobody can meet.
    let nonsense = [
        job_line("j2", 8).replace("rx/0", "cn/r"),
        job_line("j3", 8).replace("b81e85eb51b81e05", "0000000000000000"),
    ];
    for line in &nonsense {
        peer.say(line).await;
    }
    no_job(&work, Algorithm::RandomX).await;
    peer.expect_end().await;
    let _peer = second.accept_monero("j4").await;
    let told = status(&work, |status| status.instead_of.is_some()).await;
    assert_eq!(told.address, second.address());
    next_job(&work, Algorithm::RandomX, None).await;
}

#[tokio::test]
async fn each_algorithm_has_its_own_pool_and_its_own_way_there() {
    let (of_cpu, of_gpu) = (Server::bind().await, Server::bind().await);
    let pool = |algorithm, at: &str| Pool {
        algorithm,
        first: server(at),
        others: Vec::new(),
    };
    let source = Source::pools(vec![
        pool(Algorithm::RandomX, &of_cpu.address()),
        pool(Algorithm::KawPow, &of_gpu.address()),
    ]);
    let work = Work::start(source.expect("pools"), Ways::default(), timing());
    let all = [Algorithm::RandomX, Algorithm::KawPow, Algorithm::Sha256d];
    work.set_algorithms(&all);
    let mut peer = of_cpu.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let record = work.record(&job.job.id).expect("known");
    assert_eq!(*record.source, *format!("pool {} A.D", of_cpu.address()));
    let mut other = of_gpu.accept().await;
    other.expect("mining.subscribe").await;
    // Where one of them ends, the other goes on.
    drop(other);
    drop(of_gpu);
    let answered = work.submit(solution(&job));
    let (verdict, ()) = tokio::join!(answered, async {
        peer.expect("\"submit\"").await;
        peer.say(r#"{"id":2,"error":null,"result":{"status":"OK"}}"#)
            .await;
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });
    let statuses = work.statuses().borrow().clone();
    assert_eq!(
        statuses.len(),
        2,
        "nobody has work for the third: {statuses:?}"
    );
}

#[tokio::test]
async fn what_is_found_while_the_first_pool_is_gone_back_to_is_handed_in_before() {
    let (first, second) = (nobody().await, Server::bind().await);
    let timing = Timing {
        farewell: Duration::from_secs(2),
        ..timing()
    };
    let work = work(&first, &second.address(), timing);
    let mut peer = second.accept_monero("j1").await;
    let job = next_job(&work, Algorithm::RandomX, None).await;
    let first = Server::bind_at(&first).await;
    let mut look = first.accept_monero("j2").await;
    look.expect_end().await;
    let mut jobs = work.jobs(Algorithm::RandomX);
    jobs.wait_for(Option::is_none).await.expect("it goes");
    // The engine has found it before it heard of that.
    let answered = work.submit(solution(&job));
    let (verdict, ()) = tokio::join!(answered, async {
        peer.expect("\"submit\"").await;
        peer.say(r#"{"id":2,"error":null,"result":{"status":"OK"}}"#)
            .await;
    });
    assert_eq!(verdict, Verdict::Accepted { receipt: None });
    peer.expect_end().await;
    let _peer = first.accept_monero("j3").await;
}
