//! From consent to its end: processors, engines, hub, work, shares, and the steering of it all.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_platform::signals::{InputWatch, Sensors};
use idlewatt_protocol::EnrolmentSecret;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::allotment::{Allotment, Changes, allot, distribute, send_if_different};
use super::login::keep_logged_in;
use super::measuring::{measure_beside, measure_first, missing};
use super::pools;
use super::source::Reach;
use crate::benchmarks::{Measurement, engine_settings};
use crate::choosing::{self, Jobs};
use crate::control::answers::Phase;
use crate::daemon::Daemon;
use crate::earnings;
use crate::engine::{self, Engines, Found, Processor, ProcessorKind};
use crate::hub_access::{HubAccess, Standing};
use crate::hub_child::{HubProgram, HubState};
use crate::journal::{self, Journal};
use crate::market;
use crate::pool_account;
use crate::reports;
use crate::shares::{FoundShare, Submitter};
use crate::steering::{Governed, Steering};
use crate::work::hub_client::{HubClient, HubError};
use crate::work::offers::Offers;
use crate::work::{Source, Timing, Way, Ways, Work};

/// How long the embedded hub may take to end after everything that talks to it.
const HUB_END_LIMIT: Duration = Duration::from_millis(600);

/// How often it is looked at a pool whether the work is worth it. A hub's offers come as often.
const CHOOSE_EVERY: Duration = Duration::from_secs(60);

