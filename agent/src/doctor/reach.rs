//! The way to the hub or pool, step by step, so that the first step that fails is the one that is told.

use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_config::PoolSettings;

use super::teller::Teller;
use super::{Agent, Case, Check};
use crate::work::hub_client::HubClient;
use crate::work::{Address, Way, WayError};

mod certificate;
mod clock;
mod hub;
pub mod line;

/// Whom this PC works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The hub inside the agent: there is no way to go.
    Inside,
    /// A hub.
    Hub(Place),
    /// Pools, each with work for another algorithm.
    Pools(Vec<Place>),
    /// Nobody knows: the settings are wrong.
    Unknown,
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the settings say it.
    pub url: String,
    /// The certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The one certificate to trust.
    pub fingerprint: Option<String>,
    /// The proxy that the settings name, login included.
    pub proxy: Option<String>,
}

impl Target {
    /// Whom a running agent works for, unless another was named for this look; else whom the settings name.
    pub fn of(case: &Case) -> Target {
        let Ok(settings) = &case.settings else {
            return Target::Unknown;
        };
        let hub = |url: String| {
            Target::Hub(Place {
                url,
                ca_file: settings.hub.ca_file.clone(),
                fingerprint: None,
                proxy: settings.network.proxy.clone(),
            })
        };
        let pools = |first: String| {
            let place = |pool: &PoolSettings, url: String| Place {
                url,
                ca_file: pool.ca_file.clone(),
                fingerprint: pool.fingerprint.clone(),
                proxy: settings.network.proxy.clone(),
            };
            let mut places = vec![place(&settings.pool, first)];
            for pool in &settings.other_pools {
                places.push(place(pool, pool.url.clone().unwrap_or_default()));
            }
            Target::Pools(places)
        };
        if let (Agent::Running(status), false) = (&case.agent, case.named) {
            let address = status.source.address.clone();
            match status.source.kind.as_str() {
                "hub" if !address.is_empty() => return hub(address),
                "pool" if !address.is_empty() => return pools(address),
                "embedded_hub" => return Target::Inside,
                _ => {}
            }
        }
        match (&settings.hub.url, &settings.pool.url) {
            (Some(url), _) => hub(url.clone()),
            (None, Some(url)) => pools(url.clone()),
            (None, None) => Target::Inside,
        }
    }
}

pub async fn checks(teller: Teller<'_>, target: &Target, proxies: &Matcher) -> Vec<Check> {
    match target {
        Target::Inside => vec![teller.ok("reach", teller.say("doctor-reach-inside"))],
        Target::Unknown => {
            let advice = teller.say("doctor-settings-wrong-advice");
            vec![teller.worth("reach", teller.say("doctor-reach-unknown"), advice)]
        }
        Target::Hub(place) => match way(teller, place) {
            Ok(way) => of_hub(teller, place, &way, proxies).await,
            Err(check) => vec![*check],
        },
        Target::Pools(places) => {
            let mut checks = Vec::new();
            for place in places {
                checks.extend(of_pool(teller, place, proxies).await);
            }
            checks
        }
    }
}

async fn of_pool(teller: Teller<'_>, place: &Place, proxies: &Matcher) -> Vec<Check> {
    match (way(teller, place), place.url.parse::<Address>()) {
        (Err(check), _) => vec![*check],
        (Ok(_), Err(error)) => vec![wrong_address(teller, &error.to_string())],
        (Ok(way), Ok(address)) => {
            let behind_proxy = way.proxy.is_none() && behind_proxy(proxies, &address);
            line::stratum(teller, "pool", &address, &way, behind_proxy).await
        }
    }
}

/// How the agent goes there.
fn way(teller: Teller<'_>, place: &Place) -> Result<Way, Box<Check>> {
    let (file, fingerprint) = (place.ca_file.as_deref(), place.fingerprint.as_deref());
    let way = Way::of(file, fingerprint, place.proxy.as_deref());
    way.map_err(|error| Box::new(unusable(teller, &error)))
}

/// What cannot be trusted as the settings say.
pub fn unusable(teller: Teller<'_>, error: &WayError) -> Check {
    let reason = error.to_string();
    let told = [("reason", reason.as_str().into())];
    let found = teller.say_with("doctor-trust-unusable", &told);
    let advice = teller.say("doctor-trust-unusable-advice");
    teller.problem("certificates", found, advice)
}

fn wrong_address(teller: Teller<'_>, reason: &str) -> Check {
    let told = [("reason", reason.into())];
    let found = teller.say_with("doctor-address-wrong", &told);
    teller.problem("address", found, teller.say("doctor-settings-wrong-advice"))
}

/// Whether programs that ask for proxies would use one there. Stratum goes straight unless the settings name one.
pub fn behind_proxy(proxies: &Matcher, address: &Address) -> bool {
    ["http", "https"].into_iter().any(|scheme| {
        let uri = format!("{scheme}://{}/", address.authority()).parse();
        uri.is_ok_and(|uri| proxies.intercept(&uri).is_some())
    })
}

async fn of_hub(teller: Teller<'_>, place: &Place, way: &Way, proxies: &Matcher) -> Vec<Check> {
    let client = match HubClient::by(way, &place.url) {
        Ok(client) => client,
        Err(error) => return vec![wrong_address(teller, &error.to_string())],
    };
    let mut checks = Vec::new();
    let proxy = match client.is_on_this_pc() {
        true => None,
        false => match &place.proxy {
            Some(set) => proxy(&Matcher::builder().all(set.as_str()).build(), &client),
            None => proxy(proxies, &client),
        },
    };
    let (host, port) = match &proxy {
        Some(proxy) => {
            let name = format!("{}:{}", proxy.host, proxy.port);
            let told = [("proxy", name.as_str().into())];
            checks.push(teller.ok("proxy", teller.say_with("doctor-proxy", &told)));
            (proxy.host.clone(), proxy.port)
        }
        None => (client.host(), client.port()),
    };
    let Some(stream) = line::open(teller, &mut checks, "connection", &host, port, false).await
    else {
        return checks;
    };
    if proxy.is_none() && client.is_encrypted() {
        let secured = certificate::check(teller, &host, &way.trust, stream).await;
        let good = secured.verdict == super::Verdict::Ok;
        checks.push(secured);
        if !good {
            return checks;
        }
    } else {
        // Some take one connection at a time.
        drop(stream);
    }
    if !client.is_encrypted() && !client.is_on_this_pc() {
        let advice = teller.say("doctor-unencrypted-advice");
        checks.push(teller.worth("encryption", teller.say("doctor-unencrypted"), advice));
    }
    hub::ask(teller, &mut checks, &client, way, proxy.is_some()).await;
    checks
}

/// A proxy without the login that may stand in its address.
struct Proxy {
    host: String,
    port: u16,
}

/// The proxy that the client asks by: it looks the same way.
fn proxy(proxies: &Matcher, client: &HubClient) -> Option<Proxy> {
    let uri = client.address().parse().ok()?;
    let found = proxies.intercept(&uri)?;
    let uri = found.uri();
    let port = match uri.scheme_str() {
        Some("https") => 443,
        Some(scheme) if scheme.starts_with("socks") => 1080,
        _ => 80,
    };
    Some(Proxy {
        host: uri.host()?.to_owned(),
        port: uri.port_u16().unwrap_or(port),
    })
}

#[cfg(test)]
pub(in crate::doctor) mod tests;
