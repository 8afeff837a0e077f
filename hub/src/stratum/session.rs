//! One miner's session, in any dialect.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use idlewatt_protocol::{AccountId, DeviceId, DeviceToken};
use idlewatt_store::{Device, Store};
use idlewatt_stratum::Id;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Ended};
use super::dialect::{Dialect, Judging, Request};
use super::judge::Verdict;
use super::vardiff::{self, ENOUGH_TIME, Window, retarget};
use super::{LOGIN_WITHIN, Shared};
use crate::settings::DifficultyRange;

/// Shares of one connection that are judged at the same time; more wait on the wire.
const JUDGED_AT_ONCE: usize = 16;
/// Bad messages, less the good shares since, that end a session.
const PATIENCE: u32 = 20;

struct Session<D> {
    connection: Connection,
    dialect: D,
    shared: Arc<Shared>,
    judging: FuturesUnordered<Judging>,
    device: Option<DeviceId>,
    strikes: u32,
    /// How hard shares are at present, and how many came since that was last judged.
    work: u64,
    shares: u32,
    window_began: Instant,
}

/// Holds a session that began with `first`, to its end.
pub(super) async fn hold<D: Dialect>(
    connection: Connection,
    dialect: D,
    shared: Arc<Shared>,
    first: String,
    shutdown: CancellationToken,
) -> Result<(), Ended> {
    let mut session = Session {
        connection,
        dialect,
        shared,
        judging: FuturesUnordered::new(),
        device: None,
        strikes: 0,
        work: 0,
        shares: 0,
        window_began: Instant::now(),
    };
    let ended = tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        ended = session.run(&first) => ended,
    };
    if let Some(device) = &session.device {
        let remembered = &session.shared.remembered;
        remembered.note(device, session.dialect.algorithm(), session.work);
        if matches!(ended, Err(Ended::Misbehaved)) {
            session.shared.misbehaved.take(device.clone());
        }
    }
    ended
}

impl<D: Dialect> Session<D> {
    async fn run(&mut self, first: &str) -> Result<(), Ended> {
        let login_until = Instant::now() + LOGIN_WITHIN;
        self.obey(first).await?;
        while self.device.is_none() {
            let line = tokio::time::timeout_at(login_until, self.connection.next_line())
                .await
                .map_err(|_| Ended::Silent)??;
            self.obey(&line).await?;
        }
        loop {
            let judge_at = self.window_began + ENOUGH_TIME;
            tokio::select! {
                line = self.connection.next_line(), if self.judging.len() < JUDGED_AT_ONCE => {
                    self.obey(&line?).await?;
                }
                Some((id, verdict)) = self.judging.next() => self.tell(id, verdict).await?,
                () = self.dialect.newer_work() => self.send_work().await?,
                () = tokio::time::sleep_until(judge_at) => self.retarget().await?,
            }
        }
    }

    async fn obey(&mut self, line: &str) -> Result<(), Ended> {
        match self.dialect.read(line) {
            Request::Answer(lines) => self.connection.send(&lines).await,
            Request::Bad(lines) => {
                self.connection.send(&lines).await?;
                self.strike()
            }
            Request::Login { id, user, password } => self.let_in(id, &user, &password).await,
            Request::Share(judging) => {
                self.judging.push(judging);
                Ok(())
            }
            Request::End(lines) => {
                self.connection.send(&lines).await?;
                Err(Ended::Refused)
            }
        }
    }

    async fn let_in(&mut self, id: Id, user: &str, password: &str) -> Result<(), Ended> {
        let device = match identify(&self.shared.store, user, password).await {
            Ok(Some(device)) => device,
            unknown => {
                let lines = self.dialect.turn_away(id, unknown.is_err());
                self.connection.send(&lines).await?;
                return Err(Ended::Refused);
            }
        };
        if self.shared.misbehaved.check(&device.device).is_err() {
            let lines = self.dialect.turn_away(id, true);
            self.connection.send(&lines).await?;
            return Err(Ended::Refused);
        }
        let remembered = &self.shared.remembered;
        let start = remembered.recall(&device.device, self.dialect.algorithm());
        let range = self.range();
        self.work = vardiff::within(start.unwrap_or(range.start), range);
        self.window_began = Instant::now();
        self.device = Some(device.device.clone());
        match self.dialect.welcome(id.clone(), device, self.work) {
            Some(lines) => self.connection.send(&lines).await,
            None => {
                let lines = self.dialect.turn_away(id, true);
                self.connection.send(&lines).await?;
                Err(Ended::NoWork)
            }
        }
    }

    async fn tell(&mut self, id: Id, verdict: Verdict) -> Result<(), Ended> {
        let line = self.dialect.tell(id, &verdict);
        self.connection.send(&line).await?;
        match verdict {
            Verdict::Accepted { asked } => {
                self.strikes = self.strikes.saturating_sub(1);
                if asked == self.work {
                    self.shares += 1;
                }
                self.retarget().await
            }
            Verdict::Refused(why) if why.is_bad() => self.strike(),
            Verdict::Refused(_) => Ok(()),
        }
    }

    fn strike(&mut self) -> Result<(), Ended> {
        self.strikes += 1;
        match self.strikes < PATIENCE {
            true => Ok(()),
            false => Err(Ended::Misbehaved),
        }
    }

    async fn retarget(&mut self) -> Result<(), Ended> {
        let window = Window {
            shares: self.shares,
            elapsed: self.window_began.elapsed(),
        };
        let verdict = retarget(self.work, window, self.range());
        if verdict == vardiff::Verdict::Wait {
            return Ok(());
        }
        self.shares = 0;
        self.window_began = Instant::now();
        if let vardiff::Verdict::Change(work) = verdict {
            self.work = work;
            self.send_work().await?;
        }
        Ok(())
    }

    async fn send_work(&mut self) -> Result<(), Ended> {
        self.work = vardiff::within(self.work, self.range());
        match self.dialect.work(self.work) {
            Some(lines) => self.connection.send(&lines).await,
            None => Err(Ended::NoWork),
        }
    }

    /// What vardiff may choose from: no share is harder than a block.
    fn range(&self) -> DifficultyRange {
        let range = self.shared.difficulty.of(self.dialect.algorithm());
        let most = range
            .most
            .min(self.dialect.hardest().unwrap_or(u64::MAX))
            .max(1);
        DifficultyRange {
            start: range.start.min(most),
            least: range.least.min(most),
            most,
        }
    }
}

/// The device of a user `ACCOUNT.DEVICE` with its token as password.
async fn identify(store: &Store, user: &str, password: &str) -> Result<Option<Device>, ()> {
    let parse = || {
        let (account, device) = user.split_once('.')?;
        let account: AccountId = account.parse().ok()?;
        let device: DeviceId = device.parse().ok()?;
        let token: DeviceToken = password.parse().ok()?;
        Some((Device { account, device }, token))
    };
    let Some((claimed, token)) = parse() else {
        return Ok(None);
    };
    match store.device_of_token(&token).await {
        Ok(known) => Ok(known.filter(|known| *known == claimed)),
        Err(error) => {
            tracing::error!(%error, "a login could not be checked");
            Err(())
        }
    }
}
