//! What a hub is, whichever machine it runs on.

use jiff::Timestamp;
use rand::RngExt;

use crate::StoreError;
use crate::database::{Pools, values};

/// Gives a new database its identity; an old one keeps it.
pub(crate) async fn name(pools: &Pools) -> Result<(), StoreError> {
    let key: [u8; 32] = rand::rng().random();
    pools
        .execute(
            "INSERT INTO hub (id, name, receipt_key, created_at) VALUES (1, 'hub', $1, $2) \
             ON CONFLICT (id) DO NOTHING",
            values![&key[..], Timestamp::now()],
        )
        .await?;
    Ok(())
}

/// The key that receipts are signed with. It stays with the database, so that a restored hub knows its receipts.
pub(crate) async fn receipt_key(pools: &Pools) -> Result<[u8; 32], StoreError> {
    let row = pools
        .row("SELECT receipt_key FROM hub WHERE id = 1", values![])
        .await?;
    let key: Vec<u8> = match row {
        Some(row) => row.get(0)?,
        None => Vec::new(),
    };
    key.try_into().map_err(|_| StoreError::Unreadable {
        what: "receipt key",
        text: "not 32 bytes".to_owned(),
    })
}
