//! Devices that prove themselves.

use idlewatt_protocol::{DeviceId, DeviceToken};
use idlewatt_store::Challenges;
use jiff::SignedDuration;

use crate::place::{Place, enrol, now, on_both, open_account};

on_both!(a_signed_challenge_is_good_once_and_ends_the_old_token);

async fn a_signed_challenge_is_good_once_and_ends_the_old_token(place: Place) {
    let (store, other_hub) = (place.open().await, place.open().await);
    let (account, _) = open_account(&store).await;
    let (device, old) = enrol(&store, &account).await;
    let device = device.device;
    let challenges = Challenges::of(&store).await.expect("reads");
    let expires = now() + SignedDuration::from_secs(60);
    let challenge = challenges.make(&device, expires);
    assert_ne!(challenge, challenges.make(&device, expires));

    // Any hub of this database knows it again, for this device and this minute only.
    let elsewhere = Challenges::of(&other_hub).await.expect("reads");
    assert_eq!(elsewhere.read(&device, &challenge, now()), Some(expires));
    assert_eq!(elsewhere.read(&device, &challenge, expires), None);
    assert_eq!(elsewhere.read(&DeviceId::random(), &challenge, now()), None);
    let longer = challenge.replacen(
        &expires.as_millisecond().to_string(),
        &(expires.as_millisecond() + 1).to_string(),
        1,
    );
    for forged in [
        longer.as_str(),
        "",
        "-",
        "1-2-3",
        "'; DROP TABLE challenges; --",
    ] {
        assert_eq!(elsewhere.read(&device, forged, now()), None, "{forged}");
    }

    let renew = |hub: &idlewatt_store::Store, token: &DeviceToken| {
        let (hub, token) = (hub.clone(), token.clone());
        let (device, challenge) = (device.clone(), challenge.clone());
        async move {
            hub.renew_token(&device, &challenge, expires, &token, now())
                .await
                .expect("reads")
        }
    };
    let (one, two) = (DeviceToken::random(), DeviceToken::random());
    let answers = tokio::join!(renew(&store, &one), renew(&other_hub, &two));
    assert_ne!(answers.0, answers.1, "good once");
    let new = if answers.0 { one } else { two };
    assert_eq!(store.device_of_token(&old).await.expect("reads"), None);
    let opened = other_hub.device_of_token(&new).await.expect("reads");
    assert_eq!(opened.map(|opened| opened.device), Some(device.clone()));
    let again = DeviceToken::random();
    assert!(!renew(&store, &again).await, "used");
    assert_eq!(store.device_of_token(&again).await.expect("reads"), None);

    // A revoked device gets nothing.
    let revoked = store.revoke_device(&account, &device, now());
    assert!(revoked.await.expect("revoked"));
    let fresh = challenges.make(&device, expires);
    let refused = store
        .renew_token(&device, &fresh, expires, &again, now())
        .await;
    assert!(!refused.expect("reads"));
    assert_eq!(store.device_of_token(&new).await.expect("reads"), None);
}
