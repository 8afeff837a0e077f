//! Of which coin an address looks: by its beginning, its letters and its length. Enough to warn of a mistaken one; whether it is
//! anybody's, only the coin's own network knows.

use crate::coin::Coin;

/// The letters of base58: no 0, O, I and l.
fn is_base58(text: &str) -> bool {
    let is_of_it = |c: char| c.is_ascii_alphanumeric() && !matches!(c, '0' | 'O' | 'I' | 'l');
    text.chars().all(is_of_it)
}

/// The coin that an address is of; `None` if it looks like none that is known here.
pub fn coin_of(address: &str) -> Option<Coin> {
    let length = address.len();
    if let Some(data) = address.strip_prefix("bc1") {
        let is_bech32 = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = matches!(length, 42 | 62) && data.chars().all(is_bech32);
        return fits.then_some(Coin::Bitcoin);
    }
    if !is_base58(address) {
        return None;
    }
    match length {
        26..=35 if address.starts_with(['1', '3']) => Some(Coin::Bitcoin),
        34 if address.starts_with('R') => Some(Coin::Ravencoin),
        95 if address.starts_with(['4', '8']) => Some(Coin::Monero),
        // With a payment id.
        106 if address.starts_with('4') => Some(Coin::Monero),
        90.. if address.starts_with("Zx") || address.starts_with("iZ") => Some(Coin::Zano),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coins_addresses_are_told_from_the_others() {
        let monero = "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H";
        let long =
            |begin: &str, length: usize| format!("{begin}{}", "a".repeat(length - begin.len()));
        for (address, coin) in [
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Coin::Bitcoin),
            ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", Coin::Bitcoin),
            ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", Coin::Bitcoin),
            ("RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV", Coin::Ravencoin),
            (monero, Coin::Monero),
            (&long("4", 106), Coin::Monero),
            (&long("Zx", 97), Coin::Zano),
            (&long("iZ", 108), Coin::Zano),
        ] {
            assert_eq!(coin_of(address), Some(coin), "{address}");
        }
        for none in [
            "",
            "me",
            "4Wallet",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t",
            "bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9F0",
            &monero[1..],
            &long("9", 95),
            "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
        ] {
            assert_eq!(coin_of(none), None, "{none}");
        }
    }
}
