//! The hub's daily closings, as they should be and as a hub that cheats has them.

use std::time::Duration;

use idlewatt_protocol::api::{Closing, ClosingLeaf, ClosingProof};
use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;

use super::super::closings::{self, ClosingsReport};
use super::super::in_flight::InFlight;
use super::super::{Reconciler, check};
use super::fake_hub::{Entries, FakeHub};
use super::*;
use crate::hub_access::HubAccess;

/// A device whose receipts were begun long before the days that are closed here.
struct Device {
    _folder: Folder,
    hub: FakeHub,
    access: HubAccess,
    receipts: Receipts,
}

impl Device {
    async fn new() -> Device {
        let folder = Folder::new();
        let (hub, access) = FakeHub::start().await;
        let receipts = folder.open().await;
        Device {
            _folder: folder,
            hub,
            access,
            receipts,
        }
    }

    fn reconciler(&self) -> Reconciler {
        Reconciler::with(
            self.receipts.clone(),
            self.access.clone(),
            SOURCE.into(),
            InFlight::with_grace(Duration::ZERO),
        )
    }

    /// Shares that both sides have.
    async fn earn(&self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers {
            let written = self.receipts.record_pending(&new_receipt(number)).await;
            assert!(written.expect("written"));
            let accepted = self.receipts.accept(digest(number), None).await;
            assert!(accepted.expect("written"));
            self.hub.credit(number, 10);
        }
        self.reconciler().run().await.expect("asked");
    }

    /// Closes a day over everything that was settled since the last.
    fn close(&self, day: &str) {
        let own = format!("device:{}", self.access.device());
        close(&mut self.hub.books(), &own, day);
    }

    async fn verify(&self) -> ClosingsReport {
        let report = closings::verify(&self.reconciler()).await.expect("asked");
        report.expect("the hub has closings")
    }

    /// The only problem, and that nothing is remembered beyond it.
    async fn problem(&self) -> String {
        let report = self.verify().await;
        assert_eq!(report.problems.len(), 1, "{report:?}");
        let again = self.verify().await;
        assert_eq!(again.problems, report.problems);
        report.problems[0].clone()
    }
}

fn close(books: &mut Entries, own: &str, day: &str) {
    let before = books.closings.last().cloned();
    let last_settlement = before.as_ref().map_or(0, |last| last.last_settlement) + 1;
    let shares = books.shares.iter();
    let settled = shares.filter(|share| share.settlement == Some(last_settlement));
    let lines: Vec<String> = settled
        .map(|share| {
            format!(
                "{} {} {}",
                share.digest, share.credit.atomic, share.fraction
            )
        })
        .collect();
    // Halves of a unit are carried over.
    let parts: i128 = books
        .shares
        .iter()
        .filter(|share| share.settlement <= Some(last_settlement))
        .map(|share| share.credit.atomic * 2 + 1)
        .sum();
    let leaf = |account: &str, atomic, lines: Vec<String>| ClosingLeaf {
        ledger_account: account.to_owned(),
        balance: Money {
            asset: Asset::Practice,
            atomic,
        },
        shares: lines.len() as u64,
        shares_hash: hex::encode(ClosingLeaf::shares_hash_of(lines)),
    };
    let mut leaves = vec![
        leaf("device:D00000000000", 7, Vec::new()),
        leaf("operator", 1, Vec::new()),
    ];
    if !lines.is_empty() {
        leaves.insert(1, leaf(own, parts / 2, lines));
    }
    let hashes = leaves.iter().map(ClosingLeaf::hash).collect();
    let levels = ClosingProof::levels(hashes);
    let root = hex::encode(levels.last().expect("one")[0]);
    let own = leaves
        .iter()
        .enumerate()
        .filter(|(_, leaf)| leaf.ledger_account == own);
    let proofs = own.map(|(position, leaf)| ClosingProof {
        leaf: leaf.clone(),
        position: position as u64,
        path: levels
            .iter()
            .enumerate()
            .filter_map(|(height, level)| level.get(position >> height ^ 1))
            .map(hex::encode)
            .collect(),
        leaves: leaves.len() as u64,
    });
    let number = before.as_ref().map_or(0, |last| last.number) + 1;
    let previous = before.map_or("0".repeat(64), |last| last.hash);
    books.leaves.insert(number, proofs.collect());
    let hash = Closing::compute_hash(&previous, day, last_settlement, &root);
    books.closings.push(Closing {
        number,
        day: day.to_owned(),
        last_settlement,
        previous,
        root,
        hash: hex::encode(hash),
        at: Timestamp::now(),
    });
}

/// Closes the chain anew from the `changed` closing on, so that it is one again.
fn chain_anew(books: &mut Entries, changed: usize) {
    for index in changed..books.closings.len() {
        let previous = match index {
            0 => "0".repeat(64),
            _ => books.closings[index - 1].hash.clone(),
        };
        let closing = &mut books.closings[index];
        closing.previous = previous;
        let hash = Closing::compute_hash(
            &closing.previous,
            &closing.day,
            closing.last_settlement,
            &closing.root,
        );
        closing.hash = hex::encode(hash);
    }
}

