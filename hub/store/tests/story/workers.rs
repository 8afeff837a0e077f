//! Standard miners: devices by name.

use idlewatt_protocol::{AccountId, DeviceToken};
use idlewatt_store::{Device, Store, Worker};

use crate::place::{Place, enrol, now, on_both, open_account};

on_both!(
    a_worker_is_one_device_from_its_first_login_on,
    an_account_has_so_many_workers_and_no_more,
    revoked_workers_and_deleted_accounts_do_not_work,
);

async fn login(store: &Store, account: &AccountId, name: &str, limit: usize) -> Worker {
    store
        .worker_device(account, name, limit, now())
        .await
        .expect("answers")
}

fn device(worker: Worker) -> Device {
    match worker {
        Worker::Known(device) | Worker::Made(device) => device,
        Worker::Revoked | Worker::Refused => panic!("refused"),
    }
}

async fn a_worker_is_one_device_from_its_first_login_on(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (other, _) = open_account(&store).await;
    let first = login(&store, &account, "rig-1", 10).await;
    assert!(matches!(first, Worker::Made(_)));
    let first = device(first);
    assert_eq!(first.account, account);
    let again = login(&store, &account, " rig-1 ", 10).await;
    assert_eq!(again, Worker::Known(first.clone()));
    assert_ne!(device(login(&store, &account, "rig-2", 10).await), first);
    assert_ne!(device(login(&store, &other, "rig-1", 10).await), first);
    let race = tokio::join!(
        login(&store, &account, "rig-3", 10),
        login(&store, &account, "rig-3", 10)
    );
    assert_eq!(device(race.0), device(race.1), "added once");
    assert!(!store.is_revoked(&first.device).await.expect("answers"));
    for name in ["", "  ", "a\nb", "a\u{0}b", &"x".repeat(65)] {
        assert_eq!(login(&store, &account, name, 10).await, Worker::Refused);
    }
    let injected = "'); DROP TABLE devices;--";
    let strange = device(login(&store, &account, injected, 10).await);
    assert_eq!(device(login(&store, &account, injected, 10).await), strange);
    let nobody = AccountId::random();
    assert_eq!(login(&store, &nobody, "rig", 10).await, Worker::Refused);
    // A worker has no token that anybody could guess.
    let guessed = store.device_of_token(&DeviceToken::random()).await;
    assert_eq!(guessed.expect("answers"), None);
}

async fn an_account_has_so_many_workers_and_no_more(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    enrol(&store, &account).await;
    for name in ["a", "b"] {
        let made = login(&store, &account, name, 2).await;
        assert!(
            matches!(made, Worker::Made(_)),
            "an enrolled device is none"
        );
    }
    assert_eq!(login(&store, &account, "c", 2).await, Worker::Refused);
    let known = login(&store, &account, "b", 0).await;
    assert!(matches!(known, Worker::Known(_)));
}

async fn revoked_workers_and_deleted_accounts_do_not_work(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let revoked = device(login(&store, &account, "a", 5).await);
    device(login(&store, &account, "b", 5).await);
    let id = &revoked.device;
    let done = store.revoke_device(&account, id, now()).await;
    assert!(done.expect("answers"));
    // Neither it nor another of its name: not now, not from another connection, not with blanks around it.
    for (store, name) in [(&store, "a"), (&place.open().await, "a"), (&store, " a\t")] {
        assert_eq!(login(store, &account, name, 5).await, Worker::Revoked);
    }
    assert!(store.is_revoked(id).await.expect("answers"));
    let (another, _) = open_account(&store).await;
    let made = login(&store, &another, "a", 5).await;
    assert!(matches!(made, Worker::Made(_)), "another account's own");
    let known = login(&store, &account, "b", 5).await;
    assert!(matches!(known, Worker::Known(_)));

    let deleted = store.delete_account(&account, None, true, now()).await;
    let deleted = deleted.expect("answers").expect("deleted");
    assert_eq!(deleted.revoked.len(), 1, "the other was revoked before");
    for name in ["a", "b", "c"] {
        assert_eq!(login(&store, &account, name, 5).await, Worker::Refused);
    }
}
