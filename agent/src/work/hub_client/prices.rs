//! What a hub has heard of prices.

use idlewatt_protocol::api::Prices;
use reqwest::Method;

use super::{HubClient, HubError, NOTHING};

impl HubClient {
    /// The prices that the hub heard last; empty where it asks nobody.
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn prices(&self) -> Result<Prices, HubError> {
        self.call(Method::GET, "v1/prices", None, NOTHING).await
    }
}
