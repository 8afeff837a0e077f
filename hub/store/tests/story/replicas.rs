//! Several hubs on one database: numbers, and what they tell each other.

use std::collections::BTreeSet;
use std::time::Duration;

use idlewatt_store::{Heard, Listener, Store, StoreError};
use idlewatt_test_postgres::PostgresServer;
use jiff::SignedDuration;

use crate::place::{Place, now, on_both};

on_both!(no_two_hubs_have_one_number, a_wrong_clock_blocks_no_number);

async fn no_two_hubs_have_one_number(place: Place) {
    let store = place.open().await;
    let mut numbers = BTreeSet::new();
    for pair in 0..128 {
        let (one, other) = (format!("{pair}a"), format!("{pair}b"));
        let (one, other) = tokio::join!(
            store.claim_replica(&one, now()),
            store.claim_replica(&other, now())
        );
        numbers.extend(
            [one.expect("claims"), other.expect("claims")].map(|number| number.expect("free")),
        );
    }
    assert_eq!(numbers.len(), 256, "all different");
    assert_eq!(
        store.claim_replica("late", now()).await.expect("reads"),
        None
    );

    // One is renewed, the others are not seen any more.
    let later = now() + SignedDuration::from_secs(40);
    let mut kept = None;
    for number in 0..=255 {
        if store
            .keep_replica(number, "7a", later)
            .await
            .expect("looks")
        {
            kept = Some(number);
        }
    }
    let kept = kept.expect("its own");
    assert_eq!(
        store.claim_replica("late", later).await.expect("reads"),
        None
    );
    let much_later = now() + SignedDuration::from_secs(61);
    for number in 0..255 {
        let name = format!("new {number}");
        let claimed = store
            .claim_replica(&name, much_later)
            .await
            .expect("claims");
        assert_ne!(claimed.expect("free again"), kept);
    }
    assert_eq!(
        store
            .claim_replica("late", much_later)
            .await
            .expect("reads"),
        None
    );
    let lost = (kept + 1) % 255;
    assert!(
        !store
            .keep_replica(lost, "0a", much_later)
            .await
            .expect("looks"),
        "not its own any more"
    );

    store
        .release_replica(kept, "somebody")
        .await
        .expect("does nothing");
    assert_eq!(
        store
            .claim_replica("late", much_later)
            .await
            .expect("reads"),
        None
    );
    store.release_replica(kept, "7a").await.expect("given back");
    assert_eq!(
        store
            .claim_replica("late", much_later)
            .await
            .expect("claims"),
        Some(kept)
    );
}

async fn a_wrong_clock_blocks_no_number(place: Place) {
    let store = place.open().await;
    let wrong = now() + SignedDuration::from_hours(24);
    for number in 0..=255 {
        let name = format!("{number}");
        store
            .claim_replica(&name, wrong)
            .await
            .expect("claims")
            .expect("free");
    }
    assert!(
        store
            .claim_replica("right", now())
            .await
            .expect("claims")
            .is_some()
    );
}

#[tokio::test]
async fn a_file_has_nobody_to_hear() {
    let store = Place::file();
    let store = store.open().await;
    store.notify("hello").await.expect("does nothing");
    assert!(store.listen().await.expect("looks").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_hear_each_other_and_know_when_they_may_have_missed_something() {
    let server = PostgresServer::start();
    let address = server.database();
    let (one, other) = (connect(&address).await, connect(&address).await);
    let mut listener = one.listen().await.expect("listens").expect("a server");
    other.notify("first").await.expect("told");
    one.notify("it's own").await.expect("told");
    assert_eq!(
        hear(&mut listener).await.expect("heard"),
        Heard::Notice("first".to_owned())
    );
    assert_eq!(
        hear(&mut listener).await.expect("heard"),
        Heard::Notice("it's own".to_owned())
    );

    tokio::task::block_in_place(|| {
        server.kill();
        server.resume();
    });
    // Either it has connected again and says so, or it says that it could not.
    let mut gap = hear(&mut listener).await;
    if gap.is_err() {
        listener = one
            .listen()
            .await
            .expect("listens again")
            .expect("a server");
        gap = Ok(Heard::Gap);
    }
    assert_eq!(gap.expect("looked at"), Heard::Gap);
    let mut told = other.notify("after").await;
    while told.is_err() {
        told = other.notify("after").await;
    }
    let heard = hear(&mut listener).await.expect("heard");
    assert_eq!(heard, Heard::Notice("after".to_owned()));
}

async fn connect(address: &str) -> Store {
    Store::connect(address).await.expect("connects")
}

async fn hear(listener: &mut Listener) -> Result<Heard, StoreError> {
    tokio::time::timeout(Duration::from_secs(60), listener.next())
        .await
        .expect("in time")
}
