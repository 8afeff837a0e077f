//! What the market's sources say: prices of coins, and how hard and how well paid their blocks are. A source is a shape
//! and an address; what is fetched from there is read here, and what cannot be true is refused with the reason.

mod bounds;
pub mod coingecko;
mod currency;
mod figure;
pub mod generic;
pub mod whattomine;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use bounds::FieldError;
pub(crate) use bounds::apart;
pub use currency::{Currency, UnknownCurrency};
pub use figure::{Figure, Network, expected_hashes, hashes_per_difficulty};

use crate::coin::Coin;
use crate::json::{self, JsonError};

/// How far ahead of us a source's clock may be.
pub const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// How a source's answers look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape")]
pub enum Shape {
    /// The lists of whattomine.com, or one coin of it.
    #[serde(rename = "whattomine")]
    WhatToMine,
    /// The simple prices of coingecko.com.
    #[serde(rename = "coingecko")]
    CoinGecko,
    /// Any JSON, with the places where the figures stand.
    #[serde(rename = "json")]
    Json {
        /// The coins to read from it, and where their figures are.
        fields: Vec<generic::CoinFields>,
    },
}

impl Shape {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Shape::WhatToMine => "WhatToMine",
            Shape::CoinGecko => "CoinGecko",
            Shape::Json { .. } => "JSON source",
        }
    }

    /// Where it is fetched from where nobody says otherwise; `None` for what has no usual place. WhatToMine lists Bitcoin
    /// elsewhere, at [`whattomine::ASIC_ADDRESS`].
    pub fn usual_address(&self) -> Option<&'static str> {
        match self {
            Shape::WhatToMine => Some(whattomine::ADDRESS),
            Shape::CoinGecko => Some(coingecko::ADDRESS),
            Shape::Json { .. } => None,
        }
    }
}

/// One source of the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// What it is called in messages, and by which its readings are kept.
    pub name: String,
    /// Where it is fetched from: a URL.
    pub address: String,
    /// How its answers look.
    #[serde(flatten)]
    pub shape: Shape,
}

impl Source {
    /// As [`parse`], with errors that name this source.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn parse(&self, text: &str, heard_at: Timestamp) -> Result<Parsed, SourceError> {
        parse_named(&self.name, &self.shape, text, heard_at)
    }
}

/// One figure of one coin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Of which coin.
    pub coin: Coin,
    /// What is said.
    pub figure: Figure,
    /// When it was so, as the source has it; when it was heard if the source has no times.
    pub at: Timestamp,
}

/// A figure that was not believed. The others of the same answer stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}, {coin}: {reason}")]
pub struct Refused {
    /// The source.
    pub origin: String,
    /// The coin it is about.
    pub coin: Coin,
    /// What was wrong.
    pub reason: FieldError,
}

/// What one answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The figures to go by.
    pub readings: Vec<Reading>,
    /// The figures that cannot be true.
    pub refused: Vec<Refused>,
}

/// Why nothing could be read from an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No JSON.
    #[error("{origin}, the whole answer: {error}")]
    Json {
        /// The source.
        origin: String,
        /// What it is instead.
        error: JsonError,
    },
    /// The source says itself that it does not answer.
    #[error("{origin} answers with an error: \"{message}\"")]
    Said {
        /// The source.
        origin: String,
        /// Its words, their beginning.
        message: String,
    },
    /// Other JSON than this shape has.
    #[error("{origin}, {error}")]
    Field {
        /// The source.
        origin: String,
        /// What is wrong.
        error: FieldError,
    },
    /// JSON of the right shape without a coin known here.
    #[error("{origin}, the whole answer: found no coin known here; allowed: BTC, XMR, RVN, ZANO")]
    NoCoin {
        /// The source.
        origin: String,
    },
}

/// Reads an answer that came at `heard_at`.
///
/// # Errors
/// If it is no JSON (too long, an HTML page, too deep), says an error, is of another shape, or has no coin known here.
/// A single figure that cannot be true is no error but in [`Parsed::refused`].
pub fn parse(shape: &Shape, text: &str, heard_at: Timestamp) -> Result<Parsed, SourceError> {
    parse_named(shape.name(), shape, text, heard_at)
}

fn parse_named(
    origin: &str,
    shape: &Shape,
    text: &str,
    heard_at: Timestamp,
) -> Result<Parsed, SourceError> {
    let value = json::read(text).map_err(|error| SourceError::Json {
        origin: origin.to_owned(),
        error,
    })?;
    let mut sheet = Sheet {
        origin,
        heard_at,
        parsed: Parsed::default(),
    };
    match shape {
        Shape::WhatToMine => whattomine::read(&mut sheet, &value)?,
        Shape::CoinGecko => coingecko::read(&mut sheet, &value)?,
        Shape::Json { fields } => generic::read(&mut sheet, &value, fields),
    }
    let Parsed { readings, refused } = &sheet.parsed;
    match readings.is_empty() && refused.is_empty() {
        true => Err(SourceError::NoCoin {
            origin: origin.to_owned(),
        }),
        false => Ok(sheet.parsed),
    }
}

/// Where the readers of the shapes write down what they find.
struct Sheet<'a> {
    origin: &'a str,
    heard_at: Timestamp,
    parsed: Parsed,
}

impl Sheet<'_> {
    fn write(&mut self, coin: Coin, at: Timestamp, figure: Result<Figure, FieldError>) {
        match figure {
            Ok(figure) => self.parsed.readings.push(Reading { coin, figure, at }),
            Err(reason) => self.parsed.refused.push(Refused {
                origin: self.origin.to_owned(),
                coin,
                reason,
            }),
        }
    }

    /// The time that a source gives, or that of hearing it where it gives none.
    fn time(&self, field: &str, value: Option<&Value>) -> Result<Timestamp, FieldError> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(self.heard_at);
        };
        let refuse = |allowed: &str| FieldError::new(field, json::show(Some(value)), allowed);
        let at = json::time(value).ok_or_else(|| refuse("a time after 1970"))?;
        match at.duration_since(self.heard_at) > MOST_AHEAD {
            true => Err(refuse(&format!(
                "at most 10 minutes after {}",
                self.heard_at
            ))),
            false => Ok(at),
        }
    }

    /// That the answer has another shape.
    fn strange(&self, field: &str, value: Option<&Value>, allowed: &str) -> SourceError {
        SourceError::Field {
            origin: self.origin.to_owned(),
            error: FieldError::new(field, json::show(value), allowed),
        }
    }

    /// That the source answered with an error, in its words.
    fn said(&self, message: &str) -> SourceError {
        SourceError::Said {
            origin: self.origin.to_owned(),
            message: json::excerpt(message),
        }
    }
}
