//! Fleets: tokens that add many devices, their state, limits and revocation.

use idlewatt_protocol::api::DeviceReport;
use idlewatt_protocol::{
    AccountId, Asset, DeviceId, DeviceToken, EnrolmentToken, EnrolmentTokenId,
};
use idlewatt_store::{DeviceChange, EnrolError, NewFleetToken, Store, StoredReport};
use jiff::{SignedDuration, Timestamp};

use crate::place::{Place, enrol, now, on_both, open_account, practice, settle, share};

on_both!(
    a_fleet_token_adds_so_many_devices_and_no_more,
    a_fleet_is_listed_page_by_page_with_its_state,
    what_the_owner_sets_is_the_owner_s_alone,
    reports_of_revoked_devices_are_not_kept
);

async fn token(
    store: &Store,
    account: &AccountId,
    new: NewFleetToken,
) -> (EnrolmentTokenId, EnrolmentToken) {
    let (id, token) = (EnrolmentTokenId::random(), EnrolmentToken::random());
    let made = store
        .create_fleet_token(account, &id, &token, &new, now())
        .await;
    assert!(made.expect("noted"));
    (id, token)
}

fn lab(limit: u32) -> NewFleetToken {
    NewFleetToken {
        name: "lab".into(),
        group: "Room 1'; DROP TABLE devices; --".into(),
        limit,
        expires: None,
    }
}

async fn add(store: &Store, token: &EnrolmentToken, at: Timestamp) -> Result<DeviceId, EnrolError> {
    let device = DeviceId::random();
    let (password, key) = (DeviceToken::random(), [1; 32]);
    store
        .enrol_fleet_device(token, &device, &password, "PC", &key, at)
        .await
        .map(|_| device)
}

async fn a_fleet_token_adds_so_many_devices_and_no_more(place: Place) {
    let (store, other_hub) = (place.open().await, place.open().await);
    let (account, _) = open_account(&store).await;
    let (id, good) = token(&store, &account, lab(5)).await;
    let attempts: Vec<_> = (0..12)
        .map(|number| {
            let store = if number % 2 == 0 { &store } else { &other_hub };
            let (store, good) = (store.clone(), good.clone());
            tokio::spawn(async move { add(&store, &good, now()).await.is_ok() })
        })
        .collect();
    let mut added = 0;
    for attempt in attempts {
        added += usize::from(attempt.await.expect("no panic"));
    }
    assert_eq!(added, 5, "of twelve at once");
    let kept = store.fleet_tokens(&account).await.expect("reads");
    assert_eq!((kept.len(), kept[0].used, kept[0].limit), (1, 5, 5));
    let groups = store.groups(&account, now()).await.expect("reads").groups;
    assert_eq!((groups.len(), groups[0].devices), (1, 5));
    assert_eq!(groups[0].group, lab(5).group);

    let revoke = store.revoke_fleet_token(&account, &id, now()).await;
    assert!(revoke.expect("revoked"));
    let (_, over) = token(
        &store,
        &account,
        NewFleetToken {
            expires: Some(now() + SignedDuration::from_secs(60)),
            ..lab(5)
        },
    )
    .await;
    add(&store, &over, now()).await.expect("in time");
    let late = now() + SignedDuration::from_secs(60);
    for (token, at) in [
        (&good, now()),
        (&over, late),
        (&EnrolmentToken::random(), now()),
    ] {
        assert!(matches!(
            add(&store, token, at).await,
            Err(EnrolError::Code)
        ));
    }
    // Somebody else's token cannot be revoked.
    let (stranger, _) = open_account(&store).await;
    let (id, theirs) = token(&store, &account, lab(5)).await;
    let revoke = store.revoke_fleet_token(&stranger, &id, now()).await;
    assert!(!revoke.expect("reads"));
    add(&store, &theirs, now()).await.expect("still good");
    assert!(
        store
            .fleet_tokens(&stranger)
            .await
            .expect("reads")
            .is_empty()
    );
}

fn report(device: &DeviceId, at: Timestamp, reason: &str) -> StoredReport {
    let report = DeviceReport {
        mode: "smart".into(),
        reason: reason.into(),
        ..DeviceReport::default()
    };
    StoredReport {
        device: device.clone(),
        at,
        every: 10,
        body: serde_json::to_string(&report).expect("JSON"),
    }
}

