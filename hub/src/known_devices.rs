//! Which token is whose, remembered for a minute: a device that reports every few seconds does not cost a query each time.
//! A change is known here at once where it was made, and within two seconds in every other hub of the same database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_protocol::{DeviceId, DeviceToken};
use idlewatt_store::{KnownDevice, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// How long an answer of the database is good here.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How often changes that other hubs made are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far other hubs' clocks may be off, and how long their transactions may take.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(60);
/// Entries before those that are over are looked for.
const FIRST_SWEEP: usize = 1_024;

/// Tokens that were good when last looked at. Only their hashes are kept.
#[derive(Debug)]
pub struct KnownDevices {
    store: Store,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_token: HashMap<[u8; 32], (Arc<KnownDevice>, Instant)>,
    by_device: HashMap<DeviceId, [u8; 32]>,
    /// Counts what was forgotten: an answer that was asked for before is not kept.
    forgotten: u64,
    sweep_at: usize,
}

impl KnownDevices {
    /// Nothing is known yet.
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(KnownDevices {
            store,
            kept: Mutex::default(),
        })
    }

    /// The device that a token belongs to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn of_token(
        &self,
        token: &DeviceToken,
    ) -> Result<Option<Arc<KnownDevice>>, StoreError> {
        let hash: [u8; 32] = Sha256::digest(token.as_str().as_bytes()).into();
        let forgotten = {
            let kept = self.kept();
            match kept.by_token.get(&hash) {
                Some((device, until)) if *until > Instant::now() => {
                    return Ok(Some(Arc::clone(device)));
                }
                _ => kept.forgotten,
            }
        };
        let Some(device) = self.store.known_device(token).await? else {
            return Ok(None);
        };
        let device = Arc::new(device);
        let mut kept = self.kept();
        if kept.forgotten == forgotten {
            kept.add(hash, Arc::clone(&device));
        }
        Ok(Some(device))
    }

    /// Asks the database again about a device.
    pub fn forget(&self, device: &DeviceId) {
        let mut kept = self.kept();
        kept.forgotten += 1;
        if let Some(hash) = kept.by_device.remove(device) {
            kept.by_token.remove(&hash);
        }
    }

    /// Asks the database again about all devices.
    pub fn forget_all(&self) {
        let mut kept = self.kept();
        kept.forgotten += 1;
        kept.by_token.clear();
        kept.by_device.clear();
    }

    /// Forgets devices that other hubs change, until told to stop.
    pub async fn follow_changes(self: Arc<Self>, shutdown: CancellationToken) {
        let mut since = Timestamp::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.kept().by_token.is_empty() {
                continue;
            }
            let now = Timestamp::now();
            match self.store.changed_devices(since - CLOCKS_DIFFER).await {
                Ok(changed) => {
                    since = now;
                    changed.iter().for_each(|device| self.forget(device));
                }
                Err(error) => tracing::warn!(%error, "changes of devices cannot be looked for"),
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, hash: [u8; 32], device: Arc<KnownDevice>) {
        let now = Instant::now();
        if self.by_token.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.by_token.retain(|_, (_, until)| *until > now);
            let by_token = &self.by_token;
            self.by_device.retain(|_, hash| by_token.contains_key(hash));
            self.sweep_at = self.by_token.len() * 2;
        }
        let id = device.device.device.clone();
        if let Some(older) = self.by_device.insert(id, hash)
            && older != hash
        {
            self.by_token.remove(&older);
        }
        self.by_token.insert(hash, (device, now + REMEMBERED));
    }
}
