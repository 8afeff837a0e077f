//! How devices come to an account: codes for one device, tokens for a fleet.

use idlewatt_protocol::api::FleetToken;
use idlewatt_protocol::{
    AccountId, DeviceId, DeviceToken, EnrolmentCode, EnrolmentToken, EnrolmentTokenId,
};
use jiff::Timestamp;

use crate::database::{Transaction, values};
use crate::{EnrolError, Store, StoreError, secret};

/// What an enrolment token is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFleetToken {
    /// What its owner calls it.
    pub name: String,
    /// The group its devices come into.
    pub group: String,
    /// How many devices it adds at most.
    pub limit: u32,
    /// Until when.
    pub expires: Option<Timestamp>,
}

impl Store {
    /// The most enrolment tokens of one account that are neither revoked nor over.
    pub const MOST_FLEET_TOKENS: i64 = 100;

    /// Notes a code that adds one device to the account until `expires`; forgets codes whose time is over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_enrolment(
        &self,
        account: &AccountId,
        code: &EnrolmentCode,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction
            .execute(
                "DELETE FROM enrolment_codes WHERE expires_at <= $1",
                values![now],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO enrolment_codes (code_hash, account, expires_at) VALUES ($1, $2, $3)",
                values![secret::hash(code.as_str()), account, expires],
            )
            .await?;
        transaction.commit().await
    }

    /// Uses up a code and adds the device, both or neither.
    ///
    /// # Errors
    /// If the code is not good at this time, or the database fails.
    pub async fn enrol_device(
        &self,
        code: &EnrolmentCode,
        device: &DeviceId,
        token: &DeviceToken,
        name: &str,
        public_key: &[u8; 32],
        now: Timestamp,
    ) -> Result<AccountId, EnrolError> {
        let mut transaction = self.pools.begin().await?;
        let row = transaction
            .row(
                "DELETE FROM enrolment_codes WHERE code_hash = $1 AND expires_at > $2 RETURNING account, ''",
                values![secret::hash(code.as_str()), now],
            )
            .await?;
        let (account, group) = owner(row)?;
        let added = NewDevice {
            device,
            token,
            name,
            group: &group,
            public_key,
        };
        add(transaction, &account, added, now).await?;
        Ok(account)
    }

    /// Counts one more device of a token and adds it, both or neither.
    ///
    /// # Errors
    /// If the token is unknown, revoked, over or used up, or the database fails.
    pub async fn enrol_fleet_device(
        &self,
        fleet: &EnrolmentToken,
        device: &DeviceId,
        token: &DeviceToken,
        name: &str,
        public_key: &[u8; 32],
        now: Timestamp,
    ) -> Result<AccountId, EnrolError> {
        let mut transaction = self.pools.begin().await?;
        let row = transaction
            .row(
                "UPDATE enrolment_tokens SET used = used + 1 \
                 WHERE token_hash = $1 AND revoked_at IS NULL AND used < device_limit \
                 AND (expires_at IS NULL OR expires_at > $2) RETURNING account, group_name",
                values![secret::hash(fleet.as_str()), now],
            )
            .await?;
        let (account, group) = owner(row)?;
        let added = NewDevice {
            device,
            token,
            name,
            group: &group,
            public_key,
        };
        add(transaction, &account, added, now).await?;
        Ok(account)
    }

    /// Notes a token for a fleet; `false` if the account has [`Self::MOST_FLEET_TOKENS`] already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_fleet_token(
        &self,
        account: &AccountId,
        id: &EnrolmentTokenId,
        token: &EnrolmentToken,
        new: &NewFleetToken,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let made = self
            .pools
            .execute(
                "INSERT INTO enrolment_tokens \
                 (id, account, token_hash, name, group_name, device_limit, created_at, expires_at) \
                 SELECT $1, $2, $3, $4, $5, $6, \
                 $7, $8 \
                 WHERE (SELECT count(*) FROM enrolment_tokens WHERE account = $2 AND revoked_at IS NULL \
                        AND used < device_limit AND (expires_at IS NULL OR expires_at > $7)) < $9",
                values![
                    id,
                    account,
                    secret::hash(token.as_str()),
                    &new.name,
                    &new.group,
                    i64::from(new.limit),
                    now,
                    new.expires,
                    Self::MOST_FLEET_TOKENS
                ],
            )
            .await?;
        Ok(made > 0)
    }

    /// The account's newest tokens for fleets, at most 1,000.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn fleet_tokens(&self, account: &AccountId) -> Result<Vec<FleetToken>, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT id, name, group_name, device_limit, used, created_at, expires_at, revoked_at \
                 FROM enrolment_tokens WHERE account = $1 ORDER BY created_at DESC, id LIMIT 1000",
                values![account],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(FleetToken {
                    id: row.parse(0)?,
                    name: row.get(1)?,
                    group: row.get(2)?,
                    limit: row.get::<i64>(3)?.unsigned_abs(),
                    used: row.get::<i64>(4)?.unsigned_abs(),
                    created: row.time(5)?,
                    expires: row.optional_time(6)?,
                    revoked: row.optional_time(7)?,
                })
            })
            .collect()
    }

    /// Ends a token; its devices stay. `false` if the account has no such token.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_fleet_token(
        &self,
        account: &AccountId,
        id: &EnrolmentTokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = self
            .pools
            .execute(
                "UPDATE enrolment_tokens SET revoked_at = coalesce(revoked_at, $3) WHERE account = $1 AND id = $2",
                values![account, id, now],
            )
            .await?;
        Ok(revoked > 0)
    }
}

/// Whose the code or token was, and the group it adds to.
fn owner(row: Option<crate::database::Row>) -> Result<(AccountId, String), EnrolError> {
    let row = row.ok_or(EnrolError::Code)?;
    Ok((row.parse(0)?, row.get(1)?))
}

struct NewDevice<'a> {
    device: &'a DeviceId,
    token: &'a DeviceToken,
    name: &'a str,
    group: &'a str,
    public_key: &'a [u8; 32],
}

/// Adds a device and makes it last.
async fn add(
    mut transaction: Transaction,
    account: &AccountId,
    new: NewDevice<'_>,
    now: Timestamp,
) -> Result<(), EnrolError> {
    // An account may have been deleted since its code was given out.
    let added = transaction
        .execute(
            "INSERT INTO devices (id, account, name, token_hash, public_key, group_name, created_at) \
             SELECT $1, id, $3, $4, $5, $6, $7 \
             FROM accounts WHERE id = $2 AND deleted_at IS NULL",
            values![
                new.device,
                account,
                new.name,
                secret::hash(new.token.as_str()),
                &new.public_key[..],
                new.group,
                now
            ],
        )
        .await?;
    if added == 0 {
        return Err(EnrolError::Code);
    }
    transaction.commit().await?;
    Ok(())
}
