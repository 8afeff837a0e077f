//! Pools beside the first, each with work for another algorithm: the list of tables written as `[[other_pools]]`.

use serde::{Deserialize, Deserializer, de};
use toml::{Table, Value};

use crate::agent::PoolSettings;
use crate::tables::Tables;

/// What stands in such a table if nobody writes it: as in `[pool]`.
fn usual() -> Table {
    let nothing = || Value::from("");
    let none = || Value::Array(Vec::new());
    let each = [
        ("account", nothing()),
        ("ca_file", nothing()),
        ("fallback_urls", none()),
        ("fingerprint", nothing()),
        ("password", "x".into()),
        ("reconnect_hosts", none()),
    ];
    each.map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}

fn one(table: Table) -> Result<PoolSettings, String> {
    let mut whole = usual();
    whole.extend(table);
    let pool: PoolSettings = whole
        .try_into()
        .map_err(|error: toml::de::Error| error.message().trim_end().to_owned())?;
    if pool.url.is_none() {
        return Err("\"stratum+tcp://HOST:PORT\" or \"stratum+ssl://HOST:PORT\"".to_owned());
    }
    match pool.user.is_empty() {
        true => Err("what the pool knows you by".to_owned()),
        false => Ok(pool),
    }
}

impl PoolSettings {
    /// As one of `other_pools` is written: what differs from the usual.
    pub fn to_table(&self) -> Table {
        let text = |text: Option<String>| Value::from(text.unwrap_or_default());
        let list = |list: &[String]| Value::from(list.to_vec());
        let urls: Vec<String> = self.fallback_urls.iter().map(ToString::to_string).collect();
        let file = self.ca_file.as_ref().map(|file| file.display().to_string());
        let each = [
            ("url", text(self.url.clone())),
            ("fallback_urls", list(&urls)),
            ("user", Value::from(self.user.clone())),
            ("password", Value::from(self.password.clone())),
            ("algorithm", Value::from(self.algorithm.clone())),
            (
                "account",
                text(self.account.as_ref().map(ToString::to_string)),
            ),
            ("ca_file", text(file)),
            ("fingerprint", text(self.fingerprint.clone())),
            ("reconnect_hosts", list(&self.reconnect_hosts)),
        ];
        let usual = usual();
        let differs = each
            .into_iter()
            .filter(|(key, value)| usual.get(*key) != Some(value));
        differs
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

/// How the setting is written.
pub(crate) fn tables() -> Tables {
    let needed = [
        ("algorithm", "kawpow"),
        ("url", "stratum+tcp://pool.example.net:3333"),
        ("user", "me"),
    ];
    let mut right = usual();
    right.extend(needed.map(|(key, value)| (key.to_owned(), value.into())));
    Tables {
        name: "other_pools",
        right,
        needed: &["algorithm", "url", "user"],
        check: |table| one(table).map(drop),
        together: |_| None,
    }
}

pub(crate) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PoolSettings>, D::Error> {
    let tables = Vec::<Table>::deserialize(deserializer)?;
    let pools = tables.into_iter().map(one);
    pools.collect::<Result<_, _>>().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let text = "url = \"stratum+ssl://a.example:1\"\nuser = \"me\"\nalgorithm = \"kawpow\"\npassword = \"hush\"\n\
                    fallback_urls = [\"stratum+tcp://b.example:2\", \"stratum+tcp://you:p@ss@c.example:3\", \"stratum+ssl://it@d.example:4\"]\n\
                    account = \"2miners https://rvn.2miners.com RVN\"\nca_file = \"/etc/pool.pem\"\n\
                    reconnect_hosts = [\"e.example\"]\n";
        let table: Table = text.parse().expect("TOML");
        let pool = one(table.clone()).expect("right");
        assert_eq!(pool.to_table(), table);
        let short: Table = "url = \"stratum+tcp://a:1\"\nuser = \"me\"\nalgorithm = \"randomx\"\n"
            .parse()
            .expect("TOML");
        assert_eq!(one(short.clone()).expect("right").to_table(), short);
    }
}
