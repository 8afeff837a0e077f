//! One pool, looked at from the name of its server to its first job.

use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_kernels::Algorithm;
use idlewatt_market::coin::Coin;
use idlewatt_screens::Words;
use idlewatt_tls::look;
use serde::Serialize;

use super::reach::{self, line};
use super::teller::Teller;
use super::{Check, Discretion, Group, Verdict};
use crate::pool_account::of_another_coin;
use crate::work::{StratumServer, Timing, Trial, TrialError, Way, try_out};

/// What is to be looked at.
pub struct PoolCase {
    /// The server, with what to log in as.
    pub server: StratumServer,
    /// What it should have work for.
    pub algorithm: Algorithm,
    /// What it pays for that.
    pub pays: Coin,
    /// The certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The certificates to trust, by their SHA-256.
    pub fingerprint: Option<String>,
    /// The proxy that the settings name.
    pub proxy: Option<String>,
    /// Which proxies the environment names.
    pub proxies: Matcher,
}

/// What was found. `pool check --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolReport {
    /// Where the pool is.
    pub address: String,
    /// What was asked for.
    pub algorithm: Algorithm,
    /// The SHA-256 of the certificate that its server shows; `null` without TLS, and behind a proxy.
    pub fingerprint: Option<String>,
    /// How many checks came to a problem.
    pub problems: usize,
    /// The checks, in the order of the way there.
    pub checks: Vec<Check>,
}

impl PoolReport {
    /// As text, to be read.
    pub fn text(&self, words: Words) -> String {
        let mut text = format!("{} ({})", self.address, self.algorithm);
        super::write_checks(&mut text, &self.checks, words);
        text
    }
}

/// Looks at a pool. It is logged in to, and left as soon as it has given a job: nothing is computed.
pub async fn examine_pool(case: &PoolCase, words: Words) -> PoolReport {
    let discretion = Discretion::of_login(&case.server.user, &case.server.password);
    let teller = Teller::new(words, &discretion, Group::Reach);
    let (checks, fingerprint) = look_at(case, teller).await;
    PoolReport {
        address: case.server.address.to_string(),
        algorithm: case.algorithm,
        fingerprint,
        problems: checks
            .iter()
            .filter(|check| check.verdict == Verdict::Problem)
            .count(),
        checks,
    }
}

async fn look_at(case: &PoolCase, teller: Teller<'_>) -> (Vec<Check>, Option<String>) {
    let address = &case.server.address;
    let (file, fingerprint) = (case.ca_file.as_deref(), case.fingerprint.as_deref());
    let way = match Way::of(file, fingerprint, case.proxy.as_deref()) {
        Ok(way) => way,
        Err(error) => return (vec![reach::unusable(teller, &error)], None),
    };
    let behind_proxy = way.proxy.is_none() && reach::behind_proxy(&case.proxies, address);
    let mut checks = line::stratum(teller, "pool", address, &way, behind_proxy).await;
    let is_good = |checks: &[Check]| checks.iter().all(|one| one.verdict != Verdict::Problem);
    let mut shown = None;
    if address.tls && way.proxy.is_none() {
        shown = fingerprint_of(case).await;
        if let (Some(shown), true) = (&shown, case.fingerprint.is_none()) {
            let told = [("host", address.host.as_str().into())];
            // Not by the teller's discretion: it would take it for a key.
            let found = teller.say_with("doctor-pool-fingerprint", &told);
            let found = found.replace("FINGERPRINT", shown);
            let advice = teller.say("doctor-pool-fingerprint-advice");
            checks.push(match is_good(&checks) {
                true => teller.ok("fingerprint", found),
                false => teller.worth("fingerprint", found, advice),
            });
        }
    }
    if !is_good(&checks) {
        return (checks, shown);
    }
    if !address.tls {
        let advice = teller.say("doctor-pool-plain-advice");
        checks.push(teller.worth("encryption", teller.say("doctor-pool-plain"), advice));
    }
    if case.server.user.is_empty() {
        let advice = teller.say("doctor-pool-no-user-advice");
        checks.push(teller.worth("login", teller.say("doctor-pool-no-user"), advice));
        return (checks, shown);
    }
    if let Some(coin) = of_another_coin(&case.server.user, case.pays) {
        let told = [
            ("coin", coin.ticker().into()),
            ("pays", case.pays.ticker().into()),
        ];
        let found = teller.say_with("doctor-pool-other-coin", &told);
        let advice = teller.say_with("doctor-pool-other-coin-advice", &told);
        checks.push(teller.worth("payee", found, advice));
    }
    let tried = try_out(&way, &case.server, case.algorithm, &Timing::default()).await;
    match tried {
        Ok(trial) => worked(teller, &mut checks, case.algorithm, &trial),
        Err(error) => checks.push(failed(teller, &error)),
    }
    (checks, shown)
}

async fn fingerprint_of(case: &PoolCase) -> Option<String> {
    let address = &case.server.address;
    let stream = tokio::net::TcpStream::connect(address.authority());
    let looked = async { look(&address.host, stream.await.ok()?).await };
    let limit = Timing::default().connect;
    let shown = tokio::time::timeout(limit, looked).await.ok()?;
    shown.map(|fingerprint| fingerprint.to_string())
}

fn worked(teller: Teller<'_>, checks: &mut Vec<Check>, algorithm: Algorithm, trial: &Trial) {
    let milliseconds = u64::try_from(trial.login.as_millis()).unwrap_or(u64::MAX);
    let told = [("milliseconds", milliseconds.into())];
    checks.push(teller.ok("login", teller.say_with("doctor-pool-login", &told)));
    let hashes = u64::try_from(trial.job.target.work()).unwrap_or(u64::MAX);
    let told = [
        ("algorithm", algorithm.name().into()),
        ("hashes", hashes.into()),
    ];
    checks.push(teller.ok("work", teller.say_with("doctor-pool-work", &told)));
    for notice in &trial.notices {
        let told = [("text", notice.as_str().into())];
        checks.push(teller.ok("notice", teller.say_with("doctor-pool-says", &told)));
    }
    if !trial.unknown.is_empty() {
        let names = trial.unknown.join(", ");
        let told = [("names", names.as_str().into())];
        checks.push(teller.ok("unknown", teller.say_with("doctor-pool-unknown", &told)));
    }
    if trial.bad_lines > 0 {
        let told = [("lines", trial.bad_lines.into())];
        let found = teller.say_with("doctor-pool-bad-lines", &told);
        let advice = teller.say("doctor-pool-bad-lines-advice");
        checks.push(teller.worth("lines", found, advice));
    }
}

fn failed(teller: Teller<'_>, error: &TrialError) -> Check {
    let (id, found, advice) = match error {
        TrialError::Connect(_) => ("login", "doctor-pool-failed", "doctor-line-silent-advice"),
        TrialError::Login(_) => ("login", "doctor-pool-failed", "doctor-pool-login-advice"),
        TrialError::Work(_) => ("work", "doctor-pool-no-work", "doctor-pool-no-work-advice"),
    };
    let reason = match error {
        TrialError::Connect(reason) | TrialError::Login(reason) | TrialError::Work(reason) => {
            reason
        }
    };
    let told = [("reason", reason.as_str().into())];
    teller.problem(id, teller.say_with(found, &told), teller.say(advice))
}

#[cfg(test)]
mod tests;
