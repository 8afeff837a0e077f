//! What `idlewatt-hub` is told by flags and subcommands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use idlewatt_hub::payouts::operator::WithdrawalCommand;
use idlewatt_hub::settings::{MonerodSettings, UpstreamsSettings};
use idlewatt_hub::{Settings, StartError};

use super::logs::LogFormat;

/// The hub of Idlewatt: accounts, a Stratum server that verifies every share, and a ledger.
///
/// Without --monerod, and without upstreams in the settings file, all work is practice: real algorithms, real shares, units
/// that are never money.
#[derive(Parser)]
#[command(name = "idlewatt-hub", version)]
pub struct Arguments {
    /// A settings file in TOML; flags win over it
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Where the database is; created if it is missing [default: idlewatt-hub]
    #[arg(long, value_name = "DIR", env = "IDLEWATT_HUB_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Keep everything in this PostgreSQL server instead: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(
        long,
        value_name = "URL",
        env = "IDLEWATT_HUB_DATABASE",
        hide_env_values = true,
        global = true
    )]
    database: Option<String>,
    /// Seconds between settlements, which turn verified shares into credits [default: 60]
    #[arg(long, value_name = "SECONDS")]
    settle_every: Option<u64>,
    /// Where the HTTP API listens; port 0 takes a free one [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Where the Stratum server listens; port 0 takes a free one [default: 127.0.0.1:3480]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum: Option<SocketAddr>,
    /// Where the Stratum server for KawPow listens; port 0 takes a free one [default: 127.0.0.1:3481]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum_kawpow: Option<SocketAddr>,
    /// Where the Stratum server for ProgPoWZ listens; port 0 takes a free one [default: 127.0.0.1:3482]
    #[arg(long, value_name = "ADDRESS:PORT")]
    stratum_progpowz: Option<SocketAddr>,
    /// Show metrics at this address, as Prometheus reads them; for the operator alone
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// How the log is written
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        env = "IDLEWATT_HUB_LOG_FORMAT",
        global = true
    )]
    pub log_format: LogFormat,
    /// Also offer KawPow with a tiny dataset, for tests, on a free port of the loopback
    #[arg(long)]
    test_algorithm: bool,
    /// Take RandomX work from the Monero node with this RPC address, such as http://127.0.0.1:18081
    #[arg(long, value_name = "URL", requires = "wallet")]
    monerod: Option<String>,
    /// The Monero address that blocks pay
    #[arg(long, value_name = "ADDRESS", requires = "monerod")]
    wallet: Option<String>,
    /// Practice work only, whatever the settings file says
    #[arg(long, conflicts_with = "monerod")]
    practice: bool,
    /// Print one line of JSON with both addresses once it listens
    #[arg(long)]
    pub announce: bool,
    /// End when standard input is closed
    #[arg(long)]
    pub die_with_parent: bool,
    /// Check whether the books in the data directory add up, and end
    #[arg(long, conflicts_with_all = ["announce", "die_with_parent"])]
    pub audit: bool,
    /// What to do instead of running a hub
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Arguments {
    /// The settings file with the flags over it.
    ///
    /// # Errors
    /// If a setting is wrong.
    pub fn settings(self) -> Result<Settings, StartError> {
        let mut settings = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if let Some(data_dir) = self.data_dir {
            settings.data_dir = data_dir;
        }
        settings.database = self.database.or(settings.database);
        if let Some(seconds) = self.settle_every {
            settings.earnings.settle_every = seconds;
        }
        if let Some(http) = self.http {
            settings.http = http;
        }
        if let Some(stratum) = self.stratum {
            settings.stratum = stratum;
        }
        if let Some(stratum_kawpow) = self.stratum_kawpow {
            settings.stratum_kawpow = stratum_kawpow;
        }
        if let Some(stratum_progpowz) = self.stratum_progpowz {
            settings.stratum_progpowz = stratum_progpowz;
        }
        settings.metrics = self.metrics.or(settings.metrics);
        settings.test_algorithm |= self.test_algorithm;
        if self.practice {
            settings.monerod = None;
            settings.upstreams = UpstreamsSettings::default();
        }
        if let (Some(url), Some(wallet)) = (self.monerod, self.wallet) {
            settings.upstreams.randomx.clear();
            settings.monerod = Some(MonerodSettings::new(url, wallet));
        }
        settings.validate()?;
        Ok(settings)
    }
}

/// What can be done with the books besides running a hub on them.
#[derive(Subcommand)]
pub enum Command {
    /// Write everything to a new file, while a hub runs or not
    Backup {
        /// The file; it must not exist
        file: PathBuf,
    },
    /// Make a hub's database of a backup: the SQLite file in the data directory, or an empty PostgreSQL database
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Copy everything from the SQLite file in the data directory to an empty PostgreSQL database, while no hub runs
    MigrateTo {
        /// The database: postgres://USER:PASSWORD@HOST:PORT/DATABASE
        #[arg(
            value_name = "URL",
            env = "IDLEWATT_HUB_MIGRATE_TO",
            hide_env_values = true
        )]
        target: String,
    },
    /// Check whether the books add up
    Audit,
    /// Print a link that opens the operator's view in a browser: good once, for ten minutes
    OperatorLink,
    /// See and decide about withdrawals
    Withdrawals {
        #[command(subcommand)]
        command: WithdrawalCommand,
    },
}
