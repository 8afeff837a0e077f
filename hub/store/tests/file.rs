//! What is peculiar to a database in a file.

use std::path::Path;

use idlewatt_protocol::{AccountId, Asset, DeviceId};
use idlewatt_store::Store;
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    std::fs::write(
        &path,
        "this is no database, whatever its name says".repeat(100),
    )
    .expect("written");
    let error = Store::open(&path).await.expect_err("refused");
    assert!(error.to_string().contains("hub.sqlite"), "{error}");
    let error = Store::open(&folder.path().join("missing/hub.sqlite"))
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("missing"), "{error}");
}

/// What the first version wrote is settled, closed and audited like what is written today.
#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    let first = folder.path().join("migrations");
    std::fs::create_dir(&first).expect("made");
    let name = "0001_first.sql";
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    std::fs::copy(from.join(name), first.join(name)).expect("copied");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let old = SqlitePool::connect_with(options).await.expect("opens");
    let migrator = Migrator::new(first.as_path()).await.expect("reads");
    migrator.run(&old).await.expect("the first tables");
    let (account, device) = (AccountId::random(), DeviceId::random());
    let sql = format!(
        "INSERT INTO accounts VALUES ('{account}', x'01', 1); \
         INSERT INTO devices VALUES ('{device}', '{account}', 'a', x'02', 1); \
         INSERT INTO transfers (id, kind, at) VALUES (1, 'shares', 7200000), (2, 'shares', 7200001); \
         INSERT INTO entries VALUES (1, 'device:{device}', 'PRACTICE', 30), (1, 'upstream:practice', 'PRACTICE', -30), \
         (2, 'device:{device}', 'PRACTICE', 4), (2, 'upstream:practice', 'PRACTICE', -4); \
         INSERT INTO balances VALUES ('device:{device}', 'PRACTICE', '34'), ('upstream:practice', 'PRACTICE', '-34'); \
         INSERT INTO shares (digest, device, algorithm, work, asset, credit, transfer, at) VALUES \
         (zeroblob(32), '{device}', 'sha256d', 5, 'PRACTICE', 30, 1, 7200000), \
         (randomblob(32), '{device}', 'sha256d', 5, 'PRACTICE', 4, 2, 7200001);"
    );
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    rows.execute(&old).await.expect("written");
    old.close().await;

    let store = Store::open(&path).await.expect("brought up to date");
    let faults = |audit: idlewatt_store::Audit| audit.faults;
    assert_eq!(faults(store.audit().await.expect("reads")), [""; 0]);
    let now = Timestamp::from_second(100_000).expect("in range");
    let released = store.release(Asset::Practice, now, now).await;
    assert_eq!(released.expect("released"), 2);
    let closing = store.close_day(now).await.expect("closed").expect("a day");
    assert_eq!(
        (closing.day.as_str(), closing.last_settlement),
        ("1970-01-01", 2)
    );
    let earnings = store.account_earnings(&account).await.expect("reads");
    assert_eq!(earnings.wallet[0].atomic, 34);
    let page = store.shares_after(&device, 0, 10).await.expect("reads");
    let receipts: Vec<_> = page
        .shares
        .into_iter()
        .filter_map(|share| share.receipt)
        .collect();
    let resent = store.resend(&device, &receipts, now).await;
    assert_eq!(resent.expect("looked at").known, 2);
    assert_eq!(faults(store.audit().await.expect("reads")), [""; 0]);
}
