//! `idlewatt tune`

use idlewatt_kernels::Algorithm;
use idlewatt_kernels::gpu::Tuning;

use super::alone::Alone;
use super::bench::{Bar, through_daemon};
use super::settings::SettingsArguments;
use super::{Common, Failure, output};
use crate::benchmarks;
use crate::control::answers::{TuneRequest, TunedKernel};
use crate::engine::layout;
use crate::tuning::Tunings;

#[derive(Debug, clap::Args)]
pub struct TuneArguments {
    /// Show how kernels are laid out and why, with everything that was measured, instead of measuring anew
    #[arg(long)]
    show: bool,
    /// Only this graphics card, as `idlewatt processors` lists it
    #[arg(long, value_name = "ID")]
    processor: Option<String>,
    /// Only this algorithm
    #[arg(long)]
    algorithm: Option<Algorithm>,
    #[command(flatten)]
    settings: SettingsArguments,
}

pub async fn run(common: &Common, arguments: TuneArguments) -> Result<(), Failure> {
    let asked = TuneRequest {
        processor: arguments.processor,
        algorithm: arguments.algorithm,
    };
    let running = common.running().await?;
    let tuned = if arguments.show {
        let mut all = match running {
            Some(client) => client.tunings().await?,
            None => Tunings::load(&common.data()?)?.all().to_vec(),
        };
        all.retain(|one| {
            asked
                .processor
                .as_ref()
                .is_none_or(|id| *id == one.processor)
                && asked
                    .algorithm
                    .is_none_or(|algorithm| algorithm == one.algorithm)
        });
        all
    } else {
        let bar = Bar::new();
        let tuned = match running {
            Some(client) => through_daemon(&client, client.tune(&asked), &bar).await?,
            None => {
                let alone = Alone::begin(common, &arguments.settings).await?;
                let plan = benchmarks::to_tune(&alone.settings, &alone.processors, &asked);
                let plan = plan.map_err(Failure::Usage)?;
                let measured = alone.measure(&plan, benchmarks::DURATION, &plan, &bar);
                measured.await?.1
            }
        };
        bar.end();
        tuned
    };
    output::either(common.json, &tuned, || shown(&tuned))
}

fn shown(tuned: &[TunedKernel]) -> String {
    if tuned.is_empty() {
        return "no layout was measured yet: `idlewatt tune` measures them".to_owned();
    }
    let parts: Vec<String> = tuned.iter().map(one).collect();
    parts.join("\n\n")
}

/// The choice and its reason, and under it everything that was measured, the fastest first.
fn one(tuned: &TunedKernel) -> String {
    let among: Vec<Tuning> = tuned.measured.iter().map(|one| one.tuning).collect();
    let mut measured: Vec<_> = tuned.measured.iter().collect();
    measured.sort_by(|left, right| {
        let rate = |rate: Option<f64>| rate.unwrap_or_default();
        rate(right.rate).total_cmp(&rate(left.rate))
    });
    let rows: Vec<Vec<String>> = measured
        .into_iter()
        .map(|one| {
            let result = match (&one.rate, &one.left_out) {
                (Some(rate), _) => output::rate(*rate),
                (None, Some(reason)) => format!("left out: {reason}"),
                (None, None) => "left out".to_owned(),
            };
            vec![format!("  {}", layout::words(one.tuning, &among)), result]
        })
        .collect();
    format!(
        "{} on {} ({}, {})\n{}\n{}",
        tuned.algorithm,
        tuned.processor,
        tuned.name,
        tuned.driver,
        tuned.why,
        output::table(&["  layout", "rate"], &rows)
    )
}
