//! What the control API and `--json` answer with. A contract: described in `docs/json.md`.

use std::collections::BTreeMap;

use idlewatt_kernels::Algorithm;
use idlewatt_kernels::gpu::Tuning;
use idlewatt_protocol::{AccountId, DeviceId, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::earnings::outlook::Outlook;
use crate::engine::message::MeasuredTuning;
use crate::governor::Reason;
use crate::journal;
use crate::pool_account::PoolEarned;
use crate::shares::{Awaiting, ClosingsReport};

mod processor;
mod signals;

pub use processor::{Choice, FarPayout, Processor};
pub use signals::{GpuSignals, PowerSignal, SignalsAnswer};

/// `status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Version of the running agent.
    pub version: String,
    /// What it is doing.
    pub phase: Phase,
    /// What the owner chose: `smart`, `5` to `100`, or `pause`.
    pub mode: String,
    /// For a mode chosen for a while: until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_until: Option<Timestamp>,
    /// Whether a mode chosen for a while ends at the next input.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mode_until_input: bool,
    /// Whether a mode chosen for a while ends when nobody uses the PC any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mode_until_away: bool,
    /// For a mode chosen for a while: what comes then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode_then: Option<String>,
    /// Why it works as hard as it does, in words.
    pub reason: String,
    /// The same as values, for programs; left out while nothing is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Reason>,
    /// The signal that decided: a fixed word; left out while nothing is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Whether the owner has said yes.
    pub consent: bool,
    /// Whom it works for.
    pub source: Source,
    /// One entry a processor; empty until they are known.
    pub processors: Vec<Processor>,
    /// Shares by what became of them.
    pub shares: Shares,
    /// What this device has been credited with so far, as the hub last said.
    pub credited: Vec<Money>,
    /// Shares that the hub has verified and will credit with its next settlement, within a minute.
    #[serde(default)]
    pub awaiting: Awaiting,
    /// The most that the account's owner lets any processor be used, in percent; left out without such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_percent: Option<u8>,
    /// The benchmark that is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<BenchmarkProgress>,
    /// What there is to say of the program's own updates; left out where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateState>,
    /// What others told and is not believed, and who could not be asked, when it was tried last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// Seconds since the agent was started.
    pub uptime_seconds: u64,
}

/// Something that somebody told and that is not believed, or that could not be heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Who: a source of the market, or a pool's account.
    pub from: String,
    /// What, in words.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

/// A newer version than the running one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateState {
    /// It was fetched and checked, and waits until nobody is at the PC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<String>,
    /// It was installed, did not come up, and was put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// One entry of `why`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The mode that held.
    pub mode: String,
    /// Why, for the PC as a whole, in words.
    pub reason: String,
    /// The signal that decided: a fixed word.
    pub signal: String,
    /// The same as values, for programs.
    pub because: Reason,
    /// What each processor was given.
    pub processors: Vec<ChangedProcessor>,
}

/// What one processor was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedProcessor {
    /// Its id.
    pub processor: String,
    /// The share of its time that it may use, or is going up to.
    pub percent: u8,
    /// Why, in words.
    pub reason: String,
    /// The signal that decided: a fixed word.
    pub signal: String,
    /// The same as values, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Reason>,
}

impl From<journal::Entry> for Change {
    fn from(entry: journal::Entry) -> Change {
        let processors = entry.processors.iter().map(|(id, given)| ChangedProcessor {
            processor: id.to_string(),
            percent: given.percent,
            reason: given.reason.to_string(),
            signal: given.reason.signal().to_owned(),
            because: Some(given.reason.clone()),
        });
        Change {
            at: entry.at,
            mode: entry.mode.to_string(),
            reason: entry.reason.to_string(),
            signal: entry.reason.signal().to_owned(),
            processors: processors.collect(),
            because: entry.reason,
        }
    }
}

/// What the agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its owner has not said yes: nothing runs.
    WaitingForConsent,
    /// Looking for processors, hub and identity.
    Starting,
    /// Measuring what the processors are worth.
    Benchmarking,
    /// Working, or ready to.
    Running,
}

/// Whom the agent works for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `embedded_hub`, `hub` or `pool`.
    pub kind: String,
    /// Where it is; empty while an embedded hub is not up.
    pub address: String,
    /// The account worked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// This device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What its owner calls it at the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is wrong with it at present, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The Stratum connection of each algorithm in use: `connected`, `connecting` or what went wrong.
    pub connections: BTreeMap<Algorithm, String>,
    /// What came over each of them since the start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<Algorithm, Messages>,
    /// Where each of them is made to, where there are pools for several algorithms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<Algorithm, String>,
}

/// Messages of a Stratum server, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Jobs.
    pub jobs: u64,
    /// Of methods that are not known; ignored.
    pub unknown: u64,
    /// That could not be read, or jobs that could not be worked on.
    pub unreadable: u64,
}

/// Shares by what became of them, since the receipts began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// Acknowledged.
    pub accepted: u64,
    /// Too late.
    pub stale: u64,
    /// Refused.
    pub rejected: u64,
    /// Not answered yet.
    pub pending: u64,
    /// Never arrived.
    pub lost: u64,
    /// Not answered by a pool, which cannot be asked.
    pub unknown: u64,
    /// Of the accepted ones: those that the hub has lost since, and cannot be made to credit again.
    #[serde(default)]
    pub lost_at_hub: u64,
}

