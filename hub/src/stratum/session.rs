//! One miner's session, in any dialect.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use idlewatt_stratum::Id;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Ended};
use super::dialect::{Dialect, Judging, Request};
use super::judge::Verdict;
use super::login::{Login, Refused, identify};
use super::roster::Entry;
use super::vardiff::{self, ENOUGH_TIME, Window, retarget};
use super::{LOGIN_WITHIN, Shared};
use crate::settings::DifficultyRange;

/// Shares of one connection that are judged at the same time; more wait on the wire.
const JUDGED_AT_ONCE: usize = 16;
/// Bad messages, less the good shares since, that end a session.
const PATIENCE: u32 = 20;
/// How long a miner that was told to go elsewhere may still send shares.
const DRAIN_WITHIN: Duration = Duration::from_millis(300);

/// A connection that has said its first line.
pub(super) struct Visitor {
    pub connection: Connection,
    pub address: IpAddr,
    pub number: u32,
    pub first: String,
}

struct Session<D> {
    connection: Connection,
    address: IpAddr,
    number: u32,
    dialect: D,
    shared: Arc<Shared>,
    /// There only while shares are judged.
    judging: Option<Box<FuturesUnordered<Judging>>>,
    /// The login.
    entry: Option<Entry>,
    /// Ends this session.
    end: CancellationToken,
    strikes: u32,
    /// How hard shares are at present, and how many came since that was last judged.
    work: u64,
    shares: u32,
    window_began: Instant,
}

/// Holds a session to its end.
pub(super) async fn hold<D: Dialect>(
    visitor: Visitor,
    dialect: D,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) -> Result<(), Ended> {
    let mut session = Session {
        connection: visitor.connection,
        address: visitor.address,
        number: visitor.number,
        dialect,
        shared,
        judging: None,
        entry: None,
        end: shutdown.child_token(),
        strikes: 0,
        work: 0,
        shares: 0,
        window_began: Instant::now(),
    };
    let end = session.end.clone();
    let ended = tokio::select! {
        () = end.cancelled() => match shutdown.is_cancelled() {
            true => Box::pin(session.drain()).await,
            false => Err(Ended::Revoked),
        },
        ended = session.run(&visitor.first) => ended,
    };
    if let Some(entry) = &session.entry {
        let (shared, device) = (&session.shared, entry.device());
        let algorithm = session.dialect.algorithm();
        shared.remembered.note(device, algorithm, session.work);
        if matches!(ended, Err(Ended::Misbehaved)) {
            shared.misbehaved.take((device.clone(), session.address));
        }
    }
    ended
}

/// The next verdict; never, while nothing is judged.
async fn judged(judging: &mut Option<Box<FuturesUnordered<Judging>>>) -> (Id, Verdict) {
    if let Some(some) = judging {
        if let Some(verdict) = some.next().await {
            return verdict;
        }
        *judging = None;
    }
    std::future::pending().await
}

impl<D: Dialect> Session<D> {
    async fn run(&mut self, first: &str) -> Result<(), Ended> {
        Box::pin(self.log_in(first)).await?;
        self.serve().await
    }

    async fn log_in(&mut self, first: &str) -> Result<(), Ended> {
        let login_until = Instant::now() + LOGIN_WITHIN;
        self.obey(first).await?;
        while self.entry.is_none() {
            let line = tokio::time::timeout_at(login_until, self.connection.next_line())
                .await
                .map_err(|_| Ended::Silent)??;
            self.obey(&line).await?;
        }
        Ok(())
    }

    async fn serve(&mut self) -> Result<(), Ended> {
        loop {
            let judge_at = self.window_began + ENOUGH_TIME;
            let busy = self.judging.as_ref().map_or(0, |judging| judging.len());
            tokio::select! {
                line = self.connection.next_line(), if busy < JUDGED_AT_ONCE => {
                    self.obey(&line?).await?;
                }
                (id, verdict) = judged(&mut self.judging) => self.tell(id, verdict).await?,
                () = self.dialect.newer_work() => self.send_work().await?,
                () = tokio::time::sleep_until(judge_at) => self.retarget().await?,
            }
        }
    }

    /// The hub is ending: sends the miner elsewhere, and judges what it still sends meanwhile.
    async fn drain(&mut self) -> Result<(), Ended> {
        if self.entry.is_none() || !self.connection.is_between_lines() {
            return Ok(());
        }
        let leaving = async {
            match self.dialect.reconnect(self.shared.drain_to.as_ref()) {
                Some(line) => {
                    self.connection.send(&line).await?;
                    self.serve().await
                }
                None => {
                    while self.judging.as_ref().is_some_and(|some| !some.is_empty()) {
                        let (id, verdict) = judged(&mut self.judging).await;
                        self.tell(id, verdict).await?;
                    }
                    Ok(())
                }
            }
        };
        tokio::time::timeout(DRAIN_WITHIN, leaving)
            .await
            .unwrap_or(Ok(()))
    }

    async fn obey(&mut self, line: &str) -> Result<(), Ended> {
        match self.dialect.read(line) {
            Request::Answer(lines) => self.connection.send(&lines).await,
            Request::Bad(lines) => {
                self.connection.send(&lines).await?;
                self.strike()
            }
            Request::Login { id, user, password } => {
                Box::pin(self.let_in(id, &user, &password)).await
            }
            Request::Share(judging) => {
                self.judging.get_or_insert_default().push(judging);
                Ok(())
            }
            Request::End(lines) => {
                self.connection.send(&lines).await?;
                Err(Ended::Refused)
            }
        }
    }

    async fn let_in(&mut self, id: Id, user: &str, password: &str) -> Result<(), Ended> {
        let login = identify(&self.shared, self.address, user, password).await;
        let (algorithm, outcome) = (self.dialect.algorithm().name(), login.word());
        metrics::counter!("idlewatt_hub_stratum_logins_total", "algorithm" => algorithm, "outcome" => outcome)
            .increment(1);
        let device = match login {
            Login::Device(device) => device,
            Login::Refused(why) => {
                let lines = self.dialect.turn_away(id, why);
                self.connection.send(&lines).await?;
                return Err(Ended::Refused);
            }
        };
        let who = (device.device.clone(), self.address);
        if self.shared.misbehaved.check(&who).is_err() {
            let lines = self.dialect.turn_away(id, Refused::Unavailable);
            self.connection.send(&lines).await?;
            return Err(Ended::Refused);
        }
        let remembered = &self.shared.remembered;
        let start = remembered.recall(&device.device, self.dialect.algorithm());
        let range = self.range();
        self.work = vardiff::within(start.unwrap_or(range.start), range);
        self.window_began = Instant::now();
        let entry = self
            .shared
            .roster
            .enter(who.0, self.number, self.end.clone());
        self.entry = Some(entry);
        match self.dialect.welcome(id.clone(), device, self.work) {
            Some(lines) => self.connection.send(&lines).await,
            None => {
                let lines = self.dialect.turn_away(id, Refused::Unavailable);
                self.connection.send(&lines).await?;
                Err(Ended::NoWork)
            }
        }
    }

    async fn tell(&mut self, id: Id, verdict: Verdict) -> Result<(), Ended> {
        let line = self.dialect.tell(id, &verdict);
        let algorithm = self.dialect.algorithm().name();
        metrics::counter!("idlewatt_hub_shares_total", "algorithm" => algorithm, "verdict" => verdict.word())
            .increment(1);
        self.connection.send(&line).await?;
        match verdict {
            Verdict::Accepted { asked, .. } => {
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
