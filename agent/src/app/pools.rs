//! The pools that the settings name.

use std::collections::BTreeMap;

use idlewatt_config::{AgentSettings, PoolSettings};
use idlewatt_kernels::Algorithm;
use idlewatt_kernels::algorithm::UnknownAlgorithm;

use crate::work::{Pool, Source, SourceError, StratumServer, Way, WayError, Ways};

/// Why the settings name no pools to work for.
#[derive(Debug, thiserror::Error)]
pub enum PoolsError {
    /// An algorithm that nobody knows.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// An address that nothing can be connected to, or an algorithm that no pool has.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Them, each with what it has work for.
pub fn source(settings: &AgentSettings) -> Result<Source, PoolsError> {
    let pools: Vec<Pool> = settings.pools().map(pool).collect::<Result<_, _>>()?;
    Ok(Source::pools(pools)?)
}

/// What they have work for, the first pool's first. What nobody knows is left out.
pub fn algorithms(settings: &AgentSettings) -> Vec<Algorithm> {
    let parsed = settings
        .pools()
        .filter_map(|pool| pool.algorithm.parse().ok());
    parsed.collect()
}

/// One of them, with those that stand in for it.
pub fn pool(settings: &PoolSettings) -> Result<Pool, PoolsError> {
    let server = |url: &str, user: Option<&String>, password: Option<&String>| {
        Ok::<_, SourceError>(StratumServer {
            address: url.parse().map_err(SourceError::Address)?,
            user: user.unwrap_or(&settings.user).clone(),
            password: password.unwrap_or(&settings.password).clone(),
        })
    };
    let others = settings.fallback_urls.iter();
    let others = others.map(|pool| server(&pool.url, pool.user.as_ref(), pool.password.as_ref()));
    Ok(Pool {
        algorithm: settings.algorithm.parse()?,
        first: server(settings.url.as_deref().unwrap_or_default(), None, None)?,
        others: others.collect::<Result<_, _>>()?,
    })
}

/// How the pool for each algorithm is reached.
pub fn ways(settings: &AgentSettings) -> Result<BTreeMap<Algorithm, Ways>, WayError> {
    let proxy = settings.network.proxy.as_deref();
    let mut ways = BTreeMap::new();
    for pool in settings.pools() {
        let (file, fingerprint) = (pool.ca_file.as_deref(), pool.fingerprint.as_deref());
        let ways_of_it = Ways {
            way: Way::of(file, fingerprint, proxy)?,
            reconnect_hosts: pool.reconnect_hosts.clone(),
        };
        if let Ok(algorithm) = pool.algorithm.parse() {
            ways.insert(algorithm, ways_of_it);
        }
    }
    Ok(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> AgentSettings {
        let file = std::path::Path::new("config.toml");
        let layered = idlewatt_config::check(Some((file, text)), &[]);
        layered.expect("right").settings
    }

    const TWO: &str = "[pool]\nurl = \"stratum+ssl://a.example:1\"\nuser = \"me\"\nalgorithm = \"kawpow\"\n\
        fallback_urls = [\"stratum+tcp://b.example:2\", \"stratum+tcp://you:p@ss@c.example:3\"]\n\
        [[other_pools]]\nurl = \"stratum+tcp://d.example:4\"\nuser = \"us\"\nalgorithm = \"randomx\"\n\
        reconnect_hosts = [\"e.example\"]\n";

    #[test]
    fn another_pool_may_know_the_user_by_another_name() {
        let source = source(&settings(TWO)).expect("pools");
        let expected = [
            "pool a.example:1 me",
            "pool b.example:2 me",
            "pool c.example:3 you",
            "pool d.example:4 us",
        ];
        assert_eq!(source.names(), expected);
        let servers = source.servers(Algorithm::KawPow);
        assert!(servers[0].address.tls);
        let passwords: Vec<&str> = servers.iter().map(|one| one.password.as_str()).collect();
        assert_eq!(passwords, ["x", "x", "p@ss"]);
        assert!(!format!("{servers:?}").contains("p@ss"));
    }

    #[test]
    fn each_pool_is_reached_in_its_own_way() {
        let settings = settings(TWO);
        assert_eq!(
            algorithms(&settings),
            [Algorithm::KawPow, Algorithm::RandomX]
        );
        let ways = ways(&settings).expect("right");
        assert!(ways[&Algorithm::KawPow].reconnect_hosts.is_empty());
        assert_eq!(ways[&Algorithm::RandomX].reconnect_hosts, ["e.example"]);
    }

    #[test]
    fn without_a_pool_there_is_none() {
        assert!(source(&settings("")).is_err());
        assert!(ways(&settings("")).expect("right").is_empty());
    }
}
