//! Codes from an authenticator app ([RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)): six digits that change every 30 s.
//! Each is good once, whichever hub it is sent to; after five wrong ones the account waits, each time twice as long.

use idlewatt_protocol::AccountId;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use totp_rs::{Builder, Totp};

use crate::database::{Transaction, values};
use crate::{Store, StoreError};

/// Wrong codes before the first wait.
const FREE_TRIES: i64 = 5;
/// The first wait; the next is twice as long, and so on.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait. With it, trying every day for a year finds a code with a chance of 1 in 800.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// Codes of so many steps before and after this one are taken, too: clocks differ.
const SKEW: u16 = 1;
/// Length of a secret in bytes, as RFC 4226 recommends.
const SECRET: usize = 20;

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TotpRefused {
    /// None was sent.
    #[error("this account asks for the code of its authenticator app: send it as `totp`")]
    Missing,
    /// Not the code of this moment, or used before.
    #[error("this code is wrong, over or used already; the next one comes within 30 seconds")]
    Wrong,
    /// There were too many wrong ones.
    #[error("too many wrong codes; try again in {} s", .0.as_secs().max(1))]
    Wait(SignedDuration),
    /// No authenticator app was set up, or it has been confirmed already.
    #[error("there is no authenticator app waiting to be confirmed")]
    NothingToConfirm,
}

/// What an authenticator app is set up with.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSetup {
    /// In base 32, for typing it in.
    pub secret: String,
    /// `otpauth://…`, for a QR code.
    pub url: String,
}

/// What an account's row says.
struct Kept {
    secret: Option<Vec<u8>>,
    confirmed: bool,
    last_step: i64,
    wrong: i64,
    wait: Timestamp,
}

impl Store {
    /// Gives the account a new secret that counts once it is confirmed; `None` if one is confirmed already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_totp(&self, account: &AccountId) -> Result<Option<TotpSetup>, StoreError> {
        let secret: [u8; SECRET] = rand::rng().random();
        let changed = self
            .pools
            .execute(
                "UPDATE accounts SET totp_secret = $2 \
                 WHERE id = $1 AND totp_confirmed = 0 AND deleted_at IS NULL",
                values![account, &secret[..]],
            )
            .await?;
        if changed == 0 {
            return Ok(None);
        }
        let generator = generator(&secret, account)?;
        Ok(Some(TotpSetup {
            secret: generator.secret().to_base32(),
            url: generator.to_url().map_err(unusable)?,
        }))
    }

    /// Confirms the secret with its first code: from now on codes are asked for.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn confirm_totp(
        &self,
        account: &AccountId,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<Result<(), TotpRefused>, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let kept = lock(&mut transaction, account).await?;
        if kept.confirmed || kept.secret.is_none() {
            return Ok(Err(TotpRefused::NothingToConfirm));
        }
        let answer = judge(&mut transaction, account, kept, code, now).await?;
        if answer.is_ok() {
            let sql = "UPDATE accounts SET totp_confirmed = 1 WHERE id = $1";
            transaction.execute(sql, values![account]).await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }

    /// Takes the account's authenticator app away.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_totp(
        &self,
        account: &AccountId,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<Result<(), TotpRefused>, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let answer = check_within(&mut transaction, account, code, now).await?;
        if answer.is_ok() {
            transaction
                .execute(
                    "UPDATE accounts SET totp_secret = NULL, totp_confirmed = 0 WHERE id = $1",
                    values![account],
                )
                .await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }

    /// Uses up a code. An account without a confirmed authenticator app needs none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn check_totp(
        &self,
        account: &AccountId,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<Result<(), TotpRefused>, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let answer = check_within(&mut transaction, account, code, now).await?;
        transaction.commit().await?;
        Ok(answer)
    }

    /// Whether withdrawals ask for a code.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn totp_is_on(&self, account: &AccountId) -> Result<bool, StoreError> {
        let sql = "SELECT totp_confirmed FROM accounts WHERE id = $1";
        let row = self.pools.row(sql, values![account]).await?;
        let confirmed: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        Ok(confirmed == 1)
    }
}

