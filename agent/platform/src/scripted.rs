//! A PC that says what a script says: for tests and for measuring ourselves.

use std::sync::Arc;

use tokio::sync::watch;

use crate::signals::{Reading, Wanted};

/// What the scripted PC says now. Clones are the same script.
#[derive(Clone)]
pub struct Script {
    reading: Arc<watch::Sender<Reading>>,
    inputs: Arc<watch::Sender<u64>>,
}

impl Script {
    /// Begins with `reading`.
    pub fn new(reading: Reading) -> Script {
        Script {
            reading: Arc::new(watch::Sender::new(reading)),
            inputs: Arc::default(),
        }
    }

    /// Changes what it says from now on. `programs` are all that run: only those asked about are told.
    pub fn set(&self, change: impl FnOnce(&mut Reading)) {
        self.reading.send_modify(change);
    }

    /// Somebody presses a key: the idle time is zero, and whoever waits for input is woken.
    pub fn input(&self) {
        self.set(|reading| reading.idle = Some(std::time::Duration::ZERO));
        self.inputs.send_modify(|count| *count += 1);
    }
}

pub(crate) struct Sensors(Script);

impl Sensors {
    pub fn new(script: &Script) -> Sensors {
        Sensors(script.clone())
    }

    pub fn read(&mut self, wanted: &Wanted<'_>) -> Reading {
        let mut reading = self.0.reading.borrow().clone();
        reading.programs = wanted.program.and_then(|program| {
            let mut running = reading.programs.take()?;
            running.retain(|name| program(name));
            Some(running)
        });
        reading
    }
}

pub(crate) struct InputWatch(watch::Receiver<u64>);

impl InputWatch {
    pub fn new(script: &Script) -> InputWatch {
        InputWatch(script.inputs.subscribe())
    }

    pub async fn input(&mut self) {
        self.0.mark_unchanged();
        if self.0.changed().await.is_err() {
            // The script is over: nothing is ever typed again.
            std::future::pending::<()>().await;
        }
    }
}
