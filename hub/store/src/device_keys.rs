//! Devices that prove themselves with their key get a new token. A challenge is not kept: it carries its time and a MAC over
//! itself, so that asking for one neither costs anything nor tells whether there is such a device. What has been signed
//! is kept until its time is over, so that it is good once.

use hmac::{Hmac, KeyInit, Mac};
use idlewatt_protocol::{DeviceId, DeviceToken};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use sha2::Sha256;

use crate::database::values;
use crate::{Store, StoreError, secret};

/// How long a used challenge is kept after its time: another hub's clock may be behind.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Makes challenges and knows its own again. The same in every hub that uses this database.
#[derive(Clone)]
pub struct Challenges {
    key: Hmac<Sha256>,
}

impl Challenges {
    /// From the key that the database keeps.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        let key = crate::hub::receipt_key(&store.pools).await?;
        let unusable = |_| StoreError::Unreadable {
            what: "receipt key",
            text: "of no usable length".to_owned(),
        };
        let mut derived = Hmac::<Sha256>::new_from_slice(&key).map_err(unusable)?;
        derived.update(b"device challenges");
        let key = derived.finalize().into_bytes();
        Ok(Challenges {
            key: Hmac::new_from_slice(&key).map_err(unusable)?,
        })
    }

    /// A challenge for a device, known or not, that is good until `expires`.
    pub fn make(&self, device: &DeviceId, expires: Timestamp) -> String {
        let random: [u8; 16] = rand::rng().random();
        let open = format!("{}-{}", expires.as_millisecond(), hex::encode(random));
        let mac = self.over(device, &open).finalize().into_bytes();
        format!("{open}-{}", hex::encode(mac))
    }

    /// Until when a challenge is good; `None` if it was not made here for this device, or its time is over.
    pub fn read(&self, device: &DeviceId, challenge: &str, now: Timestamp) -> Option<Timestamp> {
        let (open, mac) = challenge.rsplit_once('-')?;
        let mut claimed = [0; 32];
        hex::decode_to_slice(mac, &mut claimed).ok()?;
        self.over(device, open).verify_slice(&claimed).ok()?;
        let (expires, _) = open.split_once('-')?;
        let expires = Timestamp::from_millisecond(expires.parse().ok()?).ok()?;
        (expires > now).then_some(expires)
    }

    fn over(&self, device: &DeviceId, open: &str) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(device.as_str().as_bytes());
        mac.update(b"\n");
        mac.update(open.as_bytes());
        mac
    }
}

impl Store {
    /// The key that a device proves itself with; `None` if there is no such device, it was revoked, or it has no key.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn device_key(&self, device: &DeviceId) -> Result<Option<[u8; 32]>, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT public_key FROM devices WHERE id = $1 AND revoked_at IS NULL",
                values![device],
            )
            .await?;
        let key: Option<Vec<u8>> = row.map_or(Ok(None), |row| row.get(0))?;
        Ok(key.and_then(|key| key.try_into().ok()))
    }

    /// Uses up a challenge that the device has signed, and puts a new token in the place of its old one; `false` if the
    /// challenge was used before or the device is revoked.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew_token(
        &self,
        device: &DeviceId,
        challenge: &str,
        expires: Timestamp,
        token: &DeviceToken,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let sql = "DELETE FROM challenges WHERE expires_at <= $1";
        transaction.execute(sql, values![now - KEPT]).await?;
        let renewed = transaction
            .execute(
                "UPDATE devices SET token_hash = $2, changed_at = $3 \
                 WHERE id = $1 AND revoked_at IS NULL AND public_key IS NOT NULL",
                values![device, secret::hash(token.as_str()), now],
            )
            .await?;
        if renewed == 0 {
            return Ok(false);
        }
        let fresh = transaction
            .execute(
                "INSERT INTO challenges (challenge_hash, device, expires_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (challenge_hash) DO NOTHING",
                values![secret::hash(challenge), device, expires],
            )
            .await?;
        if fresh == 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}