/// [`Store::check_totp`] as part of something greater. What it notes must be committed even if it refuses.
pub(crate) async fn check_within(
    transaction: &mut Transaction,
    account: &AccountId,
    code: Option<&str>,
    now: Timestamp,
) -> Result<Result<(), TotpRefused>, StoreError> {
    let kept = lock(transaction, account).await?;
    match kept.confirmed {
        true => judge(transaction, account, kept, code, now).await,
        false => Ok(Ok(())),
    }
}

/// Nobody else looks at the account's codes until the transaction ends.
async fn lock(transaction: &mut Transaction, account: &AccountId) -> Result<Kept, StoreError> {
    let row = transaction
        .row(
            "UPDATE accounts SET totp_last_step = totp_last_step WHERE id = $1 \
             RETURNING totp_secret, totp_confirmed, totp_last_step, totp_wrong, totp_wait",
            values![account],
        )
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    Ok(Kept {
        secret: row.get(0)?,
        confirmed: row.get::<i64>(1)? == 1,
        last_step: row.get(2)?,
        wrong: row.get(3)?,
        wait: row.time(4)?,
    })
}

async fn judge(
    transaction: &mut Transaction,
    account: &AccountId,
    kept: Kept,
    code: Option<&str>,
    now: Timestamp,
) -> Result<Result<(), TotpRefused>, StoreError> {
    let Some(code) = code else {
        return Ok(Err(TotpRefused::Missing));
    };
    if kept.wait > now {
        return Ok(Err(TotpRefused::Wait(kept.wait.duration_since(now))));
    }
    let generator = generator(&kept.secret.unwrap_or_default(), account)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    // An earlier step than the last one used is refused, too: its code may have been seen on its way.
    let step = generator
        .check(code.trim(), seconds)
        .and_then(|step| i64::try_from(step).ok())
        .filter(|step| *step > kept.last_step);
    let Some(step) = step else {
        let wrong = kept.wrong.saturating_add(1);
        let wait = wait_after(wrong).map_or(Timestamp::UNIX_EPOCH, |wait| now + wait);
        transaction
            .execute(
                "UPDATE accounts SET totp_wrong = $2, totp_wait = $3 WHERE id = $1",
                values![account, wrong, wait],
            )
            .await?;
        return Ok(Err(TotpRefused::Wrong));
    };
    transaction
        .execute(
            "UPDATE accounts SET totp_last_step = $2, totp_wrong = 0, totp_wait = 0 WHERE id = $1",
            values![account, step],
        )
        .await?;
    Ok(Ok(()))
}

/// How long no code is looked at after so many wrong ones.
fn wait_after(wrong: i64) -> Option<SignedDuration> {
    let doublings = u32::try_from(wrong - FREE_TRIES).ok()?;
    let wait = 2i32
        .checked_pow(doublings)
        .and_then(|times| FIRST_WAIT.checked_mul(times));
    Some(wait.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)))
}

fn generator(secret: &[u8], account: &AccountId) -> Result<Totp, StoreError> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(SKEW)
        .with_account_name(account.as_str())
        .with_issuer(Some("Idlewatt"))
        .build()
        .map_err(unusable)
}

fn unusable(error: totp_rs::TotpError) -> StoreError {
    StoreError::Unreadable {
        what: "secret of an authenticator app",
        text: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; the last six of the eight digits there.
        let account = AccountId::random();
        let generator = generator(b"12345678901234567890", &account).expect("long enough");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(generator.generate(seconds).to_string(), code);
        }
    }

    #[test]
    fn waits_begin_after_five_and_double_up_to_a_day() {
        let minutes: Vec<_> = [1, 4, 5, 6, 7, 14, 15, 16, 40, 1_000]
            .map(|wrong| wait_after(wrong).map_or(0, |wait| wait.as_mins()))
            .to_vec();
        assert_eq!(minutes, [0, 0, 1, 2, 4, 512, 1_024, 1_440, 1_440, 1_440]);
    }
}
