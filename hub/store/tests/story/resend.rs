//! Shares that the hub lost and the device has receipts for.

use idlewatt_protocol::Asset;
use idlewatt_protocol::api::Resent;
use idlewatt_store::{Device, Store};

use crate::place::{
    Place, enrol, monero, no_faults, now, on_both, open_account, part_share, settle, share,
};

on_both!(what_was_lost_is_credited_again_once);

async fn receipts(store: &Store, device: &Device) -> Vec<String> {
    let page = store.shares_after(&device.device, 0, 1_000).await;
    let shares = page.expect("reads").shares.into_iter();
    shares
        .map(|share| share.receipt.expect("a receipt"))
        .collect()
}

async fn what_was_lost_is_credited_again_once(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (device, _) = enrol(&store, &account).await;
    let (other, _) = enrol(&store, &account).await;
    let batch: Vec<_> = (1..=6)
        .map(|number| part_share(&device, number, 2_500_000_000_007, 1_111))
        .collect();
    let answers = store.credit_shares(&batch, now()).await.expect("credited");
    let given: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect("new").receipt.expect("a receipt"))
        .collect();
    assert_eq!(
        given,
        receipts(&store, &device).await,
        "the same whenever it is asked for"
    );
    let mut first = [0; 32];
    first[7] = 1;
    let found = store.find_shares(&device.device, &[first]).await;
    assert_eq!(found.expect("reads")[0].receipt.as_ref(), Some(&given[0]));
    settle(&store).await;
    let before = store.earnings(&device).await.expect("reads");
    assert_eq!(before.total, [monero(13)]);
    let again = [share(&other, 200, Asset::Practice, 1)];
    store.credit_shares(&again, now()).await.expect("credited");
    let others = receipts(&store, &other).await;

    // The same hub from a backup of before: only the first two shares, not settled yet.
    let lost = "DELETE FROM shares WHERE sequence > 2; DELETE FROM balances; DELETE FROM earned_by_hour; \
        DELETE FROM remainders; DELETE FROM settlement_parts; DELETE FROM entries; DELETE FROM transfers; \
        UPDATE batches SET settlement = NULL; DELETE FROM settlements;";
    place.force(lost).await;
    let forged = given[2].clone().replacen("|5000|", "|5001|", 1);
    assert_ne!(forged, given[2]);
    let mut sent = given.clone();
    sent.extend([
        others[0].clone(),
        forged.clone(),
        String::new(),
        given[5].clone(),
    ]);
    let resent = store
        .resend(&device.device, &sent, now())
        .await
        .expect("looked at");
    assert_eq!(
        resent,
        Resent {
            credited: 4,
            known: 3,
            refused: 3
        }
    );
    let resent = store
        .resend(&device.device, &given, now())
        .await
        .expect("looked at");
    assert_eq!((resent.credited, resent.known), (0, 6));
    // Another hub has another key.
    let elsewhere = place.another().open().await;
    let resent = elsewhere.resend(&device.device, &given, now()).await;
    assert_eq!(resent.expect("looked at").refused, 6);
    let too_many = vec![given[0].clone(); Store::LARGEST_BATCH + 1];
    store
        .resend(&device.device, &too_many, now())
        .await
        .expect_err("too many");

    settle(&store).await;
    let after = store.earnings(&device).await.expect("reads");
    assert_eq!(after, before, "as if nothing had been lost");
    no_faults(&store).await;
}
