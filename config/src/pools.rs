//! Well-known pools, so that nobody has to look up their addresses: those that come with the program, and the owner's own.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::agent::PoolAccountSettings;
use crate::file::line_of;
use crate::layers::{Origin, Problem, SettingsError};
use crate::value;

const SHIPPED: &str = include_str!("../pools.toml");
/// What stands in [`PoolPreset::user`] for the address that the pool pays to.
const ADDRESS: &str = "ADDRESS";
/// What stands there for the name of this PC.
const DEVICE: &str = "DEVICE";

/// How a pool is worked for, and what it takes for it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolPreset {
    /// By which it is asked for.
    #[serde(deserialize_with = "value::pool_id")]
    pub id: String,
    /// What people call it.
    #[serde(deserialize_with = "value::line")]
    pub name: String,
    /// Where it explains itself.
    #[serde(deserialize_with = "value::website")]
    pub website: String,
    /// What it has work for.
    #[serde(deserialize_with = "value::pool_algorithm")]
    pub algorithm: String,
    /// What it pays: `BTC`, `XMR`, `RVN` or `ZANO`.
    #[serde(deserialize_with = "value::coin")]
    pub coin: String,
    /// Its addresses: the first is worked for, the others stand in for it.
    #[serde(deserialize_with = "value::pool_servers")]
    pub servers: Vec<String>,
    /// What it expects as the user's name, with `ADDRESS` and `DEVICE` to be filled in.
    #[serde(deserialize_with = "value::pool_user")]
    pub user: String,
    /// The same of the password.
    #[serde(default = "no_password", deserialize_with = "value::line")]
    pub password: String,
    /// Where it tells what an account has earned.
    #[serde(default, deserialize_with = "value::pool_account")]
    pub account: Option<PoolAccountSettings>,
    /// What it keeps of what it pays, in percent; `None`: it has published nothing.
    #[serde(default, deserialize_with = "value::pool_fee")]
    pub fee_percent: Option<f64>,
    /// From what balance on it pays, a decimal number of coins; `None`: it has published nothing.
    #[serde(default, deserialize_with = "value::coins")]
    pub payout_threshold: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    pool: Vec<PoolPreset>,
}

fn no_password() -> String {
    "x".to_owned()
}

impl PoolPreset {
    /// The name that this PC has at the pool, and its password, for payouts to `address`.
    pub fn login(&self, address: &str, device: &str) -> (String, String) {
        let filled = |text: &str| text.replace(ADDRESS, address).replace(DEVICE, device);
        (filled(&self.user), filled(&self.password))
    }

    /// Whether one of its servers is this.
    pub fn is_at(&self, url: &str) -> bool {
        self.servers
            .iter()
            .any(|server| place(server) == place(url))
    }
}

/// Host and port.
fn place(url: &str) -> String {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    place.trim_end_matches('/').to_lowercase()
}

/// Those that come with the program and those of the owner's file, which may not exist. An entry of the owner's takes the place
/// of the one with the same id.
///
/// # Errors
/// If the file cannot be read, or something in it is wrong: then with the line and what is allowed.
pub fn pool_presets(own: Option<&Path>) -> Result<Vec<PoolPreset>, SettingsError> {
    let mut presets = parsed(Path::new("pools.toml"), SHIPPED)?;
    let text = match own.map(|path| (path, std::fs::read_to_string(path))) {
        None => return Ok(presets),
        Some((path, Ok(text))) => (path, text),
        Some((_, Err(error))) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(presets);
        }
        Some((path, Err(source))) => {
            let path = path.to_owned();
            return Err(SettingsError::Unreadable { path, source });
        }
    };
    for preset in parsed(text.0, &text.1)? {
        match presets.iter_mut().find(|known| known.id == preset.id) {
            Some(known) => *known = preset,
            None => presets.push(preset),
        }
    }
    Ok(presets)
}

