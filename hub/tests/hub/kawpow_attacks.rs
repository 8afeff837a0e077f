//! What nobody should send to the ports of the ProgPoW family, and what must not come of it.

use idlewatt_kernels::progpow::{Hash, KAWPOW_TEST, digest_of_mix};

use crate::harness::{TestHub, Wire, settings, start};
use crate::kawpow_miner::{Found, Miner, address, hub, target};

/// The hub's full hashes so far.
fn hashes(hub: &TestHub) -> u64 {
    let verifiers = hub.verifiers.as_ref().expect("in this process");
    verifiers.progpow.hashes()
}

/// A share with an invented mix that seems good enough, or seems not to be.
fn forged(miner: &Miner, number: u64, good: bool) -> Found {
    let job = miner.newest();
    let [high, low] = miner.extranonce1[..] else {
        panic!("two bytes");
    };
    let nonce = u64::from(u16::from_be_bytes([high, low])) << 48 | number;
    let target = target(&job.target.expect("one"));
    let hash = (0u64..)
        .map(|attempt| {
            let mut mix = [0x55; 32];
            mix[..8].copy_from_slice(&attempt.to_le_bytes());
            let digest = digest_of_mix(&KAWPOW_TEST, &job.header_hash, nonce, &mix);
            Hash { mix, digest }
        })
        .find(|hash| target.is_met_by(&hash.number().0) == good)
        .expect("endless mixes");
    Found {
        job_id: job.job_id,
        header: job.header_hash,
        nonce,
        hash,
    }
}

/// Sends thousands of invented shares at once, and reads to the end of the session.
async fn flood(miner: &mut Miner, good: bool) {
    let mut sent = 0;
    while sent < 5_000 {
        let line = miner.line(&forged(miner, sent, good));
        if !miner.wire.push(line.as_bytes()).await {
            break;
        }
        sent += 1;
    }
    miner.wire.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_mixes_without_end_end_the_session_and_cost_little() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut honest = Miner::login(&hub, &device).await;
    honest.share().await;
    let before = hashes(&hub);

    let mut miner = Miner::login(&hub, &device).await;
    assert_eq!(
        miner.submit(&forged(&miner, 1 << 40, true)).await,
        Err(20),
        "looks good, but is not what the nonce gives"
    );
    assert_eq!(hashes(&hub), before + 1);
    flood(&mut miner, true).await;
    // Those that a session forgives, and those that were being judged at its end.
    assert!(hashes(&hub) - before <= 36, "{}", hashes(&hub) - before);

    let before = hashes(&hub);
    let mut miner = Miner::login(&hub, &device).await;
    flood(&mut miner, false).await;
    assert_eq!(hashes(&hub), before, "seen through without hashing");

    // Coming back for more does not help for long, and hurts nobody else.
    let mut miner = Miner::login(&hub, &device).await;
    flood(&mut miner, true).await;
    assert_eq!(Miner::try_login(&hub, &device).await.err(), Some(20));
    honest.share().await;
    assert_eq!(hub.shares(&device).await.shares.len(), 2);
    let other = hub.device().await;
    Miner::login(&hub, &other).await.share().await;
    hub.stop().await;
}

/// A right mix after a wrong one for the same nonce: the wrong one was none of its duplicates.
#[tokio::test]
async fn a_wrong_mix_does_not_take_the_right_one_s_place() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let found = miner.mine(&miner.newest(), true);
    let mut wrong = forged(&miner, found.nonce & 0xffff_ffff_ffff, true);
    wrong.job_id.clone_from(&found.job_id);
    assert_eq!((wrong.nonce, wrong.header), (found.nonce, found.header));
    assert_eq!(miner.submit(&wrong).await, Err(20));
    assert_eq!(miner.submit(&found).await, Ok(()));
    assert_eq!(miner.submit(&found).await, Err(22));
    assert_eq!(miner.submit(&wrong).await, Err(22), "the nonce is used up");
    assert_eq!(hub.shares(&device).await.shares.len(), 1);
    hub.stop().await;
}

/// The same share many times at once counts once.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_sent_many_times_at_once_is_credited_once() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let found = miner.mine(&miner.newest(), true);
    let line = miner.line(&found);
    miner.wire.send(&line.repeat(50)).await;
    let mut accepted = 0;
    for _ in 0..50 {
        use idlewatt_stratum::kawpow::ServerMessage::{Error, Ok};
        match miner.message().await.expect("an answer") {
            Ok { result: true, .. } => accepted += 1,
            Error { code: 22, .. } => {}
            other => panic!("not expected: {other:?}"),
        }
    }
    assert_eq!(accepted, 1);
    assert_eq!(hashes(&hub), 1);
    assert_eq!(hub.shares(&device).await.shares.len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn lines_of_no_dialect_end_the_connection() {
    let (hub, _folder) = hub().await;
    let long = format!(
        "{{\"method\":\"mining.subscribe\",\"x\":\"{}\"}}",
        "a".repeat(20_000)
    );
    let deep = "[".repeat(10_000);
    let lines: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
        b"\xff\xfe\xfd\n",
        b"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"x\",\"pass\":\"y\"}}\n",
        b"{\"id\":1,\"method\":\"eth_submitLogin\"}\n",
        deep.as_bytes(),
        long.as_bytes(),
    ];
    let at = address(&hub).await;
    for line in lines {
        let mut wire = Wire::connect(at).await;
        wire.push(line).await;
        wire.push(b"\n").await;
        wire.closed().await;
    }
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    miner.share().await;
    miner.wire.push(&vec![b'a'; 1 << 20]).await;
    miner.wire.closed().await;
    assert_eq!(hub.shares(&device).await.shares.len(), 1);
    hub.stop().await;
}

/// The limits are the hub's, not one port's.
#[tokio::test]
async fn all_ports_together_have_so_many_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut few = settings(folder.path());
    few.test_algorithm = true;
    few.limits.connections_per_address = 2;
    let hub = start(few).await;
    let device = hub.device().await;
    let mut card = Miner::login(&hub, &device).await;
    let cpu = crate::harness::Miner::login(&hub, &device).await;
    Wire::connect(address(&hub).await).await.closed().await;
    hub.connect().await.closed().await;
    card.share().await;
    drop(cpu);
    // The place comes back, at any port.
    let at = hub.address_of("kawpow").await;
    let back = async {
        loop {
            let mut wire = Wire::connect(at).await;
            let subscribe = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n";
            wire.push(subscribe).await;
            if wire.line().await.is_some() {
                return;
            }
        }
    };
    tokio::time::timeout(crate::harness::DEADLINE, back)
        .await
        .expect("a free place");
    hub.stop().await;
}
