//! Export and deletion of accounts.

use idlewatt_protocol::api::DeviceReport;
use idlewatt_protocol::{
    AccountId, Asset, EnrolmentCode, EnrolmentToken, EnrolmentTokenId, Money, SessionId,
    SessionToken,
};
use idlewatt_store::{
    Cell, DeletionRefused, DeviceChange, ExportPart, NewFleetToken, Piece, Store, StoredReport,
    TotpRefused,
};
use jiff::SignedDuration;

use crate::place::{Place, enrol, now, on_both, open_account, settle, share};

on_both!(
    an_export_holds_everything_and_nothing_of_others,
    nothing_personal_stays_after_a_deletion,
    money_and_withdrawals_stand_in_the_way_of_a_deletion
);

async fn export(store: &Store, account: &AccountId, parts: &[ExportPart]) -> Vec<Vec<Vec<Cell>>> {
    let mut export = store.export(account, parts);
    let mut tables = Vec::new();
    while let Some(piece) = export.next().await.expect("reads") {
        match piece {
            Piece::Begin(part) => {
                assert_eq!(part, parts[tables.len()], "in order");
                tables.push(Vec::new());
            }
            Piece::Rows(rows) => {
                assert!(rows.len() <= 1_000);
                let columns = parts[tables.len() - 1].columns().count();
                assert!(rows.iter().all(|row| row.len() == columns));
                tables.last_mut().expect("begun").extend(rows);
            }
        }
    }
    tables
}

async fn an_export_holds_everything_and_nothing_of_others(place: Place) {
    let store = place.open().await;
    let (account, _) = open_account(&store).await;
    let (first, _) = enrol(&store, &account).await;
    let (second, _) = enrol(&store, &account).await;
    let (stranger, _) = enrol(&store, &open_account(&store).await.0).await;
    let digest = |number: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_le_bytes());
        digest
    };
    // More than two pages of one device, and some of another.
    for batch in 0..5 {
        let shares: Vec<_> = (0..500)
            .map(|number| share_with(&first, digest(batch * 500 + number)))
            .collect();
        store.credit_shares(&shares, now()).await.expect("credited");
    }
    let others = [
        share(&second, 250, Asset::Practice, 5),
        share(&stranger, 251, Asset::Practice, 5),
    ];
    store.credit_shares(&others, now()).await.expect("credited");
    settle(&store).await;
    let tables = export(&store, &account, &ExportPart::ALL).await;
    assert_eq!(tables.len(), ExportPart::ALL.len());
    let table = |part: ExportPart| {
        let place = ExportPart::ALL.iter().position(|other| *other == part);
        &tables[place.expect("one of them")]
    };
    assert_eq!(table(ExportPart::Shares).len(), 2_501);
    assert_eq!(table(ExportPart::Devices).len(), 2);
    assert_eq!(table(ExportPart::Account).len(), 1);
    assert_eq!(table(ExportPart::Balances).len(), 2);
    assert_eq!(table(ExportPart::Entries).len(), 2);
    let mut digests: Vec<_> = table(ExportPart::Shares)
        .iter()
        .map(|row| format!("{:?}", row[2]))
        .collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 2_501, "each once");
    let amount = Cell::Text("0.000000002500".into());
    assert!(
        table(ExportPart::Entries)
            .iter()
            .any(|row| row[2] == amount)
    );
    assert!(!format!("{tables:?}").contains(stranger.device.as_str()));
}

fn share_with(device: &idlewatt_store::Device, digest: [u8; 32]) -> idlewatt_store::VerifiedShare {
    idlewatt_store::VerifiedShare::try_new(
        device.device.clone(),
        digest,
        "randomx",
        "practice",
        5_000,
        idlewatt_ledger::Exact::try_of(Asset::Practice, 1, 0).expect("small"),
        idlewatt_ledger::Exact::zero(Asset::Practice),
    )
    .expect("small")
}

