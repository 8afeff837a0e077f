//! `idlewatt run`: consent, then the agent in this terminal with a view of what happens.

use std::io::{self, BufRead, IsTerminal, Write};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::daemon::{DaemonArguments, end_when_asked};
use super::{Common, Failure, logging, output, view, words};
use crate::app::App;
use crate::consent;
use crate::data_dir::DataDir;

#[derive(Debug, clap::Args)]
pub struct RunArguments {
    /// Answer the question of consent with yes
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    daemon: DaemonArguments,
}

pub async fn run(common: &Common, arguments: RunArguments) -> Result<(), Failure> {
    let mut options = arguments.daemon.options(common)?;
    options.data.create()?;
    let on_terminal = io::stdout().is_terminal();
    // The log would write across the view.
    if on_terminal {
        logging::to_file(&options.data)?;
        options.hub_program.log = Some(options.data.file("hub.log"));
    } else {
        logging::to_stderr()?;
    }
    let asked = CancellationToken::new();
    end_when_asked(asked.clone())?;
    if !ask(&options.data, arguments.yes, &asked).await? {
        return Ok(());
    }
    let app = App::start(options).await?;
    let daemon = app.daemon();
    let shown = tokio::spawn(view::show(daemon.clone(), on_terminal));
    tokio::spawn(async move {
        asked.cancelled().await;
        daemon.stop();
    });
    app.ended().await;
    // The view ends with the daemon; should it not, the process does not wait for it.
    shown.abort();
    Ok(())
}

/// Whether the owner has said yes, now or earlier; `false` if they want to end instead.
async fn ask(data: &DataDir, yes: bool, asked: &CancellationToken) -> Result<bool, Failure> {
    if consent::given(data)?.is_some() {
        return Ok(true);
    }
    let words = words();
    output::text(consent::question(words))?;
    if yes {
        output::text(words.say("cli-consent-agreed"))?;
    } else {
        if !io::stdin().is_terminal() {
            return Err(Failure::Failed(words.say("cli-consent-needed")));
        }
        print!("{} ", words.say("cli-consent-ask"));
        io::stdout().flush()?;
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        let answer = tokio::select! {
            () = asked.cancelled() => return Ok(false),
            answer = answer => answer.map_err(Failure::failed)??,
        };
        let answer = answer.trim().to_lowercase();
        let yes = words.say("cli-consent-yes");
        if !yes.split_whitespace().any(|word| word == answer) {
            output::text(words.say("cli-consent-nothing-started"))?;
            return Ok(false);
        }
    }
    consent::accept(data, Timestamp::now())?;
    Ok(true)
}
