//! Shares, what they earn, and whether the books notice what should not be.

use idlewatt_ledger::Exact;
use idlewatt_protocol::{AccountKey, Asset, DeviceToken, Money};
use idlewatt_store::{Duplicate, Store, VerifiedShare};

use crate::place::{Place, enrol, now, on_both, open_account, practice, settle, share};

on_both!(
    a_hub_s_life,
    a_batch_that_fails_credits_nobody,
    a_balance_may_outgrow_64_bits
);

async fn a_hub_s_life(place: Place) {
    let store = place.open().await;

    let (account, key) = open_account(&store).await;
    assert_eq!(
        store.account_of_key(&key).await.expect("reads"),
        Some(account.clone())
    );
    assert_eq!(
        store
            .account_of_key(&AccountKey::random())
            .await
            .expect("reads"),
        None
    );

    let (first, token) = enrol(&store, &account).await;
    let (second, _) = enrol(&store, &account).await;
    let (stranger, _) = enrol(&store, &open_account(&store).await.0).await;
    assert_eq!(
        store.device_of_token(&token).await.expect("reads"),
        Some(first.clone())
    );
    assert_eq!(
        store
            .device_of_token(&DeviceToken::random())
            .await
            .expect("reads"),
        None
    );

    // A batch of three devices and two assets, with a duplicate in it.
    let batch = [
        share(&first, 1, Asset::Practice, 100),
        share(&second, 2, Asset::Practice, 20),
        share(&first, 1, Asset::Practice, 100),
        share(&first, 3, Asset::Monero, 7),
        share(&stranger, 4, Asset::Practice, 1_000),
        share(&first, 5, Asset::Practice, 0),
    ];
    let answers = store.credit_shares(&batch, now()).await.expect("credited");
    assert_eq!(answers[2], Err(Duplicate));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    // The same again, and from another device: credited once, to the first.
    let again = [
        share(&first, 1, Asset::Practice, 100),
        share(&second, 3, Asset::Monero, 7),
    ];
    let answers = store.credit_shares(&again, now()).await.expect("looked at");
    assert_eq!(answers, [Err(Duplicate), Err(Duplicate)]);
    store
        .credit_shares(&[share(&first, 6, Asset::Practice, 11)], now())
        .await
        .expect("credited");

    let before = store.earnings(&first).await.expect("reads");
    assert!(before.total.is_empty(), "not settled yet");
    assert_eq!(settle(&store).await.shares, 6);
    assert_eq!(settle(&store).await.settlement, None, "once");
    let earnings = store.earnings(&first).await.expect("reads");
    let monero = Money {
        asset: Asset::Monero,
        atomic: 7,
    };
    assert_eq!(earnings.this_device, [practice(111), monero]);
    assert_eq!(earnings.other_devices, [practice(20)]);
    assert_eq!(earnings.total, [practice(131), monero]);
    assert!(earnings.referrals.is_empty());

    // Everything is still there after the file was closed.
    store.close().await;
    let store = place.open().await;
    let page = store
        .shares_after(&first.device, 0, 2)
        .await
        .expect("reads");
    assert!(page.more);
    let last = page.shares.last().expect("two shares").sequence;
    let rest = store
        .shares_after(&first.device, last, 10)
        .await
        .expect("reads");
    assert!(!rest.more);
    let all: Vec<_> = page.shares.iter().chain(&rest.shares).collect();
    assert_eq!(all.len(), 4);
    assert!(
        all.windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence)
    );
    let sum: i128 = all
        .iter()
        .filter(|s| s.credit.asset.is_practice())
        .map(|s| s.credit.atomic)
        .sum();
    assert_eq!(sum, 111);

    let found = store
        .find_shares(&first.device, &[[1; 32], [2; 32], [99; 32]])
        .await
        .expect("reads");
    assert_eq!(found.len(), 1, "only its own");
    assert_eq!(found[0].digest, "01".repeat(32));
    assert_eq!(found[0].credit, practice(100));

    let audit = store.audit().await.expect("reads");
    assert_eq!(audit.faults, Vec::<String>::new());
    assert_eq!(audit.shares, 6);
    store.close().await;
}

async fn a_batch_that_fails_credits_nobody(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (known, _) = enrol(&store, &account).await;
    let batch = [share(&known, 1, Asset::Practice, 5)];
    let too_many = vec![batch[0].clone(); Store::LARGEST_BATCH + 1];
    store
        .credit_shares(&too_many, now())
        .await
        .expect_err("too many");
    let page = store
        .shares_after(&known.device, 0, 10)
        .await
        .expect("reads");
    assert!(page.shares.is_empty());
    assert!(
        store
            .earnings(&known)
            .await
            .expect("reads")
            .total
            .is_empty()
    );
    store.credit_shares(&batch, now()).await.expect("credited");
    settle(&store).await;
    assert!(store.audit().await.expect("reads").faults.is_empty());
}

async fn a_balance_may_outgrow_64_bits(place: Place) {
    let store = place.open().await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let largest = VerifiedShare::LARGEST_CREDIT;
    let mut expected = 0;
    for round in 0..2u64 {
        let batch: Vec<_> = (0..Store::LARGEST_BATCH as u64)
            .map(|number| {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&(round << 32 | number).to_le_bytes());
                VerifiedShare::try_new(
                    device.device.clone(),
                    digest,
                    "sha256d",
                    "practice",
                    1,
                    Exact::try_of(Asset::Practice, largest, 0).expect("fits"),
                    Exact::zero(Asset::Practice),
                )
                .expect("allowed")
            })
            .collect();
        store.credit_shares(&batch, now()).await.expect("credited");
        settle(&store).await;
        expected += largest * batch.len() as i128;
    }
    assert!(expected > i128::from(i64::MAX));
    let earnings = store.earnings(&device).await.expect("reads");
    assert_eq!(earnings.total, [practice(expected)]);
    assert!(store.audit().await.expect("reads").faults.is_empty());
}
