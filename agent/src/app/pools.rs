//! The pools that the settings name.

use idlewatt_config::PoolSettings;
use idlewatt_kernels::Algorithm;
use idlewatt_kernels::algorithm::UnknownAlgorithm;

use crate::work::{Source, SourceError, StratumServer};

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

/// Them, with what they have work for.
pub fn pools(settings: &PoolSettings) -> Result<(Source, Algorithm), PoolsError> {
    let algorithm: Algorithm = settings.algorithm.parse()?;
    let server = |url: &str, user: Option<&String>, password: Option<&String>| {
        Ok::<_, SourceError>(StratumServer {
            address: url.parse()?,
            user: user.unwrap_or(&settings.user).clone(),
            password: password.unwrap_or(&settings.password).clone(),
        })
    };
    let first = server(settings.url.as_deref().unwrap_or_default(), None, None)?;
    let others = settings
        .fallback_urls
        .iter()
        .map(|pool| server(&pool.url, pool.user.as_ref(), pool.password.as_ref()))
        .collect::<Result<_, _>>()?;
    Ok((Source::pools(first, others, algorithm)?, algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_pool_may_know_the_user_by_another_name() {
        let file = std::path::Path::new("config.toml");
        let text = "[pool]\nurl = \"stratum+ssl://a.example:1\"\nuser = \"me\"\nalgorithm = \"kawpow\"\n\
                    fallback_urls = [\"stratum+tcp://b.example:2\", \"stratum+tcp://you:p@ss@c.example:3\"]\n";
        let layered = idlewatt_config::check(Some((file, text)), &[]).expect("right");
        let (source, algorithm) = pools(&layered.settings.pool).expect("pools");
        assert_eq!(algorithm, Algorithm::KawPow);
        let names = source.names();
        let expected = [
            "pool a.example:1 me",
            "pool b.example:2 me",
            "pool c.example:3 you",
        ];
        assert_eq!(names, expected);
        assert!(source.address().tls);
        let Source::Pools { others, .. } = source else {
            panic!("pools");
        };
        let passwords: Vec<&str> = others.iter().map(|one| one.password.as_str()).collect();
        assert_eq!(passwords, ["x", "p@ss"]);
        assert!(!format!("{others:?}").contains("p@ss"));
    }
}
