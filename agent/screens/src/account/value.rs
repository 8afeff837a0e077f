//! Amounts in the currency of the viewer's choice.

use idlewatt_protocol::api::{CoinPrices, Prices};
use idlewatt_protocol::{Asset, Money};

use crate::{Fiat, Format, Words};

/// What amounts are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Currency {
    /// Each coin in itself.
    #[default]
    Coin,
    /// Thousandths of a bitcoin.
    MilliBitcoin,
    /// Money of a state.
    Fiat(Fiat),
}

impl Currency {
    /// Every choice.
    pub const ALL: [Currency; 5] = [
        Currency::Coin,
        Currency::MilliBitcoin,
        Currency::Fiat(Fiat::Usd),
        Currency::Fiat(Fiat::Krw),
        Currency::Fiat(Fiat::Eur),
    ];

    /// The word for it in addresses and cookies.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Coin => "coin",
            Currency::MilliBitcoin => "mBTC",
            Currency::Fiat(fiat) => fiat.code(),
        }
    }

    /// The choice with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Currency::ALL
            .into_iter()
            .find(|currency| currency.code() == code)
    }

    /// What it is called.
    pub fn label(self, words: Words) -> String {
        match self {
            Currency::Coin => words.say("earnings-currency-coin"),
            Currency::MilliBitcoin => "mBTC".to_owned(),
            Currency::Fiat(Fiat::Usd) => words.say("earnings-currency-usd"),
            Currency::Fiat(Fiat::Krw) => words.say("earnings-currency-krw"),
            Currency::Fiat(Fiat::Eur) => words.say("earnings-currency-eur"),
        }
    }
}

/// Tells amounts.
pub(super) struct Teller {
    pub format: Format,
    pub currency: Currency,
    pub prices: Prices,
}

impl Teller {
    /// What one whole coin costs in the chosen currency; `None` for practice, and where there is no price.
    fn price(&self, asset: Asset) -> Option<f64> {
        if asset.is_practice() {
            return None;
        }
        let prices: &CoinPrices = match (self.currency, asset) {
            (Currency::Coin, _) => return None,
            (Currency::MilliBitcoin, Asset::Bitcoin) => return Some(1_000.0),
            _ => self.prices.prices.get(&asset)?,
        };
        let (text, times) = match self.currency {
            Currency::Coin => return None,
            Currency::MilliBitcoin => (&prices.btc, 1_000.0),
            Currency::Fiat(Fiat::Usd) => (&prices.usd, 1.0),
            Currency::Fiat(Fiat::Krw) => (&prices.krw, 1.0),
            Currency::Fiat(Fiat::Eur) => (&prices.eur, 1.0),
        };
        let price: f64 = text.as_deref()?.parse().ok()?;
        (price.is_finite() && price > 0.0).then_some(price * times)
    }

    /// An amount as a number: in the chosen currency where there is a price, in whole coins otherwise.
    pub fn number(&self, money: &Money) -> f64 {
        let coins = money.atomic as f64 / 10_f64.powi(money.asset.decimals() as i32);
        coins * self.price(money.asset).unwrap_or(1.0)
    }

    /// Whether an asset is shown in the chosen currency, and not in itself.
    pub fn converts(&self, asset: Asset) -> bool {
        self.price(asset).is_some()
    }

    /// Sums of several assets, each line one text. What has a price is one sum; the rest stands for itself.
    pub fn lines(&self, sums: &[Money]) -> Vec<String> {
        let mut lines = Vec::new();
        let (priced, mut plain): (Vec<&Money>, Vec<&Money>) =
            sums.iter().partition(|sum| self.converts(sum.asset));
        // Money first, whatever the order in which it came.
        plain.sort_by_key(|sum| (sum.asset.is_practice(), sum.asset));
        if !priced.is_empty() {
            let sum = priced.iter().map(|sum| self.number(sum)).sum();
            // Bitcoin in its own thousandths is exact.
            let exact = self.currency == Currency::MilliBitcoin
                && priced.iter().all(|sum| sum.asset == Asset::Bitcoin);
            lines.push(match exact {
                true => self.amount(sum),
                false => format!("≈ {}", self.amount(sum)),
            });
        }
        lines.extend(plain.into_iter().map(|sum| self.format.money(sum)));
        if lines.is_empty() {
            lines.push("0".to_owned());
        }
        lines
    }

