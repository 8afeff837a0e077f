//! Days from beginning to end.

mod format;
mod replay;
mod shipped;
mod stepping;

use std::io::Cursor;

use super::{Report, Tally, TraceError, TraceReader, drive};
use crate::chosen_mode;
use crate::governor::{Mode, Policy};

/// A trace that is a text.
fn trace(text: &str) -> Result<TraceReader<Cursor<Vec<u8>>>, TraceError> {
    TraceReader::new(Cursor::new(text.into()), "day.trace".to_owned())
}

/// A written day with one GPU and these lines.
fn written(length: &str, lines: &str) -> String {
    format!(
        "{{\"trace\":1,\"name\":\"day\",\"begins\":\"2026-03-02T07:00:00\",\"time_zone\":\"UTC\",\
         \"length\":\"{length}\",\"gpus\":1,\"source\":\"written\"}}\n{lines}"
    )
}

/// What comes of a day.
fn simulate(text: &str, mode: Mode, policy: &Policy) -> Result<Report, TraceError> {
    let mut trace = trace(text)?;
    let mut tally = Tally::new(policy, true);
    drive(&mut trace, chosen_mode::first(mode), policy, |span| {
        tally.add(span);
    })?;
    Ok(tally.finish())
}
