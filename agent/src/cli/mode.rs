//! `idlewatt mode MODE`, `idlewatt pause` and `idlewatt resume`.

use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::{Common, Failure, output, words};
use super::{moment, values};
use crate::control::answers::{ModeAnswer, ModeRequest};
use crate::governor::Mode;

#[derive(Debug, clap::Args)]
pub struct ModeArguments {
    /// smart (as much as goes unnoticed), 5 to 100 (percent of each processor's time) or pause
    #[arg(value_parser = values::mode)]
    mode: Mode,
    #[command(flatten)]
    end: End,
}

#[derive(Debug, clap::Args)]
pub struct PauseArguments {
    #[command(flatten)]
    end: End,
}

/// What ends it; then the mode that was chosen for good holds again.
#[derive(Debug, Default, clap::Args)]
#[group(multiple = false)]
struct End {
    /// Only for this long, such as 3h or 1h30m
    #[arg(long = "for", value_name = "DURATION", value_parser = values::time)]
    duration: Option<Duration>,
    /// Only until then: 18:00 (today or tomorrow) or 2026-11-23T08:00
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    until: Option<Timestamp>,
    /// Only until somebody uses this PC again
    #[arg(long)]
    until_input: bool,
    /// Only until nobody is using this PC any more
    #[arg(long)]
    until_away: bool,
}

pub async fn run(common: &Common, arguments: ModeArguments) -> Result<(), Failure> {
    choose(common, arguments.mode.to_string(), arguments.end).await
}

pub async fn pause(common: &Common, arguments: PauseArguments) -> Result<(), Failure> {
    choose(common, Mode::Pause.to_string(), arguments.end).await
}

pub async fn resume(common: &Common) -> Result<(), Failure> {
    choose(common, "resume".to_owned(), End::default()).await
}

async fn choose(common: &Common, mode: String, end: End) -> Result<(), Failure> {
    let asked = ModeRequest {
        mode,
        for_seconds: end.duration.map(|duration| duration.as_secs()),
        until: end.until,
        until_input: end.until_input,
        until_away: end.until_away,
    };
    let answer = common.client()?.set_mode(&asked).await?;
    output::either(common.json, &answer, || shown(&answer, &Zoned::now()))
}

fn shown(answer: &ModeAnswer, now: &Zoned) -> String {
    let words = words();
    let mode = answer.mode.as_str();
    let end = ending(answer.until, answer.until_input, answer.until_away, now);
    match (end, &answer.then) {
        (Some(end), Some(then)) => words.say_with(
            "cli-mode-until",
            &[
                ("mode", mode.into()),
                ("end", end.into()),
                ("then", then.as_str().into()),
            ],
        ),
        _ if *mode == Mode::Pause.to_string() => {
            words.say_with("cli-mode-for-good", &[("mode", mode.into())])
        }
        _ => words.say_with("cli-mode", &[("mode", mode.into())]),
    }
}

/// What ends a mode that was chosen for a while.
pub fn ending(
    until: Option<Timestamp>,
    until_input: bool,
    until_away: bool,
    now: &Zoned,
) -> Option<String> {
    match until {
        Some(until) => Some(moment::shown(until, now, words())),
        None if until_away => Some(words().say("cli-until-away")),
        None => until_input.then(|| words().say("cli-until-input")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_what_ends_the_mode() {
        let now: Zoned = "2026-11-22T15:55:00+00:00[UTC]".parse().expect("a time");
        let answer =
            |mode: &str, until: Option<&str>, until_input, then: Option<&str>| ModeAnswer {
                mode: mode.to_owned(),
                until: until.map(|text| text.parse().expect("a time")),
                until_input,
                until_away: false,
                then: then.map(str::to_owned),
            };
        for (answer, told) in [
            (
                answer("100", Some("2026-11-22T18:00:00Z"), false, Some("smart")),
                "mode 100 until 18:00 (in 2h 5m), then smart",
            ),
            (
                answer("100", None, true, Some("smart")),
                "mode 100 until the next input, then smart",
            ),
            (
                answer("pause", None, false, None),
                "mode pause, for good: `idlewatt resume` ends it",
            ),
            (answer("smart", None, false, None), "mode smart"),
            (
                ModeAnswer {
                    until_away: true,
                    ..answer("pause", None, false, Some("90"))
                },
                "mode pause until nobody is using this PC, then 90",
            ),
        ] {
            assert_eq!(shown(&answer, &now), told);
        }
    }
}
