//! `idlewatt open`

use super::{Common, Failure, output, words};
use crate::browser;

#[derive(Debug, clap::Args)]
pub struct OpenArguments {
    /// Print the address instead: it opens the dashboard once, and only for a short while
    #[arg(long)]
    print: bool,
}

pub async fn run(common: &Common, arguments: OpenArguments) -> Result<(), Failure> {
    let link = common.client()?.dashboard().await?;
    if common.json {
        return output::json(&link);
    }
    if arguments.print {
        return output::text(&link.url);
    }
    let address = link.url.clone();
    // A browser that runs in this terminal is waited for.
    let opened = tokio::task::spawn_blocking(move || browser::open(&address)).await;
    match opened {
        Ok(Ok(())) => output::text(words().say("cli-open-opened")),
        _ => output::text(words().say_with("cli-open-no-browser", &[("url", link.url.into())])),
    }
}
