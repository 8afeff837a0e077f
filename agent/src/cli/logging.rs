//! Where the log goes: standard error for a service, a file while the terminal shows something else.

use std::fs::File;
use std::io::IsTerminal;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Failure;
use crate::data_dir::DataDir;

/// What is logged where `IDLEWATT_LOG` does not say.
const DEFAULT: &str = "info";

fn filter() -> Result<EnvFilter, Failure> {
    match std::env::var("IDLEWATT_LOG") {
        Ok(asked) => EnvFilter::try_new(&asked).map_err(|error| {
            Failure::usage(format!(
                "IDLEWATT_LOG = \"{asked}\": {error}; allowed: error, warn, info, debug, trace, or module=level"
            ))
        }),
        Err(_) => Ok(EnvFilter::new(DEFAULT)),
    }
}

/// To standard error.
pub fn to_stderr() -> Result<(), Failure> {
    let log = fmt()
        .with_env_filter(filter()?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails only where a log is set up already.
    let _ = log.try_init();
    Ok(())
}

/// To `agent.log` in the data directory, anew; that of the last run stays beside it as `agent-before.log`.
pub fn to_file(data: &DataDir) -> Result<(), Failure> {
    let path = data.file("agent.log");
    // Another program may look at it: then it is written over.
    let _ = std::fs::rename(&path, data.file("agent-before.log"));
    let file = File::create(path)?;
    let log = fmt()
        .with_env_filter(filter()?)
        .with_ansi(false)
        .with_writer(Mutex::new(file));
    let _ = log.try_init();
    Ok(())
}
