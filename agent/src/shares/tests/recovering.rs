//! Hubs that lose what they had credited, as after a backup was restored.

use std::time::Duration;

use super::super::check;
use super::super::in_flight::InFlight;
use super::fake_hub::{FakeHub, receipt};
use super::*;
use crate::hub_access::HubAccess;

struct Device {
    folder: Folder,
    hub: FakeHub,
    access: HubAccess,
    receipts: Receipts,
}

impl Device {
    async fn new() -> Device {
        let folder = Folder::new();
        let (hub, access) = FakeHub::start().await;
        hub.books().gives_receipts = true;
        let receipts = folder.open().await;
        Device {
            folder,
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

    /// A share that was answered, with the hub's receipt or without.
    async fn accepted(&self, number: u8, line: Option<&str>) {
        let written = self.receipts.record_pending(&new_receipt(number)).await;
        assert!(written.expect("written"));
        let accepted = self.receipts.accept(digest(number), line).await;
        assert!(accepted.expect("written"));
    }

    /// Shares that both sides have.
    async fn earn(&self, numbers: impl IntoIterator<Item = u8>) {
        self.earn_unasked(numbers).await;
        self.reconciler().run().await.expect("asked");
    }

    /// Shares that were answered, and that the hub has not been asked about yet.
    async fn earn_unasked(&self, numbers: impl IntoIterator<Item = u8>) {
        for number in numbers {
            self.accepted(number, None).await;
            self.hub.credit(number, i128::from(number));
        }
    }

    /// Another process in the same data directory.
    async fn killed(self) -> Device {
        let receipts = self.folder.open().await;
        Device { receipts, ..self }
    }

    /// The hub as it was when it had this many shares, and settlements up to one.
    fn restore(&self, shares: usize, settlement: i64) {
        let mut books = self.hub.books();
        books.shares.truncate(shares);
        books.next = books.shares.last().map_or(0, |last| last.sequence);
        for share in &mut books.shares {
            share.settlement = share.settlement.filter(|number| *number <= settlement);
        }
    }

    async fn agrees_on(&self, shares: u64) {
        let report = check::run(&self.reconciler()).await.expect("asked");
        assert!(report.agrees() && report.agree == shares, "{report:?}");
    }

    /// As after each login.
    async fn login(&self) -> Reconciled {
        self.reconciler().run().await.expect("asked")
    }

    /// How many shares the hub has, each once.
    fn at_hub(&self) -> Vec<String> {
        let books = self.hub.books();
        let mut digests: Vec<String> = books.shares.iter().map(|s| s.digest.clone()).collect();
        digests.sort();
        let all = digests.len();
        digests.dedup();
        assert_eq!(digests.len(), all, "a share was credited twice");
        digests
    }
}

fn digests(numbers: impl IntoIterator<Item = u8>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|number| String::from(digest(number)))
        .collect()
}

#[tokio::test]
async fn a_restored_hub_gets_back_exactly_what_it_lost() {
    let device = Device::new().await;
    device.earn(1..=9).await;
    // The backup has the first four; another one begins with their numbers.
    device.hub.change(|shares| shares.truncate(4));
    device.hub.books().next = 12;
    let done = device.login().await;
    assert_eq!((done.claimed, done.lost_at_hub), (5, 0));
    assert_eq!(device.at_hub(), digests(1..=9));
    let mut sent = device.hub.books().resent.clone();
    sent.sort();
    let lost: Vec<String> = (5..=9)
        .map(|number| receipt(&String::from(digest(number)), number.into()))
        .collect();
    assert_eq!(sent, lost);
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert!(report.agrees() && report.agree == 9, "{report:?}");
    // Whatever comes then is not missed for its number, which others had before.
    device.earn([10]).await;
    let tenth = device.receipts.find(digest(10)).await.expect("readable");
    assert!(tenth.expect("there").hub_sequence.is_some());
    assert_eq!(device.login().await, Reconciled::default());
    assert_eq!(device.hub.books().resent.len(), 5);
}

#[tokio::test]
async fn new_shares_with_the_numbers_of_lost_ones_are_not_missed() {
    let device = Device::new().await;
    device.earn(1..=4).await;
    device.hub.change(|shares| shares.truncate(1));
    device.hub.books().next = 3;
    // Found and credited before this device has noticed anything.
    device.accepted(20, None).await;
    device.hub.credit(20, 20);
    let done = device.login().await;
    assert_eq!((done.claimed, done.credits), (3, 1));
    assert_eq!(device.at_hub(), digests([1, 2, 3, 4, 20]));
}

#[tokio::test]
async fn a_share_lost_right_after_its_answer_is_claimed_with_the_answers_receipt() {
    let device = Device::new().await;
    device.earn([1]).await;
    let line = receipt(&String::from(digest(2)), 2);
    device.accepted(2, Some(&line)).await;
    let done = device.login().await;
    assert_eq!(done.claimed, 1);
    assert_eq!(device.at_hub(), digests([1, 2]));
}

#[tokio::test]
async fn without_a_receipt_a_share_is_lost_and_said_to_be() {
    let device = Device::new().await;
    device.hub.books().gives_receipts = false;
    device.earn(1..=3).await;
    device.hub.change(|shares| shares.truncate(1));
    let done = device.login().await;
    assert_eq!((done.claimed, done.lost_at_hub), (0, 2));
    assert_eq!(device.hub.books().resent, Vec::<String>::new());
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert_eq!((report.lost_at_hub.count, report.only_here.count), (2, 0));
    assert!(!report.agrees());
    // Nobody is asked for it again.
    let before = device.hub.asked();
    device.reconciler().run().await.expect("asked");
    assert_eq!(
        device.hub.asked(),
        before + 1,
        "the credits since the last time, and nothing else"
    );
    // Unless the hub has found it again.
    device.hub.credit(3, 3);
    let report = check::run(&device.reconciler()).await.expect("asked");
    assert_eq!(report.lost_at_hub.count, 1);
}

#[tokio::test]
async fn a_receipt_that_the_hub_refuses_does_not_bring_a_share_back() {
    let device = Device::new().await;
    device.accepted(1, Some("of another hub")).await;
    let done = device.login().await;
    assert_eq!((done.claimed, done.lost_at_hub), (0, 1));
    assert_eq!(device.login().await, Reconciled::default());
    assert_eq!(device.hub.books().resent.len(), 1);
}

#[tokio::test]
async fn an_agent_that_dies_between_the_steps_goes_on_where_it_was() {
    let device = Device::new().await;
    device.earn(1..=5).await;
    device.hub.change(|shares| shares.truncate(2));
    let reconciler = device.reconciler();
    reconciler.forget_what_is_lost().await.expect("asked");
    drop(reconciler);
    // Killed here; and once more while the hub is away.
    let again = device.killed().await;
    again.hub.set_down(true);
    again.reconciler().run().await.expect_err("down");
    again.hub.set_down(false);
    let done = again.reconciler().run().await.expect("asked");
    assert_eq!(done.claimed, 3);
    assert_eq!(again.at_hub(), digests(1..=5));
}

#[tokio::test]
async fn nothing_more_is_asked_while_nothing_is_lost() {
    let device = Device::new().await;
    device.earn(1..=5).await;
    let before = device.hub.asked();
    assert_eq!(device.login().await, Reconciled::default());
    assert_eq!(device.hub.asked(), before + 1, "the news, and no more");
}

#[tokio::test]
async fn a_share_missing_amid_others_is_found_at_the_daily_look() {
    let device = Device::new().await;
    device.earn(1..=60).await;
    device.hub.change(|shares| {
        shares.remove(3);
    });
    assert_eq!(device.login().await, Reconciled::default());
    let reconciler = device.reconciler();
    assert_eq!(reconciler.look_by_chance().await.expect("asked"), 1);
    assert_eq!(reconciler.run().await.expect("asked").claimed, 1);
    assert_eq!(device.at_hub(), digests(1..=60));
}

#[tokio::test]
async fn what_was_lost_is_found_behind_any_number_of_newer_shares() {
    let device = Device::new().await;
    device.earn(1..=50).await;
    device.restore(10, i64::MAX);
    // Found, answered and told of again before this device asks for the first time.
    for number in 100..=200 {
        let line = receipt(&String::from(digest(number)), number.into());
        device.accepted(number, Some(&line)).await;
        device.hub.credit(number, number.into());
    }
    let done = device.login().await;
    assert_eq!((done.claimed, done.lost_at_hub), (40, 0));
    assert_eq!(device.at_hub(), digests((1..=50).chain(100..=200)));
    device.agrees_on(151).await;
}

#[tokio::test]
async fn a_hub_that_is_restored_again_and_again_gets_everything_back() {
    let device = Device::new().await;
    device.earn(1..=30).await;
    for (kept, newer) in [(20, 40..60), (25, 60..90), (3, 90..91), (0, 91..92)] {
        device.restore(kept, i64::MAX);
        device.earn_unasked(newer).await;
        device.login().await;
    }
    assert_eq!(device.at_hub(), digests((1..=30).chain(40..92)));
    device.agrees_on(82).await;
}

#[tokio::test]
async fn numbers_that_were_forgotten_in_part_are_forgotten_further_after_a_kill() {
    let device = Device::new().await;
    device.earn(1..=50).await;
    device.restore(10, i64::MAX);
    device.earn_unasked(100..=140).await;
    // The newest part of what is lost; killed before the next.
    let reconciler = device.reconciler();
    let forgotten = reconciler.forget(&digests(40..=50)).await;
    assert_eq!(forgotten.expect("written"), 11);
    drop(reconciler);
    let device = device.killed().await;
    assert_eq!(device.login().await.claimed, 40);
    assert_eq!(device.at_hub(), digests((1..=50).chain(100..=140)));
    device.agrees_on(91).await;
}

#[tokio::test]
async fn no_number_is_taken_from_a_hub_that_has_lost_shares_before_they_are_forgotten() {
    let device = Device::new().await;
    device.earn(1..=5).await;
    device.restore(2, i64::MAX);
    device.earn_unasked([6]).await;
    let reconciler = device.reconciler();
    let found = reconciler.find(digests([6])).await;
    assert!(matches!(found, Err(SettleError::HistoryChanged)));
    let sixth = device.receipts.find(digest(6)).await.expect("readable");
    assert_eq!(sixth.expect("there").hub_sequence, None);
    drop(reconciler);
    let device = device.killed().await;
    assert_eq!(device.login().await.claimed, 3);
    assert_eq!(device.at_hub(), digests(1..=6));
}

#[tokio::test]
async fn a_settlement_that_a_restored_hub_made_anew_replaces_the_one_before() {
    let device = Device::new().await;
    device.earn(1..=4).await;
    device.restore(4, 0);
    assert_eq!(device.login().await.claimed, 0);
    assert_eq!(
        device
            .receipts
            .awaiting(SOURCE)
            .await
            .expect("readable")
            .shares,
        4
    );
    device.hub.change(|shares| {
        for share in shares {
            share.settlement = Some(7);
        }
    });
    device.login().await;
    for number in 1..=4 {
        let one = device
            .receipts
            .find(digest(number))
            .await
            .expect("readable");
        let one = one.expect("there");
        assert_eq!(one.hub_settlement, Some(7), "{one:?}");
    }
    assert_eq!(device.hub.books().resent, Vec::<String>::new());
}

#[tokio::test]
async fn a_check_claims_what_is_missing_anywhere() {
    let device = Device::new().await;
    device.earn(1..=60).await;
    device.hub.change(|shares| {
        shares.remove(3);
        shares.remove(30);
    });
    device.agrees_on(60).await;
    assert_eq!(device.hub.books().resent.len(), 2);
}

#[tokio::test]
async fn what_is_verified_waits_for_its_settlement_in_sight() {
    let device = Device::new().await;
    device.hub.books().settles = false;
    device.earn(1..=3).await;
    let awaiting = device.receipts.awaiting(SOURCE).await.expect("readable");
    assert_eq!((awaiting.shares, awaiting.amounts[0].atomic), (3, 6));
    // Two become money.
    device.hub.change(|shares| {
        shares[0].settlement = Some(1);
        shares[1].settlement = Some(1);
    });
    assert_eq!(
        device.reconciler().run().await.expect("asked"),
        Reconciled::default()
    );
    let awaiting = device.receipts.awaiting(SOURCE).await.expect("readable");
    assert_eq!((awaiting.shares, awaiting.amounts[0].atomic), (1, 3));
    let first = device
        .receipts
        .find(digest(1))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(
        (first.hub_settlement, first.credit_fraction),
        (Some(1), 500_000_000_000)
    );
    device.hub.change(|shares| shares[2].settlement = Some(2));
    device.reconciler().run().await.expect("asked");
    let awaiting = device.receipts.awaiting(SOURCE).await.expect("readable");
    assert_eq!(awaiting, Default::default());
}
