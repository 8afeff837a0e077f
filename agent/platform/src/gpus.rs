//! NVIDIA's graphics cards, through the library of their driver (NVML), on every system alike.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessUtilizationSample;
use nvml_wrapper::{Device, Nvml};
use tokio::sync::oneshot;
use tokio::time;

use crate::signals::GpuReading;

/// How often the driver is asked, at most.
const PERIOD: Duration = Duration::from_secs(2);
/// How long an answer is waited for. Only the first takes longer, or a driver that hangs.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often the library is looked for, or connected to again.
const RETRY: Duration = Duration::from_secs(60);

/// The cards, asked on a thread of their own: connecting to a driver that sleeps takes seconds.
#[derive(Default)]
pub struct Gpus {
    questions: Option<mpsc::Sender<Question>>,
    pending: Option<oneshot::Receiver<Vec<GpuReading>>>,
    asked: Option<Instant>,
    latest: Vec<GpuReading>,
}

struct Question {
    engines: Vec<u32>,
    answer: oneshot::Sender<Vec<GpuReading>>,
}

impl Gpus {
    /// Each card of NVIDIA's; none where there is no driver of theirs, or no answer yet. `own_processes` are ours, as
    /// in [`Wanted`](crate::signals::Wanted). On battery and without engines the cards are let go and not asked: that
    /// would keep a laptop's second card awake. Needs a Tokio runtime with time enabled.
    pub async fn read(&mut self, own_processes: &[u32], on_battery: bool) -> Vec<GpuReading> {
        let engines: Vec<u32> = own_processes
            .iter()
            .copied()
            .filter(|id| *id != std::process::id())
            .collect();
        if on_battery && engines.is_empty() {
            *self = Gpus::default();
            return Vec::new();
        }
        let ask =
            self.pending.is_none() && self.asked.is_none_or(|asked| asked.elapsed() >= PERIOD);
        if ask {
            self.ask(engines);
        }
        if let Some(pending) = &mut self.pending {
            // Whoever comes while an answer is overdue does not wait for it again.
            let patience = if ask { PATIENCE } else { Duration::ZERO };
            match time::timeout(patience, pending).await {
                Ok(answer) => {
                    self.pending = None;
                    // A thread that is gone is started again with the next question.
                    self.questions = self.questions.take().filter(|_| answer.is_ok());
                    self.latest = answer.unwrap_or_default();
                }
                Err(_) => self.latest.clear(),
            }
        }
        self.latest.clone()
    }

    fn ask(&mut self, engines: Vec<u32>) {
        self.asked = Some(Instant::now());
        if self.questions.is_none() {
            let (questions, asked) = mpsc::channel::<Question>();
            let thread = thread::Builder::new()
                .name("gpus".to_owned())
                .spawn(move || {
                    let mut driver = Driver::default();
                    for question in asked {
                        // Nobody may be waiting any more.
                        let _ = question.answer.send(driver.read(&question.engines));
                    }
                });
            self.questions = thread.is_ok().then_some(questions);
        }
        let (answer, pending) = oneshot::channel();
        self.pending = Some(pending);
        if let Some(questions) = &self.questions {
            // If the thread is gone, the answer's sender is dropped, which is the answer.
            let _ = questions.send(Question { engines, answer });
        }
    }
}

/// The driver's library, connected to when there is one.
#[derive(Default)]
struct Driver {
    library: Option<Nvml>,
    tried: Option<Instant>,
    /// The time of the newest sample seen of each card, by its index.
    seen: HashMap<u32, u64>,
}

impl Driver {
    fn read(&mut self, engines: &[u32]) -> Vec<GpuReading> {
        if self.library.is_none() && self.tried.is_none_or(|tried| tried.elapsed() >= RETRY) {
            self.tried = Some(Instant::now());
            self.library = Nvml::builder().lib_path(&library()).init().ok();
        }
        let Some(library) = &self.library else {
            return Vec::new();
        };
        let Ok(count) = library.device_count() else {
            // The driver was unloaded or replaced.
            self.library = None;
            return Vec::new();
        };
        (0..count)
            .filter_map(|index| {
                let device = library.device_by_index(index).ok()?;
                Some(reading(
                    &device,
                    self.seen.entry(index).or_default(),
                    engines,
                ))
            })
            .collect()
    }
}

/// On Windows with its folder, so that no other library of that name is ever loaded.
fn library() -> OsString {
    if cfg!(windows) {
        let mut path = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
        path.push("\\System32\\nvml.dll");
        path
    } else {
        "libnvidia-ml.so.1".into()
    }
}

