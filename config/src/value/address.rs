//! Where something is: addresses of hubs, pools, proxies and sources, and by what they are known.

use serde::Deserializer;

use super::checked;
use crate::{FallbackPool, MarketSource, PoolAccountSettings};

/// How the addresses of pools begin.
pub(super) const POOL_SCHEMES: [&str; 2] = ["stratum+tcp://", "stratum+ssl://"];

/// Whether an address has a scheme, a host and, where `needs_port`, a port, and nothing that could not be meant.
pub(super) fn is_address(text: &str, scheme: &str, needs_port: bool) -> bool {
    let Some(rest) = text.strip_prefix(scheme) else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let plain = !rest.chars().any(|c| c.is_whitespace() || c.is_control());
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'));
    let host = port.map_or(authority, |(host, _)| host);
    let port_is_right = match port {
        Some((_, port)) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => !needs_port,
    };
    plain && !host.is_empty() && port_is_right
}

pub(crate) fn hub_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"http://HOST:PORT\", \"https://HOST\" or \"\" for the hub inside the agent";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if is_address(url, "http://", false) || is_address(url, "https://", false) => {
            Some(Some(url.trim_end_matches('/').to_owned()))
        }
        _ => None,
    })
}

/// Of another PC only where its certificate says that it is the one that was meant.
pub(crate) fn update_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"https://HOST/FOLDER\", http:// for this PC alone, or \"\" for where this build looks by itself";
    checked(deserializer, allowed, |value| {
        let url = value.as_str()?;
        match url {
            "" => Some(None),
            _ if url.contains(['@', '?', '#']) => None,
            _ if is_web_address(url) => Some(Some(url.trim_end_matches('/').to_owned())),
            _ => None,
        }
    })
}

/// With a user's name and password before the host, where the proxy asks for them.
pub(crate) fn proxy<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"socks5://HOST:PORT\", \"http://HOST:PORT\", either with USER:PASSWORD@ before HOST, or \"\" for none";
    let is_proxy = |url: &str| {
        let Some((scheme, rest)) = url.split_once("://") else {
            return false;
        };
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let bare = format!("{scheme}://{place}");
        !place.contains('/')
            && !rest.chars().any(char::is_whitespace)
            && ["socks5://", "http://"]
                .iter()
                .any(|scheme| is_address(&bare, scheme, true))
    };
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if is_proxy(url) => Some(Some(url.to_owned())),
        _ => None,
    })
}

/// As `openssl x509 -fingerprint -sha256` writes it.
pub(crate) fn fingerprint<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons between pairs; several of them \
                   after commas, or \"\" for none";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        text => {
            let is_whole = |one: &str| {
                let digits: String = one.trim().chars().filter(|c| *c != ':').collect();
                digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit())
            };
            text.split(',').all(is_whole).then(|| Some(text.to_owned()))
        }
    })
}

pub(crate) fn pool_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"stratum+tcp://HOST:PORT\", \"stratum+ssl://HOST:PORT\" or \"\" for none";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if POOL_SCHEMES
            .iter()
            .any(|scheme| is_address(url, scheme, true)) =>
        {
            Some(Some(url.to_owned()))
        }
        _ => None,
    })
}

/// With a name, or name and password, before the host, where another pool knows the user by another name.
pub(crate) fn fallback_pools<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FallbackPool>, D::Error> {
    let allowed = "a list of at most 16 of \"stratum+tcp://HOST:PORT\" or \"stratum+ssl://HOST:PORT\", with USER@ or \
                   USER:PASSWORD@ before HOST where they are others";
    checked(deserializer, allowed, |value| {
        let pools = value.as_array().filter(|pools| pools.len() <= 16)?;
        pools
            .iter()
            .map(|pool| fallback_pool(pool.as_str()?))
            .collect()
    })
}

fn fallback_pool(text: &str) -> Option<FallbackPool> {
    let (scheme, rest) = text.split_once("://")?;
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let url = format!("{scheme}://{place}");
    let is_one = POOL_SCHEMES
        .iter()
        .any(|scheme| is_address(&url, scheme, true));
    let is_plain = text.len() <= 1024 && !text.chars().any(char::is_control);
    let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
        None => (None, None),
        Some(Err(user)) => (Some(user), None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
    };
    let fits = is_one && is_plain && user != Some("");
    fits.then(|| FallbackPool {
        url,
        user: user.map(str::to_owned),
        password: password.map(str::to_owned),
    })
}