    /// A number in the chosen currency.
    pub fn amount(&self, number: f64) -> String {
        match self.currency {
            Currency::Fiat(fiat) => self.format.fiat(number, fiat),
            _ => {
                let text = self.format.decimal(number, 5);
                let short = text.trim_end_matches('0').trim_end_matches('.');
                format!("{short} mBTC")
            }
        }
    }

    /// What is told of the prices that were used: one text a coin, such as `1 XMR = $312.40`.
    pub fn rates(&self, assets: &[Asset]) -> Vec<String> {
        let used = assets.iter().filter(|asset| {
            !(**asset == Asset::Bitcoin && self.currency == Currency::MilliBitcoin)
        });
        used.filter_map(|asset| {
            let price = self.price(*asset)?;
            Some(format!("1 {asset} = {}", self.amount(price)))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::Language;

    fn teller(currency: Currency) -> Teller {
        let coin = CoinPrices {
            usd: Some("312.4".into()),
            krw: Some("nonsense".into()),
            eur: None,
            btc: Some("0.0031".into()),
        };
        Teller {
            format: Format::new(Language::English, TimeZone::UTC),
            currency,
            prices: Prices {
                source: Some("prices.example".into()),
                at: None,
                prices: BTreeMap::from([(Asset::Monero, coin)]),
            },
        }
    }

    fn sums() -> Vec<Money> {
        [
            (Asset::Practice, "2.5"),
            (Asset::Monero, "0.01"),
            (Asset::Bitcoin, "0.00012345"),
        ]
        .map(|(asset, text)| Money::parse(asset, text).expect("an amount"))
        .to_vec()
    }

    #[test]
    fn practice_never_has_a_price_and_what_has_none_stands_for_itself() {
        let lines = |currency| teller(currency).lines(&sums());
        assert_eq!(
            lines(Currency::Coin),
            ["0.01 XMR", "0.00012345 BTC", "2.5 practice"]
        );
        assert_eq!(
            lines(Currency::Fiat(Fiat::Usd)),
            ["≈ $3.12", "0.00012345 BTC", "2.5 practice"]
        );
        assert_eq!(lines(Currency::Fiat(Fiat::Eur)), lines(Currency::Coin));
        assert_eq!(lines(Currency::Fiat(Fiat::Krw)), lines(Currency::Coin));
        assert_eq!(
            lines(Currency::MilliBitcoin),
            ["≈ 0.15445 mBTC", "2.5 practice"]
        );
        let bitcoin = [sums()[2]];
        let exact = teller(Currency::MilliBitcoin).lines(&bitcoin);
        assert_eq!(exact, ["0.12345 mBTC"]);
        assert_eq!(teller(Currency::Coin).lines(&[]), ["0"]);
    }

    #[test]
    fn the_prices_used_are_told() {
        let all = [Asset::Monero, Asset::Bitcoin];
        let rates = |currency| teller(currency).rates(&all);
        assert_eq!(rates(Currency::Fiat(Fiat::Usd)), ["1 XMR = $312.40"]);
        assert_eq!(rates(Currency::MilliBitcoin), ["1 XMR = 3.1 mBTC"]);
        assert!(rates(Currency::Coin).is_empty());
    }

    #[test]
    fn codes_read_back() {
        for currency in Currency::ALL {
            assert_eq!(Currency::from_code(currency.code()), Some(currency));
        }
        assert_eq!(Currency::from_code("DOGE"), None);
    }
}
