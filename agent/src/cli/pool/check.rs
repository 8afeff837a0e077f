//! `idlewatt pool check`

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_config::{AgentSettings, PoolSettings};
use idlewatt_screens::{Language, Words};

use crate::app::pools::pool;
use crate::cli::settings::SettingsArguments;
use crate::cli::{Common, Failure, output, words};
use crate::doctor::{PoolCase, PoolReport, examine_pool};
use crate::pool_account::paid_in;

#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// The pool, stratum+tcp://HOST:PORT or stratum+ssl://HOST:PORT [default: those of the settings]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// What the pool calls the user [default: the settings']
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// The pool's password [default: the settings']
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// What the pool has work for [default: the settings']
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<String>,
    /// The SHA-256 fingerprint of the certificate to trust
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
}

pub async fn run(common: &Common, arguments: CheckArguments) -> Result<(), Failure> {
    let data = common.data()?;
    let settings = SettingsArguments::of_file(arguments.config.clone()).load(&data)?;
    let network = settings.settings.network.clone();
    let named = arguments.named(&settings.settings)?;
    // The JSON is in one language, whoever reads it.
    let words = match common.json {
        true => Words::of(Language::English),
        false => words(),
    };
    let mut reports: Vec<PoolReport> = Vec::new();
    for settings in named {
        let one = pool(&settings).map_err(Failure::usage)?;
        for server in [one.first].into_iter().chain(one.others) {
            let case = PoolCase {
                server,
                algorithm: one.algorithm,
                pays: paid_in(&settings),
                ca_file: settings.ca_file.clone(),
                fingerprint: settings.fingerprint.clone(),
                proxy: network.proxy.clone(),
                proxies: Matcher::from_system(),
            };
            reports.push(examine_pool(&case, words).await);
        }
    }
    output::either(common.json, &reports, || {
        let texts: Vec<String> = reports.iter().map(|report| report.text(words)).collect();
        texts.join("\n\n")
    })?;
    match reports.iter().all(|report| report.problems == 0) {
        true => Ok(()),
        false => Err(Failure::Told),
    }
}

impl CheckArguments {
    /// The pools to look at: those of the settings, or the one that is named, with what the settings say of it.
    fn named(self, settings: &AgentSettings) -> Result<Vec<PoolSettings>, Failure> {
        let given = [
            &self.url,
            &self.user,
            &self.password,
            &self.algorithm,
            &self.fingerprint,
        ];
        let all: Vec<PoolSettings> = settings.pools().cloned().collect();
        if given.iter().all(|one| one.is_none()) && !all.is_empty() {
            return Ok(all);
        }
        let is_it = |pool: &&PoolSettings| {
            let is_at = self
                .url
                .as_ref()
                .is_none_or(|url| pool.url.as_ref() == Some(url));
            let works = self
                .algorithm
                .as_ref()
                .is_none_or(|wanted| pool.algorithm == *wanted);
            is_at && works
        };
        let known = all.iter().find(is_it);
        // What the settings say of a pool's certificate is about that one.
        let of_settings = known.is_some() || self.url.is_none();
        let base = known.unwrap_or(&settings.pool).clone();
        let url = self.url.clone().or(base.url);
        let user = self.user.unwrap_or(base.user);
        if url.is_none() {
            return Err(Failure::usage(words().say("cli-pool-none")));
        }
        Ok(vec![PoolSettings {
            fallback_urls: match self.url {
                Some(_) => Vec::new(),
                None => base.fallback_urls,
            },
            url,
            user,
            password: self.password.unwrap_or(base.password),
            algorithm: self.algorithm.unwrap_or(base.algorithm),
            fingerprint: self
                .fingerprint
                .or(base.fingerprint.filter(|_| of_settings)),
            ca_file: base.ca_file,
            account: base.account,
            reconnect_hosts: base.reconnect_hosts,
        }])
    }
}
