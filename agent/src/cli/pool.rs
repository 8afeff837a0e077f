//! `idlewatt pool`

mod check;
mod presets;

use super::{Common, Failure};

#[derive(Debug, clap::Args)]
pub struct PoolArguments {
    #[command(subcommand)]
    command: PoolCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PoolCommand {
    /// Look step by step whether a pool can be worked for, up to its first job; nothing is computed
    Check(check::CheckArguments),
    /// Well-known pools, and the owner's own of pools.toml in the data directory
    List(presets::ListArguments),
    /// Work for a pool of the list: written into the settings
    Use(presets::UseArguments),
}

pub async fn run(common: &Common, arguments: PoolArguments) -> Result<(), Failure> {
    match arguments.command {
        PoolCommand::Check(arguments) => check::run(common, arguments).await,
        PoolCommand::List(arguments) => presets::list(common, &arguments),
        PoolCommand::Use(arguments) => presets::work_for(common, &arguments),
    }
}
