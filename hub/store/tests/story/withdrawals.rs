//! Withdrawals: asked for once, however often and from wherever; never more than there is; one payment each.

use idlewatt_protocol::api::{Withdrawal, WithdrawalState};
use idlewatt_protocol::{AccountId, Asset, Money};
use idlewatt_store::{NewWithdrawal, Payment, Store, WithdrawalError};
use jiff::{SignedDuration, Timestamp};

use crate::place::{Place, enrol, now, on_both, open_account, settle, share};

on_both!(
    a_withdrawal_from_its_request_to_its_end,
    a_wallet_raced_from_two_sessions_pays_no_more_than_it_holds,
    a_new_address_cools_off_and_a_known_one_does_not,
    what_is_called_off_comes_back_once,
    the_hot_wallet_limit_leaves_the_rest_to_the_operator,
    one_payment_each_whoever_is_first,
    a_pause_stops_payments_but_not_what_was_sent,
    a_held_payment_stops_nobody_and_can_be_renewed,
    what_was_paid_after_a_backup_is_noted_and_nothing_comes_back_before,
);

const VAULT: &str = "monero";

fn xmr(atomic: i128) -> Money {
    Money {
        asset: Asset::Monero,
        atomic,
    }
}

/// An account whose wallet holds so much.
async fn wealthy(store: &Store, atomic: i128) -> AccountId {
    let (account, _) = open_account(store).await;
    let (device, _) = enrol(store, &account).await;
    let batch = [share(&device, rand_byte(&account), Asset::Monero, atomic)];
    let credited = store.credit_shares(&batch, now()).await.expect("credited");
    assert!(credited[0].is_ok());
    settle(store).await;
    let released = store.release(Asset::Monero, now(), now()).await;
    assert!(released.expect("released") >= 1);
    assert_eq!(wallet(store, &account).await, atomic);
    account
}

/// A share's digest must be new; accounts are.
fn rand_byte(account: &AccountId) -> u8 {
    account.as_str().bytes().fold(0, u8::wrapping_add)
}

async fn wallet(store: &Store, account: &AccountId) -> i128 {
    let (device, _) = enrol(store, account).await;
    let wallet = store.earnings(&device).await.expect("reads").wallet;
    let monero = wallet.iter().find(|sum| sum.asset == Asset::Monero);
    monero.map_or(0, |sum| sum.atomic)
}

fn new(account: &AccountId, key: &str, atomic: i128) -> NewWithdrawal {
    NewWithdrawal {
        account: account.clone(),
        request_key: key.to_owned(),
        amount: xmr(atomic),
        fee: 10,
        address: "4address".to_owned(),
        cooling_off: SignedDuration::ZERO,
    }
}

async fn request(store: &Store, new: &NewWithdrawal) -> Withdrawal {
    let requested = store.request_withdrawal(new, None, now()).await;
    requested.expect("requested")
}

async fn approve(store: &Store, limit: i128) -> usize {
    let approved = store
        .approve_due_withdrawals(Asset::Monero, limit, now())
        .await;
    approved.expect("approved").len()
}

fn payment(name: &str) -> Payment {
    Payment {
        transaction_id: name.to_owned(),
        body: format!("body of {name}"),
        network_fee: 3,
    }
}

async fn record(store: &Store, withdrawal: &Withdrawal, name: &str) -> bool {
    let seen = store.payments_seen(Asset::Monero).await.expect("reads");
    let Some(seen) = seen else { return false };
    let recorded = store
        .record_payment(&withdrawal.id, Asset::Monero, &payment(name), seen, now())
        .await;
    recorded.expect("recorded or not")
}

async fn state(store: &Store, withdrawal: &Withdrawal) -> WithdrawalState {
    let record = store.withdrawal(&withdrawal.id).await.expect("reads");
    record.expect("known").withdrawal.state
}

async fn books_add_up(store: &Store) {
    let audit = store.audit().await.expect("reads");
    assert_eq!(audit.faults, Vec::<String>::new());
}

