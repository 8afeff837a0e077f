//! `idlewatt processors`

use super::settings::SettingsArguments;
use super::{Common, Failure, output, words};
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
            return Err(Failure::Failed(words().say("cli-processors-not-running")));
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
    let words = words();
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|processor| {
            let algorithms = processor.algorithms.iter().map(ToString::to_string);
            let mut name = processor.name.clone();
            if processor.software {
                name = words.say_with("cli-processors-emulated", &[("name", name.into())]);
            }
            if let Some(threads) = processor.threads {
                let told = [("name", name.into()), ("count", (threads as u64).into())];
                name = words.say_with("cli-processors-threads", &told);
            }
            if let Some(bytes) = processor.memory_bytes {
                let memory = format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
                let told = [("name", name.into()), ("memory", memory.into())];
                name = words.say_with("cli-processors-memory", &told);
            }
            vec![
                processor.id.clone(),
                processor.kind.clone(),
                algorithms.collect::<Vec<_>>().join(", "),
                name,
            ]
        })
        .collect();
    let heading = [
        words.say("cli-column-id"),
        words.say("cli-column-kind"),
        words.say("cli-column-algorithms"),
        words.say("cli-column-name"),
    ];
    output::table(&heading, &rows)
}
