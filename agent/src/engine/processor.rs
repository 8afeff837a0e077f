//! The processors of this device: its CPU, and its GPUs as a child process sees them.

use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use idlewatt_platform::system;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// How long a driver may take to list its GPUs.
const LISTING_PATIENCE: Duration = Duration::from_secs(30);

/// The name of a processor in settings, JSON and receipts: `cpu`, or a GPU's stable id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessorId(pub String);

impl ProcessorId {
    /// The CPU's.
    pub fn cpu() -> ProcessorId {
        ProcessorId("cpu".to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProcessorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// CPU or GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessorKind {
    /// All threads of the CPU together.
    Cpu,
    /// One graphics adapter.
    Gpu,
}

/// Something that can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processor {
    /// Its name for machines.
    pub id: ProcessorId,
    /// CPU or GPU.
    pub kind: ProcessorKind,
    /// Its name for people.
    pub name: String,
    /// A GPU's address on the PCI bus, such as `0000:01:00.0`, in lower case, where it is known.
    pub bus: Option<String>,
    /// Whether it is a GPU only in name, computed by the CPU (llvmpipe, WARP).
    pub software: bool,
    /// Bytes of memory that a GPU has for itself, where the system says.
    #[serde(default)]
    pub memory: Option<u64>,
    /// How many threads work at once; 1 for a GPU.
    pub threads: usize,
    /// By what it is reached: driver and interface of a GPU, empty for a CPU.
    pub driver: String,
}

impl Processor {
    /// This device's CPU.
    pub fn cpu() -> Processor {
        Processor {
            id: ProcessorId::cpu(),
            kind: ProcessorKind::Cpu,
            name: system::processor_name(),
            bus: None,
            software: false,
            memory: None,
            threads: system::thread_count(),
            driver: String::new(),
        }
    }
}

/// This device's processors. GPUs are listed by a child process, as a driver may crash or keep memory; if that
/// fails, there is the CPU alone, and a line in the log.
pub async fn processors(exe: &Path, allow_software_gpu: bool) -> Vec<Processor> {
    let mut found = vec![Processor::cpu()];
    match graphics(exe, allow_software_gpu).await {
        Ok(gpus) => found.extend(gpus),
        Err(error) => tracing::warn!(
            error = format!("{error:#}"),
            "no GPU can be used, as listing them failed"
        ),
    }
    found
}

/// This device's GPUs, as a child process sees them.
///
/// # Errors
/// If the child cannot be started, crashes or takes too long: the drivers are at work in it.
pub async fn graphics(exe: &Path, allow_software_gpu: bool) -> anyhow::Result<Vec<Processor>> {
    let mut command = Command::new(exe);
    command.args(["engine", "--list-gpus"]);
    if allow_software_gpu {
        command.arg("--allow-software-gpu");
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LISTING_PATIENCE, command.output()).await??;
    if !output.status.success() {
        let last = String::from_utf8_lossy(&output.stderr);
        anyhow::bail!(
            "{}: {}",
            output.status,
            last.trim().lines().last().unwrap_or("no message")
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
