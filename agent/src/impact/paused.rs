//! What the whole agent costs while it does nothing: a real one, with its hub, paused by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use idlewatt_platform::usage::{self, Usage};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::ImpactError;
use super::report::Paused;
use crate::benchmarks::Benchmarks;
use crate::consent::{self, Consent};
use crate::control::answers::Phase;
use crate::control::client::ControlClient;
use crate::data_dir::DataDir;

/// How often everything is counted: a thread that ends takes its count along.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// How long an agent may take to end when asked to.
const END_LIMIT: Duration = Duration::from_secs(3);

/// How the agent is started.
pub struct Start<'a> {
    /// The agent's program.
    pub program: &'a Path,
    /// The owner's yes, which holds for this too.
    pub consent: &'a Consent,
    /// What was measured on this PC: without that an agent that is paused has not begun yet.
    pub benchmarks: &'a Benchmarks,
    /// The settings that were measured under, as a file.
    pub settings: &'a str,
    /// How long it may take until it is ready to work.
    pub ready_within: Duration,
    /// How long it is left alone then.
    pub settle: Duration,
    /// How long it is measured.
    pub time: Duration,
}

/// Starts an agent of its own in a directory of its own, measures, and ends it.
pub async fn measure(start: &Start<'_>) -> Result<Paused, ImpactError> {
    let directory = tempfile::tempdir()?;
    let data = DataDir::locate(Some(directory.path().join("data")))?;
    data.create()?;
    consent::accept(&data, start.consent.accepted_at)?;
    start.benchmarks.save(&data)?;
    std::fs::write(data.file("config.toml"), start.settings)?;
    let mut agent = spawn(start.program, &data)?;
    let measured = of_agent(start, &mut agent, &data).await;
    end(agent, &data).await;
    measured
}

fn spawn(program: &Path, data: &DataDir) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command
        .args(["daemon", "--mode", "pause", "--data-dir"])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    // Ctrl-C in a terminal is for this program, which then ends its agent.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

async fn of_agent(
    start: &Start<'_>,
    agent: &mut Child,
    data: &DataDir,
) -> Result<Paused, ImpactError> {
    let root = agent
        .id()
        .ok_or(ImpactError::Agent("it ended at once".to_owned()))?;
    // Where it never gets ready, as its hub does not start, its cost is that of trying.
    let _ = timeout(start.ready_within, ready(data)).await;
    sleep(start.settle).await;
    let measured = count(root, start.time).await;
    match agent.try_wait()? {
        None => measured,
        Some(status) => Err(ImpactError::Agent(format!("it ended meanwhile ({status})"))),
    }
}

/// Waits until it could work, were it not paused, and has its connections.
async fn ready(data: &DataDir) {
    loop {
        sleep(Duration::from_millis(200)).await;
        let Ok(client) = ControlClient::find(data) else {
            continue;
        };
        let Ok(status) = client.status().await else {
            continue;
        };
        let connections = &status.source.connections;
        let connected = connections.values().all(|state| state == "connected");
        if status.phase == Phase::Running && !connections.is_empty() && connected {
            return;
        }
    }
}

/// What the process and all below it use in `time`.
async fn count(root: u32, time: Duration) -> Result<Paused, ImpactError> {
    let begun = Instant::now();
    let mut last = usages(root);
    let (mut cpu, mut wakeups) = (Duration::ZERO, Some(0));
    while begun.elapsed() < time {
        sleep(COUNT_EVERY.min(time.saturating_sub(begun.elapsed()))).await;
        let now = usages(root);
        for (id, usage) in &now {
            // A process is counted from when it is first seen.
            let before = last.get(id).unwrap_or(usage);
            cpu += usage.cpu.saturating_sub(before.cpu);
            let more = usage.wakeups.zip(before.wakeups);
            wakeups = wakeups
                .zip(more)
                .map(|(all, (now, before))| all + now.saturating_sub(before));
        }
        last = now;
    }
    if last.is_empty() {
        return Err(ImpactError::Uncounted);
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Paused {
        wakeups_per_second: wakeups.map(|wakeups| wakeups as f64 / seconds),
        cpu_percent: 100.0 * cpu.as_secs_f64() / seconds,
        memory_mb: last.values().map(|usage| usage.memory).sum::<u64>() as f64 / 1e6,
        processes: last.len(),
        seconds,
    })
}

fn usages(root: u32) -> BTreeMap<u32, Usage> {
    let all = usage::tree(root).into_iter();
    all.filter_map(|id| Some((id, usage::of_process(id)?)))
        .collect()
}

/// Asks it to end; what is left of it after a while is killed.
async fn end(mut agent: Child, data: &DataDir) {
    if let Ok(client) = ControlClient::find(data) {
        let _ = client.stop().await;
    }
    if timeout(END_LIMIT, agent.wait()).await.is_err() {
        let _ = agent.kill().await;
    }
}
