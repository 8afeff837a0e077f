//! `idlewatt stop`

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{Common, Failure, output};
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
            return Err(Failure::failed(format!(
                "it has not ended within {LIMIT:?}"
            )));
        }
        sleep(Duration::from_millis(20)).await;
    }
    output::either(common.json, &Stopped { stopped: true }, || {
        "stopped".to_owned()
    })
}
