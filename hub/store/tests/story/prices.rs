//! What coins cost, as one hub heard it and all show it.

use std::collections::BTreeMap;

use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{CoinPrices, Prices};

use crate::place::{Place, now, on_both};

on_both!(the_newest_prices_are_kept);

async fn the_newest_prices_are_kept(place: Place) {
    let store = place.open().await;
    assert_eq!(store.prices().await.expect("reads"), Prices::default());
    store
        .store_prices(&Prices::default())
        .await
        .expect("nothing to keep");
    assert_eq!(store.prices().await.expect("reads"), Prices::default());
    for usd in ["312.4", "0.000000000001"] {
        let coin = CoinPrices {
            usd: Some(usd.to_owned()),
            ..CoinPrices::default()
        };
        let prices = Prices {
            source: Some("prices.example".to_owned()),
            at: Some(now()),
            prices: BTreeMap::from([(Asset::Monero, coin)]),
        };
        store.store_prices(&prices).await.expect("kept");
        let other_hub = place.open().await;
        assert_eq!(other_hub.prices().await.expect("reads"), prices);
    }
}