async fn a_withdrawal_from_its_request_to_its_end(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let asked = new(&account, "first", 600);
    let withdrawal = request(&store, &asked).await;
    assert_eq!(withdrawal.state, WithdrawalState::Requested);
    assert_eq!((withdrawal.arrives, withdrawal.fee), (xmr(590), xmr(10)));
    assert_eq!(wallet(&store, &account).await, 400, "set aside");

    // The same again is the same; another with the same key is refused.
    assert_eq!(request(&store, &asked).await.id, withdrawal.id);
    let other = store
        .request_withdrawal(&new(&account, "first", 601), None, now())
        .await;
    assert!(matches!(other, Err(WithdrawalError::KeyUsed)), "{other:?}");
    assert_eq!(wallet(&store, &account).await, 400, "once");

    assert_eq!(approve(&store, 10_000).await, 1);
    assert!(record(&store, &withdrawal, "tx").await);
    store
        .withdrawal_sent(&withdrawal.id, now())
        .await
        .expect("noted");
    assert!(store.knows_payment("tx").await.expect("reads"));
    let confirmed = store.confirm_withdrawal(&withdrawal.id, VAULT, now());
    assert!(confirmed.await.expect("confirmed"));
    let again = store.confirm_withdrawal(&withdrawal.id, VAULT, now());
    assert!(!again.await.expect("looked at"), "once");
    let seen = store.withdrawals_of(&account).await.expect("reads");
    assert_eq!(seen[0].state, WithdrawalState::Confirmed);
    assert_eq!(seen[0].transaction_id.as_deref(), Some("tx"));
    assert_eq!(wallet(&store, &account).await, 400);
    books_add_up(&store).await;
    assert!(store.open_withdrawals().await.expect("reads").is_empty());
}

