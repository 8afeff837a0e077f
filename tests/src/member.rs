//! An account with money in its wallet, as its owner uses it over HTTP.

use idlewatt_ledger::Exact;
use idlewatt_protocol::{AccountId, AccountKey, Asset, DeviceId, DeviceToken, EnrolmentCode};
use idlewatt_store::{Store, Terms, VerifiedShare};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde_json::{Value, json};

use crate::hub::request;

/// See the module.
#[derive(Clone)]
pub struct Member {
    /// What opens the account.
    pub key: String,
    hub: String,
}

impl Member {
    /// Adds an account to the hub's database that has earned so much, all of it released, in atomic units.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn with(store: &Store, hub: &str, asset: Asset, atomic: i128) -> Self {
        let now = Timestamp::now();
        let (account, key) = (AccountId::random(), AccountKey::random());
        store
            .create_account(&account, &key, now)
            .await
            .expect("an account");
        let (code, device, token) = (
            EnrolmentCode::random(),
            DeviceId::random(),
            DeviceToken::random(),
        );
        let expires = now + SignedDuration::from_mins(1);
        store
            .create_enrolment(&account, &code, expires, now)
            .await
            .expect("a code");
        store
            .enrol_device(&code, &device, &token, "PC", &[1; 32], now)
            .await
            .expect("a device");
        let upstream = match asset {
            Asset::Practice => "practice",
            Asset::Monero => "monerod",
            Asset::Bitcoin => "bitcoind",
        };
        let digest: [u8; 32] = rand::rng().random();
        let credit = Exact::try_of(asset, atomic, 0).expect("small");
        let share = VerifiedShare::try_new(
            device,
            digest,
            "sha256d",
            upstream,
            1,
            credit,
            Exact::zero(asset),
        );
        let credited = store
            .credit_shares(&[share.expect("valid")], now)
            .await
            .expect("credited");
        assert!(credited[0].is_ok());
        store.settle(&Terms::default(), now).await.expect("settled");
        let later = Timestamp::now();
        store.release(asset, later, later).await.expect("released");
        Member {
            key: key.as_str().to_owned(),
            hub: hub.to_owned(),
        }
    }

    /// The same account at another replica of the hub.
    pub fn at(&self, hub: &str) -> Self {
        Member {
            key: self.key.clone(),
            hub: hub.to_owned(),
        }
    }

    /// Asks for a withdrawal.
    ///
    /// # Errors
    /// What the hub answers if it refuses.
    pub fn withdraw(
        &self,
        asset: &str,
        amount: &str,
        address: &str,
        key: &str,
    ) -> Result<Value, String> {
        let body =
            json!({ "asset": asset, "amount": amount, "address": address, "request_key": key });
        self.send("POST", "/v1/withdrawals", Some(&body))
    }

    /// A request as this account; the answer.
    ///
    /// # Errors
    /// What the hub answers if it refuses.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.hub);
        let text = request(method, &url, Some(&self.key), body)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// One of its withdrawals.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub fn withdrawal(&self, id: &str) -> Result<Value, String> {
        self.send("GET", &format!("/v1/withdrawals/{id}"), None)
    }

    /// All of its withdrawals.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub fn withdrawals(&self) -> Result<Vec<Value>, String> {
        let answer = self.send("GET", "/v1/withdrawals", None)?;
        Ok(answer["withdrawals"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }
}
