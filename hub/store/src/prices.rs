//! What coins cost: one hub asks, all on the database show it.

use idlewatt_protocol::api::Prices;

use crate::database::values;
use crate::{Store, StoreError};

impl Store {
    /// Keeps prices in the place of those before. Without source or time there is nothing to keep.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn store_prices(&self, prices: &Prices) -> Result<(), StoreError> {
        let (Some(source), Some(at)) = (&prices.source, prices.at) else {
            return Ok(());
        };
        let body =
            serde_json::to_string(&prices.prices).map_err(|error| StoreError::Unreadable {
                what: "prices",
                text: error.to_string(),
            })?;
        self.pools
            .execute(
                "INSERT INTO prices (id, source, at, body) VALUES (1, $1, $2, $3) ON CONFLICT (id) \
                 DO UPDATE SET source = excluded.source, at = excluded.at, body = excluded.body",
                values![source, at, body],
            )
            .await?;
        Ok(())
    }

    /// The newest prices; none where none were ever heard.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn prices(&self) -> Result<Prices, StoreError> {
        let sql = "SELECT source, at, body FROM prices WHERE id = 1";
        let Some(row) = self.pools.row(sql, values![]).await? else {
            return Ok(Prices::default());
        };
        let body: String = row.get(2)?;
        let prices =
            serde_json::from_str(&body).map_err(crate::read::unreadable("prices", &body))?;
        Ok(Prices {
            source: Some(row.get(0)?),
            at: Some(row.time(1)?),
            prices,
        })
    }
}
