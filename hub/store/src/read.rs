//! Reading what is stored as something plainer than what it means.

use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;

use crate::StoreError;

pub(crate) fn timestamp(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Unreadable {
        what: "time",
        text: milliseconds.to_string(),
    })
}

pub(crate) fn unreadable<'a, E>(
    what: &'static str,
    text: &'a str,
) -> impl FnOnce(E) -> StoreError + 'a {
    move |_| StoreError::Unreadable {
        what,
        text: text.to_owned(),
    }
}

pub(crate) fn money(asset: &str, atomic: i128) -> Result<Money, StoreError> {
    let asset: Asset = asset.parse().map_err(unreadable("asset", asset))?;
    Ok(Money { asset, atomic })
}

pub(crate) fn amount(text: &str) -> Result<i128, StoreError> {
    text.parse().map_err(unreadable("amount", text))
}
