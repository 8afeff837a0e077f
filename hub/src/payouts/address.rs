//! Whether an address can be paid: its checksum, its form, and that it is of the network that the hub's wallet is on.

use std::fmt;

use idlewatt_protocol::Asset;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// Which of an asset's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Where it is money.
    Mainnet,
    /// For trying things out.
    Testnet,
    /// Monero's second one for trying things out.
    Stagenet,
    /// A chain of one's own. Monero writes its addresses like the main network's.
    Regtest,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Network::Mainnet => "mainnet",
            Network::Testnet => "testnet",
            Network::Stagenet => "stagenet",
            Network::Regtest => "regtest",
        })
    }
}

/// Why an address cannot be paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Practice is never money.
    #[error("PRACTICE is never money and cannot be withdrawn; allowed: XMR, BTC")]
    Practice,
    /// Mistyped, cut off, or of another coin.
    #[error("this is no {asset} address: {reason}")]
    Malformed {
        /// What it should be an address of.
        asset: Asset,
        /// What is wrong with it.
        reason: String,
    },
    /// A good address, but elsewhere.
    #[error("this is a {asset} address of another network ({found}); this hub pays on {wanted}")]
    OtherNetwork {
        /// Of which asset.
        asset: Asset,
        /// The network that it belongs to.
        found: &'static str,
        /// The hub's network.
        wanted: Network,
    },
}

/// Checks an address to the last symbol.
///
/// # Errors
/// If it cannot be paid.
pub fn check(asset: Asset, network: Network, address: &str) -> Result<(), AddressError> {
    let malformed = |reason: String| AddressError::Malformed { asset, reason };
    // The longest is an integrated Monero address: 106 symbols.
    if address.len() > 128 || !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let allowed = "only letters and digits are allowed, at most 128";
        return Err(malformed(allowed.to_owned()));
    }
    let found = match asset {
        Asset::Practice => return Err(AddressError::Practice),
        Asset::Monero => monero_network(address).map_err(malformed)?,
        Asset::Bitcoin => bitcoin_network(address).map_err(malformed)?,
    };
    if found.contains(&network) {
        return Ok(());
    }
    Err(AddressError::OtherNetwork {
        asset,
        found: match found[0] {
            Network::Mainnet => "mainnet",
            Network::Testnet => "testnet",
            Network::Stagenet => "stagenet",
            Network::Regtest => "regtest",
        },
        wanted: network,
    })
}

/// The networks that a Monero address can be of.
fn monero_network(address: &str) -> Result<&'static [Network], String> {
    let bytes = base58_monero::decode(address).map_err(|error| error.to_string())?;
    let (payload, check) = bytes
        .split_last_chunk::<4>()
        .ok_or("it is too short".to_owned())?;
    if Keccak256::digest(payload)[..4] != check[..] {
        return Err("its checksum is wrong, so it is mistyped or cut off".to_owned());
    }
    let (tag, rest) = payload.split_first().ok_or("it is too short".to_owned())?;
    // Standard, integrated and subaddress, as cryptonote_config.h numbers them.
    let (network, integrated): (&[Network], bool) = match tag {
        18 | 42 => (&[Network::Mainnet, Network::Regtest], false),
        19 => (&[Network::Mainnet, Network::Regtest], true),
        53 | 63 => (&[Network::Testnet], false),
        54 => (&[Network::Testnet], true),
        24 | 36 => (&[Network::Stagenet], false),
        25 => (&[Network::Stagenet], true),
        other => return Err(format!("it begins with the unknown tag {other}")),
    };
    // Two public keys, and the payment id of an integrated one.
    let wanted = if integrated { 64 + 8 } else { 64 };
    match rest.len() == wanted {
        true => Ok(network),
        false => Err(format!("it holds {} bytes instead of {wanted}", rest.len())),
    }
}

