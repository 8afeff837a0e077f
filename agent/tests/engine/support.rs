//! What the engine tests share.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use idlewatt::engine::child::MemoryChoice;
use idlewatt::engine::{
    Allowance, BenchOrder, EngineSettings, Engines, Found, Pace, Processor, ProcessorState, message,
};
use idlewatt_kernels::{
    Algorithm, Job, JobInput, NonceSpace, RandomXJob, Sha256dJob, Solution, Target,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub const EXE: &str = env!("CARGO_BIN_EXE_idlewatt");
/// Engines have the lowest priority: where others compute as well, they get little.
const PATIENCE: Duration = Duration::from_secs(300);

/// One CPU, light memory, and quick restarts.
pub fn settings() -> EngineSettings {
    EngineSettings {
        memory: MemoryChoice::Light,
        backoff_first: Duration::from_millis(20),
        ..EngineSettings::new(EXE.into(), vec![Processor::cpu()])
    }
}

pub fn percent(percent: u8) -> Allowance {
    Allowance {
        percent,
        dispatch_budget: Duration::from_millis(50),
    }
}

/// The engines, and all they find: a test that waits for something else first holds them up as little as a daemon does.
pub fn start_engines(
    settings: EngineSettings,
) -> std::io::Result<(Engines, UnboundedReceiver<Found>)> {
    let (engines, mut found) = Engines::start(settings)?;
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(found) = found.recv().await {
            // The test may read them or not.
            let _ = sender.send(found);
        }
    });
    Ok((engines, receiver))
}

/// The software GPU.
pub async fn gpu() -> Processor {
    let processors = idlewatt::engine::processors(EXE.as_ref(), true).await;
    let gpu = processors.into_iter().find(|processor| processor.software);
    gpu.expect("Mesa's software driver is installed")
}

/// A program whose engines see the software GPU twice: its driver's description is there under two names.
pub fn software_gpu_twice() -> Script {
    let folder = fs::read_dir("/usr/share/vulkan/icd.d").expect("drivers are installed");
    let driver = folder
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("lvp_icd"))
        .expect("Mesa's software driver is installed");
    let script = Script::new("");
    let names = ["first.json", "second.json"].map(|name| script.path().with_file_name(name));
    for name in &names {
        fs::copy(&driver, name).unwrap();
    }
    let [first, second] = names.map(|name| name.display().to_string());
    script.write(&format!(
        "export VK_ICD_FILENAMES={first}:{second} VK_DRIVER_FILES={first}:{second}\nexec {EXE} \"$@\""
    ));
    script
}

/// A second at full speed.
pub fn order(algorithm: Algorithm) -> BenchOrder {
    BenchOrder {
        algorithm,
        duration: Duration::from_secs(1),
        pace: Pace::Full,
        tune: false,
    }
}

pub fn sha256d_job(id: &str, work: u128) -> Job {
    Job {
        id: id.to_owned(),
        target: Target::from_work(work).unwrap(),
        input: JobInput::Sha256d(Sha256dJob {
            version: 0x2000_0000,
            version_mask: 0,
            previous_hash: [7; 32],
            coinbase_prefix: id.as_bytes().to_vec(),
            coinbase_suffix: vec![2; 50],
            extranonce2_size: 4,
            merkle_branches: Vec::new(),
            time: 1_700_000_000,
            bits: 0x1d00_ffff,
        }),
    }
}

pub fn randomx_job(id: &str, work: u128, seed: u8) -> Job {
    Job {
        id: id.to_owned(),
        target: Target::from_work(work).unwrap(),
        input: JobInput::RandomX(RandomXJob {
            blob: vec![5; 76],
            nonce_offset: 39,
            fixed_top_byte: None,
            seed_hash: [seed; 32],
            height: 1,
        }),
    }
}

/// The next solution of a job; those of jobs before it may still come in.
pub async fn next_of(found: &mut UnboundedReceiver<Found>, job: &str) -> Solution {
    let search = async {
        loop {
            let found = found.recv().await.unwrap();
            if found.solution.job_id == job {
                return found.solution;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search)
        .await
        .unwrap_or_else(|_| panic!("no solution of {job}"))
}

/// The first processor's state, once it is as wanted.
pub async fn until(
    engines: &Engines,
    what: &str,
    wanted: impl Fn(&ProcessorState) -> bool,
) -> ProcessorState {
    let mut states = engines.subscribe();
    let waited = tokio::time::timeout(PATIENCE, states.wait_for(|states| wanted(&states[0]))).await;
    let Ok(states) = waited else {
        panic!("waited too long until {what}: {:?}", engines.states());
    };
    states.unwrap()[0].clone()
}

pub fn until_now(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is there, and not only its remains.
pub fn is_alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| {
        stat.rsplit_once(')')
            .is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    })
}

pub fn kill(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Time used and context switches of all threads of a process; `None` once it is gone.
pub fn cpu_ticks_and_switches(process: u32) -> Option<Vec<String>> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let used = threads.map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    used.collect()
}

/// A program that is not an engine.
pub struct Script(tempfile::TempDir);

impl Script {
    pub fn new(text: &str) -> Script {
        let folder = tempfile::tempdir().unwrap();
        let script = Script(folder);
        script.write(text);
        script
    }

    pub fn write(&self, text: &str) {
        fs::write(self.path(), format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("engine")
    }
}

/// An engine without a supervisor.
pub struct Direct {
    child: Child,
    pub input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Direct {
    pub fn start(arguments: &[&str]) -> Direct {
        let mut child = Command::new(EXE)
            .args(["engine", "--processor", "cpu"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Direct {
            child,
            input,
            output,
        }
    }

    pub fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn send_job(&mut self, job: &Job) {
        let command = message::Command::Job {
            job: job.clone(),
            space: NonceSpace::WHOLE,
        };
        self.send(serde_json::to_string(&command).unwrap().as_str());
    }

    /// The next event of that name.
    pub fn until_line(&mut self, event: &str) -> String {
        let wanted = format!("\"event\":\"{event}\"");
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "ended before any {event}"
            );
            if line.contains(&wanted) {
                return line;
            }
        }
    }

    /// The exit code.
    pub fn end(mut self) -> Option<i32> {
        let mut status = None;
        until_now("the engine ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An engine whose parent is a shell, and whose input is ours.
pub fn engine_below_a_shell() -> (Child, u32) {
    let script = format!(
        "exec 3<&0; {EXE} engine --processor cpu --algorithm sha256d --parent $$ <&3 & echo $!; wait"
    );
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(shell.stdout.take().unwrap());
    let (mut process, mut ready) = (String::new(), String::new());
    output.read_line(&mut process).unwrap();
    output.read_line(&mut ready).unwrap();
    assert!(ready.contains("ready"), "{ready}");
    (shell, process.trim().parse().unwrap())
}
