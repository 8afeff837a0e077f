//! One story that a store must be able to tell, from the first account to the audit, and what must never happen.

use idlewatt_protocol::api::BlockState;
use idlewatt_protocol::{
    AccountId, AccountKey, Asset, DeviceId, DeviceToken, EnrolmentCode, Money,
};
use idlewatt_store::{Device, Duplicate, EnrolError, NewBlock, SqliteStore, VerifiedShare};
use jiff::{SignedDuration, Timestamp};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn share(device: &Device, number: u8, asset: Asset, atomic: i128) -> VerifiedShare {
    let upstream = if asset.is_practice() {
        "practice"
    } else {
        "monerod"
    };
    VerifiedShare::try_new(
        device.device.clone(),
        [number; 32],
        "randomx",
        upstream,
        5_000,
        Money { asset, atomic },
    )
    .expect("small")
}

async fn enrol(store: &SqliteStore, account: &AccountId) -> (Device, DeviceToken) {
    let (code, token) = (EnrolmentCode::random(), DeviceToken::random());
    let device = DeviceId::random();
    let expires = now() + SignedDuration::from_mins(10);
    store
        .create_enrolment(account, &code, expires, now())
        .await
        .expect("noted");
    let owner = store
        .enrol_device(
            &code,
            &device,
            &token,
            "Robert'); DROP TABLE shares;--",
            now(),
        )
        .await
        .expect("enrolled");
    assert_eq!(&owner, account);
    let account = account.clone();
    (Device { account, device }, token)
}

async fn open_account(store: &SqliteStore) -> (AccountId, AccountKey) {
    let (account, key) = (AccountId::random(), AccountKey::random());
    store
        .create_account(&account, &key, now())
        .await
        .expect("created");
    (account, key)
}

fn practice(atomic: i128) -> Money {
    Money {
        asset: Asset::Practice,
        atomic,
    }
}

#[tokio::test]
async fn a_hub_s_life() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    let store = SqliteStore::open(&path).await.expect("opens");

    let (account, key) = open_account(&store).await;
    assert_eq!(
        store.account_of_key(&key).await.expect("reads"),
        Some(account.clone())
    );
    assert_eq!(
        store
            .account_of_key(&AccountKey::random())
            .await
            .expect("reads"),
        None
    );

    let (first, token) = enrol(&store, &account).await;
    let (second, _) = enrol(&store, &account).await;
    let (stranger, _) = enrol(&store, &open_account(&store).await.0).await;
    assert_eq!(
        store.device_of_token(&token).await.expect("reads"),
        Some(first.clone())
    );
    assert_eq!(
        store
            .device_of_token(&DeviceToken::random())
            .await
            .expect("reads"),
        None
    );

    // A batch of three devices and two assets, with a duplicate in it.
    let batch = [
        share(&first, 1, Asset::Practice, 100),
        share(&second, 2, Asset::Practice, 20),
        share(&first, 1, Asset::Practice, 100),
        share(&first, 3, Asset::Monero, 7),
        share(&stranger, 4, Asset::Practice, 1_000),
        share(&first, 5, Asset::Practice, 0),
    ];
    let answers = store.credit_shares(&batch, now()).await.expect("credited");
    assert_eq!(answers[2], Err(Duplicate));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    // The same again, and from another device: credited once, to the first.
    let again = [
        share(&first, 1, Asset::Practice, 100),
        share(&second, 3, Asset::Monero, 7),
    ];
    let answers = store.credit_shares(&again, now()).await.expect("looked at");
    assert_eq!(answers, [Err(Duplicate), Err(Duplicate)]);
    store
        .credit_shares(&[share(&first, 6, Asset::Practice, 11)], now())
        .await
        .expect("credited");

    let earnings = store.earnings(&first).await.expect("reads");
    let monero = Money {
        asset: Asset::Monero,
        atomic: 7,
    };
    assert_eq!(earnings.this_device, [practice(111), monero]);
    assert_eq!(earnings.other_devices, [practice(20)]);
    assert_eq!(earnings.total, [practice(131), monero]);
    assert!(earnings.referrals.is_empty());

    // Everything is still there after the file was closed.
    store.close().await;
    let store = SqliteStore::open(&path).await.expect("opens again");
    let page = store
        .shares_after(&first.device, 0, 2)
        .await
        .expect("reads");
    assert!(page.more);
    let last = page.shares.last().expect("two shares").sequence;
    let rest = store
        .shares_after(&first.device, last, 10)
        .await
        .expect("reads");
    assert!(!rest.more);
    let all: Vec<_> = page.shares.iter().chain(&rest.shares).collect();
    assert_eq!(all.len(), 4);
    assert!(
        all.windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence)
    );
    let sum: i128 = all
        .iter()
        .filter(|s| s.credit.asset.is_practice())
        .map(|s| s.credit.atomic)
        .sum();
    assert_eq!(sum, 111);

    let found = store
        .find_shares(&first.device, &[[1; 32], [2; 32], [99; 32]])
        .await
        .expect("reads");
    assert_eq!(found.len(), 1, "only its own");
    assert_eq!(found[0].digest, "01".repeat(32));
    assert_eq!(found[0].credit, practice(100));

    let audit = store.audit().await.expect("reads");
    assert_eq!(audit.faults, Vec::<String>::new());
    assert_eq!(audit.shares, 6);
    store.close().await;
}

