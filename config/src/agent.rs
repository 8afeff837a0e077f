//! The agent's settings, typed. Their meaning and defaults stand in `agent.toml`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::{LimitsSettings, ScheduleRule};
use crate::{other_pools, value};

/// All settings of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// The mode of a first start: `smart`, a whole number from 5 to 100, or `pause`.
    #[serde(deserialize_with = "value::mode")]
    pub mode: String,
    /// `en` or `ko`; `None`: the system's.
    #[serde(deserialize_with = "value::language")]
    pub language: Option<String>,
    /// What earnings are shown in: `coin`, `mBTC`, `USD`, `KRW` or `EUR`.
    #[serde(deserialize_with = "value::shown_in")]
    pub currency: String,
    /// Whom the agent works for.
    pub hub: HubSettings,
    /// The pool to work for without a hub.
    pub pool: PoolSettings,
    /// More of them, each with work for another algorithm.
    #[serde(deserialize_with = "other_pools::read")]
    pub other_pools: Vec<PoolSettings>,
    /// The way to either.
    pub network: NetworkSettings,
    /// The CPU.
    pub cpu: CpuSettings,
    /// Graphics cards.
    pub gpu: GpuSettings,
    /// Mode `smart`.
    pub smart: SmartSettings,
    /// What holds in every mode.
    pub limits: LimitsSettings,
    /// Modes for hours of the week.
    pub schedule: Vec<ScheduleRule>,
    /// What it costs.
    pub electricity: ElectricitySettings,
    /// What it brings.
    pub market: MarketSettings,
    /// What the desktop tells its owner of.
    pub notifications: NotificationSettings,
    /// The program's own updates.
    pub update: UpdateSettings,
    /// The control API.
    pub control: ControlSettings,
    /// The processes that do the work.
    pub engine: EngineSettings,
}

impl AgentSettings {
    /// The pools to work for, each for an algorithm of its own, the first of them first; none where a hub is worked for.
    pub fn pools(&self) -> impl Iterator<Item = &PoolSettings> {
        let is_pool = self.pool.url.is_some();
        let all = std::iter::once(&self.pool).chain(&self.other_pools);
        all.filter(move |_| is_pool)
    }
}

/// Whom the agent works for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSettings {
    /// Base address without a slash at the end; `None`: the hub inside the agent.
    #[serde(deserialize_with = "value::hub_url")]
    pub url: Option<String>,
    /// The certificates to trust instead of the system's; `None`: the system's.
    #[serde(deserialize_with = "value::file")]
    pub ca_file: Option<PathBuf>,
    /// Hosts that the hub may send this device to beside its own.
    #[serde(deserialize_with = "value::hosts")]
    pub reconnect_hosts: Vec<String>,
}

/// A pool to work for without a hub.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// `stratum+tcp://HOST:PORT`, or `stratum+ssl://…` under TLS; `None`: no pool.
    #[serde(deserialize_with = "value::pool_url")]
    pub url: Option<String>,
    /// The pools to work for while it cannot be: the earlier ones rather.
    #[serde(deserialize_with = "value::fallback_pools")]
    pub fallback_urls: Vec<FallbackPool>,
    /// The certificates to trust instead of the system's; `None`: the system's.
    #[serde(deserialize_with = "value::file")]
    pub ca_file: Option<PathBuf>,
    /// The certificates to trust, by their SHA-256 and after commas; `None`: whatever `ca_file` says.
    #[serde(deserialize_with = "value::fingerprint")]
    pub fingerprint: Option<String>,
    /// Hosts that the pool may send this device to beside its own.
    #[serde(deserialize_with = "value::hosts")]
    pub reconnect_hosts: Vec<String>,
    /// Where the pool tells what the account has earned; `None`: it is not asked.
    #[serde(deserialize_with = "value::pool_account")]
    pub account: Option<PoolAccountSettings>,
    /// The pool's name for the user.
    #[serde(deserialize_with = "value::line")]
    pub user: String,
    /// The pool's password.
    #[serde(deserialize_with = "value::line")]
    pub password: String,
    /// What the pool has work for: `kawpow`, `progpowz`, `randomx` or `sha256d`.
    #[serde(deserialize_with = "value::pool_algorithm")]
    pub algorithm: String,
}

/// Where a pool tells what an account has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolAccountSettings {
    /// What its answers look like: `2miners`, `nodejs-pool`, `cryptonote`, `nicehash` or `unmineable`.
    pub family: String,
    /// Where it is.
    pub url: String,
    /// What the account is kept in: `BTC`, `XMR`, `RVN` or `ZANO`; `None`: what is mined.
    pub coin: Option<String>,
}

impl fmt::Display for PoolAccountSettings {
    /// As it stands in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family, self.url)?;
        self.coin.iter().try_for_each(|coin| write!(f, " {coin}"))
    }
}

/// A pool that stands in for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackPool {
    /// `stratum+tcp://HOST:PORT`, or `stratum+ssl://…` under TLS.
    pub url: String,
    /// Its name for the user; `None`: `pool.user`.
    pub user: Option<String>,
    /// Its password; `None`: `pool.password`.
    pub password: Option<String>,
}

