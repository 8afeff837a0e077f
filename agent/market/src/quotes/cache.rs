//! What is known, as a text that outlives the program.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Believed, Kind, Opinions, Quotes, Said, Settings, SettingsError};
use crate::coin::Coin;
use crate::json::{self, JsonError};
use crate::source::Figure;

/// Raised when an older program could misread the text. What it does not know it leaves out by itself.
const VERSION: u32 = 1;

/// Why a cache cannot be used. Nothing is lost by dropping it but the last prices.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CacheError {
    /// No JSON.
    #[error("the cache of prices: {0}")]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("the cache of prices has another shape: {0}")]
    Shape(String),
    /// Written by another version.
    #[error("the cache of prices has version {found}; allowed: {VERSION}")]
    Version {
        /// Its version.
        found: u64,
    },
    /// The settings that were given for it make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

#[derive(Serialize, Deserialize)]
struct Cache {
    version: u32,
    said: Vec<Value>,
    believed: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
struct SaidEntry {
    coin: Coin,
    source: String,
    figure: Figure,
    at: Timestamp,
    #[serde(default)]
    jumping_since: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct BelievedEntry {
    coin: Coin,
    figure: Figure,
    at: Timestamp,
    #[serde(default)]
    sources: Vec<String>,
}

impl Quotes {
    /// All that is known as JSON, without the settings.
    pub fn to_json(&self) -> String {
        let entries = || {
            let coins = self.opinions.iter();
            coins.map(|((coin, _), opinions)| (*coin, opinions))
        };
        let said = entries().flat_map(|(coin, opinions)| {
            opinions.said.iter().map(move |(source, said)| SaidEntry {
                coin,
                source: source.clone(),
                figure: said.figure,
                at: said.at,
                jumping_since: said.jumping_since,
            })
        });
        let believed = entries().filter_map(|(coin, opinions)| {
            opinions.believed.as_ref().map(|believed| BelievedEntry {
                coin,
                figure: believed.figure,
                at: believed.at,
                sources: believed.sources.clone(),
            })
        });
        let cache = Cache {
            version: VERSION,
            said: said
                .filter_map(|one| serde_json::to_value(one).ok())
                .collect(),
            believed: believed
                .filter_map(|one| serde_json::to_value(one).ok())
                .collect(),
        };
        serde_json::to_string(&cache).unwrap_or_default()
    }

    /// Reads what [`Quotes::to_json`] wrote. Entries that are not understood, or whose figures cannot be true, are left
    /// out: another version may know other coins.
    ///
    /// # Errors
    /// If the text is no JSON, of another shape or version, or a setting makes no sense.
    pub fn from_json(text: &str, settings: Settings) -> Result<Self, CacheError> {
        let mut quotes = Quotes::new(settings)?;
        let value = json::read(text)?;
        // Before the rest: of another version the shape may differ too.
        let version = value.get("version").and_then(Value::as_u64);
        if let Some(found) = version.filter(|version| *version != u64::from(VERSION)) {
            return Err(CacheError::Version { found });
        }
        let cache: Cache =
            serde_json::from_value(value).map_err(|error| CacheError::Shape(error.to_string()))?;
        for entry in cache.said {
            let Ok(entry) = serde_json::from_value::<SaidEntry>(entry) else {
                continue;
            };
            if let Some(opinions) = quotes.opinions_of(entry.coin, &entry.figure) {
                let said = Said {
                    figure: entry.figure,
                    at: entry.at,
                    jumping_since: entry.jumping_since,
                };
                opinions.said.insert(entry.source, said);
            }
        }
        for entry in cache.believed {
            let Ok(entry) = serde_json::from_value::<BelievedEntry>(entry) else {
                continue;
            };
            if let Some(opinions) = quotes.opinions_of(entry.coin, &entry.figure) {
                opinions.believed = Some(Believed {
                    figure: entry.figure,
                    at: entry.at,
                    sources: entry.sources,
                });
            }
        }
        Ok(quotes)
    }

    fn opinions_of(&mut self, coin: Coin, figure: &Figure) -> Option<&mut Opinions> {
        figure.check(coin).ok()?;
        Some(self.opinions.entry((coin, Kind::of(figure))).or_default())
    }
}
