//! `idlewatt autostart on|off|status`

use serde::Serialize;

use super::{Common, Failure, output, words};
use crate::autostart::{self, AutostartError};

#[derive(Debug, clap::Args)]
pub struct AutostartArguments {
    #[command(subcommand)]
    command: AutostartCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AutostartCommand {
    /// Start the agent when you log in
    On,
    /// Do not start it by itself any more
    Off,
    /// Whether it starts by itself
    Status,
}

#[derive(Serialize)]
struct Autostart {
    autostart: bool,
    place: String,
}

impl From<AutostartError> for Failure {
    fn from(error: AutostartError) -> Self {
        Failure::failed(error)
    }
}

pub fn run(common: &Common, arguments: AutostartArguments) -> Result<(), Failure> {
    match arguments.command {
        AutostartCommand::On => autostart::set(true)?,
        AutostartCommand::Off => autostart::set(false)?,
        AutostartCommand::Status => {}
    }
    let state = Autostart {
        autostart: autostart::is_on()?,
        place: autostart::place()?,
    };
    output::either(common.json, &state, || {
        let key = match state.autostart {
            true => "cli-autostart-on",
            false => "cli-autostart-off",
        };
        words().say_with(key, &[("place", state.place.as_str().into())])
    })
}
