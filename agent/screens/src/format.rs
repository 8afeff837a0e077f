//! Numbers, amounts, times and dates as the reader writes them.

use idlewatt_protocol::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Language, Words};

/// Writes numbers and times for one reader.
#[derive(Clone, Debug)]
pub struct Format {
    language: Language,
    zone: TimeZone,
}

/// A currency that amounts can be shown in beside their own coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fiat {
    /// US dollars.
    Usd,
    /// South Korean won.
    Krw,
    /// Euros.
    Eur,
}

impl Fiat {
    /// Every currency.
    pub const ALL: [Fiat; 3] = [Fiat::Usd, Fiat::Krw, Fiat::Eur];

    /// Its ISO 4217 code.
    pub fn code(self) -> &'static str {
        match self {
            Fiat::Usd => "USD",
            Fiat::Krw => "KRW",
            Fiat::Eur => "EUR",
        }
    }

    /// The currency with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Fiat::ALL.into_iter().find(|fiat| fiat.code() == code)
    }

    fn sign(self) -> &'static str {
        match self {
            Fiat::Usd => "$",
            Fiat::Krw => "₩",
            Fiat::Eur => "€",
        }
    }

    fn decimals(self) -> usize {
        match self {
            Fiat::Krw => 0,
            Fiat::Usd | Fiat::Eur => 2,
        }
    }
}

const HASH_UNITS: [&str; 6] = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s"];

impl Format {
    /// For a reader of this language in this time zone.
    pub fn new(language: Language, zone: TimeZone) -> Self {
        Format { language, zone }
    }

    /// The reader's language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The reader's words.
    pub fn words(&self) -> Words {
        Words::of(self.language)
    }

    /// The reader's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A whole number with its thousands apart: `12,345`.
    pub fn whole(&self, number: u64) -> String {
        grouped(&number.to_string())
    }

    /// A number with this many decimals.
    pub fn decimal(&self, number: f64, decimals: usize) -> String {
        let text = format!("{number:.decimals$}");
        match text.strip_prefix('-') {
            Some(digits) => format!("−{}", grouped(digits)),
            None => grouped(&text),
        }
    }

    /// A share: `25 %`, in Korean `25%`.
    pub fn percent(&self, percent: f64) -> String {
        let number = self.decimal(percent, 0);
        match self.language {
            Language::English => format!("{number} %"),
            Language::Korean => format!("{number}%"),
        }
    }

    /// Hashes a second in the unit that keeps it short: `4.21 kH/s`.
    pub fn hash_rate(&self, hashes_a_second: f64) -> String {
        let (mut rate, mut unit) = (hashes_a_second.max(0.0), 0);
        while rate >= 999.5 && unit + 1 < HASH_UNITS.len() {
            rate /= 1_000.0;
            unit += 1;
        }
        let decimals = match rate {
            _ if rate >= 99.95 || (unit == 0 && rate >= 10.0) => 0,
            _ if rate >= 9.995 => 1,
            _ => 2,
        };
        format!("{} {}", self.decimal(rate, decimals), HASH_UNITS[unit])
    }

    /// An amount exactly, without zeros at its end: `0.012 XMR`.
    pub fn money(&self, money: &Money) -> String {
        let code = match money.asset.is_practice() {
            true => self.words().say("common-practice"),
            false => money.asset.code().to_owned(),
        };
        format!("{} {code}", self.amount(money))
    }

    /// The same without the asset.
    pub fn amount(&self, money: &Money) -> String {
        trimmed(&money.amount())
    }

    /// A sum in a currency of states: `$1.23`. Below one of its smallest units as many digits as tell something.
    pub fn fiat(&self, sum: f64, fiat: Fiat) -> String {
        let size = sum.abs();
        let mut decimals = fiat.decimals();
        if size > 0.0 && size < 1.0 {
            let smallest = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
            while size
                < 10.0 * smallest
                    / 10_f64.powi(i32::try_from(decimals - fiat.decimals()).unwrap_or(0))
                && decimals < 8
            {
                decimals += 1;
            }
        }
        let number = self.decimal(size, decimals);
        let minus = if sum < 0.0 { "−" } else { "" };
        match (self.language, fiat) {
            (Language::Korean, Fiat::Krw) => format!("{minus}{number}원"),
            _ => format!("{minus}{}{number}", fiat.sign()),
        }
    }

    /// A day: `22 Nov 2026`, `2026년 11월 22일`.
    pub fn date(&self, date: Date) -> String {
        let pattern = match self.language {
            Language::English => "%-d %b %Y",
            Language::Korean => "%Y년 %-m월 %-d일",
        };
        date.strftime(pattern).to_string()
    }

    /// A day of this year, short: `22 Nov`, `11월 22일`.
    pub fn short_date(&self, date: Date) -> String {
        let pattern = match self.language {
            Language::English => "%-d %b",
            Language::Korean => "%-m월 %-d일",
        };
        date.strftime(pattern).to_string()
    }

