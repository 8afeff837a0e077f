//! How values on the command line are read, and refused in the reader's language.

use std::time::Duration;

use idlewatt_config::parse_duration;
use jiff::{Timestamp, Zoned};

use super::{moment, words};
use crate::governor::{Mode, UnknownMode};

/// A mode.
pub fn mode(text: &str) -> Result<Mode, String> {
    text.parse()
        .map_err(|error: UnknownMode| words().say_with("cli-bad-mode", &[("mode", error.0.into())]))
}

/// A time of a second at least.
pub fn time(text: &str) -> Result<Duration, String> {
    let refuse = |text: String| words().say_with("cli-bad-duration", &[("text", text.into())]);
    let time = parse_duration(text).map_err(|error| refuse(error.0))?;
    if time.is_zero() {
        return Err(refuse(text.to_owned()));
    }
    Ok(time)
}

/// A moment, by the clock on the wall.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    moment::parse(text, &Zoned::now())
        .map_err(|error| words().say_with("cli-bad-moment", &[("text", error.0.into())]))
}