/// The networks that a Bitcoin address can be of.
fn bitcoin_network(address: &str) -> Result<&'static [Network], String> {
    // Both kinds begin with letters that no address of the other kind has.
    let lower = address.to_ascii_lowercase();
    for (prefix, network) in [
        ("bc1", &[Network::Mainnet] as &[Network]),
        ("tb1", &[Network::Testnet]),
        ("bcrt1", &[Network::Regtest]),
    ] {
        if lower.starts_with(prefix) {
            let (_, version, program) =
                bech32::segwit::decode(address).map_err(|error| error.to_string())?;
            // What later versions mean is not known yet: paying them could be paying nobody.
            return match (version.to_u8(), program.len()) {
                (0, 20 | 32) | (1, 32) => Ok(network),
                (version, length) => Err(format!(
                    "witness version {version} with {length} bytes is not known"
                )),
            };
        }
    }
    let bytes = bs58::decode(address)
        .into_vec()
        .map_err(|error| error.to_string())?;
    let (payload, check) = bytes
        .split_last_chunk::<4>()
        .ok_or("it is too short".to_owned())?;
    if Sha256::digest(Sha256::digest(payload))[..4] != check[..] {
        return Err("its checksum is wrong, so it is mistyped or cut off".to_owned());
    }
    if payload.len() != 21 {
        return Err(format!("it holds {} bytes instead of 21", payload.len()));
    }
    match payload[0] {
        0x00 | 0x05 => Ok(&[Network::Mainnet]),
        0x6f | 0xc4 => Ok(&[Network::Testnet, Network::Regtest]),
        other => Err(format!("it begins with the unknown version {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Made by monero-wallet-rpc 0.18: a standard address, an integrated one and a subaddress of one wallet.
    const MONERO: [&str; 3] = [
        "47tWTWDGebZest4s1sjqArVAaobeewCRqewM1jxxbMbv5RunJmTbsAYRoK6WzJQB7R1uago6N6JgEPDa1EDC8PNKUPakyYV",
        "4HbBUK2mFs5est4s1sjqArVAaobeewCRqewM1jxxbMbv5RunJmTbsAYRoK6WzJQB7R1uago6N6JgEPDa1EDC8PNKhdNZSW6U6uj1nE3Udz",
        "82oAyhf1xhzEb3YR1JCqqRjfQz54pZQhng2oBzdwCA6D49LYVDa25CsQvn1VN1Wv441Qq1rsGtawy3bXHULAKR8TVDNvqvq",
    ];
    /// From the BIPs 13, 173 and 350, and the genesis block.
    const BITCOIN: [(&str, Network); 8] = [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Network::Mainnet),
        ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", Network::Mainnet),
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            Network::Mainnet,
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            Network::Mainnet,
        ),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Network::Testnet),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Network::Regtest),
        ("2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc", Network::Testnet),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            Network::Testnet,
        ),
    ];

    #[test]
    fn addresses_are_paid_on_their_own_network_only() {
        for address in MONERO {
            assert_eq!(check(Asset::Monero, Network::Mainnet, address), Ok(()));
            assert_eq!(check(Asset::Monero, Network::Regtest, address), Ok(()));
            let error = check(Asset::Monero, Network::Stagenet, address).expect_err("elsewhere");
            assert!(error.to_string().contains("pays on stagenet"), "{error}");
        }
        for (address, network) in BITCOIN {
            assert_eq!(check(Asset::Bitcoin, network, address), Ok(()), "{address}");
        }
        for (address, network) in BITCOIN {
            let other = match network {
                Network::Mainnet => Network::Testnet,
                _ => Network::Mainnet,
            };
            let error = check(Asset::Bitcoin, other, address).expect_err("elsewhere");
            assert!(error.to_string().contains("another network"), "{error}");
        }
    }

    #[test]
    fn other_coins_and_other_texts_are_refused() {
        let bad = [
            // A witness program of version 16, and one of version 0 with the checksum of the later ones.
            "BC1SW50QGDZ25J",
            "bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
            "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
            // Litecoin, nothing, and what is no address at all.
            "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1",
            "",
            "1",
            "'; DROP TABLE withdrawals;--",
            MONERO[0],
        ];
        for address in bad {
            assert!(
                check(Asset::Bitcoin, Network::Mainnet, address).is_err(),
                "{address}"
            );
        }
        for address in ["", "4", BITCOIN[0].0, "\u{130}\u{130}", &MONERO[0][..94]] {
            assert!(
                check(Asset::Monero, Network::Mainnet, address).is_err(),
                "{address}"
            );
        }
        assert_eq!(
            check(Asset::Practice, Network::Mainnet, MONERO[0]),
            Err(AddressError::Practice)
        );
    }

    proptest! {
        #[test]
        fn one_wrong_symbol_is_found(which in 0usize..11, position in 0usize..106, with in 0usize..58) {
            const SYMBOLS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
            let (asset, network, address) = match MONERO.get(which) {
                Some(address) => (Asset::Monero, Network::Mainnet, *address),
                None => (Asset::Bitcoin, BITCOIN[which - 3].1, BITCOIN[which - 3].0),
            };
            let mut typed = address.as_bytes().to_vec();
            let position = position % typed.len();
            prop_assume!(!typed[position].eq_ignore_ascii_case(&SYMBOLS[with]));
            typed[position] = SYMBOLS[with];
            let typed = String::from_utf8(typed).expect("ascii");
            prop_assert!(check(asset, network, &typed).is_err(), "{typed}");
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,120}") {
            for asset in Asset::ALL {
                let _ = check(asset, Network::Mainnet, &text);
            }
        }
    }
}
