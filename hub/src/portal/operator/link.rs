//! The link that opens the operator's view.

use idlewatt_protocol::OperatorSecret;
use idlewatt_store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::settings::Settings;

/// How long a link is good.
const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// A new link, good once.
///
/// # Errors
/// If the database fails.
pub async fn create(store: &Store, settings: &Settings) -> Result<String, StoreError> {
    let link = OperatorSecret::random();
    let now = Timestamp::now();
    store.create_operator_link(&link, now + LASTS, now).await?;
    let address = match (&settings.public_url, settings.https) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(https)) => format!("https://{https}"),
        (None, None) => format!("http://{}", settings.http),
    };
    Ok(format!("{address}/operator/open?link={}", link.as_str()))
}
