//! Backups, restored ones, and a move to the other database.

use std::collections::BTreeMap;
use std::path::Path;

use idlewatt_ledger::Exact;
use idlewatt_protocol::Asset;
use idlewatt_store::{NewBlock, Store, StoreError, VerifiedShare};
use sqlx::{Row, SqlitePool};

use crate::place::{Place, enrol, now, on_both, open_account, settle, share};

on_both!(
    a_backup_is_the_whole_hub_and_it_goes_on_from_there,
    a_copy_goes_into_an_empty_database_only,
    numbers_go_on_behind_the_copied_ones,
);

/// A row of everything that the store's own methods do not make here, with what is hard to carry in it.
const ODD_ROWS: [&str; 15] = [
    "INSERT INTO enrolment_codes SELECT key_hash, id, 5 FROM accounts",
    "INSERT INTO challenges SELECT token_hash, id, 5 FROM devices",
    "UPDATE accounts SET totp_secret = key_hash, referred_at = 7, referrer = \
     (SELECT max(id) FROM accounts) WHERE id = (SELECT min(id) FROM accounts)",
    "UPDATE devices SET group_name = 'a' || chr(9) || '\\N \\. \\x41' || chr(10) || chr(13) || '€ \"''🦀', \
     limit_percent = 30",
    "INSERT INTO sessions SELECT 'S1', id, key_hash, 1, 9223372036854775807 FROM accounts LIMIT 1",
    "INSERT INTO enrolment_tokens (id, account, token_hash, name, device_limit, created_at) \
     SELECT 'T1', id, key_hash, '', -9223372036854775807, 1 FROM accounts LIMIT 1",
    "INSERT INTO reports SELECT id, 5, 10, '{\"a\": \"\\u0041\"}' FROM devices",
    "INSERT INTO closings SELECT 1, '2026-11-22', 1, 1, key_hash, key_hash, key_hash, 4 FROM accounts LIMIT 1",
    "INSERT INTO closing_leaves SELECT 1, 0, 'operator', 'XMR', '5', 1, key_hash FROM accounts LIMIT 1",
    "INSERT INTO referral_chains SELECT id, 1, ',,' || id FROM accounts",
    "INSERT INTO commissions SELECT id, 'D', 1, 'XMR', '5' FROM accounts",
    "INSERT INTO addresses SELECT id, 'XMR', '4…', 1, 2 FROM accounts",
    "INSERT INTO withdrawals (id, account, request_key, asset, address, amount, fee, state, requested_at, approve_from) \
     SELECT 'W1', id, 'k', 'XMR', '4…', 5, 1, 'requested', 1, 2 FROM accounts LIMIT 1",
    "INSERT INTO switches VALUES ('withdrawals', 'paused', 1)",
    "INSERT INTO replicas VALUES (3, 'long gone', 1)",
];

async fn fill(place: &Place, store: &Store) {
    for first in [1, 2_u8] {
        let (account, _) = open_account(store).await;
        let (device, _) = enrol(store, &account).await;
        let block = NewBlock {
            hash: device.device.to_string(),
            height: 7,
            upstream: "monerod",
            device: device.device.clone(),
            body: (0..=255).collect(),
        };
        store.note_block(&block, now()).await.expect("noted");
        let third = Exact::try_of(Asset::Practice, 0, 333_333_333_333).expect("small");
        let nothing = Exact::zero(Asset::Practice);
        let digest = [first.wrapping_add(32); 32];
        let small = VerifiedShare::try_new(
            device.device.clone(),
            digest,
            "sha256d",
            "practice",
            1,
            third,
            nothing,
        );
        let shares = [
            share(&device, first, Asset::Practice, 5),
            share(
                &device,
                first.wrapping_add(128),
                Asset::Monero,
                VerifiedShare::LARGEST_CREDIT,
            ),
            small.expect("small"),
        ];
        store.credit_shares(&shares, now()).await.expect("credited");
        settle(store).await;
        // Not settled yet.
        store
            .credit_shares(
                &[share(&device, first.wrapping_add(64), Asset::Monero, 1)],
                now(),
            )
            .await
            .expect("credited");
    }
    for sql in ODD_ROWS {
        let sql = match place {
            Place::File(_) => sql.replace("chr(", "char("),
            Place::Server(_) => sql.to_owned(),
        };
        place.tamper(&sql).await;
    }
}

/// Every row of every table that is copied, as SQLite quotes it.
async fn contents(file: &Path) -> BTreeMap<String, Vec<String>> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = SqlitePool::connect_with(options).await.expect("opens");
    let text = |sql: String| {
        let pool = pool.clone();
        async move {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await;
            let rows = rows.expect("reads");
            rows.iter()
                .map(|row| row.get::<String, _>(0))
                .collect::<Vec<_>>()
        }
    };
    let mut contents = BTreeMap::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sql%' \
                  AND name NOT IN ('tasks', 'replicas', 'templates', 'prices', 'operator_secrets')";
    for table in text(tables.to_owned()).await {
        let columns = text(format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let quoted: Vec<String> = columns
            .iter()
            .map(|name| format!("'{name}=' || quote({name})"))
            .collect();
        let row = quoted.join(" || ' ' || ");
        let rows = text(format!("SELECT {row} FROM {table} ORDER BY 1")).await;
        contents.insert(table, rows);
    }
    pool.close().await;
    contents
}

