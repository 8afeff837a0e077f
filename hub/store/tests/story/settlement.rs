//! Shares become money: for devices, referrers and the operator; then withdrawable.

use std::time::Duration;

use idlewatt_protocol::{AccountId, Asset, DeviceId};
use idlewatt_store::{Device, Settled, Store, Terms};
use jiff::SignedDuration;

use crate::place::{
    Place, enrol, monero, no_faults, now, on_both, open_account, part_share, practice, settle,
    share,
};

on_both!(
    referrers_are_paid_out_of_the_operator_s_fee,
    a_closed_account_earns_no_commission,
    what_is_below_the_smallest_unit_is_carried,
    hubs_that_settle_at_once_settle_once,
    earnings_are_released_once_when_they_are_old_enough,
    what_a_closed_account_held_is_released_all_the_same,
    a_settlement_of_many_devices_is_one_settlement,
    what_is_broken_off_at_any_point_never_was
);

fn terms() -> Terms {
    Terms {
        tiers: vec![2_000, 1_000, 500],
    }
}

async fn refer(place: &Place, account: &AccountId, referrer: &AccountId) {
    let at = now().as_millisecond();
    place
        .tamper(&format!(
            "UPDATE accounts SET referrer = '{referrer}', referred_at = {at} WHERE id = '{account}'"
        ))
        .await;
}

/// Four accounts, each referred by the one before, with a device each.
async fn line(place: &Place, store: &Store) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for _ in 0..4 {
        let (account, _) = open_account(store).await;
        if let Some(referrer) = devices.last() {
            refer(place, &account, &referrer.account).await;
        }
        devices.push(enrol(store, &account).await.0);
    }
    devices
}

async fn referrals(store: &Store, device: &Device) -> i128 {
    let earnings = store.earnings(device).await.expect("reads");
    earnings.referrals.iter().map(|sum| sum.atomic).sum()
}

const UNIT: i128 = 1_000_000_000_000;

async fn referrers_are_paid_out_of_the_operator_s_fee(place: Place) {
    let store = place.open().await;
    let line = line(&place, &store).await;
    // 10,000 units, of which the fee is a tenth.
    let batch = [part_share(&line[3], 1, 10_000 * UNIT, 1_000)];
    store.credit_shares(&batch, now()).await.expect("credited");
    store.settle(&terms(), now()).await.expect("settled");
    let earnings = store.earnings(&line[3]).await.expect("reads");
    assert_eq!(earnings.this_device, [monero(9_000)], "not touched");
    let brought = [50, 100, 200, 0];
    for (device, brought) in line.iter().zip(brought) {
        assert_eq!(referrals(&store, device).await, brought);
    }
    no_faults(&store).await;
    // The second account's device has one referrer only; the operator changes the terms.
    let batch = [part_share(&line[1], 2, 10_000 * UNIT, 1_000)];
    store.credit_shares(&batch, now()).await.expect("credited");
    let dearer = Terms { tiers: vec![5_000] };
    store.settle(&dearer, now()).await.expect("settled");
    assert_eq!(referrals(&store, &line[0]).await, 550);
    no_faults(&store).await;
    // A circle, which cannot be made, pays nobody for their own.
    refer(&place, &line[0].account, &line[3].account).await;
    let batch = [part_share(&line[3], 3, 10_000 * UNIT, 1_000)];
    store.credit_shares(&batch, now()).await.expect("credited");
    store.settle(&terms(), now()).await.expect("settled");
    assert_eq!(referrals(&store, &line[3]).await, 0);
    no_faults(&store).await;
}

