//! The hub's daily closings, as they should be and as a hub that cheats has them.

use std::time::Duration;

use idlewatt_protocol::api::{Closing, ClosingLeaf, ClosingProof};
use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;

use super::super::closings::{self, ClosedDay, ClosingsReport};
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
        Device::with(Folder::new()).await
    }

    async fn with(folder: Folder) -> Device {
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
async fn closings_that_a_hub_has_replaced_are_kept_and_told_for_ever() {
    let device = Device::new().await;
    device.earn(1..=3).await;
    device.close("2099-01-01");
    device.close("2099-01-02");
    device.close("2099-01-03");
    let old = device.hub.books().closings.clone();
    assert_eq!(device.verify().await.changes, Vec::new());
    // Another history, in which this device has what it had.
    {
        let mut books = device.hub.books();
        books.closings[1].day = "2098-12-31".into();
        chain_anew(&mut books, 1);
    }
    let now = device.hub.books().closings.clone();
    let report = device.verify().await;
    assert_eq!(report.problems, Vec::<String>::new());
    // Only what is new is verified.
    assert_eq!(report.verified, 2);
    assert_eq!(report.changes.len(), 1);
    let change = &report.changes[0];
    assert_eq!(change.first, ClosedDay::from(&old[1]));
    assert_eq!(change.last, ClosedDay::from(&old[2]));
    assert_eq!(change.now.as_ref(), Some(&now[1].hash));
    assert!(change.verified_again);
    // From then on the new chain holds, and the old one stays known.
    let again = device.verify().await;
    assert_eq!((again.verified, &again.changes), (0, &report.changes));
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(report.agrees());
}

#[tokio::test]
async fn a_hub_that_changes_what_this_device_had_is_told_so_every_time() {
    let device = Device::new().await;
    device.earn(1..=2).await;
    device.close("2099-01-01");
    device.earn(3..=4).await;
    device.close("2099-01-02");
    device.verify().await;
    let own = format!("device:{}", device.access.device());
    {
        let mut books = device.hub.books();
        books.closings.truncate(1);
        books.shares.iter_mut().for_each(|share| {
            if share.settlement == Some(2) {
                share.credit.atomic -= 1;
            }
        });
        close(&mut books, &own, "2099-01-02");
    }
    let first = device.verify().await;
    assert_eq!(first.problems.len(), 1, "{first:?}");
    assert!(first.problems[0].contains("or with other credits"));
    assert_eq!(first.changes.len(), 1);
    assert!(!first.changes[0].verified_again);
    let again = device.verify().await;
    assert_eq!(
        (&again.problems, &again.changes),
        (&first.problems, &first.changes)
    );
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(!report.agrees());
}

#[tokio::test]
async fn the_last_closing_of_before_all_were_kept_is_still_known() {
    let folder = Folder::new();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.file());
    let pool = sqlx::SqlitePool::connect_with(options.create_if_missing(true));
    let pool = pool.await.expect("made");
    let migrations = sqlx::migrate!("src/shares/migrations");
    migrations.run_to(2, &pool).await.expect("as it was");
    let hash = "ab".repeat(32);
    for (table, value) in [("closings", hash.as_str()), ("closing_balances", "5")] {
        let columns = match table {
            "closings" => "source, number, last_settlement, hash) VALUES (?, 1, 1, ?",
            _ => "source, asset, atomic) VALUES (?, 'PRACTICE', ?",
        };
        let insert = format!("INSERT INTO {table} ({columns})");
        sqlx::query(sqlx::AssertSqlSafe(insert))
            .bind(SOURCE)
            .bind(value)
            .execute(&pool)
            .await
            .expect("written");
    }
    pool.close().await;
    let device = Device::with(folder).await;
    device.earn(1..=2).await;
    device.close("2099-01-01");
    let report = device.verify().await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.verified, report.compared), (1, 1));
    let change = &report.changes[0];
    assert_eq!((change.first.number, &change.first.hash), (1, &hash));
    assert!(change.verified_again);
}

#[tokio::test]
async fn an_honest_restore_ends_in_agreement_and_is_told() {
    let device = Device::new().await;
    device.hub.books().gives_receipts = true;
    device.earn(1..=3).await;
    device.close("2099-01-01");
    device.earn(4..=6).await;
    device.close("2099-01-02");
    let lost = device.hub.books().closings[1].clone();
    device.verify().await;
    // The backup is of the evening of the first day.
    {
        let mut books = device.hub.books();
        books.closings.truncate(1);
        books.shares.truncate(3);
        books.next = 9;
    }
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(report.agrees() && report.agree == 6, "{report:?}");
    let changes = report.closings.expect("one day").changes;
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].first, &changes[0].last),
        (&ClosedDay::from(&lost), &ClosedDay::from(&lost))
    );
    assert_eq!((&changes[0].now, changes[0].verified_again), (&None, false));
    // The lost day is closed again, with what was claimed again in it.
    device.earn(7..=7).await;
    device.close("2099-01-02");
    assert_ne!(device.hub.books().closings[1].hash, lost.hash);
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(report.agrees() && report.agree == 7, "{report:?}");
    let closings = report.closings.expect("two days");
    assert_eq!((closings.verified, closings.compared), (1, 1));
    assert!(closings.changes[0].verified_again);
    assert_eq!(closings.changes[0].last.hash, lost.hash);
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
    assert!(
        device
            .problem()
            .await
            .contains("closing 1 is followed by 3")
    );
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
