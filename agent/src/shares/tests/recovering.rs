//! Hubs that lose what they had credited, as after a backup was restored.

use std::time::Duration;

use super::super::in_flight::InFlight;
use super::super::{Thoroughness, check};
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
        Reconciler {
            receipts: self.receipts.clone(),
            hub: self.access.clone(),
            source: SOURCE.into(),
            in_flight: InFlight::with_grace(Duration::ZERO),
        }
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
        for number in numbers {
            self.accepted(number, None).await;
            self.hub.credit(number, i128::from(number));
        }
        self.reconciler().run().await.expect("asked");
    }

    /// As after each login.
    async fn login(&self) -> Reconciled {
        let reconciler = self.reconciler();
        let looked = reconciler.look_for_losses(Thoroughness::Glance).await;
        looked.expect("asked");
        reconciler.run().await.expect("asked")
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
    let looked = reconciler.look_for_losses(Thoroughness::Glance).await;
    assert_eq!(looked.expect("asked"), 3);
    drop(reconciler);
    // Killed here; and once more while the hub is away.
    let receipts = device.folder.open().await;
    let again = Device { receipts, ..device };
    again.hub.set_down(true);
    again.reconciler().run().await.expect_err("down");
    again.hub.set_down(false);
    let done = again.reconciler().run().await.expect("asked");
    assert_eq!(done.claimed, 3);
    assert_eq!(again.at_hub(), digests(1..=5));
}

#[tokio::test]
async fn nothing_is_asked_beyond_a_glance_while_nothing_is_lost() {
    let device = Device::new().await;
    device.earn(1..=5).await;
    let before = device.hub.asked();
    assert_eq!(device.login().await, Reconciled::default());
    assert_eq!(device.hub.asked(), before + 2, "one glance and one page");
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
    let looked = reconciler.look_for_losses(Thoroughness::Daily).await;
    assert_eq!(looked.expect("asked"), 1);
    assert_eq!(reconciler.run().await.expect("asked").claimed, 1);
    assert_eq!(device.at_hub(), digests(1..=60));
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
