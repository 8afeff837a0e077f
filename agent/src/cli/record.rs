//! `idlewatt record FILE`: this PC's own signals as a trace.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use idlewatt_config::write_duration;
use idlewatt_platform::signals::{Reading, Sensors, Wanted};
use idlewatt_platform::usage;
use jiff::Zoned;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::daemon::end_when_asked;
use super::simulate;
use super::{Common, Failure, output, values};
use crate::control::point::ControlPoint;
use crate::governor::Pattern;
use crate::simulation::{At, Change, Header, LARGEST_FILE, LONGEST, Recorder};

/// How often the signals are read.
const EVERY: Duration = Duration::from_secs(1);

/// A line is written at least this often, so that a recording which is cut off still says how long it was.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Without a reading for so long, the PC slept.
const SLEPT: Duration = Duration::from_secs(10);

/// How often the agent is asked for its engines, whose work is not what others use.
const ENGINES_EVERY: Duration = Duration::from_secs(10);

/// Room for what is written last.
const ROOM: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub struct RecordArguments {
    /// The file to write; it must not exist yet
    file: PathBuf,
    /// For how long, such as 8h [default: until Ctrl-C]
    #[arg(long = "for", value_name = "DURATION", value_parser = values::time)]
    limit: Option<Duration>,
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Serialize)]
struct Recorded {
    file: String,
    seconds: u64,
    lines: u64,
}

pub async fn run(common: &Common, arguments: RecordArguments) -> Result<(), Failure> {
    let (_, policy) = simulate::settings(common, arguments.config)?;
    let pause_for = policy.pause_for;
    let path = arguments.file;
    let mut lines = Lines::create(&path)?;
    tell(&path, arguments.limit, &pause_for)?;
    let asked = CancellationToken::new();
    end_when_asked(asked.clone())?;
    let limit = arguments.limit.unwrap_or(LONGEST).min(LONGEST);
    let mut source = Source::new(common, pause_for);
    let recording = record(&mut source, &mut lines, limit, &asked);
    let length = recording.await?;
    if lines.count == 0 {
        std::fs::remove_file(&path)?;
        return Err(Failure::failed(
            "ended before it began; nothing is recorded",
        ));
    }
    let recorded = Recorded {
        file: path.display().to_string(),
        seconds: length.as_secs(),
        lines: lines.count,
    };
    output::either(common.json, &recorded, || {
        let length = write_duration(length);
        format!(
            "recorded {length}; to see what would have happened: idlewatt simulate {}",
            recorded.file
        )
    })
}

/// What is written where, said before it begins.
fn tell(path: &Path, limit: Option<Duration>, pause_for: &[Pattern]) -> Result<(), Failure> {
    let until = match limit {
        Some(limit) => format!("for {}; Ctrl-C ends it earlier", write_duration(limit)),
        None => "until Ctrl-C".to_owned(),
    };
    let programs = match pause_for.is_empty() {
        true => String::new(),
        false => ", and when the programs run that the settings pause for".to_owned(),
    };
    let path = path.display();
    writeln!(
        io::stderr(),
        "recording to {path} {until}\n\
         The file stays on this PC: nothing sends it anywhere. In it: when there was input, never what it was; the\n\
         session's state, power, loads and temperatures; and the names of applications that use the whole screen or\n\
         keep the display on{programs}. Look into it before you give it to anybody."
    )?;
    Ok(())
}

