//! Sessions.

use idlewatt_protocol::{AccountId, SessionId, SessionToken};
use idlewatt_store::Store;
use jiff::{SignedDuration, Timestamp};

use crate::place::{Place, now, on_both, open_account};

on_both!(a_session_is_good_until_it_ends, sessions_are_bounded);

async fn begin(store: &Store, account: &AccountId, at: Timestamp) -> (SessionId, SessionToken) {
    let (session, token) = (SessionId::random(), SessionToken::random());
    let expires = at + SignedDuration::from_hours(720);
    store
        .create_session(account, &session, &token, expires, at)
        .await
        .expect("noted");
    (session, token)
}

async fn a_session_is_good_until_it_ends(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (other, _) = open_account(&store).await;
    let (first, token) = begin(&store, &account, now()).await;
    let opens = |token: SessionToken, at| {
        let store = store.clone();
        async move { store.session_of_token(&token, at).await.expect("reads") }
    };
    assert_eq!(
        opens(token.clone(), now()).await,
        Some((account.clone(), first.clone()))
    );
    assert_eq!(opens(SessionToken::random(), now()).await, None);
    let month = now() + SignedDuration::from_hours(720);
    assert_eq!(opens(token.clone(), month).await, None, "over");
    // Somebody else cannot end it.
    assert!(!store.end_session(&other, &first).await.expect("reads"));
    assert!(opens(token.clone(), now()).await.is_some());
    let (second, second_token) = begin(&store, &account, now()).await;
    assert_eq!(
        store.sessions(&account, now()).await.expect("reads").len(),
        2
    );
    assert!(store.end_session(&account, &first).await.expect("ended"));
    assert_eq!(opens(token, now()).await, None);
    let left = store.sessions(&account, now()).await.expect("reads");
    assert_eq!((left.len(), &left[0].session), (1, &second));
    assert_eq!(store.end_sessions(&account).await.expect("ended"), 1);
    assert_eq!(opens(second_token, now()).await, None);
}

async fn sessions_are_bounded(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (_, oldest) = begin(&store, &account, now()).await;
    for number in 1..=Store::MOST_SESSIONS {
        begin(&store, &account, now() + SignedDuration::from_secs(number)).await;
    }
    let at = now() + SignedDuration::from_secs(200);
    let sessions = store.sessions(&account, at).await.expect("reads");
    assert_eq!(sessions.len() as i64, Store::MOST_SESSIONS);
    let oldest = store.session_of_token(&oldest, at).await.expect("reads");
    assert_eq!(oldest, None, "the oldest made room");
}
