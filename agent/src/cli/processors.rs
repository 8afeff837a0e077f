//! `idlewatt processors`

use super::settings::SettingsArguments;
use super::{Common, Failure, output};
use crate::benchmarks;
use crate::control::answers::ProcessorListing;
use crate::engine;

#[derive(Debug, clap::Args)]
pub struct ProcessorsArguments {
    #[command(flatten)]
    settings: SettingsArguments,
}

pub async fn run(common: &Common, arguments: ProcessorsArguments) -> Result<(), Failure> {
    let listed = match common.running().await? {
        Some(client) => client.processors().await?,
        None => {
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