/// Here → file → the other database → file → a new SQLite file: all the same, and it goes on working.
async fn a_backup_is_the_whole_hub_and_it_goes_on_from_there(place: Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let store = place.open().await;
    fill(&place, &store).await;
    let mut told = 0;
    let first = file("first.backup");
    store
        .backup(&first, &mut |_, _| told += 1)
        .await
        .expect("written while the hub runs");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&first)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "hashes of keys are in it");
    }
    let again = store.backup(&first, &mut |_, _| ()).await;
    assert!(
        again
            .expect_err("exists")
            .to_string()
            .contains("first.backup")
    );

    let restored = Store::restore(&first, &file("restored.sqlite"))
        .await
        .expect("restored");
    let other = match place {
        Place::File(_) => Place::server().open().await,
        Place::Server(_) => Store::open(&file("other.sqlite")).await.expect("opens"),
    };
    restored
        .copy_to(&other, &mut |_, _| told += 1)
        .await
        .expect("copied");
    assert!(told > 0);
    let second = file("second.backup");
    other
        .backup(&second, &mut |_, _| ())
        .await
        .expect("written");
    let last = Store::restore(&second, &file("last.sqlite"))
        .await
        .expect("restored");

    let before = contents(&first).await;
    for (table, rows) in &before {
        assert!(
            !rows.is_empty(),
            "{table} is empty here, which proves nothing: add a row to ODD_ROWS"
        );
    }
    for copy in ["restored.sqlite", "second.backup", "last.sqlite"] {
        assert_eq!(contents(&file(copy)).await, before, "{copy}");
    }
    // Not all of the odd rows are good books: what is wrong with them is the same everywhere.
    let audit = store.audit().await.expect("reads");
    for copy in [&restored, &other, &last] {
        assert_eq!(copy.audit().await.expect("reads"), audit);
        assert_eq!(settle(copy).await.shares, 1, "what was not settled yet");
    }
}

async fn a_copy_goes_into_an_empty_database_only(place: Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    let store = place.open().await;
    open_account(&store).await;
    store
        .backup(&backup, &mut |_, _| ())
        .await
        .expect("written");
    let source = Store::restore(&backup, &folder.path().join("a"))
        .await
        .expect("restored");
    let refused = source
        .copy_to(&store, &mut |_, _| ())
        .await
        .expect_err("not empty");
    assert!(
        matches!(refused, StoreError::NotEmpty("accounts")),
        "{refused}"
    );
    let over = Store::restore(&backup, &folder.path().join("a")).await;
    assert!(
        over.expect_err("exists")
            .to_string()
            .contains("exists already")
    );

    let used = match place {
        Place::File(_) => Place::file(),
        Place::Server(_) => Place::server(),
    };
    let target = used.open().await;
    let at = target.clock().await.expect("reads");
    let number = target
        .claim_replica("running", at)
        .await
        .expect("claims")
        .expect("free");
    let refused = source
        .copy_to(&target, &mut |_, _| ())
        .await
        .expect_err("in use");
    assert!(refused.to_string().contains("running"), "{refused}");
    target
        .release_replica(number, "running")
        .await
        .expect("given back");
    source
        .copy_to(&target, &mut |_, _| ())
        .await
        .expect("copied");

    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("text", b"what is not a database at all"),
        ("none", b""),
    ] {
        let file = folder.path().join(name);
        if name != "none" {
            std::fs::write(&file, bytes).expect("written");
        }
        let target = folder.path().join("b");
        let error = Store::restore(&file, &target)
            .await
            .expect_err(name)
            .to_string();
        assert!(
            error.contains(name) && error.contains("no backup"),
            "{error}"
        );
        assert!(!target.exists());
    }
    let newer = sqlx::sqlite::SqliteConnectOptions::new().filename(&backup);
    let pool = SqlitePool::connect_with(newer).await.expect("opens");
    sqlx::query("UPDATE _sqlx_migrations SET version = 999 WHERE version = 2")
        .execute(&pool)
        .await
        .expect("tampers");
    pool.close().await;
    let error = Store::restore(&backup, &folder.path().join("b"))
        .await
        .expect_err("newer");
    assert!(error.to_string().contains("999"), "{error}");
}

async fn numbers_go_on_behind_the_copied_ones(place: Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Store::open(&folder.path().join("source"))
        .await
        .expect("opens");
    let (device, token) = enrol(&source, &open_account(&source).await.0).await;
    let credit = async |store: &Store, number| {
        let credited = store
            .credit_shares(&[share(&device, number, Asset::Practice, 1)], now())
            .await
            .expect("looked at");
        credited[0].as_ref().map(|share| share.sequence).ok()
    };
    for number in 1..=9 {
        credit(&source, number).await.expect("new");
    }
    let last = credit(&source, 10).await.expect("new");
    settle(&source).await;
    let target = place.open().await;
    source
        .copy_to(&target, &mut |_, _| ())
        .await
        .expect("copied");
    assert_eq!(
        target.device_of_token(&token).await.expect("reads"),
        Some(device.clone())
    );
    assert_eq!(credit(&target, 10).await, None, "known already");
    assert!(credit(&target, 11).await.expect("new") > last);
    let settled = settle(&target).await;
    assert_eq!((settled.settlement, settled.shares), (Some(2), 1));
    assert!(target.audit().await.expect("reads").faults.is_empty());
}
