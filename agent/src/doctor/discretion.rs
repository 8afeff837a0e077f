//! What a report must not tell: secrets, who uses this PC, and what the PC is called on its network.
//!
//! No check puts a secret into words on purpose. This stands behind all of them, as errors and answers of others may carry
//! anything.

use std::path::Path;

use serde_json::Value;

use super::Case;

/// The shortest text that is taken for a secret: shorter ones are parts of ordinary words.
const SHORTEST: usize = 3;
/// From this length on a secret is also found inside of other words.
const DISTINCT: usize = 8;
/// What a user's own directory is shown as.
const HOME: &str = if cfg!(windows) { "%USERPROFILE%" } else { "~" };
/// Addresses for payouts, keys and tokens of all kinds are at least this long, without a break; words and names are not.
const LONG: usize = 26;
/// What keys and tokens of hubs begin with.
const KEYS: [&str; 3] = ["IWA-", "IWD-", "IWE-"];
const SECRET: &str = "(secret)";
const USER: &str = "(user)";
const PC: &str = "(this-pc)";
/// Files in which every text is secret.
const SECRET_FILES: [&str; 2] = ["identity.json", "control.json"];

/// What is taken out of texts.
#[derive(Clone, Default)]
pub struct Discretion {
    /// The user's own directory.
    pub home: Option<String>,
    /// What the user is called here.
    pub user: Option<String>,
    /// What the PC is called.
    pub pc: Option<String>,
    /// Keys, tokens, passwords, addresses for payouts.
    pub secrets: Vec<String>,
}

impl Discretion {
    /// Everything that this PC has of it.
    pub fn of_this_pc(case: &Case) -> Self {
        let home = directories::BaseDirs::new();
        let home = home.map(|folders| folders.home_dir().display().to_string());
        let user = ["USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok());
        let mut secrets = Vec::new();
        for file in SECRET_FILES {
            let text = std::fs::read(case.data.file(file)).unwrap_or_default();
            if let Ok(value) = serde_json::from_slice(&text) {
                texts(&value, &mut secrets);
            }
        }
        if let Ok(settings) = &case.settings {
            for pool in std::iter::once(&settings.pool).chain(&settings.other_pools) {
                secrets.extend(names(&pool.user));
                secrets.push(pool.password.clone());
                for other in &pool.fallback_urls {
                    secrets.extend(other.user.as_deref().map(names).unwrap_or_default());
                    secrets.extend(other.password.clone());
                }
            }
            secrets.extend(
                settings
                    .network
                    .proxy
                    .as_deref()
                    .map(login)
                    .unwrap_or_default(),
            );
        }
        // Also where the settings are wrong.
        if let Some(file) = &case.file {
            secrets.extend(of_settings(file));
        }
        Discretion {
            home: home.filter(|home| home.len() > 1),
            user: user.filter(|user| !user.is_empty()),
            pc: pc_name(),
            secrets,
        }
    }

    /// What a login at a pool has of it.
    pub fn of_login(user: &str, password: &str) -> Self {
        let secrets = names(user).into_iter().chain([password.to_owned()]);
        Discretion {
            secrets: secrets.collect(),
            ..Discretion::default()
        }
    }

    /// A text without them, on one line as far as control characters go.
    pub fn kept(&self, text: &str) -> String {
        let printable = |symbol: char| if symbol.is_control() { ' ' } else { symbol };
        let mut text: String = text.chars().map(printable).collect();
        let mut secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in secrets {
            text = match secret.len() {
                0..SHORTEST => text,
                SHORTEST..DISTINCT => replaced(&text, secret, SECRET, is_word),
                _ => replaced(&text, secret, SECRET, |_, _| true),
            };
        }
        text = without_logins(&without_keys(&text));
        if let Some(home) = &self.home {
            text = replaced(&text, home, HOME, |_, after| !after.is_some_and(in_name));
        }
        for root in ["/home/", "\\Users\\", "/Users/"] {
            text = without_users(&text, root);
        }
        if let Some(user) = &self.user {
            text = replaced(&text, user, USER, is_folder);
        }
        match &self.pc {
            Some(pc) if !pc.eq_ignore_ascii_case("localhost") => replaced(&text, pc, PC, is_word),
            _ => text,
        }
    }
}

/// Each text in a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

/// What a pool calls the user, and each part of it that may be an address for payouts.
fn names(user: &str) -> Vec<String> {
    let parts = user
        .split(['.', '+', '/', ':', ';', ','])
        .filter(|part| part.len() >= DISTINCT);
    parts.chain([user]).map(str::to_owned).collect()
}

/// The secrets of a file of settings, right or wrong.
fn of_settings(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let of_pool = |name: &str| table.get("pool")?.get(name)?.as_str();
    let user = of_pool("user").map(names).unwrap_or_default();
    let password = of_pool("password").map(str::to_owned);
    let proxy = || table.get("network")?.get("proxy")?.as_str();
    let login = proxy().map(login).unwrap_or_default();
    let others = || table.get("pool")?.get("fallback_urls")?.as_array();
    let others = others()
        .into_iter()
        .flatten()
        .filter_map(|url| url.as_str());
    let others = others.flat_map(self::login).flat_map(|part| names(&part));
    let all = user.into_iter().chain(password).chain(login);
    all.chain(others).collect()
}

/// Name and password before a host.
fn login(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let login = rest.rsplit_once('@').map(|(login, _)| login);
    let parts = login.into_iter().flat_map(|login| login.split(':'));
    parts.map(str::to_owned).collect()
}

fn pc_name() -> Option<String> {
    let name = match cfg!(windows) {
        true => std::env::var("COMPUTERNAME").ok(),
        false => std::fs::read_to_string("/proc/sys/kernel/hostname").ok(),
    };
    let name = name?.trim().to_owned();
    (name.len() > 1).then_some(name)
}

fn in_name(symbol: char) -> bool {
    symbol.is_alphanumeric() || matches!(symbol, '-' | '_' | '.')
}

fn is_word(before: Option<char>, after: Option<char>) -> bool {
    let inside = |symbol: char| symbol.is_alphanumeric() || symbol == '_';
    !before.is_some_and(inside) && !after.is_some_and(inside)
}

fn is_folder(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(|symbol| matches!(symbol, '/' | '\\')) && !after.is_some_and(in_name)
}

/// Puts something in the place of each occurrence that stands between the right symbols. Capitals do not matter, as they
/// do not in paths of Windows and in names of PCs.
fn replaced(
    text: &str,
    wanted: &str,
    by: &str,
    fits: impl Fn(Option<char>, Option<char>) -> bool,
) -> String {
    let (lower, wanted) = (text.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    let mut result = String::new();
    let mut done = 0;
    for (at, _) in lower.match_indices(&wanted) {
        let end = at + wanted.len();
        if at >= done && fits(text[..at].chars().next_back(), text[end..].chars().next()) {
            result.push_str(&text[done..at]);
            result.push_str(by);
            done = end;
        }
    }
    result.push_str(&text[done..]);
    result
}

/// Without what looks like a key, a token or an address for payouts, known here or not.
fn without_keys(text: &str) -> String {
    let inside = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '-';
    let mut result = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(inside) {
        let (before, from) = rest.split_at(begin);
        let (word, after) = from.split_at(from.find(|one| !inside(one)).unwrap_or(from.len()));
        let is_key = KEYS
            .iter()
            .any(|key| word.to_ascii_uppercase().contains(key))
            || word.split('-').any(|part| part.len() >= LONG);
        result.push_str(before);
        result.push_str(if is_key { SECRET } else { word });
        rest = after;
    }
    result.push_str(rest);
    result
}

/// Without what stands before the `@` of an address.
fn without_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str("://");
        let end = part.find(|symbol: char| symbol.is_whitespace() || "/\"'?#)".contains(symbol));
        let authority = &part[..end.unwrap_or(part.len())];
        match authority.rfind('@') {
            Some(at) => {
                result.push_str(SECRET);
                result.push_str(&part[at..]);
            }
            None => result.push_str(part),
        }
    }
    result
}