#[tokio::test]
async fn an_enrolment_code_works_once_and_not_too_late() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("hub.sqlite"))
        .await
        .expect("opens");
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
            store.enrol_device(&code, &device, &token, "a", at).await
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

#[tokio::test]
async fn a_batch_that_fails_credits_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("hub.sqlite"))
        .await
        .expect("opens");
    let (account, _) = open_account(&store).await;
    let (known, _) = enrol(&store, &account).await;
    let unknown = Device {
        account,
        device: DeviceId::random(),
    };
    let batch = [
        share(&known, 1, Asset::Practice, 5),
        share(&unknown, 2, Asset::Practice, 5),
    ];
    store
        .credit_shares(&batch, now())
        .await
        .expect_err("no such device");
    let page = store
        .shares_after(&known.device, 0, 10)
        .await
        .expect("reads");
    assert!(page.shares.is_empty());
    assert!(
        store
            .earnings(&known)
            .await
            .expect("reads")
            .total
            .is_empty()
    );
    let too_many = vec![batch[0].clone(); SqliteStore::LARGEST_BATCH + 1];
    store
        .credit_shares(&too_many, now())
        .await
        .expect_err("too many");
    store
        .credit_shares(&batch[..1], now())
        .await
        .expect("credited");
    assert!(store.audit().await.expect("reads").faults.is_empty());
}

#[tokio::test]
async fn a_balance_may_outgrow_64_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("hub.sqlite"))
        .await
        .expect("opens");
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let largest = i128::from(VerifiedShare::LARGEST_CREDIT);
    let mut expected = 0;
    for round in 0..2u64 {
        let batch: Vec<_> = (0..SqliteStore::LARGEST_BATCH as u64)
            .map(|number| {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&(round << 32 | number).to_le_bytes());
                let credit = practice(largest);
                VerifiedShare::try_new(
                    device.device.clone(),
                    digest,
                    "sha256d",
                    "practice",
                    1,
                    credit,
                )
                .expect("allowed")
            })
            .collect();
        store.credit_shares(&batch, now()).await.expect("credited");
        expected += largest * batch.len() as i128;
    }
    assert!(expected > i128::from(i64::MAX));
    let earnings = store.earnings(&device).await.expect("reads");
    assert_eq!(earnings.total, [practice(expected)]);
    assert!(store.audit().await.expect("reads").faults.is_empty());
}

#[tokio::test]
async fn the_audit_finds_what_was_tampered_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    let store = SqliteStore::open(&path).await.expect("opens");
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let batch = [
        share(&device, 1, Asset::Practice, 5),
        share(&device, 2, Asset::Practice, 6),
    ];
    store.credit_shares(&batch, now()).await.expect("credited");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let raw = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("opens");
    for (tampering, words, repair) in [
        (
            "UPDATE shares SET credit = credit + 1 WHERE credit = 5",
            "its shares are worth 12",
            "UPDATE shares SET credit = 5 WHERE work = 5000 AND credit = 6 AND sequence = 1",
        ),
        (
            "UPDATE entries SET amount = amount - 1 WHERE ledger_account = 'upstream:practice'",
            "leaves -1 atomic PRACTICE over",
            "UPDATE entries SET amount = amount + 1 WHERE ledger_account = 'upstream:practice'",
        ),
        (
            "UPDATE balances SET amount = '99' WHERE ledger_account LIKE 'device:%'",
            "its entries sum to 11",
            "UPDATE balances SET amount = '11' WHERE ledger_account LIKE 'device:%'",
        ),
    ] {
        sqlx::query(tampering).execute(&raw).await.expect("tampers");
        let faults = store.audit().await.expect("reads").faults;
        assert!(
            faults.iter().any(|fault| fault.contains(words)),
            "{faults:?}"
        );
        sqlx::query(repair).execute(&raw).await.expect("repairs");
        assert!(store.audit().await.expect("reads").faults.is_empty());
    }
}

#[tokio::test]
async fn blocks_keep_their_body_until_they_are_settled() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("hub.sqlite"))
        .await
        .expect("opens");
    let (device, _) = enrol(&store, &open_account(&store).await.0).await;
    let block = NewBlock {
        hash: "ab".repeat(32),
        height: 7,
        upstream: "monerod",
        device: device.device,
        body: vec![1, 2, 3],
    };
    store.note_block(&block, now()).await.expect("noted");
    store
        .note_block(&block, now())
        .await
        .expect("noted already");
    let open = store.open_blocks("monerod").await.expect("reads");
    assert_eq!((open.len(), &open[0].body), (1, &block.body));
    assert!(store.open_blocks("other").await.expect("reads").is_empty());
    store
        .settle_block(&block.hash, BlockState::Found)
        .await
        .expect("settled");
    assert!(
        store
            .open_blocks("monerod")
            .await
            .expect("reads")
            .is_empty()
    );
    let blocks = store.blocks().await.expect("reads");
    assert_eq!((blocks[0].height, blocks[0].state), (7, BlockState::Found));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    std::fs::write(
        &path,
        "this is no database, whatever its name says".repeat(100),
    )
    .expect("written");
    let error = SqliteStore::open(&path).await.expect_err("refused");
    assert!(error.to_string().contains("hub.sqlite"), "{error}");
    let error = SqliteStore::open(&folder.path().join("missing/hub.sqlite"))
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("missing"), "{error}");
}
