//! `idlewatt pool check`

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_config::PoolSettings;
use idlewatt_screens::{Language, Words};

use crate::app::pools::pools;
use crate::cli::settings::SettingsArguments;
use crate::cli::{Common, Failure, output, words};
use crate::doctor::{PoolCase, PoolReport, examine_pool};

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
    let named = arguments.named(settings.settings.pool)?;
    let (source, algorithm) = pools(&named).map_err(Failure::usage)?;
    // The JSON is in one language, whoever reads it.
    let words = match common.json {
        true => Words::of(Language::English),
        false => words(),
    };
    let mut reports: Vec<PoolReport> = Vec::new();
    for server in source.servers() {
        let case = PoolCase {
            server,
            algorithm,
            ca_file: named.ca_file.clone(),
            fingerprint: named.fingerprint.clone(),
            proxy: network.proxy.clone(),
            proxies: Matcher::from_system(),
        };
        reports.push(examine_pool(&case, words).await);
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
    /// The pools to look at.
    fn named(self, settings: PoolSettings) -> Result<PoolSettings, Failure> {
        let url = self.url.clone().or(settings.url.clone());
        let user = self.user.unwrap_or(settings.user);
        if url.is_none() {
            return Err(Failure::usage(words().say("cli-pool-none")));
        }
        if user.is_empty() {
            return Err(Failure::usage(words().say("cli-pool-no-user")));
        }
        // What the settings say of their own pools' certificates is about those.
        let of_settings = self.url.is_none() || self.url == settings.url;
        Ok(PoolSettings {
            fallback_urls: match self.url {
                Some(_) => Vec::new(),
                None => settings.fallback_urls,
            },
            url,
            user,
            password: self.password.unwrap_or(settings.password),
            algorithm: self.algorithm.unwrap_or(settings.algorithm),
            fingerprint: self
                .fingerprint
                .or(settings.fingerprint.filter(|_| of_settings)),
            ca_file: settings.ca_file,
            account: settings.account,
            reconnect_hosts: settings.reconnect_hosts,
        })
    }
}
