//! Receipts and a hub's books, brought together and compared.

use std::time::Duration;

use super::super::check;
use super::super::in_flight::InFlight;
use super::fake_hub::FakeHub;
use super::*;
use crate::hub_access::HubAccess;
use idlewatt_protocol::{Asset, Money};

/// Receipts as another process finds them, at a hub that has had time to write down everything.
fn reconciler(receipts: &Receipts, hub: &HubAccess) -> Reconciler {
    Reconciler::with(
        receipts.clone(),
        hub.clone(),
        SOURCE.into(),
        InFlight::with_grace(Duration::ZERO),
    )
}

fn practice(atomic: i128) -> Option<Money> {
    Some(Money {
        asset: Asset::Practice,
        atomic,
    })
}

async fn pending(receipts: &Receipts, numbers: impl IntoIterator<Item = u8>) {
    for number in numbers {
        let written = receipts.record_pending(&new_receipt(number)).await;
        assert!(written.expect("written"));
    }
}

async fn accepted(receipts: &Receipts, numbers: impl IntoIterator<Item = u8>) {
    for number in numbers {
        pending(receipts, [number]).await;
        let settled = receipts.settle(digest(number), State::Accepted, None).await;
        assert!(settled.expect("written"));
    }
}

#[tokio::test]
async fn after_a_crash_each_pending_share_is_accepted_or_lost_as_the_hub_says() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    // Killed after writing down 1 to 5, before any answer; 2, 3 and 5 had arrived.
    pending(&folder.open().await, 1..=5).await;
    for number in [2, 3, 5] {
        hub.credit(number, 10 * i128::from(number));
    }

    let receipts = folder.open().await;
    let done = reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!((done.lost, done.pending, done.without_receipt), (2, 0, 0));
    for (number, state) in [
        (1, State::Lost),
        (2, State::Accepted),
        (3, State::Accepted),
        (4, State::Lost),
        (5, State::Accepted),
    ] {
        assert_eq!(state_of(&receipts, number).await, state, "{number}");
    }
    let third = receipts
        .find(digest(3))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((third.credit, third.hub_sequence), (practice(30), Some(6)));
    let all = receipts.totals().borrow().all;
    assert_eq!((all.pending, all.accepted, all.lost), (0, 3, 2));
    // Once more changes nothing.
    let again = reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!(again, Reconciled::default());
    assert!(
        check::run(&reconciler(&receipts, &access))
            .await
            .expect("asked")
            .agrees()
    );
}

#[tokio::test]
async fn a_share_that_turns_up_after_it_was_given_up_is_accepted_after_all() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    pending(&receipts, [1]).await;
    reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!(state_of(&receipts, 1).await, State::Lost);
    hub.credit(1, 7);
    let done = reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!(done.credits, 1);
    assert_eq!(state_of(&receipts, 1).await, State::Accepted);
    let all = receipts.totals().borrow().all;
    assert_eq!((all.accepted, all.lost), (1, 0));
}

#[tokio::test]
async fn what_may_still_arrive_is_not_given_up() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    pending(&receipts, 1..=4).await;
    let reconciler = reconciler(&receipts, &access);
    let flights = &reconciler.in_flight;
    let number = |number| String::from(digest(number));
    flights.sent(&number(1));
    flights.sent(&number(2));
    flights.sent(&number(3));
    flights.unanswered(&number(3));
    hub.credit(2, 7);
    let done = reconciler.run().await.expect("asked");
    assert_eq!((done.pending, done.lost), (1, 2));
    for (number, state) in [
        (1, State::Pending),
        (2, State::Accepted),
        (3, State::Lost),
        (4, State::Lost),
    ] {
        assert_eq!(state_of(&receipts, number).await, state, "{number}");
    }
    let patient = Reconciler::new(receipts.clone(), access, SOURCE.into());
    assert_eq!(patient.run().await.expect("asked").pending, 1);
}

#[tokio::test]
async fn a_duplicate_is_whatever_the_hub_has_in_its_books() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    pending(&receipts, [1, 2]).await;
    for number in [1, 2] {
        receipts
            .note(digest(number), "duplicate share")
            .await
            .expect("written");
    }
    hub.credit(1, 7);
    reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!(state_of(&receipts, 1).await, State::Accepted);
    let other = receipts
        .find(digest(2))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(other.state, State::Rejected);
    assert_eq!(other.reason.as_deref(), Some("duplicate share"));
}

#[tokio::test]
async fn receipts_of_another_source_are_left_alone() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    let mut elsewhere = new_receipt(1);
    elsewhere.source = "pool p:1 me".into();
    receipts.record_pending(&elsewhere).await.expect("written");
    hub.credit(1, 7);
    let done = reconciler(&receipts, &access).run().await.expect("asked");
    assert_eq!((done.without_receipt, done.lost), (1, 0));
    assert_eq!(state_of(&receipts, 1).await, State::Pending);
}

