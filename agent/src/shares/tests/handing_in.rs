//! From a found solution to a settled receipt, against a server that does as it is told.

use std::time::Duration;

use super::super::in_flight::InFlight;
use super::fake_hub::FakeHub;
use super::*;
use crate::hub_access::HubAccess;
use crate::work::test_server::{LIMIT, Peer, Server, quick};
use crate::work::{Source, Ways, Work};
use idlewatt_kernels::Solution;
use tokio::sync::mpsc;

/// A device with everything between engine and hub.
struct Device {
    receipts: Receipts,
    work: Work,
    submitter: Submitter,
    engine: mpsc::Sender<FoundShare>,
}

impl Device {
    async fn start(folder: &Folder, source: Source, hub: Option<HubAccess>) -> Self {
        let receipts = folder.open().await;
        let work = Work::start(source, Ways::default(), quick());
        work.set_algorithms(&[Algorithm::RandomX]);
        let (engine, found) = mpsc::channel(8);
        let in_flight = InFlight::with_grace(Duration::from_millis(100));
        let submitter =
            Submitter::start_with(receipts.clone(), work.clone(), hub, found, in_flight);
        Device {
            receipts,
            work,
            submitter,
            engine,
        }
    }

    /// The engine finds a share of the current job.
    async fn find(&self, number: u8) {
        let mut jobs = self.work.jobs(Algorithm::RandomX);
        let job = tokio::time::timeout(LIMIT, jobs.wait_for(Option::is_some)).await;
        let job_id = match &*job.expect("in time").expect("alive") {
            Some(current) => current.job.id.clone(),
            None => unreachable!("waited for one"),
        };
        self.find_for(job_id, digest(number)).await;
    }

    async fn find_for(&self, job_id: String, digest: Digest) {
        let solution = Solution {
            job_id,
            nonce: 1,
            extranonce2: 0,
            digest,
            mix: None,
        };
        let processor = "cpu".to_owned();
        let share = FoundShare {
            processor,
            solution,
        };
        self.engine.send(share).await.expect("taken");
    }

    async fn settled(&self, number: u8, state: State) -> Receipt {
        let mut totals = self.receipts.totals();
        let settled = async {
            loop {
                let receipt = self.receipts.find(digest(number)).await.expect("readable");
                if let Some(receipt) = receipt.filter(|receipt| receipt.state == state) {
                    return receipt;
                }
                totals.changed().await.expect("alive");
            }
        };
        let settled = tokio::time::timeout(LIMIT, settled).await;
        settled.unwrap_or_else(|_| panic!("share {number} is not {state} in time"))
    }
}

fn source(server: &Server) -> Source {
    Source::hub(&server.address(), "A.D", "token").expect("an address")
}

