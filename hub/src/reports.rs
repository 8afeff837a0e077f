//! What devices tell of themselves: kept in memory, the newest of each, and written every second, many at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use idlewatt_protocol::DeviceId;
use idlewatt_store::{Store, StoredReport};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long reports wait for others to be written with.
const GATHER: Duration = Duration::from_secs(1);
/// Reports in one transaction.
const BATCH: usize = 2_000;
/// The shortest and the longest time between two reports of a device, in seconds.
const EVERY: (u32, u32) = (10, 120);
/// The same for a device that is paused, which has nothing to tell until it is not, and should be left asleep.
const EVERY_PAUSED: u32 = 60;
/// Reports a second that a hub asks for at most.
const AIM: f64 = 1_000.0;
/// How long reports are counted before the time between them is set anew.
const COUNTED: Duration = Duration::from_secs(10);

/// Reports on their way to the database.
#[derive(Debug)]
pub struct Reports {
    waiting: Mutex<HashMap<DeviceId, StoredReport>>,
    came: Notify,
    every: AtomicU32,
    counted: AtomicU32,
}

impl Reports {
    /// None yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Reports {
            waiting: Mutex::default(),
            came: Notify::new(),
            every: AtomicU32::new(EVERY.0),
            counted: AtomicU32::new(0),
        })
    }

    /// After how many seconds devices that work should report again.
    fn every(&self) -> u32 {
        self.every.load(Ordering::Relaxed)
    }

    /// Takes a report in the place of the device's earlier one. It can be seen within two seconds. Tells after how many
    /// seconds it should report again.
    pub fn put(&self, device: DeviceId, is_paused: bool, body: String, at: Timestamp) -> u32 {
        let every = match is_paused {
            true => self.every().max(EVERY_PAUSED),
            false => self.every(),
        };
        self.counted.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("idlewatt_hub_device_reports_total").increment(1);
        let report = StoredReport {
            device: device.clone(),
            at,
            every,
            body,
        };
        self.waiting().insert(device, report);
        self.came.notify_one();
        every
    }

    /// Writes until told to stop, then once more.
    pub async fn write(self: Arc<Self>, store: Store, shutdown: CancellationToken) {
        let mut counting_since = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.came.notified() => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(GATHER) => {}
            }
            self.write_once(&store).await;
            let elapsed = counting_since.elapsed();
            if elapsed >= COUNTED {
                counting_since = Instant::now();
                let reports = self.counted.swap(0, Ordering::Relaxed);
                self.every
                    .store(pace(reports, elapsed, self.every()), Ordering::Relaxed);
            }
        }
        self.write_once(&store).await;
    }

    async fn write_once(&self, store: &Store) {
        let reports: Vec<StoredReport> =
            std::mem::take(&mut *self.waiting()).into_values().collect();
        for batch in reports.chunks(BATCH) {
            if let Err(error) = store.write_reports(batch).await {
                tracing::warn!(reports = batch.len(), %error, "reports could not be written; trying again");
                self.put_back(batch);
            }
        }
    }

    /// Devices that have reported again meanwhile keep the newer one.
    fn put_back(&self, reports: &[StoredReport]) {
        let mut waiting = self.waiting();
        for report in reports {
            waiting
                .entry(report.device.clone())
                .or_insert_with(|| report.clone());
        }
        self.came.notify_one();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, StoredReport>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time between reports in seconds at which so many devices send no more than [`AIM`] together.
fn pace(reports: u32, elapsed: Duration, every: u32) -> u32 {
    let devices = f64::from(reports) * f64::from(every) / elapsed.as_secs_f64().max(1.0);
    ((devices / AIM).ceil() as u32).clamp(EVERY.0, EVERY.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_device_is_asked_less_often_and_counts_as_online_as_much_longer() {
        let reports = Reports::new();
        let (working, paused) = (DeviceId::random(), DeviceId::random());
        let put = |device: &DeviceId, is_paused| {
            reports.put(device.clone(), is_paused, String::new(), Timestamp::now())
        };
        assert_eq!((put(&working, false), put(&paused, true)), (10, 60));
        assert_eq!(reports.waiting()[&paused].every, 60);
        assert_eq!(put(&paused, false), 10, "as soon as it works again");
        reports.every.store(EVERY.1, Ordering::Relaxed);
        assert_eq!(
            put(&paused, true),
            EVERY.1,
            "a busy hub asks less often still"
        );
    }

    #[test]
    fn a_busy_hub_asks_less_often() {
        let ten = Duration::from_secs(10);
        assert_eq!(pace(0, ten, 10), 10);
        assert_eq!(pace(100, ten, 10), 10, "a hundred devices");
        assert_eq!(pace(20_000, ten, 10), 20, "20,000 devices");
        assert_eq!(pace(10_000, ten, 20), 20, "which it stays at");
        assert_eq!(pace(200, ten, 20), 10, "until they are gone");
        assert_eq!(pace(u32::MAX, ten, 120), 120);
    }
}