async fn a_closed_account_earns_no_commission(place: Place) {
    let store = place.open().await;
    let line = line(&place, &store).await;
    let credit = async |number| {
        let batch = [part_share(&line[3], number, 10_000 * UNIT, 1_000)];
        store.credit_shares(&batch, now()).await.expect("credited");
        store.settle(&terms(), now()).await.expect("settled");
    };
    credit(1).await;
    let closed = &line[2].account;
    // The clock is set back in between: what was settled before stays as it was settled.
    let before = now().as_millisecond() - 86_400_000;
    place
        .tamper(&format!(
            "UPDATE accounts SET deleted_at = {before}, key_hash = NULL WHERE id = '{closed}'"
        ))
        .await;
    no_faults(&store).await;
    credit(2).await;
    assert_eq!(referrals(&store, &line[2]).await, 200, "only before");
    assert_eq!(
        referrals(&store, &line[1]).await,
        200,
        "still second in line"
    );
    no_faults(&store).await;
}

async fn what_is_below_the_smallest_unit_is_carried(place: Place) {
    let store = place.open().await;
    let line = line(&place, &store).await;
    let mut worth = 0;
    for number in 1..=60u64 {
        // Thirds and sevenths of units, large and tiny, with fees that never come out even.
        let parts = i128::from(number * number) * UNIT / 21 + i128::from(number % 7);
        worth += parts;
        let device = &line[number as usize % 4];
        let fee = (number as u32 * 137) % 3_333;
        let batch = [part_share(device, number, parts, fee)];
        store.credit_shares(&batch, now()).await.expect("credited");
        if number % 4 == 0 {
            store.settle(&terms(), now()).await.expect("settled");
        }
    }
    // The audit compares every payee's parts with the shares; here: nobody's are missing altogether.
    no_faults(&store).await;
    let mut credited = 0;
    for device in &line {
        credited += store.earnings(device).await.expect("reads").total[0].atomic;
    }
    assert!(credited < worth / UNIT && credited > worth / UNIT * 8 / 10);
    place
        .tamper("UPDATE remainders SET fraction = fraction + 1 WHERE payee = 'operator'")
        .await;
    let faults = store.audit().await.expect("reads").faults;
    assert!(faults[0].contains("worth -1 of 10^-12"), "{faults:?}");
}

async fn hubs_that_settle_at_once_settle_once(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let mut shares = 0;
    for round in 0..10u8 {
        let batch = [share(&device, round + 1, Asset::Practice, 5)];
        store.credit_shares(&batch, now()).await.expect("credited");
        let more = [share(&device, round + 101, Asset::Practice, 7)];
        let terms = terms();
        let (first, second, credited) = tokio::join!(
            store.settle(&terms, now()),
            other.settle(&terms, now()),
            other.credit_shares(&more, now()),
        );
        credited.expect("credited")[0].as_ref().expect("new");
        shares += first.expect("settled").shares + second.expect("settled").shares;
    }
    shares += settle(&store).await.shares;
    assert_eq!(shares, 20, "each in one settlement");
    let earnings = store.earnings(&device).await.expect("reads");
    assert_eq!(earnings.total, [practice(120)]);
    no_faults(&store).await;
}

async fn earnings_are_released_once_when_they_are_old_enough(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    let line = line(&place, &store).await;
    let minutes = |minutes| now() + SignedDuration::from_mins(minutes);
    for (number, at) in [(1, 0), (2, 60), (3, 500), (4, 61)] {
        let batch = [part_share(&line[1], number, 10_000 * UNIT, 1_000)];
        store
            .credit_shares(&batch, minutes(at))
            .await
            .expect("credited");
        store.settle(&terms(), minutes(at)).await.expect("settled");
    }
    let release = async |store: &Store, asset, until| {
        let released = store.release(asset, minutes(until), minutes(700));
        released.await.expect("released")
    };
    assert_eq!(release(&store, Asset::Monero, -1).await, 0, "too young");
    assert_eq!(
        release(&store, Asset::Bitcoin, 600).await,
        0,
        "another asset"
    );
    assert_eq!(release(&store, Asset::Monero, 59).await, 1);
    let earnings = store.earnings(&line[1]).await.expect("reads");
    assert_eq!(earnings.wallet, [monero(9_000)]);
    assert_eq!(earnings.total, [monero(36_000)], "earned stays earned");
    no_faults(&store).await;
    // The third was settled while the clock was hours ahead. It is as old as the fourth, settled after it.
    let (first, second) = tokio::join!(
        release(&store, Asset::Monero, 62),
        release(&other, Asset::Monero, 62),
    );
    assert_eq!(first + second, 3, "two hubs, each part once");
    assert_eq!(release(&store, Asset::Monero, 10_000).await, 0, "once");
    let earnings = store.account_earnings(&line[1].account).await;
    let earnings = earnings.expect("reads");
    assert_eq!(earnings.wallet, [monero(36_000)]);
    assert_eq!(earnings.held, []);
    let referrer = store.account_earnings(&line[0].account).await;
    assert_eq!(referrer.expect("reads").wallet, [monero(800)]);
    no_faults(&store).await;
}