#[tokio::test]
async fn a_hub_that_is_down_changes_nothing() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    pending(&receipts, [1]).await;
    hub.set_down(true);
    let error = reconciler(&receipts, &access)
        .run()
        .await
        .expect_err("down");
    assert!(error.to_string().contains("503"), "{error}");
    assert_eq!(state_of(&receipts, 1).await, State::Pending);
}

#[tokio::test]
async fn a_check_lists_every_kind_of_difference() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    hub.credit(100, 1);
    hub.change(|shares| shares[0].at = "2020-01-01T00:00:00Z".parse().expect("a time"));
    let receipts = folder.open().await;
    accepted(&receipts, 1..=6).await;
    for number in 1..=5 {
        hub.credit(number, 10);
    }
    hub.credit(101, 9);
    let reconciler = reconciler(&receipts, &access);
    reconciler.run().await.expect("asked");
    // The hub changes its books: 2 is worth less, 4 is gone, and so is 5, the last one with a number here.
    hub.change(|shares| {
        shares.retain(|share| ![4, 5].map(digest).map(String::from).contains(&share.digest));
        shares[2].credit.atomic = 9;
    });
    let report = check::run(&reconciler).await.expect("asked");
    assert!(!report.agrees());
    assert_eq!(
        (report.agree, report.before_this_file, report.pending),
        (2, 1, 0)
    );
    assert_eq!(report.credited, [practice(20).expect("some")]);
    let digests = |differences: &check::Differences| -> Vec<String> {
        assert_eq!(differences.count, differences.list.len() as u64);
        differences.list.iter().map(|d| d.digest.clone()).collect()
    };
    // There is no receipt of the hub's to claim them with.
    let mut lost = digests(&report.lost_at_hub);
    lost.sort();
    assert_eq!(lost, [4, 5, 6].map(|number| String::from(digest(number))));
    assert_eq!(report.only_here.count, 0);
    assert_eq!(digests(&report.only_at_hub), [String::from(digest(101))]);
    assert_eq!(digests(&report.different_credit), [String::from(digest(2))]);
    let different = &report.different_credit.list[0];
    assert_eq!(
        (different.here, different.at_hub),
        (practice(10), practice(9))
    );
}

#[tokio::test]
async fn receipts_beyond_the_hubs_last_share_are_found_missing() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    accepted(&receipts, 1..=3).await;
    for number in 1..=3 {
        hub.credit(number, 10);
    }
    let reconciler = reconciler(&receipts, &access);
    reconciler.run().await.expect("asked");
    hub.change(|shares| shares.truncate(1));
    let report = check::run(&reconciler).await.expect("asked");
    assert_eq!((report.agree, report.lost_at_hub.count), (1, 2));
}

#[tokio::test]
async fn both_sides_agree_while_shares_keep_coming() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    let reconciler = reconciler(&receipts, &access);
    let coming = async {
        for number in 0..60 {
            pending(&receipts, [number]).await;
            reconciler.in_flight.sent(&String::from(digest(number)));
            hub.credit(number, 10);
            tokio::task::yield_now().await;
            receipts
                .settle(digest(number), State::Accepted, None)
                .await
                .expect("written");
        }
    };
    let checking = async {
        for _ in 0..10 {
            let report = check::run(&reconciler).await.expect("asked");
            assert!(report.agrees(), "{report:?}");
        }
    };
    tokio::join!(coming, checking);
    let report = check::run(&reconciler).await.expect("asked");
    assert_eq!(
        (report.agree, report.credited),
        (60, vec![practice(600).expect("some")])
    );
}

#[tokio::test]
async fn what_was_credited_since_a_moment_is_the_sum_of_what_became_money() {
    let folder = Folder::new();
    let (hub, access) = FakeHub::start().await;
    let receipts = folder.open().await;
    accepted(&receipts, 1..=4).await;
    hub.credit(1, 10);
    hub.credit(2, 20);
    // Each has half a unit beside; what is not settled is no money yet.
    hub.books().settles = false;
    hub.credit(3, 400);
    reconciler(&receipts, &access).run().await.expect("asked");
    let since = |moment| {
        let receipts = receipts.clone();
        async move { receipts.credited_since(moment).await.expect("readable") }
    };
    let all: Vec<Money> = practice(31).into_iter().collect();
    assert_eq!(since(jiff::Timestamp::UNIX_EPOCH).await, all);
    let find = receipts.find(digest(2)).await.expect("readable");
    let second = find.expect("there").found_at;
    let later = receipts.find(digest(1)).await.expect("readable");
    let expected = match later.expect("there").found_at == second {
        true => 31,
        false => 20,
    };
    assert_eq!(
        since(second).await,
        practice(expected).into_iter().collect::<Vec<_>>()
    );
    assert_eq!(since(jiff::Timestamp::MAX).await, []);
}
