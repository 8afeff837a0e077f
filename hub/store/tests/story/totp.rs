//! Authenticator apps.

use idlewatt_protocol::AccountId;
use idlewatt_store::{Store, TotpRefused};
use jiff::{SignedDuration, Timestamp};
use totp_rs::{Builder, Secret, Totp};

use crate::place::{Place, now, on_both, open_account};

on_both!(
    a_code_is_good_once_whoever_asks,
    codes_are_asked_for_once_confirmed_and_until_removed,
    guessing_waits_longer_and_longer
);

async fn app(store: &Store, account: &AccountId) -> Totp {
    let setup = store.begin_totp(account).await.expect("reads");
    let setup = setup.expect("none yet");
    assert!(
        setup
            .url
            .starts_with(&format!("otpauth://totp/Idlewatt:{account}?secret="))
    );
    let secret = Secret::try_from_base32(setup.secret).expect("base 32");
    Builder::new().with_secret(secret).build().expect("valid")
}

fn code(app: &Totp, at: Timestamp) -> String {
    app.generate(at.as_second().unsigned_abs()).to_string()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A code that is not good at this time.
fn wrong(app: &Totp, at: Timestamp) -> String {
    let good = [-30, 0, 30].map(|off| code(app, at + SignedDuration::from_secs(off)));
    let mut all = (0..4).map(|number| format!("{number:06}"));
    all.find(|code| !good.contains(code)).expect("one of four")
}

async fn a_code_is_good_once_whoever_asks(place: Place) {
    let store = place.open().await;
    let second_hub = place.open().await;
    let (account, _) = open_account(&store).await;
    let app = app(&store, &account).await;
    let first = code(&app, now());
    let confirm = store.confirm_totp(&account, Some(&first), now()).await;
    assert_eq!(confirm.expect("reads"), Ok(()));
    let check = |store: &Store, code: String, at| {
        let (store, account) = (store.clone(), account.clone());
        async move {
            let checked = store.check_totp(&account, Some(&code), at).await;
            checked.expect("reads")
        }
    };
    assert_eq!(
        check(&store, first.clone(), now()).await,
        Err(TotpRefused::Wrong),
        "used to confirm"
    );
    // The code of 30 s later, from two hubs at once.
    let at = later(30);
    for attempt in 0..5 {
        let at = at + SignedDuration::from_secs(60 * attempt);
        let next = code(&app, at);
        let (one, other) = tokio::join!(
            check(&store, next.clone(), at),
            check(&second_hub, next.clone(), at)
        );
        assert_ne!(
            one.is_ok(),
            other.is_ok(),
            "one of the two: {one:?} {other:?}"
        );
    }
    // An older code that is still within the time allowed is over once a newer one was used.
    let at = later(3_600);
    assert_eq!(check(&store, code(&app, at), at).await, Ok(()));
    let older = code(&app, at - SignedDuration::from_secs(30));
    assert_eq!(check(&store, older, at).await, Err(TotpRefused::Wrong));
    // A clock set back takes nothing that was used.
    assert_eq!(check(&store, first, now()).await, Err(TotpRefused::Wrong));
}

async fn codes_are_asked_for_once_confirmed_and_until_removed(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let none = store.confirm_totp(&account, Some("000000"), now()).await;
    assert_eq!(none.expect("reads"), Err(TotpRefused::NothingToConfirm));
    app(&store, &account).await;
    let app = app(&store, &account).await;
    assert_eq!(
        store
            .check_totp(&account, None, now())
            .await
            .expect("reads"),
        Ok(()),
        "not confirmed yet"
    );
    let mistyped = store
        .confirm_totp(&account, Some(&wrong(&app, now())), now())
        .await;
    assert_eq!(mistyped.expect("reads"), Err(TotpRefused::Wrong));
    assert!(!store.totp_is_on(&account).await.expect("reads"));
    let first = code(&app, now());
    let confirm = store.confirm_totp(&account, Some(&first), now()).await;
    assert_eq!(confirm.expect("reads"), Ok(()));
    assert!(store.totp_is_on(&account).await.expect("reads"));
    assert!(store.begin_totp(&account).await.expect("reads").is_none());
    for (code, refused) in [
        (None, TotpRefused::Missing),
        (Some(""), TotpRefused::Wrong),
        (Some("' OR 1=1 --"), TotpRefused::Wrong),
    ] {
        let check = store.check_totp(&account, code, later(60)).await;
        assert_eq!(check.expect("reads"), Err(refused));
        let remove = store.remove_totp(&account, code, later(60)).await;
        assert_eq!(remove.expect("reads"), Err(refused));
    }
    assert!(store.totp_is_on(&account).await.expect("reads"));
    let at = later(200_000);
    let remove = store.remove_totp(&account, Some(&code(&app, at)), at).await;
    assert_eq!(remove.expect("reads"), Ok(()));
    let check = store.check_totp(&account, None, at).await;
    assert_eq!(check.expect("reads"), Ok(()));
}

async fn guessing_waits_longer_and_longer(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let app = app(&store, &account).await;
    let first = code(&app, now());
    let confirm = store.confirm_totp(&account, Some(&first), now()).await;
    assert_eq!(confirm.expect("reads"), Ok(()));
    let at = later(300);
    for _ in 0..5 {
        let check = store.check_totp(&account, Some(&wrong(&app, at)), at).await;
        assert_eq!(check.expect("reads"), Err(TotpRefused::Wrong));
    }
    // The right code, too, and from any hub, has to wait.
    let minute = SignedDuration::from_mins(1);
    let other_hub = place.open().await;
    let right = code(&app, at);
    let check = other_hub.check_totp(&account, Some(&right), at).await;
    assert_eq!(check.expect("reads"), Err(TotpRefused::Wait(minute)));
    let at = at + minute;
    let check = store.check_totp(&account, Some(&wrong(&app, at)), at).await;
    assert_eq!(check.expect("reads"), Err(TotpRefused::Wrong));
    let check = store.check_totp(&account, Some(&code(&app, at)), at).await;
    assert_eq!(check.expect("reads"), Err(TotpRefused::Wait(minute * 2)));
    // Others are not touched, and a right code after the wait clears it.
    let (other, _) = open_account(&store).await;
    let check = store.check_totp(&other, None, at).await;
    assert_eq!(check.expect("reads"), Ok(()));
    let at = at + minute * 2;
    let check = store.check_totp(&account, Some(&code(&app, at)), at).await;
    assert_eq!(check.expect("reads"), Ok(()));
    let check = store.check_totp(&account, Some(&wrong(&app, at)), at).await;
    assert_eq!(check.expect("reads"), Err(TotpRefused::Wrong));
    let at = at + minute;
    let check = store.check_totp(&account, Some(&code(&app, at)), at).await;
    assert_eq!(check.expect("reads"), Ok(()));
}