async fn what_a_closed_account_held_is_released_all_the_same(place: Place) {
    let store = place.open().await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let batch = [part_share(&device, 1, 100 * UNIT, 0)];
    store.credit_shares(&batch, now()).await.expect("credited");
    settle(&store).await;
    let account = &device.account;
    place
        .tamper(&format!(
            "UPDATE accounts SET deleted_at = 1 WHERE id = '{account}'"
        ))
        .await;
    let released = store.release(Asset::Monero, now(), now()).await;
    assert_eq!(released.expect("released"), 1);
    let earnings = store.account_earnings(account).await.expect("reads");
    assert_eq!(
        (earnings.wallet, earnings.held.len()),
        (vec![monero(100)], 0)
    );
    no_faults(&store).await;
}

async fn a_settlement_of_many_devices_is_one_settlement(place: Place) {
    const DEVICES: u64 = 20_000;
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let shares: Vec<_> = (0..DEVICES)
        .map(|number| {
            let account = account.clone();
            let device = DeviceId::random();
            part_share(&Device { account, device }, number, 3 * UNIT / 2, 1_000)
        })
        .collect();
    for batch in shares.chunks(Store::LARGEST_BATCH) {
        store.credit_shares(batch, now()).await.expect("credited");
    }
    assert_eq!(settle(&store).await.shares, DEVICES);
    no_faults(&store).await;
}

/// A hub that is killed leaves a transaction that never ended, as does one whose future is dropped.
async fn what_is_broken_off_at_any_point_never_was(place: Place) {
    let store = place.open().await;
    let line = line(&place, &store).await;
    let mut done = 0;
    for round in 0..60u64 {
        let at = now() + SignedDuration::from_hours(round as i64 * 5);
        let batch =
            [0, 1, 2].map(|n| part_share(&line[n + 1], round * 3 + n as u64, 7 * UNIT / 3, 999));
        store.credit_shares(&batch, at).await.expect("credited");
        let patience = Duration::from_micros(100 + round * 300);
        let work = async {
            store.settle(&terms(), at).await.expect("settled");
            store
                .release(Asset::Monero, at, at)
                .await
                .expect("released");
            store.close_day(at).await.expect("closed");
        };
        // Not a wait: whatever it got to by then.
        done += u64::from(tokio::time::timeout(patience, work).await.is_ok());
        if round % 20 == 0 {
            no_faults(&store).await;
        }
    }
    let end = now() + SignedDuration::from_hours(24 * 60);
    let settled: Settled = store.settle(&terms(), end).await.expect("settled");
    assert!(done < 60 || settled.settlement.is_none());
    store
        .release(Asset::Monero, end, end)
        .await
        .expect("released");
    while store.close_day(end).await.expect("closed").is_some() {}
    let mut earned = 0;
    for device in &line {
        let earnings = store
            .account_earnings(&device.account)
            .await
            .expect("reads");
        assert_eq!(earnings.held, []);
        earned += earnings.wallet.iter().map(|sum| sum.atomic).sum::<i128>();
    }
    assert!(earned > 380, "{earned} of 420, less the operator's part");
    no_faults(&store).await;
}
