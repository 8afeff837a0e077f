//! Who a miner is: a device with its token, or any standard miner that works for an account.

use std::net::IpAddr;

use idlewatt_protocol::{AccountId, DeviceId, DeviceToken};
use idlewatt_store::{Device, StoreError, Worker};
use jiff::Timestamp;

use super::Shared;

/// The worker of a user that names none.
const DEFAULT_WORKER: &str = "default";

/// What comes of a login.
pub(super) enum Login {
    Device(Device),
    Refused(Refused),
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// No such account or device, or not its token.
    Unknown,
    /// A standard miner's name that its account's owner has revoked.
    Revoked,
    /// The books cannot be read at present, or there is no work.
    Unavailable,
}

/// What the miner of a revoked worker is told.
pub(super) const REVOKED: &str =
    "this worker was revoked by its account's owner; choose another worker name";

impl Login {
    /// In a word, for statistics.
    pub fn word(&self) -> &'static str {
        match self {
            Login::Device(_) => "let in",
            Login::Refused(Refused::Unknown | Refused::Revoked) => "refused",
            Login::Refused(Refused::Unavailable) => "unavailable",
        }
    }
}

/// A user as it was sent.
enum User {
    Device(Device, DeviceToken),
    Worker(AccountId, String),
}

/// `ACCOUNT.DEVICE` with the device's token as password, or `ACCOUNT.worker` or `ACCOUNT` with any: whoever works for
/// an account without being one of its devices can do it no harm.
pub(super) async fn identify(
    shared: &Shared,
    address: IpAddr,
    user: &str,
    password: &str,
) -> Login {
    let found = match read(user, password) {
        None => Ok(Login::Refused(Refused::Unknown)),
        Some(User::Device(claimed, token)) => {
            let known = shared.store.device_of_token(&token).await;
            known.map(|known| match known {
                Some(known) if known == claimed => Login::Device(known),
                _ => Login::Refused(Refused::Unknown),
            })
        }
        Some(User::Worker(account, name)) => worker(shared, address, &account, &name).await,
    };
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a login could not be checked");
        Login::Refused(Refused::Unavailable)
    })
}

fn read(user: &str, password: &str) -> Option<User> {
    let (account, name) = user.split_once('.').unwrap_or((user, DEFAULT_WORKER));
    let account: AccountId = account.parse().ok()?;
    match name.parse::<DeviceId>() {
        Ok(device) => {
            let token = password.parse().ok()?;
            Some(User::Device(Device { account, device }, token))
        }
        Err(_) => Some(User::Worker(account, name.to_owned())),
    }
}

async fn worker(
    shared: &Shared,
    address: IpAddr,
    account: &AccountId,
    name: &str,
) -> Result<Login, StoreError> {
    // Who makes up names gets no further than the ones there are.
    let limit = match shared.new_workers.check(&address) {
        Ok(()) => shared.workers_per_account,
        Err(_) => 0,
    };
    let store = &shared.store;
    let worker = store
        .worker_device(account, name, limit, Timestamp::now())
        .await?;
    Ok(match worker {
        Worker::Known(device) => Login::Device(device),
        Worker::Made(device) => {
            shared.new_workers.take(address);
            Login::Device(device)
        }
        Worker::Revoked => Login::Refused(Refused::Revoked),
        Worker::Refused => Login::Refused(Refused::Unknown),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_told_apart() {
        let (account, device) = (AccountId::random(), DeviceId::random());
        let token = DeviceToken::random();
        let is_worker = |user: &str, name: &str| match read(user, "x") {
            Some(User::Worker(of, worker)) => of == account && worker == name,
            _ => false,
        };
        assert!(is_worker(&format!("{account}.rig 1"), "rig 1"));
        assert!(is_worker(&format!("{account}.a.b"), "a.b"));
        assert!(is_worker(&account.to_string(), "default"));
        let own = format!("{account}.{device}");
        assert!(matches!(
            read(&own, token.as_str()),
            Some(User::Device(known, _)) if known.device == device
        ));
        assert!(read(&own, "x").is_none(), "a device needs its token");
        assert!(read("someone.rig", "x").is_none());
        assert!(read("", "").is_none());
    }
}