impl fmt::Display for FallbackPool {
    /// As it stands in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, place) = self.url.split_once("://").unwrap_or_default();
        write!(f, "{scheme}://")?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            self.password
                .iter()
                .try_for_each(|password| write!(f, ":{password}"))?;
            f.write_str("@")?;
        }
        f.write_str(place)
    }
}

/// The way to the hub or the pool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// `socks5://…` or `http://…`, with a login where the proxy asks for one; `None`: straight.
    #[serde(deserialize_with = "value::proxy")]
    pub proxy: Option<String>,
}

/// The CPU.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CpuSettings {
    /// Whether it works at all.
    #[serde(deserialize_with = "value::truth")]
    pub enabled: bool,
    /// Worker threads; `None`: as many as the CPU has.
    #[serde(deserialize_with = "value::threads")]
    pub threads: Option<usize>,
    /// `randomx` or `sha256d`; `None`: what pays best.
    #[serde(deserialize_with = "value::cpu_algorithm")]
    pub algorithm: Option<String>,
    /// `auto`, `light` or `fast`: how much memory RandomX may take.
    #[serde(deserialize_with = "value::randomx_memory")]
    pub randomx_memory: String,
    /// Mode `smart`, someone at the PC: at most this share.
    #[serde(deserialize_with = "value::percent")]
    pub someone_here_percent: u8,
}

/// Graphics cards.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuSettings {
    /// Whether they work at all.
    #[serde(deserialize_with = "value::truth")]
    pub enabled: bool,
    /// Whether emulated ones count.
    #[serde(deserialize_with = "value::truth")]
    pub allow_software: bool,
    /// `kawpow`, `progpowz`, `sha256d`, or for tests `kawpow-test`; `None`: what pays best.
    #[serde(deserialize_with = "value::gpu_algorithm")]
    pub algorithm: Option<String>,
    /// Mode `smart`, someone at the PC: at most this share of each.
    #[serde(deserialize_with = "value::percent")]
    pub someone_here_percent: u8,
}

/// Mode `smart`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmartSettings {
    /// How long without input until the PC counts as free.
    #[serde(deserialize_with = "value::duration")]
    pub idle_after: Duration,
}

/// What electricity costs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectricitySettings {
    /// Of a kilowatt-hour; `None`: not known.
    #[serde(deserialize_with = "value::price")]
    pub price: Option<f64>,
    /// `USD`, `KRW` or `EUR`.
    #[serde(deserialize_with = "value::currency")]
    pub currency: String,
    /// Watts of the whole PC at work beyond those at rest; `None`: not known.
    #[serde(deserialize_with = "value::watts")]
    pub watts: Option<u16>,
    /// Whether a processor rests while nothing pays more than its electricity costs.
    #[serde(deserialize_with = "value::truth")]
    pub rest_at_a_loss: bool,
}

// A price that was read is a number.
impl Eq for ElectricitySettings {}

/// Who is asked what coins cost, and how hard their blocks are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSettings {
    /// Empty: nobody.
    #[serde(deserialize_with = "value::market_sources")]
    pub sources: Vec<MarketSource>,
    /// What a pool keeps where it is not known, in percent.
    #[serde(deserialize_with = "value::fee")]
    pub pool_fee_percent: f64,
}

// A fee that was read is a number.
impl Eq for MarketSettings {}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketSource {
    /// How its answers look: `coingecko` or `whattomine`.
    pub shape: String,
    /// Where it is; `None`: where such a source usually is.
    pub url: Option<String>,
}

/// What the desktop tells its owner of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// The first share that was ever accepted.
    #[serde(deserialize_with = "value::truth")]
    pub first_share: bool,
    /// A withdrawal that was handed to the coin's network.
    #[serde(deserialize_with = "value::truth")]
    pub withdrawal_sent: bool,
    /// A processor that was set aside.
    #[serde(deserialize_with = "value::truth")]
    pub processor_set_aside: bool,
    /// An update that was installed, or put back.
    #[serde(deserialize_with = "value::truth")]
    pub update: bool,
}

/// The program's own updates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// Whether it looks for them, and installs them, by itself.
    #[serde(deserialize_with = "value::truth")]
    pub automatic: bool,
    /// The folder that holds them, without a slash at the end; `None`: where the build looks by itself.
    #[serde(deserialize_with = "value::update_url")]
    pub url: Option<String>,
}

/// The control API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlSettings {
    /// Its port on 127.0.0.1; 0: any free one.
    #[serde(deserialize_with = "value::port")]
    pub port: u16,
}

/// The processes that do the work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// How long without work until one is ended.
    #[serde(deserialize_with = "value::duration")]
    pub release_after: Duration,
    /// Whether Windows may run their work on its energy-saving cores and at low clock rates (EcoQoS).
    #[serde(deserialize_with = "value::truth")]
    pub efficient: bool,
}
