//! The end of each day: closed once, chained, and provable to whom it concerns.

use idlewatt_protocol::api::{Closing, ClosingLeaf};
use idlewatt_store::{Device, Store};
use jiff::{SignedDuration, Timestamp};

use crate::place::{
    Place, enrol, monero, no_faults, now, on_both, open_account, part_share, settle, share,
};

on_both!(
    days_are_closed_once_and_chained,
    an_account_can_prove_its_day,
    a_clock_set_back_changes_no_closed_day,
);

fn hours(hours: i64) -> Timestamp {
    // 2027-01-15 08:00 UTC
    now() + SignedDuration::from_hours(hours)
}

async fn earn(store: &Store, device: &Device, number: u64, at: Timestamp) {
    let batch = [part_share(device, number, 3_700_000_000_000, 500)];
    store.credit_shares(&batch, at).await.expect("credited");
    let terms = idlewatt_store::Terms::default();
    store.settle(&terms, at).await.expect("settled");
}

async fn close_all(store: &Store, at: Timestamp) -> Vec<Closing> {
    let mut closed = Vec::new();
    while let Some(closing) = store.close_day(at).await.expect("closed") {
        closed.push(closing);
    }
    closed
}

async fn days_are_closed_once_and_chained(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    assert_eq!(close_all(&store, hours(500)).await, [], "nothing yet");
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    earn(&store, &device, 1, hours(0)).await;
    assert_eq!(close_all(&store, hours(15)).await, [], "the day goes on");
    earn(&store, &device, 2, hours(15)).await;
    earn(&store, &device, 3, hours(17)).await;
    // Nothing on the third day; on the fourth two hubs close all of it at once.
    let (first, second) = tokio::join!(close_all(&store, hours(70)), close_all(&other, hours(70)));
    let mut closed = [first, second].concat();
    closed.extend(close_all(&store, hours(70)).await);
    closed.sort_by_key(|closing| closing.number);
    let closings = store.closings_after(0).await.expect("reads");
    assert_eq!(closings, closed, "each by one of them");
    let days: Vec<_> = closings
        .iter()
        .map(|closing| closing.day.as_str())
        .collect();
    assert_eq!(days, ["2027-01-15", "2027-01-16", "2027-01-17"]);
    let settlements = closings.iter().map(|closing| closing.last_settlement);
    assert_eq!(settlements.collect::<Vec<_>>(), [2, 3, 3]);
    assert_eq!(closings[2].root, "00".repeat(32), "nothing has changed");
    let mut previous = "00".repeat(32);
    for closing in &closings {
        let Closing {
            day,
            root,
            last_settlement,
            ..
        } = closing;
        assert_eq!(closing.previous, previous);
        let hash = Closing::compute_hash(&previous, day, *last_settlement, root);
        assert_eq!(closing.hash, hex::encode(hash));
        previous.clone_from(&closing.hash);
    }
    assert_eq!(store.closings_after(2).await.expect("reads"), closings[2..]);
    no_faults(&store).await;
}

