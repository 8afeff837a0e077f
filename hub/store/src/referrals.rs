//! Who sent whom. An account names its referrer once; nobody is, by any way round, his own.

use std::collections::HashMap;

use idlewatt_protocol::api::{Referral, ReferralTier};
use idlewatt_protocol::{AccountId, Money, ReferralCode};
use jiff::Timestamp;

use crate::database::values;
use crate::fleet::online;
use crate::read::{amount, money};
use crate::sums::add;
use crate::{Store, StoreError};

/// Why a referrer was not noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferrerRefused {
    /// No account has this code.
    #[error("no account has this referral code")]
    Unknown,
    /// The account has a referrer already.
    #[error("this account has named its referrer already")]
    Named,
    /// It is the account itself, or one that it has referred, directly or through others.
    #[error("an account cannot be referred by itself, nor by one that it has referred")]
    Loop,
}

/// What an account sees of those it has referred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// What new accounts name.
    pub code: ReferralCode,
    /// Whether this account has a referrer.
    pub referred: bool,
    /// Nearest first; the percentages are the caller's to fill in.
    pub tiers: Vec<ReferralTier>,
    /// In the order in which they came.
    pub referrals: Vec<Referral>,
}

impl Store {
    /// The most referred accounts of a tier that are listed.
    const MOST_REFERRALS: usize = 1_000;

    /// The account with this referral code.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_of_referral(
        &self,
        code: &ReferralCode,
    ) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT id FROM accounts WHERE referral_code = $1 AND deleted_at IS NULL";
        let row = self.pools.row(sql, values![code]).await?;
        row.map(|row| row.parse(0)).transpose()
    }

    /// Notes who referred an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_referrer(
        &self,
        account: &AccountId,
        code: &ReferralCode,
        now: Timestamp,
    ) -> Result<Result<(), ReferrerRefused>, StoreError> {
        let mut transaction = self.pools.begin().await?;
        // Two accounts that name each other at once would otherwise both find no loop.
        transaction.lock_referrals().await?;
        let row = transaction
            .row(
                "SELECT id FROM accounts WHERE referral_code = $1 AND deleted_at IS NULL",
                values![code],
            )
            .await?;
        let Some(row) = row else {
            return Ok(Err(ReferrerRefused::Unknown));
        };
        let referrer: AccountId = row.parse(0)?;
        let above = transaction
            .row(
                "WITH RECURSIVE above (id) AS (SELECT CAST($1 AS TEXT) UNION \
                 SELECT accounts.referrer FROM accounts JOIN above ON accounts.id = above.id \
                 WHERE accounts.referrer IS NOT NULL) SELECT id FROM above WHERE id = $2",
                values![&referrer, account],
            )
            .await?;
        if above.is_some() {
            return Ok(Err(ReferrerRefused::Loop));
        }
        let named = transaction
            .execute(
                "UPDATE accounts SET referrer = $2, referred_at = $3 \
                 WHERE id = $1 AND referrer IS NULL AND deleted_at IS NULL",
                values![account, &referrer, now],
            )
            .await?;
        if named == 0 {
            return Ok(Err(ReferrerRefused::Named));
        }
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// What the account's referrals are doing and have brought, in so many tiers.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn referred(
        &self,
        account: &AccountId,
        tiers: usize,
        now: Timestamp,
    ) -> Result<Referred, StoreError> {
        let mut view = self.pools.snapshot().await?;
        let row = view
            .row(
                "SELECT referral_code, referrer FROM accounts WHERE id = $1",
                values![account],
            )
            .await?
            .ok_or(sqlx::Error::RowNotFound)?;
        let brought = view
            .rows(
                "SELECT devices.account, commissions.tier, commissions.asset, commissions.amount \
                 FROM commissions JOIN devices ON devices.id = commissions.device \
                 WHERE commissions.account = $1 ORDER BY commissions.asset",
                values![account],
            )
            .await?;
        let mut earned: HashMap<(String, i64), Vec<Money>> = HashMap::new();
        for row in brought {
            let one = money(&row.get::<String>(2)?, amount(&row.get::<String>(3)?)?)?;
            add(earned.entry((row.get(0)?, row.get(1)?)).or_default(), one);
        }
        // An account came when the last link of its chain was made: a later one never changes the number of an earlier.
        let rows = view
            .rows(
                concat!(
                    "WITH RECURSIVE below (id, tier, came) AS (",
                    "SELECT id, CAST(1 AS BIGINT), referred_at FROM accounts WHERE referrer = $1 UNION ALL ",
                    "SELECT accounts.id, tier + 1, ",
                    "CASE WHEN accounts.referred_at > came THEN accounts.referred_at ELSE came END ",
                    "FROM accounts JOIN below ON accounts.referrer = below.id WHERE tier < $3) ",
                    "SELECT below.id, below.tier, ",
                    "(SELECT CAST(count(*) AS BIGINT) FROM devices ",
                    "LEFT JOIN reports ON reports.device = devices.id ",
                    "WHERE devices.account = below.id AND devices.revoked_at IS NULL AND ",
                    online!(),
                    "), accounts.deleted_at FROM below JOIN accounts ON accounts.id = below.id ",
                    "ORDER BY below.tier, below.came, below.id"
                ),
                values![account, now, tiers as i64],
            )
            .await?;
        let mut answer = Referred {
            code: row.parse(0)?,
            referred: row.get::<Option<String>>(1)?.is_some(),
            tiers: (1..=tiers).map(empty_tier).collect(),
            referrals: Vec::new(),
        };
        let mut listed: Vec<Vec<Referral>> = vec![Vec::new(); tiers];
        for row in rows {
            let (id, tier): (String, i64) = (row.get(0)?, row.get(1)?);
            let Some(place) = usize::try_from(tier - 1)
                .ok()
                .filter(|place| *place < tiers)
            else {
                continue;
            };
            let brought = earned.remove(&(id, tier)).unwrap_or_default();
            let devices_online = row.get::<i64>(2)?.unsigned_abs();
            let sums = &mut answer.tiers[place];
            for one in &brought {
                add(&mut sums.earned, *one);
            }
            sums.devices_online += devices_online;
            let alias = format!("referral {}", listed[place].len() + 1);
            listed[place].push(Referral {
                alias,
                tier: sums.tier,
                devices_online,
                earned: brought,
            });
            // A deleted account keeps its number, so that the others keep theirs.
            if row.get::<Option<i64>>(3)?.is_none() {
                sums.accounts += 1;
            }
        }
        for mut tier in listed {
            let older = tier.len().saturating_sub(Self::MOST_REFERRALS);
            answer.referrals.extend(tier.drain(older..));
        }
        Ok(answer)
    }
}

fn empty_tier(tier: usize) -> ReferralTier {
    ReferralTier {
        tier: u8::try_from(tier).unwrap_or(u8::MAX),
        basis_points_of_fee: 0,
        accounts: 0,
        devices_online: 0,
        earned: Vec::new(),
    }
}
