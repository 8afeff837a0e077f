//! What an operator is shown, and what opens it.

use idlewatt_protocol::{Asset, OperatorSecret};
use idlewatt_store::{Overview, Position};
use jiff::SignedDuration;

use crate::place::{
    Place, enrol, monero, no_faults, now, on_both, open_account, practice, settle, share,
    withdrawal,
};

on_both!(
    a_link_opens_one_session_once,
    the_books_are_summed_up_by_asset,
);

async fn a_link_opens_one_session_once(place: Place) {
    let store = place.open().await;
    let minutes = |minutes| now() + SignedDuration::from_mins(minutes);
    let (link, old) = (OperatorSecret::random(), OperatorSecret::random());
    for (link, expires) in [(&link, minutes(10)), (&old, minutes(1))] {
        store
            .create_operator_link(link, expires, now())
            .await
            .expect("noted");
    }
    let (session, second) = (OperatorSecret::random(), OperatorSecret::random());
    let open = async |link: &OperatorSecret, session: &OperatorSecret| {
        let opened = store.open_operator_session(link, session, minutes(60), minutes(2));
        opened.await.expect("looks")
    };
    assert!(!open(&old, &session).await, "its time is over");
    assert!(!open(&OperatorSecret::random(), &session).await, "made up");
    let known = async |session: &OperatorSecret, at: i64| {
        let known = store.is_operator_session(session, minutes(at)).await;
        known.expect("looks")
    };
    assert!(!known(&link, 2).await, "a link is no session");
    assert!(open(&link, &session).await);
    assert!(!open(&link, &second).await, "used up");
    assert!(!open(&session, &second).await, "a session is no link");
    assert!(known(&session, 59).await && !known(&second, 59).await);
    assert!(!known(&session, 61).await, "its time is over");
    for secret in [&link, &session] {
        assert!(!place.holds(secret.as_str()).await, "only hashes are kept");
    }
    store.end_operator_session(&session).await.expect("ended");
    assert!(!known(&session, 3).await);
}

async fn the_books_are_summed_up_by_asset(place: Place) {
    let store = place.open().await;
    assert!(store.positions().await.expect("reads").is_empty());
    let (first, _) = open_account(&store).await;
    let (second, _) = open_account(&store).await;
    let (device, _) = enrol(&store, &first).await;
    let (other, _) = enrol(&store, &second).await;
    let batch = [
        share(&device, 1, Asset::Monero, 900),
        share(&other, 2, Asset::Monero, 100),
        share(&other, 3, Asset::Practice, 7),
    ];
    store.credit_shares(&batch, now()).await.expect("credited");
    settle(&store).await;
    store
        .release(Asset::Monero, now(), now())
        .await
        .expect("released");
    place
        .force(&format!(
            "{} INSERT INTO transfers (id, kind, at) VALUES (90, 'withdrawal-requested', 1); \
             INSERT INTO entries VALUES (90, 'wallet:{first}', 'XMR', -600), (90, 'withdrawal:W00000000000', 'XMR', 600); \
             INSERT INTO balances VALUES ('withdrawal:W00000000000', 'XMR', '600'); \
             UPDATE balances SET amount = '300' WHERE ledger_account = 'wallet:{first}' AND asset = 'XMR'",
            withdrawal("W00000000000", &first, "sent", 600)
        ))
        .await;
    no_faults(&store).await;
    let positions = store.positions().await.expect("reads");
    let expected = Position {
        held: monero(0),
        withdrawable: monero(400),
        withdrawing: monero(600),
        operator: monero(0),
        upstreams_owe: monero(1_000),
        vault: monero(0),
    };
    assert_eq!(positions[1], expected);
    assert_eq!(expected.owed(), monero(1_000));
    assert_eq!(
        (positions[0].held, positions[0].upstreams_owe),
        (practice(7), practice(7))
    );
    assert_eq!(positions.len(), 2);

    let counted = Overview {
        accounts: 2,
        devices: 2,
        online: 0,
    };
    assert_eq!(store.overview(now()).await.expect("reads"), counted);
    let newest = store.newest_accounts(1).await.expect("reads");
    assert_eq!(newest.len(), 1);
    let all = store.newest_accounts(10).await.expect("reads");
    let of_first = all.iter().find(|summary| summary.account == first);
    let of_first = of_first.expect("listed");
    assert_eq!(of_first.devices, 1);
    assert_eq!(of_first.earnings.wallet, [monero(300)]);
    let own = store.account_earnings(&first).await.expect("reads");
    assert_eq!(of_first.earnings, own);
}