async fn a_fleet_is_listed_page_by_page_with_its_state(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (_, fleet) = token(&store, &account, lab(1_000)).await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(add(&store, &fleet, now()).await.expect("added"));
    }
    let (miner, _) = enrol(&store, &account).await;
    let (stranger, _) = enrol(&store, &open_account(&store).await.0).await;
    let ago = |seconds| now() - SignedDuration::from_secs(seconds);
    store
        .write_reports(&[
            report(&ids[0], ago(5), "the PC is \"free\""),
            report(&ids[1], ago(30), "still within"),
            report(&ids[2], ago(31), "too long ago"),
            report(&stranger.device, ago(1), "elsewhere"),
        ])
        .await
        .expect("written");
    // An older report that comes late changes nothing.
    let late = [report(&ids[0], ago(8), "late")];
    store.write_reports(&late).await.expect("written");
    store
        .credit_shares(&[share(&miner, 1, Asset::Practice, 70)], now())
        .await
        .expect("credited");
    settle(&store).await;

    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = store
            .devices(&account, None, after.as_ref(), 10, now())
            .await
            .expect("reads");
        assert!(page.devices.len() <= 10);
        listed.extend(page.devices);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 26);
    let state = |id: &DeviceId| {
        let mut all = listed.iter();
        all.find(|state| &state.device == id).expect("listed")
    };
    assert!(
        listed
            .windows(2)
            .all(|pair| pair[0].device != pair[1].device)
    );
    assert_eq!(listed.iter().filter(|state| state.online).count(), 3);
    let first = state(&ids[0]);
    assert_eq!(first.last_seen, Some(ago(5)));
    let reason = first.report.as_ref().map(|report| report.reason.as_str());
    assert_eq!(reason, Some("the PC is \"free\""));
    assert!(!state(&ids[2]).online && state(&ids[2]).report.is_some());
    let earned = state(&miner.device);
    assert!(earned.online && earned.report.is_none(), "by its share");
    assert_eq!(earned.earned_total, [practice(70)]);
    assert_eq!(earned.earned_today, [practice(70)]);
    assert_eq!(earned.earned_7_days, [practice(70)]);

    // Eight days later.
    let later = now() + SignedDuration::from_hours(8 * 24);
    let none = store.devices(&account, Some(""), None, 10, later).await;
    let none = none.expect("reads").devices;
    assert_eq!(none.len(), 1, "those of no group");
    assert_eq!(none[0].earned_total, [practice(70)]);
    assert!(none[0].earned_7_days.is_empty() && none[0].earned_today.is_empty());
    assert!(!none[0].online);

    let grouped = store
        .devices(&account, Some(&lab(1).group), None, 500, now())
        .await;
    assert_eq!(grouped.expect("reads").devices.len(), 25);
    let groups = store.groups(&account, now()).await.expect("reads").groups;
    let counts: Vec<_> = groups
        .iter()
        .map(|group| (group.devices, group.online))
        .collect();
    assert_eq!(counts, [(1, 1), (25, 2)]);
}

async fn what_the_owner_sets_is_the_owner_s_alone(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (stranger, _) = open_account(&store).await;
    let (device, password) = enrol(&store, &account).await;
    let change = DeviceChange {
        name: Some("=cmd|' /C calc'!A0".into()),
        group: Some("bar".into()),
        limit_percent: Some(Some(30)),
    };
    let changed = store.change_device(&stranger, &device.device, &change, now());
    assert!(!changed.await.expect("reads"), "not theirs");
    let revoked = store.revoke_device(&stranger, &device.device, now());
    assert!(!revoked.await.expect("reads"), "not theirs");
    let changed = store.change_device(&account, &device.device, &change, now());
    assert!(changed.await.expect("changed"));
    let known = store
        .known_device(&password)
        .await
        .expect("reads")
        .expect("known");
    assert_eq!(
        (known.limit_percent, Some(known.name)),
        (Some(30), change.name)
    );
    let limit = |percent| store.limit_group(&account, "bar", percent, now());
    assert_eq!(limit(Some(0)).await.expect("set"), 1);
    let known = store
        .known_device(&password)
        .await
        .expect("reads")
        .expect("known");
    assert_eq!(known.limit_percent, Some(0));
    let others = store.limit_group(&stranger, "bar", Some(7), now()).await;
    assert_eq!(others.expect("reads"), 0);
    // What is left out stays; a limit can be taken away.
    let free = DeviceChange {
        limit_percent: Some(None),
        ..DeviceChange::default()
    };
    store
        .change_device(&account, &device.device, &free, now())
        .await
        .expect("changed");
    let page = store.devices(&account, Some("bar"), None, 10, now()).await;
    let page = page.expect("reads").devices;
    assert_eq!((page.len(), page[0].limit_percent), (1, None));
    let changed = store.changed_devices(now()).await.expect("reads");
    assert_eq!(changed.as_slice(), std::slice::from_ref(&device.device));
    let later = now() + SignedDuration::from_millis(1);
    assert!(
        store
            .changed_devices(later)
            .await
            .expect("reads")
            .is_empty()
    );

    let revoked = store.revoke_device(&account, &device.device, now());
    assert!(revoked.await.expect("revoked"));
    assert_eq!(store.known_device(&password).await.expect("reads"), None);
    assert_eq!(store.device_key(&device.device).await.expect("reads"), None);
    let listed = store.devices(&account, None, None, 10, now()).await;
    assert!(listed.expect("reads").devices.is_empty());
    let changed = store.change_device(&account, &device.device, &free, now());
    assert!(!changed.await.expect("reads"), "revoked");
}

async fn reports_of_revoked_devices_are_not_kept(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (gone, _) = enrol(&store, &account).await;
    let (stays, _) = enrol(&store, &account).await;
    let both = [
        report(&gone.device, now(), "secret words"),
        report(&stays.device, now(), "here"),
    ];
    store.write_reports(&both).await.expect("written");
    let revoked = store.revoke_device(&account, &gone.device, now());
    assert!(revoked.await.expect("revoked"));
    store.write_reports(&both).await.expect("written");
    let unknown = [report(&DeviceId::random(), now(), "nobody")];
    store.write_reports(&unknown).await.expect("left out");
    store.write_reports(&[]).await.expect("nothing to do");
    assert!(!place.holds("secret words").await);
    assert!(place.holds("here").await);
}
