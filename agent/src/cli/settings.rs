//! The flags that stand for settings, and where the file of settings is.

use std::path::PathBuf;

use idlewatt_config::{AgentSettings, Layered, Override, SettingsError, load};

use super::{Failure, values};
use crate::app::policy::policy;
use crate::daemon::Loaded;
use crate::data_dir::DataDir;
use crate::governor::Mode;

/// Flags of every command that needs the settings.
#[derive(Debug, Default, clap::Args)]
pub struct SettingsArguments {
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Work for the hub at this address
    #[arg(long, value_name = "URL", conflicts_with = "pool")]
    hub: Option<String>,
    /// Work for a mining pool, stratum+tcp://HOST:PORT; once more: for that one while the first cannot be reached
    #[arg(long, value_name = "URL", requires = "pool_user")]
    pool: Vec<String>,
    /// What the pool calls the user
    #[arg(long, value_name = "USER")]
    pool_user: Option<String>,
    /// The pool's password
    #[arg(long, value_name = "PASSWORD", visible_alias = "pool-password")]
    pool_pass: Option<String>,
    /// What the pool has work for
    #[arg(long, value_name = "ALGORITHM")]
    pool_algorithm: Option<String>,
    /// Use graphics cards that are only emulated on the CPU
    #[arg(long)]
    allow_software_gpu: bool,
    /// The mode to start with: smart, 5 to 100 (percent) or pause
    #[arg(long, value_name = "MODE", value_parser = values::mode)]
    pub mode: Option<Mode>,
    /// The port of the control API on 127.0.0.1
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
}

impl SettingsArguments {
    /// A file alone, for a command without the flags.
    pub fn of_file(config: Option<PathBuf>) -> Self {
        SettingsArguments {
            config,
            ..SettingsArguments::default()
        }
    }

    fn overrides(&self) -> Vec<Override> {
        let text = |key, flag, value: &Option<String>| {
            let value = value.clone()?;
            Some(Override {
                key,
                value: value.into(),
                flag,
            })
        };
        let mode = self.mode.as_ref().map(ToString::to_string);
        let software = self.allow_software_gpu.then(|| Override {
            key: "gpu.allow_software",
            value: true.into(),
            flag: "--allow-software-gpu",
        });
        // With a pool on the line, the others of the file are not meant.
        let fallbacks = (!self.pool.is_empty()).then(|| Override {
            key: "pool.fallback_urls",
            value: self.pool[1..].to_vec().into(),
            flag: "--pool",
        });
        let port = self.control_port.map(|port| Override {
            key: "control.port",
            value: i64::from(port).into(),
            flag: "--control-port",
        });
        [
            text("hub.url", "--hub", &self.hub),
            text("pool.url", "--pool", &self.pool.first().cloned()),
            fallbacks,
            text("pool.user", "--pool-user", &self.pool_user),
            text("pool.password", "--pool-pass", &self.pool_pass),
            text("pool.algorithm", "--pool-algorithm", &self.pool_algorithm),
            text("mode", "--mode", &mode),
            software,
            port,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The file asked for, or `config.toml` in the data directory if there is one.
    pub fn file(&self, data: &DataDir) -> Option<PathBuf> {
        let own = || {
            let path = data.file("config.toml");
            path.exists().then_some(path)
        };
        self.config.clone().or_else(own)
    }

    /// The settings as they hold, with where they are changed.
    pub fn loaded(&self, data: &DataDir) -> Result<Loaded, Failure> {
        Ok(Loaded {
            layered: self.load(data)?,
            file: self
                .config
                .clone()
                .unwrap_or_else(|| data.file("config.toml")),
            flags: self.overrides(),
        })
    }

    /// The settings as they hold, fit to be obeyed.
    pub fn load(&self, data: &DataDir) -> Result<Layered, Failure> {
        Ok(self.layered(data)?)
    }

    /// The same typed alone, with what is wrong as values.
    pub fn read(&self, data: &DataDir) -> Result<AgentSettings, SettingsError> {
        Ok(self.layered(data)?.settings)
    }

    fn layered(&self, data: &DataDir) -> Result<Layered, SettingsError> {
        let layered = load(self.file(data).as_deref(), &self.overrides())?;
        policy(&layered.settings).map_err(|error| error.placed(&layered))?;
        Ok(layered)
    }

    /// Whether the flags say whom to work for.
    pub fn names_a_source(&self) -> bool {
        self.hub.is_some() || !self.pool.is_empty()
    }
}
