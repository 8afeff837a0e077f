//! What an account is shown of its earnings day by day.

use idlewatt_protocol::Money;
use idlewatt_protocol::api::DayEarnings;
use idlewatt_store::{Store, Terms};
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::place::{
    Place, enrol, monero, now, on_both, open_account, part_share, practice, settle, share,
};

on_both!(
    days_are_those_of_the_asker_s_clock,
    the_rest_of_a_large_fleet_is_one_line,
);

/// An atomic unit in the parts that shares are credited with.
const UNIT: i128 = 1_000_000_000_000;

fn day(day: Date, earned: Money) -> DayEarnings {
    DayEarnings {
        day,
        earned: vec![earned],
    }
}

async fn days_are_those_of_the_asker_s_clock(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let none = store.earnings_by_day(&account, 30, 0, now()).await;
    let none = none.expect("reads");
    assert!(none.devices.is_empty() && none.referrals.is_empty() && none.other_devices.is_empty());
    assert_eq!(
        (none.first, none.last),
        (date(2026, 12, 17), date(2027, 1, 15))
    );
    let (device, _) = enrol(&store, &account).await;
    let (referred, _) = enrol(&store, &open_account(&store).await.0).await;
    let other = &referred.account;
    place
        .tamper(&format!(
            "UPDATE accounts SET referrer = '{account}', referred_at = 1 WHERE id = '{other}'"
        ))
        .await;
    // It is 08:00 UTC on the 15th of January.
    let terms = Terms { tiers: vec![5_000] };
    for (number, (hours_ago, units)) in (1..).zip([(49, 64), (48, 32), (10, 16), (8, 8), (0, 1)]) {
        let at = now() - SignedDuration::from_hours(hours_ago);
        let batch = [part_share(&device, number, units * UNIT, 0)];
        store.credit_shares(&batch, at).await.expect("credited");
        store.settle(&terms, at).await.expect("settled");
    }
    let batch = [
        part_share(&referred, 50, 40 * UNIT, 5_000),
        share(&device, 51, idlewatt_protocol::Asset::Practice, 3),
    ];
    store.credit_shares(&batch, now()).await.expect("credited");
    store.settle(&terms, now()).await.expect("settled");

    let today = |units: i128| DayEarnings {
        day: date(2027, 1, 15),
        earned: vec![practice(3), monero(units)],
    };
    let (thirteenth, fourteenth) = (date(2027, 1, 13), date(2027, 1, 14));
    for (offset, days, expected) in [
        (
            0,
            30,
            vec![
                day(thirteenth, monero(96)),
                day(fourteenth, monero(16)),
                today(9),
            ],
        ),
        // Two hours east it was the 15th already ten hours ago.
        (120, 30, vec![day(thirteenth, monero(96)), today(25)]),
        // Midnight within an hour: the whole hour is the new day's.
        (90, 2, vec![today(25)]),
        // At midnight in the west it is the 15th since this hour.
        (
            -480,
            3,
            vec![
                day(thirteenth, monero(32)),
                day(fourteenth, monero(24)),
                today(1),
            ],
        ),
        (0, 1, vec![today(9)]),
    ] {
        let earned = store.earnings_by_day(&account, days, offset, now()).await;
        let earned = earned.expect("reads");
        assert_eq!(earned.devices.len(), 1);
        assert_eq!(earned.devices[0].device, device.device);
        assert_eq!(earned.devices[0].days, expected, "{offset} {days}");
        assert_eq!(earned.referrals, [day(date(2027, 1, 15), monero(10))]);
        assert_eq!(earned.last, date(2027, 1, 15));
        assert!(earned.other_devices.is_empty());
    }
}

async fn the_rest_of_a_large_fleet_is_one_line(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let most = Store::MOST_DEVICES_BY_DAY as u64;
    let (mut batch, mut small) = (Vec::new(), Vec::new());
    for number in 0..most + 2 {
        let (device, _) = enrol(&store, &account).await;
        let units = if number < 2 { 1 } else { 5 };
        batch.push(part_share(&device, number, units * UNIT, 0));
        if number < 2 {
            small.push(device.device);
        }
    }
    store.credit_shares(&batch, now()).await.expect("credited");
    settle(&store).await;
    let earned = store.earnings_by_day(&account, 7, 0, now()).await;
    let earned = earned.expect("reads");
    assert_eq!(earned.devices.len() as u64, most);
    assert!(
        earned
            .devices
            .iter()
            .all(|days| !small.contains(&days.device))
    );
    assert_eq!(earned.other_devices, [day(date(2027, 1, 15), monero(2))]);
}
