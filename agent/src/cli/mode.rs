//! `idlewatt mode MODE [--for 2h]`

use std::time::Duration;

use idlewatt_config::{DurationError, parse_duration, write_duration};

use super::{Common, Failure, output};
use crate::control::answers::ModeRequest;
use crate::governor::Mode;

#[derive(Debug, clap::Args)]
pub struct ModeArguments {
    /// smart, 50, 90, 100 or pause
    mode: Mode,
    /// Only for this long, such as 2h; then the mode chosen before holds again
    #[arg(long = "for", value_name = "DURATION", value_parser = at_least_a_second)]
    limit: Option<Duration>,
}

fn at_least_a_second(text: &str) -> Result<Duration, DurationError> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        return Err(DurationError(text.to_owned()));
    }
    Ok(duration)
}

pub async fn run(common: &Common, arguments: ModeArguments) -> Result<(), Failure> {
    let asked = ModeRequest {
        mode: arguments.mode.to_string(),
        for_seconds: arguments.limit.map(|limit| limit.as_secs()),
    };
    let answer = common.client()?.set_mode(&asked).await?;
    output::either(common.json, &answer, || {
        match (arguments.limit, &answer.then) {
            (Some(limit), Some(then)) => format!(
                "mode {} for {}, then {then}",
                answer.mode,
                write_duration(limit)
            ),
            _ => format!("mode {}", answer.mode),
        }
    })
}
