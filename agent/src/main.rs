//! Entry.
use clap::Parser;

#[derive(Parser)]
enum Cli {
    Engine(idlewatt::engine::child::Args),
}

fn main() -> anyhow::Result<()> {
    let Cli::Engine(args) = Cli::parse();
    idlewatt::engine::child::run(args)
}