async fn nothing_personal_stays_after_a_deletion(place: Place) {
    let store = place.open().await;
    let (account, key) = open_account(&store).await;
    let (device, password) = enrol(&store, &account).await;
    let (miner, _) = enrol(&store, &account).await;
    let change = DeviceChange {
        name: Some("Anna's laptop".into()),
        group: Some("Anna's flat".into()),
        limit_percent: None,
    };
    store
        .change_device(&account, &device.device, &change, now())
        .await
        .expect("changed");
    let report = DeviceReport {
        reason: "AnnaCad.exe is in front".into(),
        ..DeviceReport::default()
    };
    store
        .write_reports(&[StoredReport {
            device: device.device.clone(),
            at: now(),
            every: 10,
            body: serde_json::to_string(&report).expect("JSON"),
        }])
        .await
        .expect("written");
    let (session, token) = (SessionId::random(), SessionToken::random());
    let later = now() + SignedDuration::from_hours(1);
    store
        .create_session(&account, &session, &token, later, now())
        .await
        .expect("noted");
    let code = EnrolmentCode::random();
    store
        .create_enrolment(&account, &code, later, now())
        .await
        .expect("noted");
    let (id, fleet) = (EnrolmentTokenId::random(), EnrolmentToken::random());
    let new = NewFleetToken {
        name: "Anna's office".into(),
        group: "Anna's group".into(),
        limit: 5,
        expires: None,
    };
    store
        .create_fleet_token(&account, &id, &fleet, &new, now())
        .await
        .expect("noted");
    for sql in [
        format!(
            "UPDATE devices SET worker = 'annas-rig' WHERE id = '{}'",
            miner.device
        ),
        format!(
            "INSERT INTO addresses (account, asset, address, first_seen, usable_from) \
             VALUES ('{account}', 'XMR', '4AnnasAddress', 1, 2)"
        ),
        format!(
            "INSERT INTO withdrawals (id, request_key, account, asset, address, amount, fee, state, reason, requested_at, approve_from) \
             VALUES ('W1', 'W1', '{account}', 'XMR', '4AnnasAddress', 5, 1, 'refused', 'Anna asked', 1, 2)"
        ),
    ] {
        place.tamper(&sql).await;
    }
    store
        .credit_shares(&[share(&device, 1, Asset::Practice, 5)], now())
        .await
        .expect("credited");
    settle(&store).await;
    store
        .begin_totp(&account)
        .await
        .expect("noted")
        .expect("new");
    let referral = store
        .referred(&account, 3, now())
        .await
        .expect("reads")
        .code;
    assert!(place.holds("Anna").await && place.holds("annas-rig").await);

    // Practice is never money, so nothing stands in the way.
    let deleted = store.delete_account(&account, None, false, now()).await;
    let deletion = deleted.expect("reads").expect("deleted");
    let mut revoked = deletion.revoked;
    revoked.sort_unstable();
    let mut both = [device.device.clone(), miner.device.clone()];
    both.sort_unstable();
    assert_eq!(revoked, both);
    for personal in ["Anna", "annas-rig", "DROP TABLE", referral.as_str()] {
        assert!(!place.holds(personal).await, "{personal} is still there");
    }
    for (table, rows) in [
        ("sessions", 0),
        ("enrolment_codes", 0),
        ("enrolment_tokens", 0),
        ("addresses", 0),
        ("reports", 0),
        (
            "accounts WHERE key_hash IS NOT NULL OR totp_secret IS NOT NULL",
            0,
        ),
        (
            "devices WHERE token_hash IS NOT NULL OR public_key IS NOT NULL",
            0,
        ),
        ("devices WHERE revoked_at IS NOT NULL", 2),
        ("shares", 1),
    ] {
        assert_eq!(place.count(table).await, rows, "{table}");
    }
    assert_eq!(store.account_of_key(&key).await.expect("reads"), None);
    assert_eq!(
        store.session_of_token(&token, now()).await.expect("reads"),
        None
    );
    assert_eq!(store.device_of_token(&password).await.expect("reads"), None);
    let found = store.account_of_referral(&referral).await.expect("reads");
    assert_eq!(found, None);
    let audit = store.audit().await.expect("reads");
    assert_eq!(audit.faults, Vec::<String>::new(), "the books stay whole");
}

