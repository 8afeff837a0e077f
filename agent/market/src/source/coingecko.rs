//! `/api/v3/simple/price` of coingecko.com: prices by the coins' names there.

use serde_json::Value;

use super::bounds::{self, number};
use super::{Currency, FieldError, Figure, Sheet, SourceError};
use crate::coin::Coin;

/// All coins in all currencies, with the times of the prices.
pub const ADDRESS: &str = "https://api.coingecko.com/api/v3/simple/price?ids=bitcoin,monero,ravencoin,zano&vs_currencies=usd,btc,krw,eur&include_last_updated_at=true";

/// What a coin is called there.
pub fn id(coin: Coin) -> &'static str {
    match coin {
        Coin::Bitcoin => "bitcoin",
        Coin::Monero => "monero",
        Coin::Ravencoin => "ravencoin",
        Coin::Zano => "zano",
    }
}

pub(super) fn read(sheet: &mut Sheet, answer: &Value) -> Result<(), SourceError> {
    let Some(coins) = answer.as_object() else {
        return Err(sheet.strange("(whole answer)", Some(answer), "an object of coins"));
    };
    // Asked too often it says so in `status`; older errors stand in `error`.
    let said = answer.pointer("/status/error_message");
    if let Some(message) = said.or(answer.get("error")).and_then(Value::as_str) {
        return Err(sheet.said(message));
    }
    for coin in Coin::ALL {
        if let Some(prices) = coins.get(id(coin)) {
            read_coin(sheet, coin, prices);
        }
    }
    Ok(())
}

fn read_coin(sheet: &mut Sheet, coin: Coin, prices: &Value) {
    let at = match sheet.time("last_updated_at", prices.get("last_updated_at")) {
        Ok(at) => at,
        Err(reason) => return sheet.write(coin, sheet.heard_at, Err(reason)),
    };
    let mut told = false;
    for currency in Currency::ALL {
        let field = currency.code().to_lowercase();
        let Some(value) = prices.get(&field) else {
            continue;
        };
        told = true;
        if (coin, currency) != (Coin::Bitcoin, Currency::Btc) {
            sheet.write(coin, at, price(&field, value, currency));
        }
    }
    if !told {
        let missing = FieldError::new("usd, btc, krw, eur", "none of them", "a price");
        sheet.write(coin, at, Err(missing));
    }
}

fn price(field: &str, value: &Value, currency: Currency) -> Result<Figure, FieldError> {
    let value = number(field, Some(value))?;
    bounds::price(field, value, currency)?;
    Ok(Figure::Price { currency, value })
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, Shape, parse};
    use super::*;
    use jiff::Timestamp;
    use serde_json::json;

    fn heard_at() -> Timestamp {
        Timestamp::from_second(1_795_309_800).expect("in range")
    }

    fn read(answer: Value) -> Result<Parsed, SourceError> {
        parse(&Shape::CoinGecko, &answer.to_string(), heard_at())
    }

    #[test]
    fn one_bad_price_costs_no_other() {
        let parsed = read(json!({
            "monero": {"usd": 312.4, "eur": 0, "krw": null},
            "zano": {},
            "bitcoin": {"usd": 90_000, "btc": 1},
            "dogecoin": {"usd": -1},
        }))
        .expect("reads");
        let prices: Vec<_> = parsed.readings.iter().map(|r| (r.coin, r.figure)).collect();
        let usd = |value| Figure::Price {
            currency: Currency::Usd,
            value,
        };
        assert_eq!(
            prices,
            [(Coin::Bitcoin, usd(90_000.0)), (Coin::Monero, usd(312.4))]
        );
        assert!(
            parsed
                .readings
                .iter()
                .all(|reading| reading.at == heard_at())
        );
        let refused: Vec<_> = parsed.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "CoinGecko, XMR: field krw: found null; allowed: a number",
                "CoinGecko, XMR: field eur: found 0; allowed: 1e-12 to 1e9",
                "CoinGecko, ZANO: field usd, btc, krw, eur: found none of them; allowed: a price",
            ]
        );
    }

    #[test]
    fn a_price_from_the_future_is_refused() {
        let at = heard_at().as_second();
        let one = |at: i64| read(json!({"monero": {"usd": 1, "last_updated_at": at}}));
        assert_eq!(one(at + 600).expect("reads").readings.len(), 1);
        let refused = one(at + 601).expect("reads").refused;
        let text = refused[0].to_string();
        assert!(text.contains("last_updated_at: found 1795310401"), "{text}");
        assert!(text.contains("at most 10 minutes after 2026"), "{text}");
    }

    #[test]
    fn an_error_in_words_is_passed_on() {
        let error = read(json!({"status": {"error_code": 429, "error_message": "Rate Limit"}}));
        let expected = "CoinGecko answers with an error: \"Rate Limit\"";
        assert_eq!(error.expect_err("no prices").to_string(), expected);
        for (answer, words) in [
            (json!([]), "found a list"),
            (json!({}), "found no coin known here"),
            (json!({"dogecoin": {"usd": 1}}), "found no coin known here"),
        ] {
            let error = read(answer).expect_err("no prices").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
