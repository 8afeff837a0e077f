//! The only place that wires a hub: opens, binds, runs and shuts it down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_ledger::RewardError;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::HubListening;
use idlewatt_store::{Challenges, Engine, Store, StoreError};
use idlewatt_tls::TrustError;
use rand::RngExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Bus;
use crate::health::Health;
use crate::http::{self, Api, DeviceDesk, Referring};
use crate::known_devices::KnownDevices;
use crate::limiter::Limiter;
use crate::open_files;
use crate::payouts::{Payer, Wallet, WalletStartError};
use crate::portal::{self, Portal};
use crate::prices::PriceSource;
use crate::replica::{Replica, ReplicaError};
use crate::reports::Reports;
use crate::settings::{Settings, SettingsError};
use crate::settlement;
use crate::stratum::limits::Doorkeeper;
use crate::stratum::numbers::Numbers;
use crate::stratum::vardiff::Remembered;
use crate::stratum::{self, Encryption, Port, Serves, Shared};
use crate::tasks::Tasks;
use crate::tls::{Tls, TlsError};
use crate::upstream::start::Launch;
use crate::verifier::{self, RELEASE_AFTER, Verifiers};
use crate::writer::Writer;

/// How long sessions may take to end.
const GRACE: Duration = Duration::from_millis(600);
/// The database's file in the data directory.
const DATABASE: &str = "hub.sqlite";

