//! What the callers want of a processor.

use std::collections::BTreeMap;
use std::sync::Arc;

use idlewatt_kernels::gpu::Tuning;
use idlewatt_kernels::{Algorithm, Job, NonceSpace};

use super::child::EngineChild;
use super::state::{Allowance, Phase};
use crate::engine::message::Command;

/// It.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub work: Option<Arc<(Job, NonceSpace)>>,
    pub allowance: Allowance,
    /// How the kernels are laid out; from the next start of an engine on.
    pub tunings: Arc<BTreeMap<Algorithm, Tuning>>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            work: None,
            allowance: Allowance::NONE,
            tunings: Arc::default(),
        }
    }
}

impl Wanted {
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.work.as_ref().map(|work| work.0.algorithm())
    }

    pub fn is_active(&self) -> bool {
        self.work.is_some() && self.allowance.percent > 0
    }

    /// What there is to say about it while nothing hinders.
    pub fn phase(&self) -> Phase {
        match (&self.work, self.allowance.percent) {
            (None, _) => Phase::Idle,
            (Some(_), 0) => Phase::Paused,
            (Some(_), _) => Phase::Running,
        }
    }
}

/// Sends what differs.
pub async fn tell(engine: &mut EngineChild, sent: &Wanted, wanted: &Wanted) -> std::io::Result<()> {
    if wanted.allowance != sent.allowance {
        engine.send(&allow(wanted.allowance)).await?;
    }
    if wanted.work != sent.work {
        let command = match &wanted.work {
            Some(work) => Command::Job {
                job: work.0.clone(),
                space: work.1,
            },
            None => Command::NoJob,
        };
        engine.send(&command).await?;
    }
    Ok(())
}

/// An allowance as a command.
pub fn allow(allowance: Allowance) -> Command {
    let budget_ms = allowance.dispatch_budget.as_millis();
    Command::Allow {
        percent: allowance.percent,
        budget_ms: budget_ms.min(u128::from(u32::MAX)) as u32,
    }
}