/// A running benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkProgress {
    /// The processor's id.
    pub processor: String,
    /// What is measured.
    pub algorithm: Algorithm,
    /// `preparing` or `measuring`.
    pub step: String,
    /// How much of the step is done, 0 to 1.
    pub progress: f64,
    /// Which of all measurements this is, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// One entry of `processors`: what there is, whether it works or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessorListing {
    /// `cpu`, or the graphics card's stable id.
    pub id: String,
    /// `cpu` or `gpu`.
    pub kind: String,
    /// As its maker calls it.
    pub name: String,
    /// Whether it is only emulated on the CPU.
    pub software: bool,
    /// Threads of the CPU; `null` for a graphics card.
    pub threads: Option<usize>,
    /// Bytes of memory that a graphics card has for itself, where the system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// What it can work on.
    pub algorithms: Vec<Algorithm>,
}

/// One entry of `bench`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// The processor's id.
    pub processor: String,
    /// What was measured.
    pub algorithm: Algorithm,
    /// Hashes a second.
    pub rate: f64,
    /// `H/s`.
    pub unit: String,
    /// How long the measurement took.
    pub seconds: f64,
    /// What the engine said about how it runs, such as the kind of its memory pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was measured.
    pub measured_at: Timestamp,
}

/// One entry of `tune`: how a kernel is laid out on a graphics card, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunedKernel {
    /// The graphics card's id.
    pub processor: String,
    /// What its driver calls it.
    pub name: String,
    /// Interface, driver and version: with another one, it is measured anew.
    pub driver: String,
    /// Whose kernel.
    pub algorithm: Algorithm,
    /// Which version of the kernel: with another one, it is measured anew.
    pub kernel_version: u32,
    /// The layout.
    pub tuning: Tuning,
    /// Its hashes a second.
    pub rate: f64,
    /// `H/s`.
    pub unit: String,
    /// Why this one, in words.
    pub why: String,
    /// Every layout that was tried, with its rate or the reason why it was left out.
    pub measured: Vec<MeasuredTuning>,
    /// When it was measured.
    pub measured_at: Timestamp,
}

/// What `tune` asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuneRequest {
    /// Only this graphics card.
    #[serde(default)]
    pub processor: Option<String>,
    /// Only this algorithm.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
}

/// What `processors --retry` asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryRequest {
    /// The processor that gets another chance.
    pub processor: String,
}

/// `earnings`: what the hub has credited.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Earned {
    /// To this device.
    pub this_device: Vec<Money>,
    /// To the account's other devices.
    pub other_devices: Vec<Money>,
    /// For referrals.
    pub referrals: Vec<Money>,
    /// The sum.
    pub total: Vec<Money>,
    /// What of it can be withdrawn.
    #[serde(default)]
    pub wallet: Vec<Money>,
    /// What this device's own receipts say was credited for the shares that it found since midnight.
    #[serde(default)]
    pub today: Vec<Money>,
    /// Not in any of these yet: verified shares of this device, credited within a minute.
    #[serde(default)]
    pub awaiting: Awaiting,
    /// When the hub said so; `null`: never yet.
    pub as_of: Option<Timestamp>,
    /// What the pools say, where some are worked for and asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolEarned>,
    /// What this device may bring, and what became of earlier estimates; not where nobody says what its work is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
    /// Why the figures may be old, or are none, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `receipts check`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptsCheck {
    /// Whether agent and hub say the same, share for share.
    pub agree: bool,
    /// Shares that both have, with the same credit.
    pub compared: u64,
    /// What the hub has credited for those.
    pub credited: Vec<Money>,
    /// How many shares differ.
    pub difference_count: u64,
    /// Those that differ, up to a thousand of each kind.
    pub differences: Vec<Difference>,
    /// Shares without an answer yet: no difference.
    pub pending: u64,
    /// Shares credited before the receipts were begun: no difference.
    pub before_the_receipts: u64,
    /// The hub's daily closings; left out where the hub is of a version without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closings: Option<ClosingsReport>,
}

/// One share about which agent and hub differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The share.
    pub digest: String,
    /// `only_here`, `lost_at_hub`, `only_at_hub` or `different_credit`.
    pub kind: String,
    /// The credit that its receipt names.
    pub here: Option<Money>,
    /// What the hub has credited.
    pub at_hub: Option<Money>,
}

/// What `mode` asks for. At most one of the last four; with none of them it is for good.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeRequest {
    /// `smart`, a whole number from 5 to 100, or `pause`; or `resume`: what a pause by hand has interrupted.
    pub mode: String,
    /// For how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Until somebody uses the PC again.
    #[serde(default)]
    pub until_input: bool,
    /// Until nobody uses the PC any more.
    #[serde(default)]
    pub until_away: bool,
}

/// What `mode` answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeAnswer {
    /// What holds now.
    pub mode: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Whether it ends when somebody uses the PC again.
    pub until_input: bool,
    /// Whether it ends when nobody uses the PC any more.
    #[serde(default)]
    pub until_away: bool,
    /// What comes then.
    pub then: Option<String>,
}

/// What `open` answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardLink {
    /// An address that opens the dashboard.
    pub url: String,
}

/// What `bench` asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchRequest {
    /// Only this processor.
    #[serde(default)]
    pub processor: Option<String>,
    /// Only this algorithm.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
    /// How long each measurement takes; 1 to 600.
    #[serde(default)]
    pub seconds: Option<u64>,
}

/// What `consent` asks for and answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentState {
    /// Whether the owner says yes.
    pub consent: bool,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// A fixed word: `bad_request`, `unauthorized`, `forbidden`, `not_found`, `conflict`, `too_large`, `failed`.
    pub error: String,
    /// A sentence for people.
    pub message: String,
}
