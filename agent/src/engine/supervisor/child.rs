//! One running engine: its process and the pipes to it.

use std::collections::VecDeque;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_kernels::gpu::Tuning;
use idlewatt_platform::process::ChildGroup;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::EngineSettings;
use super::lines::Lines;
use crate::engine::Processor;
use crate::engine::child::Fault;
use crate::engine::message::{self, Event, FaultKind, LINE_LIMIT, MeasuredTuning, to_line};

/// A pipe that stays full for so long leads to a process that hangs.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long an engine may take to end when told to; then it is killed.
const STOP_PATIENCE: Duration = Duration::from_millis(400);
/// Longer lines on its standard error are cut into several.
const ERROR_LINE_LIMIT: usize = 1_000;

/// How an engine's kernel is laid out.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// As suits most cards.
    Usual,
    /// As measured before.
    Given(Tuning),
    /// As it finds best itself, without trying these.
    Measured { left_out: Vec<MeasuredTuning> },
}

impl Layout {
    /// As measured, if it was.
    pub fn of(tuning: Option<Tuning>) -> Layout {
        tuning.map_or(Layout::Usual, Layout::Given)
    }

    fn arguments(&self) -> io::Result<Vec<String>> {
        match self {
            Layout::Usual => Ok(Vec::new()),
            Layout::Given(tuning) => Ok(vec!["--tuning".into(), serde_json::to_string(tuning)?]),
            Layout::Measured { left_out } => {
                let mut arguments = vec!["--tune".to_owned()];
                for one in left_out {
                    arguments.extend(["--leave-out".into(), serde_json::to_string(one)?]);
                }
                Ok(arguments)
            }
        }
    }
}

/// A running engine. Dropped, it is killed.
pub struct EngineChild {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    lines: Lines,
    said: Arc<Mutex<VecDeque<String>>>,
}

impl EngineChild {
    /// Starts the engine of a processor.
    pub fn start(
        settings: &EngineSettings,
        processor: &Processor,
        algorithm: Algorithm,
        layout: &Layout,
        group: &ChildGroup,
    ) -> Result<EngineChild, Fault> {
        let spawned = Self::spawn(settings, processor, algorithm, layout, group);
        spawned.map_err(|error| {
            let program = settings.exe.display();
            Fault::new(
                FaultKind::System,
                format!("{program} cannot be started: {error}"),
            )
        })
    }

    fn spawn(
        settings: &EngineSettings,
        processor: &Processor,
        algorithm: Algorithm,
        layout: &Layout,
        group: &ChildGroup,
    ) -> io::Result<EngineChild> {
        let mut command = Command::new(&settings.exe);
        command.args([
            "engine",
            "--processor",
            processor.id.as_str(),
            "--algorithm",
            algorithm.name(),
        ]);
        command.args([
            "--memory",
            settings.memory.name(),
            "--parent",
            &std::process::id().to_string(),
        ]);
        if let Some(threads) = settings.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        if settings.efficient {
            command.arg("--efficient");
        }
        if settings.allow_software_gpu {
            command.arg("--allow-software-gpu");
        }
        command.args(layout.arguments()?);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        apart(&mut command);
        let mut child = command.spawn()?;
        join(group, &child)?;
        let missing = || io::Error::other("a pipe is missing");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let said = Arc::new(Mutex::new(VecDeque::new()));
        tokio::spawn(log_errors(
            errors,
            processor.id.to_string(),
            Arc::clone(&said),
        ));
        Ok(EngineChild {
            child,
            input,
            output: BufReader::new(output),
            lines: Lines::default(),
            said,
        })
    }

    /// The process id.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a command.
    pub async fn send(&mut self, command: &message::Command) -> io::Result<()> {
        let line = to_line(command)?;
        match timeout(WRITE_PATIENCE, self.input.write_all(&line)).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::other("the engine does not read its commands")),
        }
    }

    /// The next event, or why there is none. Cancel safe.
    pub async fn event(&mut self) -> Result<Event, Fault> {
        let reason = match self.lines.next(&mut self.output, LINE_LIMIT).await {
            Ok(Some(line)) => match message::parse(&line) {
                Ok(event) => return Ok(event),
                Err(error) => format!("the engine wrote {error}"),
            },
            Ok(None) => self.why_ended().await,
            Err(error) => format!("the engine cannot be read: {error}"),
        };
        Err(Fault::new(FaultKind::System, reason))
    }

    /// Tells it to end, waits a moment, and kills it if need be. It is gone afterwards.
    pub async fn stop(mut self) {
        // It may be gone or hang: both are dealt with below.
        if let Ok(line) = to_line(&message::Command::Stop) {
            let _ = timeout(STOP_PATIENCE, self.input.write_all(&line)).await;
        }
        drop(self.input);
        if timeout(STOP_PATIENCE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    /// Kills it and waits until it is gone.
    pub async fn kill(mut self) {
        let _ = self.child.kill().await;
    }

    async fn why_ended(&mut self) -> String {
        let status = match timeout(STOP_PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) => describe(status),
            _ => "closed its output".to_owned(),
        };
        // What it said last arrives on another pipe, perhaps a little later.
        let last = timeout(Duration::from_millis(100), async {
            loop {
                let said = self
                    .said
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .back()
                    .cloned();
                match said {
                    Some(said) => return said,
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        match last.await {
            Ok(last) => format!("the engine {status}: {last}"),
            Err(_) => format!("the engine {status}"),
        }
    }
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    match status.code() {
        Some(code) => format!("ended with code {code}"),
        None => "ended".to_owned(),
    }
}

/// Ctrl-C in a terminal is for the program in front, which then ends its engines in order.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    }
}

#[cfg(windows)]
fn join(group: &ChildGroup, child: &Child) -> io::Result<()> {
    child
        .raw_handle()
        .map_or(Ok(()), |handle| group.add(handle))
}

/// The child ties itself.
#[cfg(not(windows))]
fn join(_group: &ChildGroup, _child: &Child) -> io::Result<()> {
    Ok(())
}

/// Hands the engine's own messages to the log and keeps the last few.
async fn log_errors(errors: ChildStderr, processor: String, said: Arc<Mutex<VecDeque<String>>>) {
    let (mut reader, mut lines) = (BufReader::new(errors), Lines::default());
    while let Ok(Some(line)) = lines.next(&mut reader, ERROR_LINE_LIMIT).await {
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if line.is_empty() {
            continue;
        }
        tracing::debug!(processor, line, "engine says");
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= 8 {
            said.pop_front();
        }
        said.push_back(line);
    }
}