/// Everything that needs the owner's consent.
pub struct Shift {
    /// The agent.
    pub daemon: Arc<Daemon>,
    /// The program of the embedded hub.
    pub hub_program: HubProgram,
    /// How the hub is reached.
    pub way: Way,
    /// A code, or a fleet's token, to join an account with.
    pub enrol: Option<EnrolmentSecret>,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Shift {
    /// Runs until `stop`, and returns when everything it started has ended.
    pub async fn run(self) {
        let hub_tasks = TaskTracker::new();
        let hub_stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let begun = self
            .stop
            .run_until_cancelled(self.begin(&tasks, &hub_tasks, &hub_stop))
            .await;
        if let Some(Err(error)) = &begun {
            tracing::error!(%error, "no engine can be started");
            self.daemon.board().source.trouble = Some(format!("no engine can be started: {error}"));
        }
        self.stop.cancelled().await;

        let (engines, work, submitter) = {
            let mut board = self.daemon.board();
            (
                board.engines.take(),
                board.work.take(),
                board.submitter.take(),
            )
        };
        let end_engines = async {
            if let Some(engines) = engines {
                engines.shutdown().await;
            }
        };
        let end_work = async {
            if let Some(work) = work {
                work.shutdown().await;
            }
        };
        tokio::join!(end_engines, end_work);
        if let Some(submitter) = submitter {
            submitter.shutdown().await;
        }
        tasks.close();
        tasks.wait().await;
        hub_stop.cancel();
        hub_tasks.close();
        if tokio::time::timeout(HUB_END_LIMIT, hub_tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("the hub inside the agent did not end in time");
        }
    }

    async fn begin(
        &self,
        tasks: &TaskTracker,
        hub_tasks: &TaskTracker,
        hub_stop: &CancellationToken,
    ) -> std::io::Result<()> {
        let daemon = &self.daemon;
        {
            let mut board = daemon.board();
            board.phase = Some(Phase::Starting);
            // Whoever is asked no more is doubted no more.
            board.doubts.clear();
        }
        let processors = self.processors().await;
        let mut settings = engine_settings(
            &daemon.settings(),
            daemon.program.clone(),
            processors.clone(),
        );
        for processor in &processors {
            let before = daemon
                .board()
                .benchmarks
                .set_aside(&daemon.settings(), processor);
            let all = settings.set_aside.entry(processor.id.clone());
            all.or_default().extend(before);
        }
        let (engines, found) = Engines::start(settings)?;
        let engines = Arc::new(engines);
        {
            let mut board = daemon.board();
            for processor in &processors {
                engines.set_tunings(&processor.id, board.tunings.of(processor));
            }
            board.processors = processors;
            board.quotes = market::load(&daemon.data);
            board.pool_accounts = pool_account::kept(&daemon.data, &daemon.settings());
            board.choosing = choosing::load(&daemon.data);
            board.engines = Some(engines.clone());
        }
        let (changes, changed) = mpsc::unbounded_channel();
        self.spawn(tasks, self.steering(engines.clone(), changes).run());
        self.spawn(tasks, write_down(daemon.clone(), changed));
        self.spawn(tasks, earnings::keep_current(daemon.clone()));
        self.spawn(tasks, earnings::keep_estimating(daemon.clone()));

        let pool = daemon.settings().pool.url.is_some();
        let reach = Reach {
            daemon: daemon.clone(),
            hub_program: self.hub_program.clone(),
            enrol: self.enrol.clone(),
            way: self.way.clone(),
            tasks: hub_tasks.clone(),
            hub_stop: hub_stop.clone(),
        };
        let hub = async {
            match pool {
                true => None,
                false => Some(reach.hub().await),
            }
        };
        let (long, short): (Vec<_>, Vec<_>) = missing(daemon)
            .into_iter()
            .partition(Measurement::takes_long);
        let (hub, ()) = tokio::join!(hub, measure_first(daemon, &engines, &short));
        daemon.board().phase = Some(Phase::Running);
        let beside = measure_beside(daemon.clone(), engines.clone(), long);
        self.spawn(tasks, beside);
        match hub {
            Some((access, embedded)) => {
                self.work_for_hub(tasks, engines, found, access, embedded)
                    .await;
            }
            None => self.work_for_pools(tasks, engines, found),
        }
        Ok(())
    }

    fn steering(
        &self,
        engines: Arc<Engines>,
        changes: mpsc::UnboundedSender<journal::Entry>,
    ) -> Steering {
        let daemon = &self.daemon;
        let of_daemon = daemon.clone();
        Steering {
            sensors: Sensors::system(),
            input: InputWatch::system(),
            governed: Governed {
                processors: daemon.board().processors.clone(),
                engines,
                policy: daemon.watch_policy(),
                mode: daemon.watch_mode(),
                consent: daemon.watch_consent(),
                resting: daemon.watch_resting(),
                remote_limit: daemon.watch_remote_limit(),
                gave_way: Box::new(move |before, after| of_daemon.mode_gave_way(before, after)),
                decisions: daemon.decisions().clone(),
                changes,
            },
        }
    }

    /// What may work under the settings.
    async fn processors(&self) -> Vec<Processor> {
        let settings = self.daemon.settings();
        let found = engine::processors(&self.daemon.program, settings.gpu.allow_software).await;
        let enabled = |processor: &Processor| match processor.kind {
            ProcessorKind::Cpu => settings.cpu.enabled,
            ProcessorKind::Gpu => settings.gpu.enabled,
        };
        found.into_iter().filter(enabled).collect()
    }

    async fn work_for_hub(
        &self,
        tasks: &TaskTracker,
        engines: Arc<Engines>,
        found: mpsc::Receiver<Found>,
        access: HubAccess,
        embedded: Option<watch::Receiver<HubState>>,
    ) {
        self.spawn(
            tasks,
            reports::keep_reporting(self.daemon.clone(), access.clone()),
        );
        let client = access.client().clone();
        self.spawn(
            tasks,
            market::keep_current(self.daemon.clone(), Some(client)),
        );
        let offers = Arc::new(Offers::start(access.client().clone()));
        if let Some(state) = embedded {
            self.spawn(
                tasks,
                follow(
                    self.daemon.clone(),
                    state,
                    access.client().clone(),
                    offers.clone(),
                ),
            );
        }
        let mut state = offers.state();
        let Ok(first) = state.wait_for(|state| state.stratum.is_some()).await else {
            return;
        };
        let address = first.stratum.as_ref();
        let address = address.map(|stratum| stratum.common.to_string());
        let address = address.unwrap_or_default();
        drop(first);
        let token = access.tokens().borrow().clone();
        let source = Source::hub(&address, &access.stratum_user(), token.as_str());
        let source = match source {
            Ok(source) => source,
            Err(error) => {
                self.daemon.board().source.trouble = Some(error.to_string());
                return;
            }
        };
        let ways = Ways {
            way: self.way.clone(),
            reconnect_hosts: self.daemon.settings().hub.reconnect_hosts.clone(),
        };
        let work = self.start_work(source, |_| ways.clone());
        let (sender, allotment) = watch::channel(Allotment::new());
        let daemon = self.daemon.clone();
        let mut changes = Changes::of(&daemon, &engines);
        self.spawn(tasks, distribute(engines, work.clone(), allotment));
        self.spawn(tasks, keep_logged_in(work.clone(), access.clone()));
        self.submit(tasks, work.clone(), Some(access.clone()), found);
        let mut standing = access.standing();
        standing.mark_changed();
        state.mark_changed();
        self.spawn(tasks, async move {
            // Kept: the hub is asked for as long as this lives.
            let offers = offers;
            loop {
                tokio::select! {
                    changed = state.changed() => if changed.is_err() { return },
                    () = changes.next() => {}
                    changed = standing.changed() => if changed.is_err() { return },
                }
                let now = standing.borrow_and_update().clone();
                if let Standing::Revoked { reason } = now {
                    daemon.board().source.trouble = Some(HubError::Revoked { reason }.to_string());
                    send_if_different(&sender, |_| Allotment::new());
                    // Not even its offers are asked for any more.
                    drop(offers);
                    return std::future::pending().await;
                }
                let now = state.borrow_and_update().clone();
                {
                    let mut board = daemon.board();
                    board.source.trouble = now.error;
                    board.offers.clone_from(&now.offers);
                }
                if let Some(addresses) = &now.stratum {
                    work.set_addresses(addresses);
                }
                send_if_different(&sender, |before| {
                    allot(&daemon, Jobs::Hub(&now.offers), before)
                });
            }
        });
    }

    fn work_for_pools(
        &self,
        tasks: &TaskTracker,
        engines: Arc<Engines>,
        found: mpsc::Receiver<Found>,
    ) {
        let settings = self.daemon.settings();
        let source = pools::source(&settings).map_err(|error| error.to_string());
        let ways = pools::ways(&settings).map_err(|error| error.to_string());
        let (source, ways) = match source.and_then(|source| Ok((source, ways?))) {
            Ok(both) => both,
            Err(error) => {
                self.daemon.board().source.trouble = Some(error);
                return;
            }
        };
        for pool in settings.pools() {
            let pays = pool_account::paid_in(pool);
            let doubt = pool_account::of_another_coin(&pool.user, pays).map(|coin| {
                format!(
                    "the address in its user looks like one of {coin}, and its work earns {pays}"
                )
            });
            if let Some(doubt) = &doubt {
                tracing::warn!(pool = pool.url, doubt, "who is paid may be mistaken");
            }
            let url = pool.url.as_deref().unwrap_or_default();
            self.daemon.set_doubts(url, doubt);
        }
        let algorithms = pools::algorithms(&settings);
        let work = self.start_work(source, |algorithm| {
            ways.get(&algorithm).cloned().unwrap_or_default()
        });
        let (sender, allotment) = watch::channel(Allotment::new());
        let daemon = self.daemon.clone();
        let mut changes = Changes::of(&daemon, &engines);
        let first = allot(&daemon, Jobs::Pools(&algorithms), &Allotment::new());
        sender.send_replace(first);
        self.submit(tasks, work.clone(), None, found);
        self.spawn(tasks, distribute(engines, work, allotment));
        self.spawn(tasks, pool_account::keep_current(daemon.clone()));
        self.spawn(tasks, market::keep_current(daemon.clone(), None));
        self.spawn(tasks, async move {
            loop {
                // Now and then in any case: what was begun is kept for a while, and prices grow old.
                let _ = tokio::time::timeout(CHOOSE_EVERY, changes.next()).await;
                let jobs = Jobs::Pools(&algorithms);
                send_if_different(&sender, |before| allot(&daemon, jobs, before));
            }
        });
    }

    /// Hands in what the engines find.
    fn submit(
        &self,
        tasks: &TaskTracker,
        work: Work,
        hub: Option<HubAccess>,
        mut found: mpsc::Receiver<Found>,
    ) {
        let (sender, shares) = mpsc::channel(1);
        let submitter = Submitter::start(self.daemon.receipts.clone(), work, hub, shares);
        self.daemon.board().submitter = Some(Arc::new(submitter));
        // Ends with the engines, not with the shift: what they have found by then is written down.
        tasks.spawn(async move {
            while let Some(Found {
                processor,
                solution,
            }) = found.recv().await
            {
                let share = FoundShare {
                    processor: processor.0,
                    solution,
                };
                if sender.send(share).await.is_err() {
                    return;
                }
            }
        });
    }

    fn start_work(&self, source: Source, way_for: impl Fn(Algorithm) -> Ways) -> Work {
        let work = Work::start_by(source, way_for, Timing::default());
        self.daemon.board().work = Some(Arc::new(work.clone()));
        work
    }

    /// Runs a part until the shift ends.
    fn spawn(&self, tasks: &TaskTracker, part: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tasks.spawn(async move {
            stop.run_until_cancelled(part).await;
        });
    }
}

/// Goes where the embedded hub is after each of its starts.
async fn follow(
    daemon: Arc<Daemon>,
    mut state: watch::Receiver<HubState>,
    client: HubClient,
    offers: Arc<Offers>,
) {
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        match now {
            HubState::Listening { http, .. } => {
                if let Err(error) = client.set_address(&http) {
                    tracing::warn!(%error, "the hub inside the agent names an address that is none");
                }
                {
                    let mut board = daemon.board();
                    board.source.address = http;
                    board.source.trouble = None;
                }
                offers.refresh();
            }
            HubState::Down { reason } => {
                let told = format!("the hub inside the agent is down: {reason}");
                daemon.board().source.trouble = Some(told);
            }
            HubState::Starting => {}
        }
    }
}

/// Writes every change of decision down.
async fn write_down(daemon: Arc<Daemon>, mut changes: mpsc::UnboundedReceiver<journal::Entry>) {
    let mut journal = Journal::open(daemon.data.file(journal::FILE));
    while let Some(entry) = changes.recv().await {
        let written = match &mut journal {
            Ok(journal) => journal.add(&entry),
            // Tried again with each change: the disk may have been full.
            Err(_) => {
                journal = Journal::open(daemon.data.file(journal::FILE));
                match &mut journal {
                    Ok(journal) => journal.add(&entry),
                    Err(error) => Err(std::io::Error::new(error.kind(), error.to_string())),
                }
            }
        };
        if let Err(error) = written {
            tracing::warn!(%error, file = journal::FILE, "a decision could not be written down");
        }
    }
}
