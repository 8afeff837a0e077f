//! A share of the ProgPoW family, from its hash to its credit: its digest is the same number on both sides.

use std::sync::atomic::AtomicBool;

use super::fake_hub::FakeHub;
use super::*;
use crate::work::test_server::{LIMIT, Server, quick};
use crate::work::{CurrentJob, Source, Ways, Work};
use idlewatt_kernels::progpow::{self, Epoch, KAWPOW_TEST, LightCache, Program};
use idlewatt_kernels::{JobInput, Solution, Target};
use idlewatt_stratum::Id;
use idlewatt_stratum::kawpow::{ClientMessage, NotifyMessage, ServerMessage};
use tokio::sync::mpsc;

const ALGORITHM: Algorithm = Algorithm::KawPowTest;
const HEADER: [u8; 32] = [0x5b; 32];
const HEIGHT: u64 = 100;

/// What a hash takes on average 16 of.
fn target() -> Target {
    Target::from_work(16).expect("above zero")
}

/// The first share of a job, as an engine finds it.
fn search(job: &CurrentJob) -> Solution {
    let JobInput::ProgPow(input) = &job.job.input else {
        panic!("{job:?}");
    };
    let epoch = Epoch::of_height(&KAWPOW_TEST, input.height).expect("a height");
    let cache = LightCache::build(epoch, &|_, _| {}, &AtomicBool::new(false)).expect("wanted");
    let program = Program::of_period(&KAWPOW_TEST, KAWPOW_TEST.period_of(input.height));
    let extranonce2 = u64::from(u32::from_be_bytes([
        input.nonce_prefix[0],
        input.nonce_prefix[1],
        0,
        9,
    ]));
    let found = (0..100_000).find_map(|nonce| {
        let wide = extranonce2 << 32 | u64::from(nonce);
        let hash = progpow::hash(&cache, &program, &input.header_hash, wide);
        let meets = job.job.target.is_met_by(&hash.number().0);
        meets.then_some((nonce, hash))
    });
    let (nonce, hash) = found.expect("one in sixteen");
    Solution {
        job_id: job.job.id.clone(),
        nonce,
        extranonce2,
        digest: hash.number(),
        mix: Some(hash.mix),
    }
}

#[tokio::test]
async fn a_share_is_sent_with_its_proof_and_credited_under_its_digest() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    let server = Server::bind().await;
    let (hub, access) = FakeHub::start().await;
    let source = Source::hub(&server.address(), "A.D", "token").expect("an address");
    let work = Work::start(source, Ways::default(), quick());
    work.set_algorithms(&[ALGORITHM]);
    let (engine, found) = mpsc::channel(8);
    let _submitter = Submitter::start(receipts.clone(), work.clone(), Some(access), found);

    let mut peer = server.accept().await;
    peer.expect("mining.subscribe").await;
    peer.say(r#"{"id":1,"result":[null,"c0de"],"error":null}"#)
        .await;
    peer.expect("mining.authorize").await;
    peer.say(r#"{"id":2,"result":true,"error":null}"#).await;
    peer.expect("mining.extranonce.subscribe").await;
    let job = ServerMessage::Notify(NotifyMessage {
        job_id: "7".into(),
        header_hash: HEADER,
        seed_hash: None,
        target: Some(target().to_be_bytes()),
        clean: true,
        height: HEIGHT,
        bits: None,
    });
    peer.say_bytes(job.to_line().as_bytes()).await;
    let mut jobs = work.jobs(ALGORITHM);
    let job = tokio::time::timeout(LIMIT, jobs.wait_for(Option::is_some)).await;
    let job = job
        .expect("in time")
        .expect("alive")
        .clone()
        .expect("a job");
    let solution = search(&job);
    let share = FoundShare {
        processor: "gpu".into(),
        solution: solution.clone(),
    };
    engine.send(share).await.expect("taken");

    // The server needs nothing but the line to see what was found.
    let line = peer.expect("mining.submit").await;
    let Ok(ClientMessage::Submit {
        id: Id::Number(request),
        nonce,
        header_hash,
        mix_hash,
        ..
    }) = ClientMessage::parse(&line)
    else {
        panic!("{line}");
    };
    assert_eq!((header_hash, nonce >> 48), (HEADER, 0xc0de));
    let mut digest = progpow::digest_of_mix(&KAWPOW_TEST, &header_hash, nonce, &mix_hash);
    digest.reverse();
    assert!(target().is_met_by(&digest));
    assert_eq!(digest, solution.digest.0);
    hub.credit_digest(hex::encode(digest), 5);
    peer.say(&format!(r#"{{"id":{request},"result":true,"error":null}}"#))
        .await;

    let credited = async {
        loop {
            let receipt = receipts.find(solution.digest).await.expect("readable");
            if let Some(receipt) = receipt.filter(|receipt| receipt.credit.is_some()) {
                return receipt;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let receipt = tokio::time::timeout(LIMIT, credited)
        .await
        .expect("in time");
    assert_eq!(receipt.state, State::Accepted);
    assert_eq!(receipt.algorithm, "kawpow-test");
    assert_eq!((receipt.nonce, receipt.work), (solution.nonce, 16));
    assert_eq!(receipt.extranonce2, solution.extranonce2);
}