/// Why a hub did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data directory cannot be made.
    #[error("cannot create the data directory {}: {source}", path.display())]
    DataDir {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has no number among the hubs on its database.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// An address cannot be listened at.
    #[error("cannot listen at {address} (setting {setting}): {source}")]
    Listen {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        address: SocketAddr,
        /// Why not; most likely another program has the port.
        source: std::io::Error,
    },
    /// There is no TLS with the certificate that the settings name.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An upstream's certificates cannot be read.
    #[error("{place}: {source}")]
    Trust {
        /// Which upstream, as in the file.
        place: String,
        /// What is wrong.
        source: TrustError,
    },
    /// The system's TLS cannot be set up.
    #[error("cannot set up the connection to a node: {0}")]
    Node(#[from] reqwest::Error),
    /// A wallet that withdrawals are paid from cannot be set up.
    #[error(transparent)]
    Wallet(#[from] WalletStartError),
    /// A constant of the practice upstream is wrong.
    #[error(transparent)]
    Practice(#[from] RewardError),
}

/// A hub that listens, but does nothing yet.
pub struct Hub {
    settings: Settings,
    store: Store,
    bus: Bus,
    http: TcpListener,
    https: Option<TcpListener>,
    stratum: TcpListener,
    stratum_tls: Option<TcpListener>,
    tls: Option<Tls>,
    own_stratum: Vec<OwnStratum>,
    listening: HubListening,
    stratum_port: u16,
    stratum_tls_port: Option<u16>,
    verifiers: Verifiers,
}

/// The Stratum port of one algorithm.
struct OwnStratum {
    algorithm: Algorithm,
    listener: TcpListener,
    port: u16,
}

impl Hub {
    /// Opens the database and takes the ports.
    ///
    /// # Errors
    /// If a setting is wrong, the data directory cannot be written, or a port is taken.
    pub async fn bind(settings: Settings) -> Result<Self, StartError> {
        settings.validate()?;
        open_files::allow(settings.limits.connections + settings.limits.http_connections);
        let tls = settings.tls.as_ref().map(Tls::new).transpose()?;
        let http = listen("http", settings.http).await?;
        let stratum = listen("stratum", settings.stratum).await?;
        let stratum_tls = listen_if("stratum_tls", settings.stratum_tls).await?;
        let https = listen_if("https", settings.https).await?;
        let address = |setting, listener: &TcpListener, address| {
            listener.local_addr().map_err(|source| StartError::Listen {
                setting,
                address,
                source,
            })
        };
        let http_address = address("http", &http, settings.http)?;
        let stratum_address = address("stratum", &stratum, settings.stratum)?;
        let stratum_tls_port = match (&stratum_tls, &tls) {
            (Some(listener), _) => Some(address("stratum_tls", listener, stratum_address)?.port()),
            (None, Some(_)) => Some(stratum_address.port()),
            (None, None) => None,
        };
        let mut own_stratum = Vec::new();
        for algorithm in Algorithm::ALL {
            if algorithm.progpow().is_none() {
                continue;
            }
            let Some((setting, wanted)) = settings.own_stratum(algorithm) else {
                continue;
            };
            let listener = listen(setting, wanted).await?;
            own_stratum.push(OwnStratum {
                algorithm,
                port: address(setting, &listener, wanted)?.port(),
                listener,
            });
        }
        let store = open_store(&settings).await?;
        let verification = settings.verification;
        Ok(Hub {
            settings,
            bus: Bus::new(store.clone()),
            store,
            http,
            https,
            stratum,
            stratum_tls,
            tls,
            own_stratum,
            verifiers: Verifiers {
                randomx: verifier::randomx::Verifier::new(&verification, RELEASE_AFTER),
                progpow: verifier::progpow::Verifier::new(RELEASE_AFTER),
            },
            listening: HubListening {
                http: format!("http://{http_address}"),
                stratum: stratum_address.to_string(),
            },
            stratum_port: stratum_address.port(),
            stratum_tls_port,
        })
    }

    /// Where it listens.
    pub fn listening(&self) -> &HubListening {
        &self.listening
    }

    /// Where its parts hear from each other, for whoever is another part.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What it recomputes hashes with, for whoever wants to know how much that is.
    pub fn verifiers(&self) -> &Verifiers {
        &self.verifiers
    }

    /// Runs until told to stop: then miners are sent away while the HTTP server still says that the hub is ending, and
    /// everything else ends. What was answered is on the disk.
    ///
    /// # Errors
    /// If the upstream cannot be set up.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StartError> {
        // Sessions end first, everything else after them.
        let (sessions, tasks) = (TaskTracker::new(), TaskTracker::new());
        let end = CancellationToken::new();
        let (replica, keeper) = Replica::claim(self.store.clone(), shutdown.clone()).await?;
        tasks.spawn(keeper.run());
        tasks.spawn(self.bus.clone().run(end.clone()));
        let turns = Tasks::new(self.store.clone(), replica.clone());
        let (writer, write) = Writer::new(self.store.clone());
        let writing = tokio::spawn(write);
        let ports = self.own_stratum.iter().map(|own| (own.algorithm, own.port));
        let launch = Launch {
            settings: &self.settings,
            store: &self.store,
            tasks: &tasks,
            turns: &turns,
            bus: &self.bus,
            shutdown: &end,
        };
        let sources = launch.all(ports)?;
        self.start_payers(&turns, &tasks, &end)?;
        if let Some(prices) = PriceSource::new(&self.settings)? {
            let store = self.store.clone();
            tasks.spawn(prices.follow(store, turns.clone(), end.clone()));
        }
        let health = Health {
            store: self.store.clone(),
            sources: sources.clone(),
            replica: replica.clone(),
            draining: shutdown.clone(),
        };
        let shared = Arc::new(Shared {
            store: self.store.clone(),
            bus: self.bus.clone(),
            writer,
            verifiers: self.verifiers.clone(),
            sources: sources.clone(),
            difficulty: self.settings.difficulty.clone(),
            fee_basis_points: self.settings.earnings.fee_basis_points,
            remembered: Remembered::default(),
            misbehaved: Limiter::new(stratum::MISBEHAVED),
            replica: replica.clone(),
            workers_per_account: self.settings.limits.workers_per_account,
            new_workers: Limiter::new(stratum::NEW_WORKERS),
            numbers: Numbers::new(rand::rng().random()),
            roster: Arc::default(),
            drain_to: self.settings.drain_to.clone(),
        });
        let limits = self.settings.limits;
        let doorkeeper = Doorkeeper::new(limits.connections, limits.connections_per_address);
        let offered = match &self.tls {
            Some(tls) => Encryption::Offered(tls.clone()),
            None => Encryption::None,
        };
        let mut ports = vec![Port {
            listener: self.stratum,
            serves: Serves::Common,
            encryption: offered.clone(),
        }];
        if let (Some(listener), Some(tls)) = (self.stratum_tls, &self.tls) {
            ports.push(Port {
                listener,
                serves: Serves::Common,
                encryption: Encryption::Required(tls.clone()),
            });
        }
        for (own, source) in self.own_stratum.into_iter().zip(&sources.progpow) {
            tracing::info!(algorithm = %own.algorithm, port = own.port, "served at a port of its own");
            ports.push(Port {
                listener: own.listener,
                serves: Serves::KawPow(source.clone()),
                encryption: offered.clone(),
            });
        }
        for port in ports {
            sessions.spawn(stratum::serve(
                port,
                Arc::clone(&shared),
                Arc::clone(&doorkeeper),
                sessions.clone(),
                shutdown.clone(),
            ));
        }
        tasks.spawn(stratum::end_revoked(
            self.bus.clone(),
            Arc::clone(&shared.roster),
            self.store.clone(),
            end.clone(),
        ));
        drop(shared);
        let known = KnownDevices::new(self.store.clone());
        if self.store.engine() == Engine::Postgres {
            tasks.spawn(Arc::clone(&known).follow_changes(end.clone()));
        }
        let reports = Reports::new();
        tasks.spawn(Arc::clone(&reports).write(self.store.clone(), end.clone()));
        let devices = DeviceDesk {
            known,
            reports,
            challenges: Challenges::of(&self.store).await?,
        };
        let public_url = self.settings.public_url.clone();
        let hub_url = public_url.unwrap_or_else(|| self.listening.http.clone());
        let referring = Referring {
            tiers: self.settings.earnings.referral_tiers.clone(),
            public_url: hub_url.clone(),
        };
        let api = Arc::new(Api {
            store: self.store.clone(),
            bus: self.bus,
            health,
            sources,
            stratum_port: self.stratum_port,
            stratum_tls_port: self.stratum_tls_port,
            devices,
            referring,
            withdrawals: self.settings.withdrawals.clone(),
            limits: http::Limits::default(),
        });
        let api = http::router(api);
        let portal = Portal::new(
            api.clone(),
            self.store.clone(),
            wallets(&self.settings)?,
            &self.settings,
            hub_url,
        );
        let router = api.merge(portal::router(portal));
        let mut http_ports = vec![(self.http, None)];
        if let Some(https) = self.https {
            http_ports.push((https, self.tls.clone()));
        }
        for (listener, tls) in http_ports {
            tasks.spawn(http::serve(
                listener,
                tls,
                router.clone(),
                limits.http_connections,
                tasks.clone(),
                end.clone(),
            ));
        }
        if let Some(tls) = self.tls {
            let end = end.clone();
            tasks.spawn(async move {
                end.run_until_cancelled(tls.follow()).await;
            });
        }
        let settling = settlement::run(
            turns,
            self.store.clone(),
            self.settings.earnings.clone(),
            end.clone(),
        );
        tasks.spawn(settling);
        let HubListening { http, stratum } = &self.listening;
        tracing::info!(http, stratum, "the hub is listening");

        shutdown.cancelled().await;
        let drained = tokio::time::sleep(Duration::from_secs(self.settings.drain_for));
        sessions.close();
        if tokio::time::timeout(GRACE, sessions.wait()).await.is_err() {
            tracing::warn!("some miners' connections did not end in time");
        }
        drained.await;
        end.cancel();
        tasks.close();
        if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        } else if tokio::time::timeout(GRACE, writing).await.is_err() {
            tracing::warn!("the last shares were not written in time");
        } else {
            settlement::settle(&self.store, &self.settings.earnings).await;
            replica.release().await;
            self.store.close().await;
        }
        tracing::info!("the hub has ended");
        Ok(())
    }

    fn start_payers(
        &self,
        turns: &Tasks,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Result<(), StartError> {
        let settings = &self.settings.withdrawals;
        let every = Duration::from_secs(settings.look_every);
        for (asset, task) in [
            (Asset::Monero, "payouts-xmr"),
            (Asset::Bitcoin, "payouts-btc"),
        ] {
            let Some(wallet) = settings.wallet(asset) else {
                continue;
            };
            let payer = Payer::new(
                self.store.clone(),
                asset,
                Wallet::new(asset, wallet)?,
                wallet.terms(asset)?,
            );
            let (turns, shutdown) = (turns.clone(), shutdown.clone());
            // A wallet's answer may take minutes, so it is not waited for. Being stopped anywhere is as safe as being
            // killed anywhere.
            tasks.spawn(async move {
                let looks = turns.every(task, every, shutdown.clone(), || payer.look());
                shutdown.run_until_cancelled(looks).await;
            });
        }
        Ok(())
    }
}

/// The wallets that withdrawals are paid from, for asking what they hold.
fn wallets(settings: &Settings) -> Result<Vec<(Asset, Wallet)>, WalletStartError> {
    let mut wallets = Vec::new();
    for asset in Asset::ALL {
        if let Some(wallet) = settings.withdrawals.wallet(asset) {
            wallets.push((asset, Wallet::new(asset, wallet)?));
        }
    }
    Ok(wallets)
}

/// The store that the settings name.
///
/// # Errors
/// If the data directory cannot be made, or the database cannot be opened.
pub async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    create_data_dir(&settings.data_dir)?;
    Ok(match &settings.database {
        Some(address) => Store::connect(address).await?,
        None => Store::open(&database_file(settings)).await?,
    })
}

/// The SQLite file of a hub without a PostgreSQL server.
pub fn database_file(settings: &Settings) -> PathBuf {
    settings.data_dir.join(DATABASE)
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen {
            setting,
            address,
            source,
        })
}

async fn listen_if(
    setting: &'static str,
    address: Option<SocketAddr>,
) -> Result<Option<TcpListener>, StartError> {
    match address {
        Some(address) => Ok(Some(listen(setting, address).await?)),
        None => Ok(None),
    }
}

/// Makes the data directory, which is its owner's alone.
///
/// # Errors
/// If it cannot be made.
pub fn create_data_dir(path: &std::path::Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}