    /// A moment with its day, to the minute, by the reader's clock.
    pub fn moment(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.zone.clone());
        format!(
            "{}{} {}",
            self.date(local.date()),
            self.comma(),
            local.strftime("%H:%M")
        )
    }

    /// A moment with its day, to the second.
    pub fn exact_moment(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.zone.clone());
        format!(
            "{}{} {}",
            self.date(local.date()),
            self.comma(),
            local.strftime("%H:%M:%S")
        )
    }

    /// A time of day: `14:05`.
    pub fn time(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.zone.clone());
        local.strftime("%H:%M").to_string()
    }

    /// A span of time in its two largest units: `2 h 5 min`, `2시간 5분`.
    pub fn span(&self, seconds: u64) -> String {
        let words = self.words();
        let parts = [
            (seconds / 86_400, "common-days"),
            (seconds / 3_600 % 24, "common-hours"),
            (seconds / 60 % 60, "common-minutes"),
            (seconds % 60, "common-seconds"),
        ];
        let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
        let largest = parts[first..]
            .iter()
            .take(2)
            .filter(|(count, _)| *count > 0 || first == 3);
        let told: Vec<String> = largest
            .map(|(count, unit)| match *unit {
                "common-days" => words.say_with("common-days", &[("count", (*count).into())]),
                "common-hours" => words.say_with("common-hours", &[("count", (*count).into())]),
                "common-minutes" => words.say_with("common-minutes", &[("count", (*count).into())]),
                _ => words.say_with("common-seconds", &[("count", (*count).into())]),
            })
            .collect();
        told.join(" ")
    }

    fn comma(&self) -> &'static str {
        match self.language {
            Language::English => ",",
            Language::Korean => "",
        }
    }
}

/// With the thousands before the decimal point apart.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut told = String::with_capacity(text.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told + rest
}

/// Without zeros at the end, behind the decimal point.
fn trimmed(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("−", digits),
        None => ("", text),
    };
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    format!("{sign}{}", grouped(digits))
}

#[cfg(test)]
mod tests {
    use idlewatt_protocol::Asset;

    use super::*;

    fn format(language: Language) -> Format {
        Format::new(language, TimeZone::fixed(jiff::tz::offset(9)))
    }

    #[test]
    fn numbers_and_rates_are_short_and_exact() {
        let english = format(Language::English);
        assert_eq!(english.whole(1_234_567), "1,234,567");
        assert_eq!(english.decimal(-1_234.56, 1), "−1,234.6");
        for (rate, told) in [
            (0.0, "0.00 H/s"),
            (3.456, "3.46 H/s"),
            (999.4, "999 H/s"),
            (999.6, "1.00 kH/s"),
            (4_210.5, "4.21 kH/s"),
            (25_931_000.0, "25.9 MH/s"),
            (1e9, "1.00 GH/s"),
            (1e18, "1,000 PH/s"),
        ] {
            assert_eq!(english.hash_rate(rate), told);
        }
        assert_eq!(english.percent(25.4), "25 %");
        assert_eq!(format(Language::Korean).percent(25.4), "25%");
    }

    #[test]
    fn amounts_keep_every_digit_that_says_something() {
        let english = format(Language::English);
        let money = |asset, text| Money::parse(asset, text).expect("an amount");
        assert_eq!(
            english.money(&money(Asset::Monero, "0.012000000000")),
            "0.012 XMR"
        );
        assert_eq!(
            english.money(&money(Asset::Bitcoin, "1234.00000001")),
            "1,234.00000001 BTC"
        );
        assert_eq!(english.money(&money(Asset::Monero, "10")), "10 XMR");
        assert_eq!(
            english.money(&money(Asset::Practice, "0.5")),
            "0.5 practice"
        );
        assert_eq!(
            format(Language::Korean).money(&money(Asset::Practice, "0.5")),
            "0.5 연습"
        );
    }

    #[test]
    fn currencies_stand_as_their_people_write_them() {
        let (english, korean) = (format(Language::English), format(Language::Korean));
        assert_eq!(english.fiat(1_234.5, Fiat::Usd), "$1,234.50");
        assert_eq!(english.fiat(-0.5, Fiat::Eur), "−€0.50");
        assert_eq!(english.fiat(0.001_234, Fiat::Usd), "$0.0012");
        assert_eq!(english.fiat(0.0, Fiat::Usd), "$0.00");
        assert_eq!(korean.fiat(12_345.6, Fiat::Krw), "12,346원");
        assert_eq!(korean.fiat(0.25, Fiat::Krw), "0.25원");
        assert_eq!(english.fiat(12_345.6, Fiat::Krw), "₩12,346");
    }

    #[test]
    fn times_are_those_of_the_readers_clock() {
        let moment: Timestamp = "2026-11-22T20:05:09Z".parse().expect("a moment");
        assert_eq!(
            format(Language::English).moment(moment),
            "23 Nov 2026, 05:05"
        );
        assert_eq!(
            format(Language::Korean).exact_moment(moment),
            "2026년 11월 23일 05:05:09"
        );
        assert_eq!(format(Language::English).span(7_500), "2 h 5 min");
        assert_eq!(format(Language::Korean).span(90_061), "1일 1시간");
        assert_eq!(format(Language::English).span(3_600), "1 h");
        assert_eq!(format(Language::English).span(0), "0 s");
    }
}
