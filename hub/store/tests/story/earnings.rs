//! What an account is shown of its earnings.

use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{AccountEarnings, EarningsByDevice};
use idlewatt_store::Terms;
use jiff::SignedDuration;

use crate::place::{
    Place, enrol, monero, no_faults, now, on_both, open_account, part_share, practice, share,
    withdrawal,
};

on_both!(an_account_sees_what_each_device_earned_and_where_it_is);

async fn an_account_sees_what_each_device_earned_and_where_it_is(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let none = store.account_earnings(&account).await.expect("reads");
    assert_eq!(none, AccountEarnings::default());
    let none = store.earnings_by_device(&account, 0, now()).await;
    assert_eq!(none.expect("reads"), EarningsByDevice::default());
    let (first, _) = enrol(&store, &account).await;
    let (second, _) = enrol(&store, &account).await;
    let (idle, _) = enrol(&store, &account).await;
    let (referred, _) = enrol(&store, &open_account(&store).await.0).await;
    let other = &referred.account;
    place
        .tamper(&format!(
            "UPDATE accounts SET referrer = '{account}', referred_at = 1 WHERE id = '{other}'"
        ))
        .await;
    // It is 08:00 UTC. Units that each hour before brought the first device.
    let unit = 1_000_000_000_000;
    let terms = Terms { tiers: vec![5_000] };
    for (number, (hours_ago, units)) in (1..).zip([
        (24 * 30, 1_000),
        (24 * 7, 500),
        (24 * 6 + 9, 64),
        (24 * 6 + 8, 32),
        (9, 16),
        (8, 8),
        (3, 4),
        (0, 1),
    ]) {
        let at = now() - SignedDuration::from_hours(hours_ago);
        let batch = [part_share(&first, number, units * unit, 0)];
        store.credit_shares(&batch, at).await.expect("credited");
        store.settle(&terms, at).await.expect("settled");
    }
    let batch = [
        part_share(&referred, 50, 40 * unit, 5_000),
        share(&second, 51, Asset::Practice, 3),
    ];
    store.credit_shares(&batch, now()).await.expect("credited");
    store.settle(&terms, now()).await.expect("settled");

    for (offset, today, week) in [
        (0, 13, 125 - 64),
        (60, 29, 125),
        (-8 * 60, 1, 29),
        (330, 29, 125),
    ] {
        let earned = store.earnings_by_device(&account, offset, now()).await;
        let earned = earned.expect("reads");
        let of = |device: &idlewatt_store::Device| {
            let mut devices = earned.devices.iter();
            devices.find(|earned| earned.device == device.device)
        };
        let own = &of(&first).expect("has earned").earned;
        assert_eq!(own.total, [monero(1_625)]);
        assert_eq!(
            (&own.today, &own.seven_days),
            (&vec![monero(today)], &vec![monero(week)]),
            "{offset}"
        );
        assert_eq!(own.thirty_days, [monero(625)], "all but 30 days ago");
        let own = &of(&second).expect("has earned").earned;
        assert_eq!(
            (&own.today, &own.total),
            (&vec![practice(3)], &vec![practice(3)])
        );
        assert!(of(&idle).is_none() && of(&referred).is_none());
        assert_eq!(earned.referrals.total, [monero(10)]);
        assert_eq!(earned.referrals.today, [monero(10)]);
    }

    let until = now() - SignedDuration::from_hours(24);
    store
        .release(Asset::Monero, until, now())
        .await
        .expect("released");
    store
        .release(Asset::Practice, now(), now())
        .await
        .expect("released");
    let earnings = store.account_earnings(&account).await.expect("reads");
    let expected = AccountEarnings {
        devices: vec![practice(3), monero(1_625)],
        referrals: vec![monero(10)],
        total: vec![practice(3), monero(1_635)],
        held: vec![monero(39)],
        wallet: vec![practice(3), monero(1_596)],
        withdrawing: Vec::new(),
    };
    assert_eq!(earnings, expected);
    no_faults(&store).await;
    // A withdrawal on its way, written as payouts write it.
    place
        .force(&format!(
            "{} INSERT INTO transfers (id, kind, at) VALUES (90, 'withdrawal-requested', 1); \
             INSERT INTO entries VALUES (90, 'wallet:{account}', 'XMR', -600), (90, 'withdrawal:W00000000000', 'XMR', 600); \
             INSERT INTO balances VALUES ('withdrawal:W00000000000', 'XMR', '600'); \
             UPDATE balances SET amount = '996' WHERE ledger_account = 'wallet:{account}' AND asset = 'XMR'",
            withdrawal("W00000000000", &account, "sent", 600)
        ))
        .await;
    no_faults(&store).await;
    let earnings = store.account_earnings(&account).await.expect("reads");
    assert_eq!(earnings.withdrawing, [monero(600)]);
    assert_eq!(
        (earnings.wallet[1], &earnings.total),
        (monero(996), &expected.total)
    );
}
