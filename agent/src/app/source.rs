//! Reaches the hub: starts the one inside the agent where none is named, and makes this device known there.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::EnrolmentSecret;
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::daemon::Daemon;
use crate::hub_access::{HubAccess, Kept};
use crate::hub_child::{self, HubProgram, HubState};
use crate::identity::{self, EMBEDDED, IdentityError};
use crate::work::Way;
use crate::work::hub_client::{HubClient, HubError};

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is needed to reach a hub.
pub struct Reach {
    /// The agent.
    pub daemon: Arc<Daemon>,
    /// The program of the embedded hub.
    pub hub_program: HubProgram,
    /// A code, or a fleet's token, to join an account with.
    pub enrol: Option<EnrolmentSecret>,
    /// How a hub is reached.
    pub way: Way,
    /// Where the embedded hub's keeper runs.
    pub tasks: TaskTracker,
    /// Ends the embedded hub; after everything that talks to it.
    pub hub_stop: CancellationToken,
}

impl Reach {
    /// Tries until this device is known at the hub. The receiver tells of each new address of an embedded hub.
    pub async fn hub(self) -> (HubAccess, Option<watch::Receiver<HubState>>) {
        let named = self.daemon.settings().hub.url.clone();
        let (name, mut embedded) = match named {
            Some(url) => (url, None),
            None => (EMBEDDED.to_owned(), Some(self.start_embedded())),
        };
        let mut pause = SHORTEST_PAUSE;
        let mut code = self.enrol.clone().or_else(|| self.awaited(&name));
        loop {
            let address = match &mut embedded {
                None => name.clone(),
                Some(state) => self.listening(state).await,
            };
            match self.identify(&name, &address, &mut code).await {
                Ok(access) => {
                    let mut board = self.daemon.board();
                    board.source.trouble = None;
                    board.source.address = address;
                    board.hub = Some(access.clone());
                    return (access, embedded);
                }
                Err(IdentityError::Hub(revoked @ HubError::Revoked { .. }))
                    if embedded.is_none() =>
                {
                    self.daemon.board().source.trouble = Some(revoked.to_string());
                    // There is nothing to ask for before the next start.
                    return std::future::pending().await;
                }
                Err(error) => {
                    let jittered = pause.mul_f64(rand::rng().random_range(0.75..1.25));
                    tracing::warn!(%error, retry_in = ?jittered, "this device cannot work for the hub yet");
                    self.daemon.board().source.trouble = Some(trouble(&error));
                    sleep(jittered).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// What the device was set up with, and has not joined an account with yet.
    fn awaited(&self, name: &str) -> Option<EnrolmentSecret> {
        let awaited = identity::awaited_enrolment(&self.daemon.data, name);
        awaited.unwrap_or_else(|error| {
            // It is read again when the device makes itself known, which then fails and says so.
            tracing::warn!(%error, "what this device was set up with is not known");
            None
        })
    }

    fn start_embedded(&self) -> watch::Receiver<HubState> {
        let (sender, state) = watch::channel(HubState::Starting);
        self.tasks.spawn(hub_child::supervise(
            self.hub_program.clone(),
            self.daemon.data.file("hub"),
            sender,
            self.hub_stop.clone(),
        ));
        state
    }

    /// Waits until the embedded hub listens, telling what is wrong meanwhile.
    async fn listening(&self, state: &mut watch::Receiver<HubState>) -> String {
        loop {
            match state.borrow_and_update().clone() {
                HubState::Listening { http, .. } => return http,
                HubState::Down { reason } => {
                    let told = format!("the hub inside the agent is down: {reason}");
                    self.daemon.board().source.trouble = Some(told);
                }
                HubState::Starting => {}
            }
            if state.changed().await.is_err() {
                // Its keeper has ended: so will whoever waits here.
                std::future::pending::<()>().await;
            }
        }
    }

    async fn identify(
        &self,
        name: &str,
        address: &str,
        code: &mut Option<EnrolmentSecret>,
    ) -> Result<HubAccess, IdentityError> {
        let client = HubClient::by(&self.way, address)?;
        let obtained = identity::obtain(&self.daemon.data, name, &client, code.clone()).await;
        let identity = match obtained {
            // A used code is refused for good; the device it once made may be this one.
            Err(IdentityError::Hub(error)) if code.is_some() && !error.can_heal() => {
                tracing::warn!(%error, "the enrolment code was refused");
                match identity::known(&self.daemon.data, name)? {
                    Some(known) => {
                        *code = None;
                        identity::await_enrolment(&self.daemon.data, name, None)?;
                        known
                    }
                    None => return Err(error.into()),
                }
            }
            other => other?,
        };
        *code = None;
        let kept = Kept {
            data: self.daemon.data.clone(),
            hub: name.to_owned(),
        };
        let access = HubAccess::new(client, &identity, Some(kept));
        match access.earnings().await {
            // The hub inside the agent has lost its books: there is nobody else to ask.
            Err(error) if error.is_unauthorized() && name == EMBEDDED => {
                tracing::warn!(
                    "the hub inside the agent does not know this device: it is enrolled anew"
                );
                identity::forget(&self.daemon.data, name)?;
                Err(error.into())
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(access),
        }
    }
}

/// What is wrong, and what the owner can do about it.
fn trouble(error: &IdentityError) -> String {
    match error {
        IdentityError::Hub(refused @ HubError::Refused { .. }) if refused.is_unauthorized() => {
            format!("{refused}; join an account with `--enrol CODE`")
        }
        error => error.to_string(),
    }
}
