//! What the hub is told of this device, so that its owner sees it from afar, and what the owner has set for it there.
//!
//! Nothing personal is told: no names of programs, no times of absence, no names of the PC or of people.

use std::path::MAIN_SEPARATOR;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::{DeviceOrders, DeviceReport, ProcessorReport, ShareCounts};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::control::answers::{Phase, Processor, Status};
use crate::daemon::Daemon;
use crate::data_dir::{DataDir, DataDirError};
use crate::governor::Mode;
use crate::hub_access::HubAccess;
use crate::identity;
use crate::work::backoff::Backoff;

/// Where a limit is kept.
const FILE: &str = "remote-limit.json";
/// What a hub may ask for between reports, in seconds.
const EVERY: std::ops::RangeInclusive<u32> = 2..=3_600;
/// How long a new mode waits for another.
const AFTER_A_CHANGE: Duration = Duration::from_secs(1);
/// The least and the longest wait after a report that did not arrive.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// A limit that the account's owner has set at a hub. It holds until the hub says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteLimit {
    /// For which device: another one at the same hub has no limit yet.
    pub device: DeviceId,
    /// The most that any processor may be used, 0 to 100.
    pub percent: u8,
}

/// The limit that holds at a start, for work at this hub.
///
/// # Errors
/// If it cannot be read.
pub fn kept_limit(data: &DataDir, hub: &str) -> Result<Option<RemoteLimit>, DataDirError> {
    let kept: Option<RemoteLimit> = data.read(FILE)?;
    let here = identity::known(data, hub)?;
    Ok(kept.filter(|kept| here.is_some_and(|here| here.device == kept.device)))
}

/// Keeps a limit over restarts.
///
/// # Errors
/// If it cannot be written.
pub fn keep_limit(data: &DataDir, limit: Option<&RemoteLimit>) -> Result<(), DataDirError> {
    match limit {
        Some(limit) => data.write(FILE, limit),
        None => data.remove(FILE),
    }
}

/// Reports for as long as it is polled, soon when another mode is chosen, and obeys.
pub async fn keep_reporting(daemon: Arc<Daemon>, access: HubAccess) {
    let mut backoff = Backoff::new(RETRY);
    let mut mode = daemon.watch_mode();
    loop {
        mode.mark_unchanged();
        let report = report(&daemon);
        match access.report(&report).await {
            Ok(orders) => {
                backoff.reset();
                obey(&daemon, &access, &orders);
                let every = orders.report_every.clamp(*EVERY.start(), *EVERY.end());
                // Spread, so that devices that came back together do not report together.
                let wait = Duration::from_secs(every.into());
                tokio::select! {
                    () = sleep(wait.mul_f64(rand::rng().random_range(0.9..1.1))) => {}
                    Ok(()) = mode.changed() => sleep(AFTER_A_CHANGE).await,
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the hub could not be told how this device is");
                sleep(backoff.next(rand::random())).await;
            }
        }
    }
}

fn obey(daemon: &Daemon, access: &HubAccess, orders: &DeviceOrders) {
    let limit = orders.limit_percent.map(|percent| RemoteLimit {
        device: access.device().clone(),
        percent: percent.min(100),
    });
    daemon.set_remote_limit(limit);
    daemon.board().name = Some(orders.name.clone());
}

/// How this device is, for others to see.
pub fn report(daemon: &Daemon) -> DeviceReport {
    let status = daemon.status();
    let decided = daemon.decisions().borrow().clone();
    let celsius = |id: &str| {
        let decided = decided.as_ref()?;
        let mut each = decided.signals.processors.iter();
        each.find(|(known, _)| known.as_str() == id)?.1.celsius
    };
    let reason = match (&decided, status.phase) {
        (Some(decided), Phase::Running | Phase::Starting) => decided.decision.reason.for_others(),
        _ => status.reason.clone(),
    };
    let processors = status.processors.iter();
    DeviceReport {
        mode: mode(&status),
        reason,
        version: status.version.clone(),
        processors: processors
            .map(|processor| of_processor(processor, celsius(&processor.id)))
            .collect(),
        shares: daemon.session_counts(),
    }
}

fn mode(status: &Status) -> String {
    match status.mode.parse() {
        Ok(Mode::Pause) => DeviceReport::PAUSED.to_owned(),
        _ => status.mode.clone(),
    }
}

fn of_processor(processor: &Processor, celsius: Option<f32>) -> ProcessorReport {
    let aside = (processor.phase == "set_aside").then_some(processor.detail.as_deref());
    ProcessorReport {
        name: processor.name.clone(),
        algorithm: processor.algorithm.map(|algorithm| algorithm.to_string()),
        hash_rate: processor.rate,
        allowance_percent: f64::from(processor.allowed_percent),
        temperature: celsius.map(f64::from),
        fault: aside.map(|reason| without_paths(reason.unwrap_or("set aside"))),
    }
}

/// Paths name folders, and folders people.
fn without_paths(text: &str) -> String {
    let is_path = |word: &str| word.contains(MAIN_SEPARATOR) && word.len() > 3;
    let words = text.split(' ').map(|word| match is_path(word) {
        true => "(a file)",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What became of the shares since the start, as a hub counts.
pub fn counts(session: &crate::shares::ShareCounts) -> ShareCounts {
    ShareCounts {
        accepted: session.accepted,
        stale: session.stale,
        rejected: session.rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_this_pc() {
        let told = without_paths(&format!(
            "its process could not be started: {0}home{0}ann{0}idlewatt is gone",
            MAIN_SEPARATOR
        ));
        assert_eq!(told, "its process could not be started: (a file) is gone");
        assert_eq!(without_paths("2 H/s"), "2 H/s");
    }

    #[test]
    fn a_limit_is_for_the_device_that_it_was_set_for() {
        let folder = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let limit = RemoteLimit {
            device: DeviceId::random(),
            percent: 30,
        };
        keep_limit(&data, Some(&limit)).expect("written");
        assert_eq!(kept_limit(&data, "https://hub").expect("readable"), None);
        let identities = serde_json::json!({"hubs": {"https://hub": {
            "account": "A12345678901", "device": limit.device, "token": format!("IWD-{}", "7".repeat(32))}}});
        data.write("identity.json", &identities).expect("written");
        let kept = kept_limit(&data, "https://hub").expect("readable");
        assert_eq!(kept, Some(limit));
        assert_eq!(kept_limit(&data, "https://other").expect("readable"), None);
        keep_limit(&data, None).expect("removed");
        assert_eq!(kept_limit(&data, "https://hub").expect("readable"), None);
    }
}
