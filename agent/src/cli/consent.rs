//! `idlewatt consent --accept|--withdraw`

use jiff::Timestamp;

use super::{Common, Failure, output, words};
use crate::consent;
use crate::control::answers::ConsentState;

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct ConsentArguments {
    /// Yes: this PC may work
    #[arg(long)]
    accept: bool,
    /// No longer: everything that runs is ended
    #[arg(long)]
    withdraw: bool,
}

pub async fn run(common: &Common, arguments: ConsentArguments) -> Result<(), Failure> {
    let state = ConsentState {
        consent: arguments.accept,
    };
    match common.running().await? {
        Some(client) => {
            client.set_consent(state.consent).await?;
        }
        None => {
            let data = common.data()?;
            if state.consent {
                data.create()?;
                consent::accept(&data, Timestamp::now())?;
            } else {
                consent::withdraw(&data)?;
            }
        }
    }
    output::either(common.json, &state, || match state.consent {
        true => words().say("cli-consent-recorded"),
        false => words().say("cli-consent-withdrawn"),
    })
}