async fn money_and_withdrawals_stand_in_the_way_of_a_deletion(place: Place) {
    let store = place.open().await;
    let (account, key) = open_account(&store).await;
    let (device, _) = enrol(&store, &account).await;
    store
        .credit_shares(&[share(&device, 1, Asset::Monero, 12)], now())
        .await
        .expect("credited");
    settle(&store).await;
    let delete = |code: Option<&'static str>, forfeit| {
        let (store, account) = (store.clone(), account.clone());
        async move {
            let deleted = store.delete_account(&account, code, forfeit, now()).await;
            deleted.expect("reads")
        }
    };
    let twelve = Money {
        asset: Asset::Monero,
        atomic: 12,
    };
    let refused = delete(None, false).await.expect_err("earned");
    assert_eq!(refused, DeletionRefused::MoneyLeft(vec![twelve]));
    assert!(refused.to_string().contains("0.000000000012 XMR"));
    // A part of it is in the wallet.
    for sql in [
        "INSERT INTO transfers (kind, at) VALUES ('release', 1)".to_owned(),
        release(&format!("wallet:{account}"), 7),
        release(&format!("released:{}", device.device), -7),
        balance(&format!("wallet:{account}"), 7),
        balance(&format!("released:{}", device.device), -7),
        format!(
            "INSERT INTO withdrawals (id, request_key, account, asset, address, amount, fee, state, requested_at, approve_from) \
             VALUES ('W1', 'W1', '{account}', 'XMR', '4', 5, 1, 'sent', 1, 2)"
        ),
    ] {
        place.tamper(&sql).await;
    }
    let refused = delete(None, true).await;
    assert_eq!(refused, Err(DeletionRefused::OpenWithdrawal));
    place
        .tamper("UPDATE withdrawals SET state = 'confirmed'")
        .await;
    assert_eq!(
        delete(None, false).await,
        Err(DeletionRefused::MoneyLeft(vec![twelve]))
    );
    place
        .tamper("UPDATE accounts SET totp_confirmed = 1, totp_secret = key_hash")
        .await;
    let refused = delete(None, true).await;
    assert_eq!(refused, Err(TotpRefused::Missing.into()));
    for _ in 0..5 {
        let refused = delete(Some("no code"), true).await;
        assert_eq!(refused, Err(TotpRefused::Wrong.into()));
    }
    let refused = delete(Some("no code"), true).await;
    assert!(matches!(
        refused,
        Err(DeletionRefused::Totp(TotpRefused::Wait(_)))
    ));
    assert!(store.account_of_key(&key).await.expect("reads").is_some());
    place.tamper("UPDATE accounts SET totp_confirmed = 0").await;

    let race = tokio::join!(delete(None, true), delete(None, true));
    let both = [race.0, race.1];
    let forfeited: Vec<_> = both
        .iter()
        .flatten()
        .flat_map(|deletion| &deletion.forfeited)
        .collect();
    let seven = Money {
        asset: Asset::Monero,
        atomic: 7,
    };
    assert_eq!(forfeited, [&seven], "once");
    // What this story wrote by hand does not add up; nothing else may be wrong.
    let audit = store.audit().await.expect("reads");
    let by_hand = |fault: &&String| {
        !fault.starts_with(&format!("released:{}", device.device))
            && !fault.contains(&format!("were taken from wallet:{account}"))
    };
    let others: Vec<&String> = audit.faults.iter().filter(by_hand).collect();
    assert_eq!(others, Vec::<&String>::new());
    let operator = "balances WHERE ledger_account = 'operator' AND amount = '7'";
    assert_eq!(place.count(operator).await, 1);
}

fn release(ledger_account: &str, amount: i64) -> String {
    format!(
        "INSERT INTO entries (transfer, ledger_account, asset, amount) \
         SELECT max(id), '{ledger_account}', 'XMR', {amount} FROM transfers"
    )
}

fn balance(ledger_account: &str, amount: i64) -> String {
    format!(
        "INSERT INTO balances (ledger_account, asset, amount) VALUES ('{ledger_account}', 'XMR', '{amount}')"
    )
}