pub(crate) fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let allowed = "a list of at most 64 names of hosts, such as [\"hub2.example.net\"]";
    checked(deserializer, allowed, |value| {
        let hosts = value.as_array().filter(|hosts| hosts.len() <= 64)?;
        let each = hosts.iter().map(|host| {
            let host = host
                .as_str()
                .filter(|host| !host.is_empty() && host.len() <= 253)?;
            let plain =
                !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@:".contains(c));
            plain.then(|| host.to_owned())
        });
        each.collect()
    })
}

/// The names of shapes, each with an address after a space where it is not the usual one.
pub(crate) fn market_sources<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<MarketSource>, D::Error> {
    let allowed = "a list of at most 16 of \"coingecko\" or \"whattomine\", each with an address after a space where it is \
                   not the usual one: \"coingecko https://HOST/PATH\" (http:// only on this PC)";
    checked(deserializer, allowed, |value| {
        let sources = value.as_array().filter(|sources| sources.len() <= 16)?;
        let each = sources.iter().map(|source| {
            let text = source.as_str()?;
            let (shape, url) = match text.split_once(' ') {
                Some((shape, url)) => (shape, Some(url.trim())),
                None => (text, None),
            };
            let is_known = ["coingecko", "whattomine"].contains(&shape);
            let fits = is_known && url.is_none_or(is_web_address);
            fits.then(|| MarketSource {
                shape: shape.to_owned(),
                url: url.map(str::to_owned),
            })
        });
        each.collect()
    })
}

/// A family of pools, where it is asked, and what it pays where that is not what is mined.
pub(crate) fn pool_account<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PoolAccountSettings>, D::Error> {
    let allowed = "\"FAMILY https://HOST/PATH\" with one of 2miners, nodejs-pool, cryptonote, nicehash, unmineable (http:// only \
                   on this PC), and after another space BTC, XMR, RVN or ZANO where it pays another coin than is mined; or \"\" \
                   for none";
    checked(deserializer, allowed, |value| {
        let text = value.as_str()?;
        if text.is_empty() {
            return Some(None);
        }
        let mut words = text.split_whitespace();
        let (family, url, coin) = (words.next()?, words.next()?, words.next());
        let families = [
            "2miners",
            "nodejs-pool",
            "cryptonote",
            "nicehash",
            "unmineable",
        ];
        let fits = families.contains(&family)
            && is_web_address(url)
            && !url.contains(['?', '#', '@'])
            && coin.is_none_or(|coin| ["BTC", "XMR", "RVN", "ZANO"].contains(&coin))
            && words.next().is_none();
        fits.then(|| {
            Some(PoolAccountSettings {
                family: family.to_owned(),
                url: url.trim_end_matches('/').to_owned(),
                coin: coin.map(str::to_owned),
            })
        })
    })
}

/// Under TLS, but for servers on this PC.
pub(super) fn is_web_address(url: &str) -> bool {
    let of_this_pc = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_of_this_pc = of_this_pc.iter().any(|host| {
        let rest = url.strip_prefix(host);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    is_address(url, "https://", false) || is_of_this_pc && is_address(url, "http://", false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_what_makes_them_usable() {
        for right in [
            "http://127.0.0.1:80",
            "http://hub",
            "http://[::1]:81/x",
            "http://[::1]",
        ] {
            assert!(is_address(right, "http://", false), "{right}");
        }
        for wrong in [
            "http://",
            "hub",
            "http://:80",
            "http://a b",
            "http://a:0",
            "http://a:x",
            "http://a:99999",
        ] {
            assert!(!is_address(wrong, "http://", false), "{wrong}");
        }
        assert!(!is_address("stratum+tcp://pool", "stratum+tcp://", true));
        assert!(is_address(
            "stratum+tcp://pool:3333",
            "stratum+tcp://",
            true
        ));
    }
}