fn reading(device: &Device<'_>, seen: &mut u64, engines: &[u32]) -> GpuReading {
    let samples = match device.process_utilization_stats(*seen) {
        Ok(samples) => Some(samples),
        // No process has used the card since.
        Err(NvmlError::NotFound) => Some(Vec::new()),
        Err(_) => None,
    };
    let newest = samples
        .iter()
        .flatten()
        .map(|sample| sample.timestamp)
        .max();
    *seen = newest.unwrap_or(*seen);
    GpuReading {
        bus: device
            .pci_info()
            .ok()
            .map(|pci| address(pci.domain, pci.bus, pci.device)),
        name: device.name().unwrap_or_default(),
        others_percent: device
            .utilization_rates()
            .ok()
            .and_then(|used| others_percent(used.gpu, samples.as_deref(), engines)),
        celsius: device
            .temperature(TemperatureSensor::Gpu)
            .ok()
            .map(|celsius| celsius as f32),
        // In thousandths.
        watts: device.power_usage().ok().map(|watts| watts as f32 / 1000.0),
    }
}

/// A graphics card is always the first function of its device.
fn address(domain: u32, bus: u32, device: u32) -> String {
    format!("{domain:04x}:{bus:02x}:{device:02x}.0")
}

/// What others use of a card of which `all` percent are used. If our engines run but processes cannot be told apart
/// (Windows' display drivers do not let them be), nobody knows.
fn others_percent(
    all: u32,
    samples: Option<&[ProcessUtilizationSample]>,
    engines: &[u32],
) -> Option<f32> {
    let own = if engines.is_empty() {
        0
    } else {
        own_percent(samples?, engines)
    };
    Some(all.min(100).saturating_sub(own) as f32)
}

/// The newest sample of each of our engines, unless it is older than the last second before the newest of all.
fn own_percent(samples: &[ProcessUtilizationSample], engines: &[u32]) -> u32 {
    const SECOND: u64 = 1_000_000;
    let newest = samples.iter().map(|sample| sample.timestamp).max();
    let recent = newest.unwrap_or_default().saturating_sub(SECOND);
    engines
        .iter()
        .filter_map(|engine| {
            samples
                .iter()
                .filter(|sample| sample.pid == *engine && sample.timestamp >= recent)
                .max_by_key(|sample| sample.timestamp)
        })
        .map(|sample| sample.sm_util.min(100))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pid: u32, timestamp: u64, sm_util: u32) -> ProcessUtilizationSample {
        ProcessUtilizationSample {
            pid,
            timestamp,
            sm_util,
            mem_util: 0,
            enc_util: 0,
            dec_util: 0,
        }
    }

    #[test]
    fn addresses_are_written_as_the_kernel_does() {
        assert_eq!(address(0, 1, 0), "0000:01:00.0");
        assert_eq!(address(0x1_0000, 0xc1, 0x1f), "10000:c1:1f.0");
    }

    #[test]
    fn others_are_what_is_not_ours() {
        let samples = [sample(7, 9_000_000, 60), sample(8, 9_000_000, 15)];
        assert_eq!(others_percent(80, Some(&samples), &[7]), Some(20.0));
        assert_eq!(others_percent(80, Some(&samples), &[7, 8]), Some(5.0));
        // Two measures of the same do not agree exactly.
        assert_eq!(others_percent(50, Some(&samples), &[7]), Some(0.0));
        assert_eq!(others_percent(40, Some(&[]), &[7]), Some(40.0));
    }

    #[test]
    fn without_engines_all_are_others_and_else_unknown_stays_unknown() {
        assert_eq!(others_percent(30, None, &[]), Some(30.0));
        assert_eq!(others_percent(30, None, &[7]), None);
    }

    #[test]
    fn only_the_newest_samples_count() {
        let samples = [
            sample(7, 9_000_000, 90),
            sample(7, 9_800_000, 20),
            // It stopped working long ago.
            sample(8, 2_000_000, 70),
        ];
        assert_eq!(own_percent(&samples, &[7, 8]), 20);
    }

    #[tokio::test]
    async fn on_battery_only_an_engine_is_worth_asking_for() {
        let own = std::process::id();
        let mut gpus = Gpus::default();
        gpus.read(&[own], true).await;
        assert_eq!(gpus.asked, None);
        gpus.read(&[own, u32::MAX], true).await;
        assert!(gpus.asked.is_some());
    }

    #[test]
    fn a_missing_driver_is_not_looked_for_at_every_look() {
        let mut driver = Driver::default();
        let first = driver.read(&[]);
        let tried = driver.tried;
        assert!(tried.is_some());
        driver.read(&[]);
        assert_eq!(driver.tried, tried);
        for card in first {
            assert!(!card.name.is_empty() && card.bus.is_some());
        }
    }
}
