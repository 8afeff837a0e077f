//! A connection, as far as the network has a say in it: the name, the address, the port.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::certificate;
use crate::doctor::Check;
use crate::doctor::teller::Teller;
use crate::work::{Address, Proxy, Way};

/// How long a name server may take.
const NAME_PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What Windows answers with where a firewall does not let a program out (`WSAEACCES`).
const REFUSED_BY_WINDOWS: i32 = 10013;

/// A Stratum server: the connection, and what it is secured by. Nothing is said to it.
pub async fn stratum(
    teller: Teller<'_>,
    id: &'static str,
    address: &Address,
    way: &Way,
    behind_proxy: bool,
) -> Vec<Check> {
    let (host, port) = (&address.host, address.port);
    let mut checks = Vec::new();
    let stream = match &way.proxy {
        Some(proxy) => through(teller, &mut checks, id, address, proxy).await,
        None => open(teller, &mut checks, id, host, port, behind_proxy).await,
    };
    if let (Some(stream), true) = (stream, address.tls) {
        checks.push(certificate::check(teller, host, &way.trust, stream).await);
    }
    checks
}

/// Connects through the proxy that the settings name; it looks up the name.
async fn through(
    teller: Teller<'_>,
    checks: &mut Vec<Check>,
    id: &'static str,
    address: &Address,
    proxy: &Proxy,
) -> Option<TcpStream> {
    let place = address.authority();
    let reason = match timeout(NAME_PATIENCE, proxy.connect(address)).await {
        Ok(Ok(stream)) => {
            let told = [("place", place.as_str().into())];
            checks.push(teller.ok(id, teller.say_with("doctor-line-open", &told)));
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    let told = [
        ("place", place.as_str().into()),
        ("reason", reason.as_str().into()),
    ];
    let advice = teller.say("doctor-line-through-advice");
    checks.push(teller.problem(id, teller.say_with("doctor-line-failed", &told), advice));
    None
}

/// Connects, and says how that went: one check for the name, one for the connection. `behind_proxy`: whether this goes
/// straight where other programs take a proxy.
pub async fn open(
    teller: Teller<'_>,
    checks: &mut Vec<Check>,
    id: &'static str,
    host: &str,
    port: u16,
    behind_proxy: bool,
) -> Option<TcpStream> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = match timeout(NAME_PATIENCE, lookup_host((bare, port))).await {
        Err(_) => Err(ErrorKind::TimedOut.into()),
        Ok(found) => found.map(Iterator::collect::<Vec<SocketAddr>>),
    };
    let addresses = match found {
        Ok(addresses) if !addresses.is_empty() => addresses,
        Ok(_) => {
            checks.push(unknown_name(teller, bare, &ErrorKind::NotFound.into()));
            return None;
        }
        Err(error) => {
            checks.push(unknown_name(teller, bare, &error));
            return None;
        }
    };
    if is_name(bare) {
        checks.push(name(teller, bare, &addresses));
    }
    let place = format!("{host}:{port}");
    match connect(&addresses).await {
        Ok(stream) => {
            let told = [("place", place.as_str().into())];
            checks.push(teller.ok(id, teller.say_with("doctor-line-open", &told)));
            Some(stream)
        }
        Err(error) => {
            checks.push(closed(teller, id, &place, &error, behind_proxy));
            None
        }
    }
}

/// Tries one address after the other, as clients do.
async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::NotFound);
    for address in addresses.iter().take(4) {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn is_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let is_local = host.eq_ignore_ascii_case("localhost") || host.ends_with(".localhost");
    !is_local && host.parse::<IpAddr>().is_err()
}

fn unknown_name(teller: Teller<'_>, host: &str, error: &io::Error) -> Check {
    let reason = error.to_string();
    let told = [("host", host.into()), ("reason", reason.as_str().into())];
    let found = teller.say_with("doctor-name-unknown", &told);
    teller.problem("name", found, teller.say("doctor-name-unknown-advice"))
}