/// Records until asked to end. Returns for how long.
async fn record(
    source: &mut Source,
    lines: &mut Lines,
    limit: Duration,
    asked: &CancellationToken,
) -> Result<Duration, Failure> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A load takes two looks, and so this one is thrown away.
    ticks.tick().await;
    if asked.run_until_cancelled(source.read()).await.is_none() {
        return Ok(Duration::ZERO);
    }
    let mut begun: Option<(Clock, Recorder)> = None;
    let mut written = Duration::ZERO;
    loop {
        let tick = async {
            ticks.tick().await;
            source.read().await
        };
        let Some(reading) = asked.run_until_cancelled(tick).await else {
            break;
        };
        let (clock, recorder) =
            begun.get_or_insert_with(|| (Clock::new(), Recorder::new(reading.gpus.len())));
        if lines.count == 0 {
            lines.write(&Header::of_recording(&Zoned::now(), reading.gpus.len()))?;
        }
        let before = clock.passed;
        let step = clock.step();
        let at = clock.passed.min(limit);
        if step >= SLEPT {
            let from = (before + EVERY).min(at);
            for line in recorder.slept(from, at) {
                lines.write(&line)?;
            }
        }
        if let Some(line) = recorder.line(at, &reading) {
            lines.write(&line)?;
            written = at;
        } else if at >= written + LINE_EVERY {
            lines.write(&still_there(at))?;
            written = at;
        }
        if at >= limit || lines.bytes > LARGEST_FILE - ROOM {
            break;
        }
    }
    let length = begun.map_or(Duration::ZERO, |(mut clock, _)| {
        clock.step();
        clock.passed.min(limit)
    });
    if lines.count > 0 {
        lines.write(&still_there(length))?;
    }
    Ok(length)
}

/// A line that says only that the recording went on.
fn still_there(at: Duration) -> Change {
    Change {
        at: At::from(at),
        ..Change::default()
    }
}

/// How much time has passed, sleep included, and never backwards.
struct Clock {
    passed: Duration,
    steady: Instant,
    wall: SystemTime,
}

impl Clock {
    fn new() -> Clock {
        Clock {
            passed: Duration::ZERO,
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Goes on to now. The steady clock may stand still while the PC sleeps; the one on the wall may be set back.
    fn step(&mut self) -> Duration {
        let (steady, wall) = (Instant::now(), SystemTime::now());
        let by_wall = wall.duration_since(self.wall).unwrap_or_default();
        let by_steady = steady.duration_since(self.steady);
        // A difference of less than a nap is the clock on the wall being put right.
        let step = match by_wall >= by_steady + SLEPT {
            true => by_wall,
            false => by_steady,
        };
        (self.steady, self.wall) = (steady, wall);
        self.passed += step;
        step
    }
}

/// Where readings come from.
struct Source {
    sensors: Sensors,
    pause_for: Vec<Pattern>,
    data: Option<crate::data_dir::DataDir>,
    own: Vec<u32>,
    asked_at: Option<Instant>,
}

impl Source {
    fn new(common: &Common, pause_for: Vec<Pattern>) -> Source {
        Source {
            sensors: Sensors::system(),
            pause_for,
            data: common.data().ok(),
            own: Vec::new(),
            asked_at: None,
        }
    }

    async fn read(&mut self) -> Reading {
        let due = |asked: Instant| asked.elapsed() >= ENGINES_EVERY;
        if self.asked_at.is_none_or(due) {
            self.own = self.own_processes();
            self.asked_at = Some(Instant::now());
        }
        let program = |name: &str| self.pause_for.iter().any(|pattern| pattern.matches(name));
        let wanted = Wanted {
            own_processes: &self.own,
            program: (!self.pause_for.is_empty()).then_some(&program),
        };
        self.sensors.read(&wanted).await
    }

    /// This process, and the running agent with its engines.
    fn own_processes(&self) -> Vec<u32> {
        let point = self.data.as_ref().map(ControlPoint::find);
        let agent = point.and_then(|found| found.ok().flatten());
        let processes = agent.map(|agent| usage::tree(agent.process));
        let mut own = processes.unwrap_or_default();
        own.push(std::process::id());
        own
    }
}

/// The file, of which each line is written at once.
struct Lines {
    file: File,
    path: String,
    count: u64,
    bytes: u64,
}

impl Lines {
    fn create(path: &Path) -> Result<Lines, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It tells of its owner's day.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let shown = path.display().to_string();
        match options.open(path) {
            Ok(file) => Ok(Lines {
                file,
                path: shown,
                count: 0,
                bytes: 0,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::usage(
                format!("{shown} exists already and is not overwritten; allowed: a new file"),
            )),
            Err(error) => Err(Failure::failed(format!("{shown}: {error}"))),
        }
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(line).map_err(Failure::failed)?;
        text.push(b'\n');
        let written = self.file.write_all(&text);
        written.map_err(|error| Failure::failed(format!("{}: {error}", self.path)))?;
        self.count += 1;
        self.bytes += text.len() as u64;
        Ok(())
    }
}