#[tokio::test]
async fn a_right_chain_is_verified_once_and_remembered() {
    let device = Device::new().await;
    assert_eq!(device.verify().await, ClosingsReport::default());
    device.earn(1..=3).await;
    device.close("2099-01-01");
    // A day without shares of this device.
    device.close("2099-01-02");
    device.earn(4..=8).await;
    device.close("2099-01-03");
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(report.agrees(), "{report:?}");
    let closings = report.closings.expect("there are some");
    assert_eq!((closings.verified, closings.compared), (3, 2));
    let last = closings.last.expect("three");
    assert_eq!((last.number, last.day.as_str()), (3, "2099-01-03"));
    assert_eq!(last.hash, device.hub.books().closings[2].hash);
    // The next time only what is new.
    device.earn([9]).await;
    device.close("2099-01-04");
    let report = device.verify().await;
    assert_eq!((report.verified, report.compared), (1, 1));
    assert_eq!(report.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_hub_that_rewrites_its_history_is_told_plainly() {
    let device = Device::new().await;
    device.earn(1..=3).await;
    device.close("2099-01-01");
    device.close("2099-01-02");
    device.verify().await;
    {
        let mut books = device.hub.books();
        books.closings[0].day = "2098-12-31".into();
        chain_anew(&mut books, 0);
    }
    let problem = device.problem().await;
    assert!(
        problem.contains("rewritten its history: closing 2 was"),
        "{problem}"
    );
    // Also where it has become shorter, as after a backup was restored.
    device.hub.books().closings.truncate(1);
    let problem = device.problem().await;
    assert!(problem.contains("is not there any more"), "{problem}");
}

#[tokio::test]
async fn a_chain_that_breaks_is_followed_no_further() {
    let device = Device::new().await;
    device.earn([1]).await;
    device.close("2099-01-01");
    device.close("2099-01-02");
    device.close("2099-01-03");
    let hash = device.hub.books().closings[1].hash.clone();
    device.hub.books().closings[1].hash = "11".repeat(32);
    assert!(device.problem().await.contains("the hash of closing 2"));
    device.hub.books().closings[1].hash = hash;
    device.hub.books().closings[2].previous = "11".repeat(32);
    assert!(device.problem().await.contains("closing 3 names 1111"));
    device.hub.books().closings.remove(1);
    let problem = device.verify().await.problems;
    assert!(problem[0].contains("closing 2, which was"), "{problem:?}");
}

#[tokio::test]
async fn a_closing_without_this_devices_shares_or_with_others_is_told() {
    // What it does before it closes the day, and after.
    type Cheat = fn(&mut Entries);
    let nothing: Cheat = |_| {};
    let cheats: [(&str, Cheat, Cheat); 4] = [
        ("does not have this device", nothing, |books| {
            books.leaves.insert(1, Vec::new());
        }),
        ("does not contain the leaf of device:", nothing, |books| {
            books.leaves.get_mut(&1).expect("closed")[0].position = 0;
        }),
        (
            "counts 3 shares of this device, its receipts 2",
            |books| books.shares[2].settlement = Some(1),
            nothing,
        ),
        (
            "or with other credits",
            |books| books.shares[0].credit.atomic = 9,
            nothing,
        ),
    ];
    for (told, before, after) in cheats {
        let device = Device::new().await;
        device.earn(1..=2).await;
        // One that this device never found.
        device.hub.books().settles = false;
        device.hub.credit(77, 10);
        before(&mut device.hub.books());
        device.close("2099-01-01");
        after(&mut device.hub.books());
        let problem = device.problem().await;
        assert!(problem.contains(told), "{problem}");
        let report = check::run(&device.reconciler()).await.expect("asked");
        assert!(!report.agrees());
    }
}

#[tokio::test]
async fn a_balance_that_does_not_follow_from_the_shares_is_told() {
    let device = Device::new().await;
    device.earn(1..=2).await;
    let own = format!("device:{}", device.access.device());
    {
        let mut books = device.hub.books();
        close(&mut books, &own, "2099-01-01");
        let proof = &mut books.leaves.get_mut(&1).expect("closed")[0];
        proof.leaf.balance.atomic -= 20;
        let root = proof.root().expect("a path");
        books.closings[0].root = hex::encode(root);
        chain_anew(&mut books, 0);
    }
    let problem = device.problem().await;
    assert!(
        problem.contains("earned 1 atomic units in PRACTICE"),
        "{problem}"
    );
    assert!(problem.ends_with("its receipts 21"), "{problem}");
}

#[tokio::test]
async fn what_was_closed_before_the_receipts_were_begun_is_not_compared() {
    let device = Device::new().await;
    device.hub.credit(50, 10);
    device.close("2020-01-01");
    device.earn([1]).await;
    device.close("2099-01-01");
    let report = device.verify().await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.before_the_receipts, report.compared), (1, 1));
}