/// A name that leads to this PC itself was likely bent by a filter for names, or in the hosts file.
fn name(teller: Teller<'_>, host: &str, addresses: &[SocketAddr]) -> Check {
    let listed: Vec<String> = addresses.iter().map(|one| one.ip().to_string()).collect();
    let mut listed = listed;
    listed.dedup();
    listed.truncate(4);
    let listed = listed.join(", ");
    let told = [("host", host.into()), ("addresses", listed.as_str().into())];
    let nowhere = |one: &SocketAddr| one.ip().is_unspecified();
    let here = |one: &SocketAddr| nowhere(one) || one.ip().is_loopback();
    let bent = || teller.say_with("doctor-name-bent", &told);
    let advice = || teller.say("doctor-name-bent-advice");
    if addresses.iter().all(nowhere) {
        teller.problem("name", bent(), advice())
    } else if addresses.iter().all(here) {
        teller.worth("name", bent(), advice())
    } else {
        teller.ok("name", teller.say_with("doctor-name-known", &told))
    }
}

fn closed(
    teller: Teller<'_>,
    id: &'static str,
    place: &str,
    error: &io::Error,
    behind_proxy: bool,
) -> Check {
    let reason = error.to_string();
    let told = [("place", place.into()), ("reason", reason.as_str().into())];
    let by_firewall = error.kind() == ErrorKind::PermissionDenied
        || (cfg!(windows) && error.raw_os_error() == Some(REFUSED_BY_WINDOWS));
    let (found, advice) = match error.kind() {
        _ if by_firewall => ("doctor-line-forbidden", "doctor-line-forbidden-advice"),
        ErrorKind::ConnectionRefused => ("doctor-line-refused", "doctor-line-refused-advice"),
        ErrorKind::TimedOut => ("doctor-line-silent", "doctor-line-silent-advice"),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
            ("doctor-line-no-way", "doctor-line-no-way-advice")
        }
        _ => ("doctor-line-failed", "doctor-line-silent-advice"),
    };
    let advice = match behind_proxy {
        true => teller.say("doctor-line-no-proxy-advice"),
        false => teller.say(advice),
    };
    teller.problem(id, teller.say_with(found, &told), advice)
}

#[cfg(test)]
mod tests {
    use idlewatt_screens::{Language, Words};

    use super::*;
    use crate::doctor::{Discretion, Group, Verdict};

    #[test]
    fn a_name_that_leads_here_is_told_as_bent() {
        let discretion = Discretion::default();
        let teller = Teller::new(Words::of(Language::English), &discretion, Group::Reach);
        let addresses = |all: &[&str]| -> Vec<SocketAddr> {
            all.iter()
                .map(|ip| SocketAddr::new(ip.parse().expect("an address"), 1))
                .collect()
        };
        for (all, verdict) in [
            (&["0.0.0.0", "::"][..], Verdict::Problem),
            (&["127.0.0.1"], Verdict::WorthKnowing),
            (&["127.0.0.1", "192.0.2.1"], Verdict::Ok),
            (&["192.0.2.1"], Verdict::Ok),
        ] {
            let check = name(teller, "hub.example.org", &addresses(all));
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.found.contains(all[0]), "{check:?}");
        }
        for (host, named) in [
            ("hub.example.org", true),
            ("localhost", false),
            ("127.0.0.1", false),
            ("::1", false),
        ] {
            assert_eq!(is_name(host), named, "{host}");
        }
    }

    #[test]
    fn each_way_of_not_connecting_has_words_of_its_own() {
        let discretion = Discretion::default();
        let teller = Teller::new(Words::of(Language::English), &discretion, Group::Reach);
        let kinds = [
            ErrorKind::ConnectionRefused,
            ErrorKind::TimedOut,
            ErrorKind::NetworkUnreachable,
            ErrorKind::PermissionDenied,
        ];
        let told: std::collections::BTreeSet<_> = kinds
            .into_iter()
            .map(|kind| {
                let check = closed(teller, "connection", "hub:1", &kind.into(), false);
                assert_eq!(check.verdict, Verdict::Problem);
                (check.found, check.advice)
            })
            .collect();
        assert_eq!(told.len(), kinds.len());
        let straight = closed(teller, "pool", "p:1", &ErrorKind::TimedOut.into(), true);
        assert!(
            straight
                .advice
                .is_some_and(|advice| advice.contains("proxy"))
        );
    }
}