fn parsed(path: &Path, text: &str) -> Result<Vec<PoolPreset>, SettingsError> {
    let wrong = |line, message| {
        let path = path.to_owned();
        let origin = Origin::File { path, line };
        SettingsError::Wrong(vec![Problem { origin, message }])
    };
    let place = |error: &toml::de::Error| error.span().map_or(1, |span| line_of(text, span.start));
    text.parse::<toml::Table>().map_err(|error| {
        let why = error.message().trim_end();
        wrong(place(&error), format!("this is not TOML: {why}"))
    })?;
    let file: File = toml::from_str(text).map_err(|error| {
        let line = place(&error);
        let stands = text.lines().nth(line - 1).unwrap_or_default().trim();
        let why = error.message().trim_end();
        let message = match why.starts_with("unknown field") || why.starts_with("missing field") {
            true => format!("{stands}: {why}"),
            false => format!("{stands}: allowed: {why}"),
        };
        wrong(line, message)
    })?;
    let mut known = BTreeSet::new();
    let twice = file.pool.iter().find(|preset| !known.insert(&preset.id));
    if let Some(preset) = twice {
        let message = format!(
            "the pool {} is there twice; allowed: each id once",
            preset.id
        );
        return Err(wrong(1, message));
    }
    Ok(file.pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_program_can_be_worked_for() {
        let presets = pool_presets(None).expect("right");
        assert!(presets.len() >= 10);
        for preset in &presets {
            let (user, password) = preset.login("4Address", "pc-1");
            assert!(user.contains("4Address"), "{preset:?}");
            assert!(!format!("{user}{password}").contains(DEVICE), "{preset:?}");
            // What would be written into the settings is right there.
            let account = preset.account.as_ref().map(ToString::to_string);
            let others: Vec<String> = preset.servers[1..].to_vec();
            let text = format!(
                "[pool]\nurl = {:?}\nfallback_urls = {others:?}\nuser = {user:?}\npassword = {password:?}\nalgorithm = {:?}\naccount = {:?}\n",
                preset.servers[0],
                preset.algorithm,
                account.unwrap_or_default(),
            );
            let checked = crate::check(Some((Path::new("config.toml"), &text)), &[]);
            let settings = checked.expect(&preset.id).settings;
            assert_eq!(settings.pool.account, preset.account);
            assert!(preset.is_at(&preset.servers[0].to_uppercase()));
            // Nobody is sent from an encrypted server to one that is not.
            let is_encrypted = |server: &String| server.contains("+ssl://");
            assert_eq!(
                preset.servers.iter().all(is_encrypted),
                preset.servers.iter().any(is_encrypted),
                "{preset:?}"
            );
        }
    }

    #[test]
    fn the_owners_own_come_beside_them_and_before_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pools.toml");
        assert_eq!(
            pool_presets(Some(&file)).expect("no file is fine"),
            pool_presets(None).expect("right")
        );
        let own = "[[pool]]\nid = \"mine\"\nname = \"Mine\"\nwebsite = \"https://p.example\"\nalgorithm = \"sha256d\"\ncoin = \"BTC\"\n\
                   servers = [\"stratum+tcp://p.example:1\"]\nuser = \"ADDRESS\"\n";
        let corrected = own.replace("mine", "hashvault");
        std::fs::write(&file, format!("{own}{corrected}")).expect("written");
        let presets = pool_presets(Some(&file)).expect("right");
        let names = |id: &str| {
            let same = presets.iter().filter(|preset| preset.id == id);
            same.map(|preset| preset.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("mine"), ["Mine"]);
        assert_eq!(names("hashvault"), ["Mine"]);
        assert_eq!(presets.last().expect("one").password, "x");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_is_allowed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pools.toml");
        let right = [
            "id = \"mine\"",
            "name = \"Mine\"",
            "website = \"https://p.example\"",
            "algorithm = \"sha256d\"",
            "coin = \"BTC\"",
            "servers = [\"stratum+tcp://p.example:1\"]",
            "user = \"ADDRESS\"",
        ];
        for (number, wrong, named) in [
            (0, "id = \"Mine!\"", "small letters"),
            (2, "website = \"p.example\"", "https://"),
            (3, "algorithm = \"scrypt\"", "kawpow"),
            (4, "coin = \"LTC\"", "ZANO"),
            (5, "servers = []", "1 to 16"),
            (5, "servers = [\"p.example:1\"]", "stratum+tcp://HOST:PORT"),
            (6, "user = \"me\"", "ADDRESS"),
            (6, "user = \"ADDRESS\"\nfee_percent = 51", "0 to 50"),
            (
                6,
                "user = \"ADDRESS\"\npayout_threshold = \"-1\"",
                "\"0.003\"",
            ),
            (6, "user = \"ADDRESS\"\nthreshold = 1", "payout_threshold"),
        ] {
            let mut lines = right.map(str::to_owned);
            lines[number] = wrong.to_owned();
            let text = format!("[[pool]]\n{}\n", lines.join("\n"));
            std::fs::write(&file, text).expect("written");
            let error = pool_presets(Some(&file)).expect_err(wrong).to_string();
            assert!(error.contains(named), "{wrong}: {error}");
            assert!(error.contains("pools.toml, line "), "{wrong}: {error}");
        }
        std::fs::write(
            &file,
            format!("[[pool]]\n{0}\n[[pool]]\n{0}\n", right.join("\n")),
        )
        .expect("written");
        let error = pool_presets(Some(&file)).expect_err("twice").to_string();
        assert!(error.contains("twice"), "{error}");
    }
}
