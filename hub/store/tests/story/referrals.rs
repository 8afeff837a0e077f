//! Referrals.

use idlewatt_protocol::{AccountId, Asset, ReferralCode};
use idlewatt_store::{ReferrerRefused, Store};

use crate::place::{Place, enrol, now, on_both, open_account, practice, share};

on_both!(
    a_referrer_is_named_once_and_never_in_a_circle,
    circles_made_at_once_are_refused,
    referrals_are_counted_and_nobody_is_named
);

async fn code(store: &Store, account: &AccountId) -> ReferralCode {
    store.referred(account, 3, now()).await.expect("reads").code
}

async fn refer(store: &Store, account: &AccountId, by: &AccountId) -> Result<(), ReferrerRefused> {
    let code = code(store, by).await;
    let set = store.set_referrer(account, &code, now()).await;
    set.expect("reads")
}

async fn a_referrer_is_named_once_and_never_in_a_circle(place: Place) {
    let store = place.open().await;
    let mut accounts = Vec::new();
    for _ in 0..6 {
        accounts.push(open_account(&store).await.0);
    }
    let [a, b, c, d, e, f] = &accounts[..] else {
        unreachable!("six were made");
    };
    assert_eq!(refer(&store, a, a).await, Err(ReferrerRefused::Loop));
    let unknown = store.set_referrer(a, &ReferralCode::random(), now()).await;
    assert_eq!(unknown.expect("reads"), Err(ReferrerRefused::Unknown));
    for (account, by) in [(b, a), (c, b), (d, c), (e, d)] {
        assert_eq!(refer(&store, account, by).await, Ok(()));
    }
    // However far apart.
    for by in [b, c, d, e] {
        assert_eq!(refer(&store, a, by).await, Err(ReferrerRefused::Loop));
    }
    assert_eq!(refer(&store, b, f).await, Err(ReferrerRefused::Named));
    assert_eq!(refer(&store, a, f).await, Ok(()));
    assert_eq!(refer(&store, f, e).await, Err(ReferrerRefused::Loop));
    let found = store.account_of_referral(&code(&store, a).await).await;
    assert_eq!(found.expect("reads").as_ref(), Some(a));
}

async fn circles_made_at_once_are_refused(place: Place) {
    let (store, other_hub) = (place.open().await, place.open().await);
    for _ in 0..10 {
        let (one, _) = open_account(&store).await;
        let (other, _) = open_account(&store).await;
        let answers = tokio::join!(refer(&store, &one, &other), refer(&other_hub, &other, &one));
        assert_ne!(answers.0.is_ok(), answers.1.is_ok(), "{answers:?}");
    }
}

async fn referrals_are_counted_and_nobody_is_named(place: Place) {
    let store = place.open().await;
    let (top, _) = open_account(&store).await;
    let mut near = Vec::new();
    for _ in 0..3 {
        let (account, _) = open_account(&store).await;
        assert_eq!(refer(&store, &account, &top).await, Ok(()));
        near.push(account);
    }
    let (far, _) = open_account(&store).await;
    assert_eq!(refer(&store, &far, &near[1]).await, Ok(()));
    let (farther, _) = open_account(&store).await;
    assert_eq!(refer(&store, &farther, &far).await, Ok(()));
    let (beyond, _) = open_account(&store).await;
    assert_eq!(refer(&store, &beyond, &farther).await, Ok(()));
    let (device, _) = enrol(&store, &near[1]).await;
    let (second, _) = enrol(&store, &far).await;
    enrol(&store, &near[0]).await;
    store
        .credit_shares(&[share(&device, 1, Asset::Practice, 1)], now())
        .await
        .expect("credited");
    for (of, tier, amount) in [(&device, 1, 40), (&second, 2, 2)] {
        place
            .tamper(&format!(
                "INSERT INTO commissions (account, device, tier, asset, amount) \
                 VALUES ('{top}', '{}', {tier}, 'PRACTICE', '{amount}')",
                of.device
            ))
            .await;
    }
    let seen = store.referred(&top, 3, now()).await.expect("reads");
    let tiers: Vec<_> = seen
        .tiers
        .iter()
        .map(|tier| {
            (
                tier.tier,
                tier.accounts,
                tier.devices_online,
                tier.earned.clone(),
            )
        })
        .collect();
    assert_eq!(
        tiers,
        [
            (1, 3, 1, vec![practice(40)]),
            (2, 1, 0, vec![practice(2)]),
            (3, 1, 0, vec![]),
        ]
    );
    let one = seen.referrals.iter().filter(|one| !one.earned.is_empty());
    let one: Vec<_> = one.map(|one| (one.tier, one.devices_online)).collect();
    assert_eq!(one, [(1, 1), (2, 0)]);
    let mut names: Vec<_> = seen
        .referrals
        .iter()
        .map(|one| one.alias.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "referral 1",
            "referral 1",
            "referral 1",
            "referral 2",
            "referral 3"
        ]
    );
    let shown = format!("{:?}{:?}", seen.tiers, seen.referrals);
    let hidden = near.iter().chain([&far, &farther, &beyond]);
    for id in hidden
        .map(AccountId::as_str)
        .chain([device.device.as_str()])
    {
        assert!(!shown.contains(id), "{id} is shown");
    }
    assert!(!seen.referred);
    let below = store.referred(&far, 1, now()).await.expect("reads");
    assert!(below.referred);
    assert_eq!((below.tiers.len(), below.referrals.len()), (1, 1));
}
