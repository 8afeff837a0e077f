//! Accounts and devices.

use idlewatt_protocol::{DeviceId, DeviceToken, EnrolmentCode};
use idlewatt_store::EnrolError;
use jiff::SignedDuration;

use crate::place::{Place, now, on_both, open_account};

on_both!(an_enrolment_code_works_once_and_not_too_late);

async fn an_enrolment_code_works_once_and_not_too_late(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let expires = now() + SignedDuration::from_mins(10);
    let code = EnrolmentCode::random();
    store
        .create_enrolment(&account, &code, expires, now())
        .await
        .expect("noted");
    let enrol = |code: EnrolmentCode, at| {
        let store = store.clone();
        async move {
            let (device, token) = (DeviceId::random(), DeviceToken::random());
            store
                .enrol_device(&code, &device, &token, "a", &[1; 32], at)
                .await
        }
    };
    assert!(matches!(
        enrol(code.clone(), expires).await,
        Err(EnrolError::Code)
    ));
    let race = tokio::join!(enrol(code.clone(), now()), enrol(code.clone(), now()));
    assert_ne!(race.0.is_ok(), race.1.is_ok(), "one of the two wins");
    assert!(matches!(enrol(code, now()).await, Err(EnrolError::Code)));
    assert!(matches!(
        enrol(EnrolmentCode::random(), now()).await,
        Err(EnrolError::Code)
    ));
}