async fn answer(peer: &mut Peer, number: i64, refusal: Option<&str>) {
    let answer = match refusal {
        None => r#""error":null,"result":{"status":"OK"}"#.to_owned(),
        Some(text) => format!(r#""error":{{"code":-1,"message":"{text}"}}"#),
    };
    peer.say(&format!(r#"{{"id":{number},{answer}}}"#)).await;
}

#[tokio::test]
async fn a_share_is_on_disk_before_it_is_on_the_wire_and_settled_after_the_answer() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let (hub, access) = FakeHub::start().await;
    let device = Device::start(&folder, source(&server), Some(access)).await;
    let mut peer = server.accept_monero("j1").await;
    device.find(1).await;
    peer.expect("\"submit\"").await;
    assert_eq!(state_of(&device.receipts, 1).await, State::Pending);
    hub.credit(1, 42);
    answer(&mut peer, 2, None).await;
    device.settled(1, State::Accepted).await;

    for (number, text, state) in [
        (2, "Low difficulty share", State::Rejected),
        (3, "Block expired", State::Stale),
        (4, "Duplicate share", State::Rejected),
    ] {
        device.find(number).await;
        peer.expect("\"submit\"").await;
        answer(&mut peer, i64::from(number) + 1, Some(text)).await;
        let settled = device.settled(number, state).await;
        let reason = settled.reason.expect("a reason");
        assert!(reason.eq_ignore_ascii_case(text), "{reason}");
    }
    // The credit comes by itself.
    let credited = async {
        loop {
            let receipt = device.receipts.find(digest(1)).await.expect("readable");
            if receipt.expect("there").credit.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, credited)
        .await
        .expect("in time");

    // The same solution once more is not handed in: the next line is the next share.
    device.find(1).await;
    device.find(5).await;
    peer.expect(&String::from(digest(5))).await;
}

#[tokio::test]
async fn shares_without_an_answer_are_settled_by_the_hubs_books_after_the_next_login() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let (hub, access) = FakeHub::start().await;
    let device = Device::start(&folder, source(&server), Some(access)).await;
    let mut peer = server.accept_monero("j1").await;
    device.find(1).await;
    device.find(2).await;
    peer.expect("\"submit\"").await;
    peer.expect("\"submit\"").await;
    hub.credit(1, 42);
    drop(peer);
    let _peer = server.accept_monero("j2").await;
    let accepted = device.settled(1, State::Accepted).await;
    assert!(accepted.credit.is_some());
    device.settled(2, State::Lost).await;
}

#[tokio::test]
async fn a_process_killed_before_the_answer_settles_at_its_next_start() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let (hub, access) = FakeHub::start().await;
    let killed = Device::start(&folder, source(&server), Some(access.clone())).await;
    let mut peer = server.accept_monero("j1").await;
    killed.find(1).await;
    peer.expect("\"submit\"").await;
    let left = Folder::new();
    for name in ["receipts.sqlite", "receipts.sqlite-wal"] {
        let copied = std::fs::copy(folder.0.path().join(name), left.0.path().join(name));
        copied.expect("copied");
    }
    hub.credit(1, 42);
    let next = Device::start(&left, source(&server), Some(access)).await;
    let settled = next.settled(1, State::Accepted).await;
    assert!(settled.credit.is_some());
    let reconciler = next.submitter.reconciler().expect("a hub");
    assert!(check::run(reconciler).await.expect("asked").agrees());
}

#[tokio::test]
async fn what_no_job_belongs_to_or_misses_its_target_is_dropped() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let (_hub, access) = FakeHub::start().await;
    let device = Device::start(&folder, source(&server), Some(access)).await;
    let mut peer = server.accept_monero("j1").await;
    device.find_for("randomx-0-0".into(), digest(1)).await;
    let mut status = device.submitter.status();
    let dropped = tokio::time::timeout(LIMIT, status.wait_for(|status| status.dropped == 1)).await;
    dropped.expect("in time").expect("alive");
    let mut jobs = device.work.jobs(Algorithm::RandomX);
    let job = jobs.wait_for(Option::is_some).await.expect("alive").clone();
    let job_id = job.expect("a job").job.id;
    device.find_for(job_id, Digest([0xff; 32])).await;
    let dropped = tokio::time::timeout(LIMIT, status.wait_for(|status| status.dropped == 2)).await;
    dropped.expect("in time").expect("alive");
    device.find(3).await;
    peer.expect(&String::from(digest(3))).await;
}

#[tokio::test]
async fn at_a_pool_a_share_without_an_answer_stays_unknown() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let pool = Source::pool(&server.address(), "A.D", "token", Algorithm::RandomX);
    let pool = pool.expect("an address");
    let receipts = folder.open().await;
    let mut old = new_receipt(9);
    old.source = pool.name();
    receipts.record_pending(&old).await.expect("written");
    // Of a pool that is worked for no longer, and of a hub that may be asked one day.
    let mut older = new_receipt(8);
    older.source = "pool gone.example:1 somebody".into();
    receipts.record_pending(&older).await.expect("written");
    let mut of_hub = new_receipt(7);
    of_hub.source = "hub A.D".into();
    receipts.record_pending(&of_hub).await.expect("written");
    receipts.close().await;

    let device = Device::start(&folder, pool, None).await;
    let old = device.settled(9, State::Unknown).await;
    assert!(old.reason.expect("a reason").contains("cannot be asked"));
    device.settled(8, State::Unknown).await;
    device.settled(7, State::Pending).await;
    let mut peer = server.accept_monero("j1").await;
    device.find(1).await;
    peer.expect("\"submit\"").await;
    drop(peer);
    device.settled(1, State::Unknown).await;
}

#[tokio::test]
async fn a_hub_that_cannot_be_asked_is_shown_and_the_end_leaves_nothing_undecided_but_pending() {
    let folder = Folder::new();
    let server = Server::bind().await;
    let (hub, access) = FakeHub::start().await;
    hub.set_down(true);
    let device = Device::start(&folder, source(&server), Some(access)).await;
    let mut status = device.submitter.status();
    let shown = tokio::time::timeout(LIMIT, status.wait_for(|status| status.error.is_some())).await;
    assert!(
        shown
            .expect("in time")
            .expect("alive")
            .error
            .as_deref()
            .expect("an error")
            .contains("503")
    );

    let mut peer = server.accept_monero("j1").await;
    device.find(1).await;
    device.find(2).await;
    peer.expect("\"submit\"").await;
    peer.expect("\"submit\"").await;
    answer(&mut peer, 2, None).await;
    device.settled(1, State::Accepted).await;
    drop(peer);
    device.work.shutdown().await;
    let ended = tokio::time::timeout(LIMIT, device.submitter.shutdown()).await;
    ended.expect("in time");
    assert_eq!(state_of(&device.receipts, 2).await, State::Pending);
}