async fn a_wallet_raced_from_two_sessions_pays_no_more_than_it_holds(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let account = wealthy(&one, 1_000).await;
    // Twenty requests for 300 of 1,000 from two hubs at once: three fit.
    let race: Vec<_> = (0..20)
        .map(|number| {
            let store = if number % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            let asked = new(&account, &format!("key-{number}"), 300);
            tokio::spawn(async move { store.request_withdrawal(&asked, None, now()).await })
        })
        .collect();
    let mut noted = 0;
    for racer in race {
        match racer.await.expect("no panic") {
            Ok(_) => noted += 1,
            Err(WithdrawalError::TooMuch { available }) => assert!(available.atomic < 300),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(noted, 3);
    assert_eq!(wallet(&one, &account).await, 100);
    // And the same request ten times at once is one.
    let race: Vec<_> = (0..10)
        .map(|number| {
            let store = if number % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            let asked = new(&account, "same", 40);
            tokio::spawn(async move { store.request_withdrawal(&asked, None, now()).await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for racer in race {
        ids.insert(racer.await.expect("no panic").expect("noted").id);
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(wallet(&one, &account).await, 60);
    books_add_up(&one).await;
}

async fn a_new_address_cools_off_and_a_known_one_does_not(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let day = SignedDuration::from_hours(24);
    let mut asked = new(&account, "a", 100);
    asked.cooling_off = day;
    let first = request(&store, &asked).await;
    assert_eq!(first.earliest, now() + day);
    assert_eq!(approve(&store, 10_000).await, 0, "too new for anybody");
    assert!(
        !store
            .approve_withdrawal(&first.id, now())
            .await
            .expect("looked at")
    );
    asked.request_key = "b".to_owned();
    assert_eq!(
        request(&store, &asked).await.earliest,
        now() + day,
        "no sooner"
    );
    asked.request_key = "c".to_owned();
    let later = now() + day;
    let third = store
        .request_withdrawal(&asked, None, later)
        .await
        .expect("noted");
    assert_eq!(third.earliest, later, "known by then");
    let usable = store
        .address_usable_from(&account, Asset::Monero, "4address")
        .await;
    assert_eq!(usable.expect("reads"), Some(later));
    let approved = store
        .approve_due_withdrawals(Asset::Monero, 10_000, later)
        .await;
    assert_eq!(approved.expect("approved").len(), 3);
}

async fn what_is_called_off_comes_back_once(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let withdrawal = request(&store, &new(&account, "a", 1_000)).await;
    assert_eq!(wallet(&store, &account).await, 0);
    let call_off = |reason: &'static str| {
        let (store, id) = (store.clone(), withdrawal.id.clone());
        tokio::spawn(async move { store.refuse_withdrawal(&id, reason, true, now()).await })
    };
    let race = [call_off("one"), call_off("two"), call_off("three")];
    let mut done = 0;
    for racer in race {
        done += usize::from(racer.await.expect("no panic").expect("looked at"));
    }
    assert_eq!(done, 1);
    assert_eq!(wallet(&store, &account).await, 1_000);

    // Once approved only the operator can; once a payment is recorded nobody.
    let withdrawal = request(&store, &new(&account, "b", 500)).await;
    assert_eq!(approve(&store, 10_000).await, 1);
    let owner = store
        .refuse_withdrawal(&withdrawal.id, "owner", true, now())
        .await;
    assert!(!owner.expect("looked at"));
    assert!(record(&store, &withdrawal, "tx").await);
    let operator = store
        .refuse_withdrawal(&withdrawal.id, "operator", false, now())
        .await;
    assert!(!operator.expect("looked at"));
    let another = request(&store, &new(&account, "c", 500)).await;
    assert_eq!(approve(&store, 10_000).await, 1);
    let operator = store
        .refuse_withdrawal(&another.id, "operator", false, now())
        .await;
    assert!(operator.expect("refused"));
    assert_eq!(state(&store, &another).await, WithdrawalState::Refused);
    assert_eq!(wallet(&store, &account).await, 500);
    books_add_up(&store).await;
}

async fn the_hot_wallet_limit_leaves_the_rest_to_the_operator(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let mut all = Vec::new();
    for (number, amount) in [400, 300, 200].into_iter().enumerate() {
        all.push(request(&store, &new(&account, &format!("k{number}"), amount)).await);
    }
    // By id, as all may be paid from the same moment on: at most 500 whatever the order.
    approve(&store, 500).await;
    let mut sum = 0;
    let mut waiting = Vec::new();
    for withdrawal in &all {
        let record = store
            .withdrawal(&withdrawal.id)
            .await
            .expect("reads")
            .expect("known");
        match record.withdrawal.state {
            WithdrawalState::Approved => sum += withdrawal.amount.atomic,
            _ => {
                let reason = record.withdrawal.reason.expect("why it waits");
                assert!(reason.contains("waits for the operator"), "{reason}");
                waiting.push(withdrawal.clone());
            }
        }
    }
    assert!((200..=500).contains(&sum) && !waiting.is_empty(), "{sum}");
    assert_eq!(approve(&store, 500).await, 0, "still above");
    let by_hand = store.approve_withdrawal(&waiting[0].id, now()).await;
    assert!(by_hand.expect("approved"));
    let twice = store.approve_withdrawal(&waiting[0].id, now()).await;
    assert!(!twice.expect("looked at"));
    // A day later the limit is free again.
    let later = now() + SignedDuration::from_hours(25);
    let approved = store
        .approve_due_withdrawals(Asset::Monero, 500, later)
        .await;
    assert_eq!(approved.expect("approved").len(), waiting.len() - 1);
}

async fn one_payment_each_whoever_is_first(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let first = request(&store, &new(&account, "a", 300)).await;
    let second = request(&store, &new(&account, "b", 300)).await;
    assert_eq!(approve(&store, 10_000).await, 2);

    // Ten payers looked at the same moment and made a payment each: one is recorded.
    let seen = store
        .payments_seen(Asset::Monero)
        .await
        .expect("reads")
        .expect("none open");
    let race: Vec<_> = (0..10)
        .map(|number| {
            let (store, id) = (
                store.clone(),
                if number % 2 == 0 { &first } else { &second }.id.clone(),
            );
            let payment = payment(&format!("tx{number}"));
            tokio::spawn(async move {
                store
                    .record_payment(&id, Asset::Monero, &payment, seen, now())
                    .await
            })
        })
        .collect();
    let mut recorded = 0;
    for racer in race {
        recorded += usize::from(racer.await.expect("no panic").expect("looked at"));
    }
    assert_eq!(recorded, 1);
    // While it is not handed over there is no other; afterwards one made from an old view is refused.
    assert_eq!(
        store.payments_seen(Asset::Monero).await.expect("reads"),
        None
    );
    let open = store
        .payable_withdrawals(Asset::Monero)
        .await
        .expect("reads");
    let (paid, unpaid): (Vec<_>, Vec<_>) = open.iter().partition(|record| record.payment.is_some());
    assert_eq!((paid.len(), unpaid.len()), (1, 1));
    store
        .withdrawal_sent(&paid[0].withdrawal.id, now())
        .await
        .expect("noted");
    let unpaid = &unpaid[0].withdrawal;
    let old_view = store
        .record_payment(&unpaid.id, Asset::Monero, &payment("old"), seen, now())
        .await;
    assert!(!old_view.expect("looked at"));
    assert!(record(&store, unpaid, "new").await);
    assert!(!record(&store, unpaid, "newer").await);
    let payment = store
        .withdrawal(&unpaid.id)
        .await
        .expect("reads")
        .expect("known")
        .payment;
    assert_eq!(payment.expect("recorded").transaction_id, "new");
}

async fn a_pause_stops_payments_but_not_what_was_sent(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    let account = wealthy(&store, 1_000).await;
    let sent = request(&store, &new(&account, "a", 300)).await;
    let waiting = request(&store, &new(&account, "b", 300)).await;
    approve(&store, 10_000).await;
    assert!(record(&store, &sent, "tx").await);
    store.withdrawal_sent(&sent.id, now()).await.expect("noted");
    other.pause_withdrawals(true, now()).await.expect("paused");
    assert!(store.withdrawals_paused().await.expect("reads"));
    assert!(!record(&store, &waiting, "tx2").await);
    assert!(
        store
            .confirm_withdrawal(&sent.id, VAULT, now())
            .await
            .expect("confirmed")
    );
    other
        .pause_withdrawals(false, now())
        .await
        .expect("goes on");
    assert!(record(&store, &waiting, "tx2").await);
}

async fn a_held_payment_stops_nobody_and_can_be_renewed(place: Place) {
    let store = place.open().await;
    let account = wealthy(&store, 1_000).await;
    let held = request(&store, &new(&account, "a", 300)).await;
    let next = request(&store, &new(&account, "b", 300)).await;
    approve(&store, 10_000).await;
    assert!(record(&store, &held, "dead").await);
    assert!(
        !store.renew_withdrawal(&held.id).await.expect("looked at"),
        "not held"
    );
    assert!(!record(&store, &next, "tx").await, "one after the other");
    let explained = store.explain_withdrawal(&held.id, "refused by the network", true, now());
    explained.await.expect("noted");
    let before = store
        .withdrawal(&held.id)
        .await
        .expect("reads")
        .expect("known");
    assert!(before.held && before.withdrawal.reason.is_some());
    assert!(record(&store, &next, "tx").await);
    store.withdrawal_sent(&next.id, now()).await.expect("noted");
    assert!(store.renew_withdrawal(&held.id).await.expect("renewed"));
    assert!(record(&store, &held, "alive").await);
    store.withdrawal_sent(&held.id, now()).await.expect("noted");
    let record = store
        .withdrawal(&held.id)
        .await
        .expect("reads")
        .expect("known");
    assert_eq!(record.withdrawal.transaction_id.as_deref(), Some("alive"));
    assert_eq!((record.held, record.withdrawal.reason), (false, None));
    for withdrawal in [&held, &next] {
        let confirmed = store
            .confirm_withdrawal(&withdrawal.id, VAULT, Timestamp::now())
            .await;
        assert!(confirmed.expect("confirmed"));
    }
    books_add_up(&store).await;
}

async fn what_was_paid_after_a_backup_is_noted_and_nothing_comes_back_before(place: Place) {
    let (store, other) = (place.open().await, place.open().await);
    let account = wealthy(&store, 1_000).await;
    let requested = request(&store, &new(&account, "a", 300)).await;
    let approved = request(&store, &new(&account, "b", 300)).await;
    let unpaid = request(&store, &new(&account, "c", 300)).await;
    approve(&store, 10_000).await;
    place
        .tamper(&format!(
            "UPDATE withdrawals SET state = 'requested', approved_at = NULL WHERE id IN ('{}', '{}')",
            requested.id, unpaid.id
        ))
        .await;
    let unasked = || async { other.wallet_is_unasked(Asset::Monero).await.expect("reads") };
    assert!(!unasked().await);
    store.note_restored(now()).await.expect("noted");
    assert!(store.withdrawals_paused().await.expect("reads") && unasked().await);
    for (withdrawal, by_owner) in [(&requested, true), (&unpaid, true), (&approved, false)] {
        let refused = other.refuse_withdrawal(&withdrawal.id, "no more", by_owner, now());
        assert!(!refused.await.expect("looked at"), "it may be paid");
    }
    assert_eq!(wallet(&store, &account).await, 100);

    // The wallet's books have two payments. Each is one withdrawal's, whoever notes it, and also while paused.
    for (withdrawal, name, adopted) in [
        (&requested, "tx1", true),
        (&approved, "tx1", false),
        (&approved, "tx2", true),
        (&approved, "tx3", false),
        (&unpaid, "tx2", false),
    ] {
        let payment = payment(name);
        let done = other.adopt_payment(&withdrawal.id, &payment, now()).await;
        assert_eq!(done.expect("looked at"), adopted, "{name}");
    }
    let wallet_asked = store.note_wallet_asked(Asset::Monero, now()).await;
    wallet_asked.expect("noted");
    assert!(!unasked().await);
    assert!(
        store
            .wallet_is_unasked(Asset::Bitcoin)
            .await
            .expect("reads")
    );
    assert!(store.withdrawals_paused().await.expect("reads"), "still");
    for (withdrawal, by_owner, comes_back) in [
        (&requested, true, false),
        (&approved, false, false),
        (&unpaid, true, true),
    ] {
        let refused = store.refuse_withdrawal(&withdrawal.id, "no more", by_owner, now());
        assert_eq!(refused.await.expect("looked at"), comes_back);
    }
    for withdrawal in [&requested, &approved] {
        assert_eq!(state(&store, withdrawal).await, WithdrawalState::Sent);
        let confirmed = store.confirm_withdrawal(&withdrawal.id, VAULT, now()).await;
        assert!(confirmed.expect("confirmed"));
    }
    assert_eq!(wallet(&store, &account).await, 400);
    books_add_up(&store).await;
}
