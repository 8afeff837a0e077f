//! `idlewatt processors`

use super::settings::SettingsArguments;
use super::{Common, Failure, output};
use crate::benchmarks;
use crate::control::answers::ProcessorListing;
use crate::engine;

#[derive(Debug, clap::Args)]
pub struct ProcessorsArguments {
    /// Give this processor another chance, if it was set aside, whole or for some algorithm (`idlewatt status` says why)
    #[arg(long, value_name = "ID")]
    retry: Option<String>,
    #[command(flatten)]
    settings: SettingsArguments,
}

pub async fn run(common: &Common, arguments: ProcessorsArguments) -> Result<(), Failure> {
    let running = common.running().await?;
    let listed = match (running, arguments.retry) {
        (Some(client), Some(id)) => client.retry(&id).await?,
        (Some(client), None) => client.processors().await?,
        (None, Some(_)) => {
            return Err(Failure::failed(
                "the agent is not running: nothing is set aside",
            ));
        }
        (None, None) => {
            let settings = arguments.settings.load(&common.data()?)?.settings;
            let exe = std::env::current_exe()?;
            let found = engine::processors(&exe, settings.gpu.allow_software).await;
            found.iter().map(benchmarks::listing).collect()
        }
    };
    output::either(common.json, &listed, || shown(&listed))
}

fn shown(listed: &[ProcessorListing]) -> String {
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|processor| {
            let algorithms = processor.algorithms.iter().map(ToString::to_string);
            let mut name = processor.name.clone();
            if processor.software {
                name.push_str(" (emulated on the CPU)");
            }
            if let Some(threads) = processor.threads {
                name = format!("{name}, {threads} threads");
            }
            vec![
                processor.id.clone(),
                processor.kind.clone(),
                algorithms.collect::<Vec<_>>().join(", "),
                name,
            ]
        })
        .collect();
    output::table(&["id", "kind", "algorithms", "name"], &rows)
}
