//! `idlewatt stop`

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{Common, Failure, output, words};
use crate::data_dir::DataDirError;

/// How long the agent may take to end.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Stopped {
    stopped: bool,
}

pub async fn run(common: &Common) -> Result<(), Failure> {
    common.client()?.stop().await?;
    // The agent has ended when its hold on the data directory has.
    let data = common.data()?;
    let asked = Instant::now();
    while let Err(DataDirError::Taken { .. }) = data.lock() {
        if asked.elapsed() > LIMIT {
            let limit = [("limit", format!("{LIMIT:?}").into())];
            return Err(Failure::Failed(
                words().say_with("cli-stop-not-in-time", &limit),
            ));
        }
        sleep(Duration::from_millis(20)).await;
    }
    output::either(common.json, &Stopped { stopped: true }, || {
        words().say("cli-stop-stopped")
    })
}