/// Without the name of whoever's directory it is, below where a system keeps those.
fn without_users(text: &str, root: &str) -> String {
    let mut parts = text.split(root);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', '\\', '"', '\'', ':', ',', ';', ')']);
        result.push_str(root);
        result.push_str(USER);
        result.push_str(&part[end.unwrap_or(part.len())..]);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discretion() -> Discretion {
        Discretion {
            home: Some("/home/ann".to_owned()),
            user: Some("ann".to_owned()),
            pc: Some("Anns-PC".to_owned()),
            secrets: names("4AdUndXHHZ.rig1")
                .into_iter()
                .chain(["hush".to_owned(), "x".to_owned(), String::new()])
                .collect(),
        }
    }

    #[test]
    fn what_is_nobodys_business_is_taken_out() {
        let home = HOME;
        for (text, kept) in [
            ("/home/ann/.local", format!("{home}/.local")),
            ("/home/ann", home.to_owned()),
            ("/home/anna/x", "/home/(user)/x".to_owned()),
            (
                r#""C:\Users\Bob Lee\AppData""#,
                r#""C:\Users\(user)\AppData""#.to_owned(),
            ),
            ("/srv/ann/x", "/srv/(user)/x".to_owned()),
            ("/srv/annual", "/srv/annual".to_owned()),
            (
                "anns-pc.local and ANNS-PC",
                "(this-pc).local and (this-pc)".to_owned(),
            ),
            (
                "no user 4AdUndXHHZ, nor 4AdUndXHHZ.rig1!",
                "no user (secret), nor (secret)!".to_owned(),
            ),
            ("hush: hushed", "(secret): hushed".to_owned()),
            (
                "http://ann:pw@proxy:1/a@b x",
                "http://(secret)@proxy:1/a@b x".to_owned(),
            ),
            (
                "an x stays\u{1b}[31m\nred",
                "an x stays [31m red".to_owned(),
            ),
            ("한국어 annoys", "한국어 annoys".to_owned()),
        ] {
            assert_eq!(discretion().kept(text), kept, "{text}");
        }
    }

    #[test]
    fn without_anything_to_hide_a_text_stays() {
        let text = "the hub at https://hub.example.org:8480 answers";
        assert_eq!(Discretion::default().kept(text), text);
        let local = Discretion {
            pc: Some("localhost".to_owned()),
            ..Discretion::default()
        };
        assert_eq!(local.kept("localhost:1"), "localhost:1");
    }
}