async fn an_account_can_prove_its_day(place: Place) {
    let store = place.open().await;
    let mut devices = Vec::new();
    for number in 0..7 {
        let (device, _) = enrol(&store, &open_account(&store).await.0).await;
        earn(&store, &device, number, hours(0)).await;
        devices.push(device);
    }
    let mine = &devices[3];
    let (second, _) = enrol(&store, &mine.account).await;
    // Less than a unit: no entry, but its share is in the closing all the same.
    let batch = [part_share(&second, 99, 5, 0)];
    store
        .credit_shares(&batch, hours(1))
        .await
        .expect("credited");
    let practice = [share(mine, 200, idlewatt_protocol::Asset::Practice, 8)];
    store
        .credit_shares(&practice, hours(1))
        .await
        .expect("credited");
    settle(&store).await;
    earn(&store, mine, 100, hours(2)).await;
    store
        .release(idlewatt_protocol::Asset::Monero, hours(1), hours(2))
        .await
        .expect("released");
    let closing = close_all(&store, hours(24)).await.remove(0);
    // What comes later is not in it.
    earn(&store, mine, 101, hours(25)).await;

    let proofs = store.closing_proofs(1, &mine.account).await;
    let proofs = proofs.expect("reads").expect("closed");
    for proof in &proofs {
        let root = proof.root().expect("a way");
        assert_eq!(hex::encode(root), closing.root, "{proof:?}");
    }
    let leaf = |name: String, asset| {
        let mut leaves = proofs.iter().map(|proof| &proof.leaf);
        let found = leaves.find(|leaf| leaf.ledger_account == name && leaf.balance.asset == asset);
        found.expect("a leaf")
    };
    let own = leaf(
        format!("device:{}", mine.device),
        idlewatt_protocol::Asset::Monero,
    );
    assert_eq!((own.balance, own.shares), (monero(7), 2));
    // The shares' hash from what the device itself knows.
    let page = store
        .shares_after(&mine.device, 0, 1_000)
        .await
        .expect("reads");
    let shares = page.shares.iter().filter(|share| {
        share.credit.asset == idlewatt_protocol::Asset::Monero
            && share
                .settlement
                .is_some_and(|number| number <= closing.last_settlement)
    });
    let lines = shares.map(|share| {
        format!(
            "{} {} {}",
            share.digest, share.credit.atomic, share.fraction
        )
    });
    let hash = ClosingLeaf::shares_hash_of(lines.collect());
    assert_eq!(own.shares_hash, hex::encode(hash));
    let small = leaf(
        format!("device:{}", second.device),
        idlewatt_protocol::Asset::Monero,
    );
    assert_eq!((small.balance, small.shares), (monero(0), 1));
    leaf(
        format!("device:{}", mine.device),
        idlewatt_protocol::Asset::Practice,
    );
    leaf(
        format!("released:{}", mine.device),
        idlewatt_protocol::Asset::Monero,
    );
    leaf(
        format!("wallet:{}", mine.account),
        idlewatt_protocol::Asset::Monero,
    );
    assert_eq!(proofs.len(), 5, "and nobody else's");

    let stranger = open_account(&store).await.0;
    let none = store.closing_proofs(1, &stranger).await.expect("reads");
    assert_eq!(none, Some(Vec::new()));
    assert_eq!(
        store.closing_proofs(2, &stranger).await.expect("reads"),
        None
    );
    // What was forged afterwards leads elsewhere.
    place
        .tamper(&format!(
            "UPDATE closing_leaves SET balance = '7000' WHERE ledger_account = 'device:{}'",
            mine.device
        ))
        .await;
    let proofs = store.closing_proofs(1, &mine.account).await.expect("reads");
    let roots = proofs
        .expect("closed")
        .into_iter()
        .map(|proof| proof.root());
    assert!(
        roots
            .flatten()
            .any(|root| hex::encode(root) != closing.root)
    );
}

async fn a_clock_set_back_changes_no_closed_day(place: Place) {
    let store = place.open().await;
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    earn(&store, &device, 1, hours(0)).await;
    earn(&store, &device, 2, hours(20)).await;
    let first = close_all(&store, hours(21)).await;
    assert_eq!(first.len(), 1);
    let proofs = store
        .closing_proofs(1, &device.account)
        .await
        .expect("reads");
    // Back to the day that is closed, and to long before it.
    for (number, at) in [(3, 1), (4, -4_000), (5, 2)] {
        earn(&store, &device, number, hours(at)).await;
        store
            .release(idlewatt_protocol::Asset::Monero, hours(at), hours(at))
            .await
            .expect("released");
        assert_eq!(close_all(&store, hours(at)).await, []);
    }
    assert_eq!(store.closings_after(0).await.expect("reads"), first);
    assert_eq!(
        store
            .closing_proofs(1, &device.account)
            .await
            .expect("reads"),
        proofs
    );
    earn(&store, &device, 6, hours(41)).await;
    let second = close_all(&store, hours(41)).await;
    assert_eq!(second[0].day, "2027-01-16");
    assert_eq!(
        second[0].last_settlement, 5,
        "all that came before the new day, whatever the clock said"
    );
    let leaves = store
        .closing_proofs(2, &device.account)
        .await
        .expect("reads");
    let mut leaves = leaves.expect("closed").into_iter().map(|proof| proof.leaf);
    let own = leaves.rfind(|leaf| leaf.ledger_account.starts_with("device:"));
    assert_eq!(own.expect("a leaf").shares, 4);
    no_faults(&store).await;
}
