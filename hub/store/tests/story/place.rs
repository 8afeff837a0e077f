//! Where a story happens, and what most of them begin with.

use idlewatt_ledger::Exact;
use idlewatt_protocol::{
    AccountId, AccountKey, Asset, DeviceId, DeviceToken, EnrolmentCode, Money,
};
use idlewatt_store::{Device, Settled, Store, Terms, VerifiedShare};
use idlewatt_test_postgres::PostgresServer;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// An empty database.
pub enum Place {
    File(TempDir),
    Server(String),
}

impl Place {
    pub fn file() -> Self {
        Place::File(tempfile::tempdir().expect("a folder"))
    }

    pub fn server() -> Self {
        Place::Server(PostgresServer::shared().database())
    }

    pub async fn open(&self) -> Store {
        match self {
            Place::File(folder) => Store::open(&folder.path().join("hub.sqlite")).await,
            Place::Server(address) => Store::connect(address).await,
        }
        .expect("opens")
    }

    /// Another empty database of the same kind.
    pub fn another(&self) -> Self {
        match self {
            Place::File(_) => Place::file(),
            Place::Server(_) => Place::server(),
        }
    }

    /// As [`Place::tamper`], with the books' own guards out of the way.
    pub async fn force(&self, sql: &str) {
        let disarm = match self {
            Place::File(_) => {
                let tables = ["transfers", "entries", "closings"];
                let both = tables.map(|table| {
                    format!(
                        "DROP TRIGGER IF EXISTS {table}_stay_on_update; DROP TRIGGER IF EXISTS {table}_stay_on_delete; "
                    )
                });
                both.concat() + "PRAGMA foreign_keys = OFF; "
            }
            Place::Server(_) => "SET session_replication_role = replica; ".to_owned(),
        };
        self.tamper(&(disarm + sql)).await;
    }

    /// Does to the database what nobody should.
    pub async fn tamper(&self, sql: &str) {
        match self {
            Place::File(folder) => {
                let file = folder.path().join("hub.sqlite");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
                let raw = sqlx::SqlitePool::connect_with(options)
                    .await
                    .expect("opens");
                let sql = sqlx::AssertSqlSafe(sql.to_owned());
                sqlx::raw_sql(sql).execute(&raw).await.expect("tampers");
            }
            Place::Server(address) => {
                let name = address.rsplit('/').next().expect("a name");
                PostgresServer::shared().execute(name, sql);
            }
        }
    }
}

/// A share worth so many parts of 10^-12 of the smallest unit, of which the operator takes the fee.
pub fn part_share(
    device: &Device,
    number: u64,
    parts: i128,
    fee_basis_points: u32,
) -> VerifiedShare {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    let asset = Asset::Monero;
    let (credit, fee) = Exact { asset, parts }.take_off(fee_basis_points);
    let device = device.device.clone();
    VerifiedShare::try_new(device, digest, "randomx", "monerod", 5_000, credit, fee).expect("small")
}

pub async fn no_faults(store: &Store) {
    let faults = store.audit().await.expect("reads").faults;
    assert_eq!(faults, Vec::<String>::new());
}

pub fn monero(atomic: i128) -> Money {
    Money {
        asset: Asset::Monero,
        atomic,
    }
}

/// SQL that adds a withdrawal of XMR.
pub fn withdrawal(id: &str, account: &AccountId, state: &str, amount: i64) -> String {
    format!(
        "INSERT INTO withdrawals (id, request_key, account, asset, address, amount, fee, state, requested_at, approve_from) \
         VALUES ('{id}', '{id}', '{account}', 'XMR', '4', {amount}, 1, '{state}', 1, 1);"
    )
}

/// Makes each story a test on both databases.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $story() {
                super::$story(crate::place::Place::file()).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $story() {
                super::$story(crate::place::Place::server()).await;
            }
        )*}
    };
}
pub(crate) use on_both;

pub async fn settle(store: &Store) -> Settled {
    store
        .settle(&Terms::default(), now())
        .await
        .expect("settled")
}

pub fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

pub fn share(device: &Device, number: u8, asset: Asset, atomic: i128) -> VerifiedShare {
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
        Exact::try_of(asset, atomic, 0).expect("small"),
        Exact::zero(asset),
    )
    .expect("small")
}

pub async fn enrol(store: &Store, account: &AccountId) -> (Device, DeviceToken) {
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
            &[1; 32],
            now(),
        )
        .await
        .expect("enrolled");
    assert_eq!(&owner, account);
    let account = account.clone();
    (Device { account, device }, token)
}

pub async fn open_account(store: &Store) -> (AccountId, AccountKey) {
    let (account, key) = (AccountId::random(), AccountKey::random());
    store
        .create_account(&account, &key, now())
        .await
        .expect("created");
    (account, key)
}

pub fn practice(atomic: i128) -> Money {
    Money {
        asset: Asset::Practice,
        atomic,
    }
}
