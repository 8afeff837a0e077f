//! Tasks that one replica does at a time.

use idlewatt_store::Store;
use jiff::{SignedDuration, Timestamp};

use crate::place::{Place, now, on_both};

on_both!(a_task_is_done_by_one_at_a_time);

fn at(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

async fn a_task_is_done_by_one_at_a_time(place: Place) {
    let store = place.open().await;
    let claim = async |store: &Store, replica, until, now| {
        let claimed = store
            .claim_task("settle", replica, at(until), at(now))
            .await;
        claimed.expect("looks")
    };
    // However many want it at the same moment: one gets it.
    let wanted: Vec<_> = (0..16)
        .map(|replica| {
            let store = store.clone();
            tokio::spawn(async move { store.claim_task("settle", replica, at(30), at(0)).await })
        })
        .collect();
    let mut holders = Vec::new();
    for (replica, claimed) in (0..).zip(wanted) {
        if claimed.await.expect("ends").expect("looks") {
            holders.push(replica);
        }
    }
    let [holder] = holders[..] else {
        panic!("{holders:?}");
    };
    let other = holder + 1;
    assert!(claim(&store, holder, 60, 20).await, "its own again");
    assert!(!claim(&store, other, 80, 50).await);
    // Its holder was killed: somebody else gets it, and the old holder cannot give it back.
    assert!(claim(&store, other, 90, 60).await);
    assert!(!claim(&store, holder, 90, 61).await);
    store
        .finish_task("settle", holder, at(0))
        .await
        .expect("does nothing");
    assert!(!claim(&store, holder, 90, 62).await);
    // Given back, it is not due at once.
    store
        .finish_task("settle", other, at(120))
        .await
        .expect("given back");
    assert!(!claim(&store, holder, 150, 119).await);
    assert!(!claim(&store, other, 150, 119).await);
    assert!(claim(&store, holder, 150, 120).await);
    // A clock set back a day does not keep it from everybody for a day.
    assert!(claim(&store, other, 30 - 86_400, -86_400).await);
    let another = store.claim_task("close-day", holder, at(1), at(0)).await;
    assert!(another.expect("looks"), "another task is another matter");
}
