//! A hub's database as its operator sees it, without the hub.

use std::collections::BTreeMap;
use std::path::PathBuf;

use idlewatt_protocol::{AccountId, AccountKey, Asset, DeviceId, DeviceToken};
use idlewatt_store::Store;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Where a hub keeps everything.
#[derive(Clone, Debug)]
pub enum Books {
    /// A SQLite file.
    File(PathBuf),
    /// An address of a database on a PostgreSQL server.
    Server(String),
}

/// What a device proves itself with.
#[derive(Clone, Debug)]
pub struct Login {
    /// The device.
    pub device: DeviceId,
    /// Its user on the wire.
    pub user: String,
    /// Its secret.
    pub token: DeviceToken,
}

impl Books {
    /// Opens them as a hub does; brings the tables up to date.
    ///
    /// # Panics
    /// When they cannot be opened.
    pub async fn open(&self) -> Store {
        let store = match self {
            Books::File(path) => {
                let folder = path.parent().expect("a file in a folder");
                std::fs::create_dir_all(folder).expect("a writable folder");
                Store::open(path).await
            }
            Books::Server(address) => Store::connect(address).await,
        };
        store.expect("a database")
    }

    /// Adds an account with so many devices: over HTTP enrolling is limited, as it should be.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn seed(&self, devices: usize) -> Vec<Login> {
        let (store, account) = (self.open().await, AccountId::random());
        let now = Timestamp::now();
        store
            .create_account(&account, &AccountKey::random(), now)
            .await
            .expect("an account");
        store.close().await;
        let logins: Vec<Login> = (0..devices).map(|_| login(&account)).collect();
        self.add_devices(&account, &logins, now.as_millisecond())
            .await
            .expect("devices");
        logins
    }

    async fn add_devices(
        &self,
        account: &AccountId,
        logins: &[Login],
        now: i64,
    ) -> Result<(), sqlx::Error> {
        let hash = |login: &Login| Sha256::digest(login.token.as_str()).to_vec();
        match self {
            Books::File(path) => {
                let mut file = SqliteConnectOptions::new().filename(path).connect().await?;
                let mut transaction = file.begin().await?;
                for login in logins {
                    sqlx::query(
                        "INSERT INTO devices (id, account, name, token_hash, created_at) VALUES ($1, $2, $1, $3, $4)",
                    )
                        .bind(login.device.as_str())
                        .bind(account.as_str())
                        .bind(hash(login))
                        .bind(now)
                        .execute(&mut *transaction)
                        .await?;
                }
                transaction.commit().await
            }
            Books::Server(address) => {
                let mut server = PgConnection::connect(address).await?;
                let ids: Vec<&str> = logins.iter().map(|login| login.device.as_str()).collect();
                let hashes: Vec<Vec<u8>> = logins.iter().map(hash).collect();
                sqlx::query(
                    "INSERT INTO devices (id, account, name, token_hash, created_at) \
                     SELECT id, $3, id, hash, $4 FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS new (id, hash)",
                )
                    .bind(ids)
                    .bind(hashes)
                    .bind(account.as_str())
                    .bind(now)
                    .execute(&mut server)
                    .await?;
                Ok(())
            }
        }
    }

    /// How often each digest stands in them.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn digests(&self) -> BTreeMap<[u8; 32], usize> {
        const QUERY: &str = "SELECT digest FROM shares";
        let all: Vec<Vec<u8>> = match self {
            Books::File(path) => {
                let options = SqliteConnectOptions::new().filename(path).read_only(true);
                let mut file = options.connect().await.expect("opens");
                sqlx::query_scalar(QUERY).fetch_all(&mut file).await
            }
            Books::Server(address) => {
                let mut server = PgConnection::connect(address).await.expect("connects");
                sqlx::query_scalar(QUERY).fetch_all(&mut server).await
            }
        }
        .expect("readable");
        let mut digests = BTreeMap::new();
        for digest in all {
            let digest: [u8; 32] = digest.try_into().expect("32 bytes");
            *digests.entry(digest).or_default() += 1;
        }
        digests
    }

    /// What a ledger account of theirs holds of an asset, in its smallest unit.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn balance(&self, ledger_account: &str, asset: Asset) -> i128 {
        const QUERY: &str = "SELECT amount FROM balances WHERE ledger_account = $1 AND asset = $2";
        let asset = asset.to_string();
        let amount: Option<String> = match self {
            Books::File(path) => {
                let options = SqliteConnectOptions::new().filename(path).read_only(true);
                let mut file = options.connect().await.expect("opens");
                let query = sqlx::query_scalar(QUERY).bind(ledger_account).bind(asset);
                query.fetch_optional(&mut file).await
            }
            Books::Server(address) => {
                let mut server = PgConnection::connect(address).await.expect("connects");
                let query = sqlx::query_scalar(QUERY).bind(ledger_account).bind(asset);
                query.fetch_optional(&mut server).await
            }
        }
        .expect("readable");
        amount.map_or(0, |amount| amount.parse().expect("a number"))
    }

    /// Checks that every one of the shares stands in them once, and that they add up; gives how many shares they hold.
    ///
    /// # Panics
    /// When not.
    pub async fn hold(&self, acknowledged: &[[u8; 32]]) -> usize {
        let written = self.digests().await;
        let lost = acknowledged
            .iter()
            .filter(|digest| !written.contains_key(*digest));
        assert_eq!(lost.count(), 0, "of {} acknowledged", acknowledged.len());
        let twice = written.values().filter(|times| **times > 1).count();
        assert_eq!(twice, 0, "shares stand twice");
        let store = self.open().await;
        let audit = store.audit().await.expect("readable");
        assert!(audit.faults.is_empty(), "{:?}", audit.faults);
        assert_eq!(audit.shares, written.len() as u64);
        store.close().await;
        written.len()
    }
}

fn login(account: &AccountId) -> Login {
    let device = DeviceId::random();
    Login {
        user: format!("{account}.{device}"),
        token: DeviceToken::random(),
        device,
    }
}
