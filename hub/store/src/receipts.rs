//! Receipts: what a device keeps of a share, so that a hub that lost it can credit it again. One line of text:
//! `1|device|digest|algorithm|upstream|work|asset|credit|fraction|fee|fee_fraction|milliseconds|MAC` with the
//! HMAC-SHA256, in hex, over everything before the last bar.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use idlewatt_ledger::Exact;
use idlewatt_protocol::{Asset, DeviceId};
use jiff::Timestamp;
use sha2::Sha256;

use crate::VerifiedShare;

/// No receipt is longer; what is longer is not looked at.
const LONGEST: usize = 512;
const VERSION: &str = "1";

/// What a hub signs receipts with. Only a hub with the same key takes them back.
#[derive(Clone)]
pub struct ReceiptKey(Hmac<Sha256>);

impl fmt::Debug for ReceiptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiptKey")
    }
}

impl ReceiptKey {
    /// The signer with this key.
    pub fn new(key: &[u8; 32]) -> Self {
        // A key of the digest's length or less is padded to a block with zeros: HMAC's own rule.
        let mut block = hmac::digest::block_api::Block::<Sha256>::default();
        block[..key.len()].copy_from_slice(key);
        ReceiptKey(Hmac::new(&block))
    }

    /// The receipt for a share that is durable since `at`.
    pub fn sign(&self, share: &VerifiedShare, at: Timestamp) -> String {
        let VerifiedShare {
            device,
            digest,
            algorithm,
            upstream,
            work,
            credit,
            fee,
        } = share;
        let text = format!(
            "{VERSION}|{device}|{}|{algorithm}|{upstream}|{work}|{}|{}|{}|{}|{}|{}",
            hex::encode(digest),
            credit.asset,
            credit.money().atomic,
            credit.fraction(),
            fee.money().atomic,
            fee.fraction(),
            at.as_millisecond(),
        );
        let mac = self.0.clone().chain_update(&text).finalize();
        format!("{text}|{}", hex::encode(mac.into_bytes()))
    }

    /// The share that a receipt is for and when it was credited; `None` if this key did not sign it, or for another device.
    pub fn read(&self, receipt: &str, device: &DeviceId) -> Option<(VerifiedShare, Timestamp)> {
        if receipt.len() > LONGEST {
            return None;
        }
        let (text, mac) = receipt.rsplit_once('|')?;
        let mut signed = [0; 32];
        hex::decode_to_slice(mac, &mut signed).ok()?;
        let signer = self.0.clone().chain_update(text);
        signer.verify_slice(&signed).ok()?;
        let fields: Vec<&str> = text.split('|').collect();
        let [
            VERSION,
            owner,
            digest,
            algorithm,
            upstream,
            work,
            asset,
            credit,
            fraction,
            fee,
            fee_fraction,
            at,
        ] = fields[..]
        else {
            return None;
        };
        if owner != device.as_str() {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digest, &mut bytes).ok()?;
        let asset: Asset = asset.parse().ok()?;
        let exact = |atomic: &str, fraction: &str| {
            Exact::try_of(asset, atomic.parse().ok()?, fraction.parse().ok()?)
        };
        let share = VerifiedShare::try_new(
            device.clone(),
            bytes,
            algorithm.to_owned(),
            upstream.to_owned(),
            work.parse().ok()?,
            exact(credit, fraction)?,
            exact(fee, fee_fraction)?,
        );
        let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        Some((share.ok()?, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(device: &DeviceId, work: u64, credit: i128, fee: i128) -> VerifiedShare {
        let of = |parts| Exact {
            asset: Asset::Monero,
            parts,
        };
        VerifiedShare::try_new(
            device.clone(),
            [7; 32],
            "randomx",
            "monerod",
            work.into(),
            of(credit),
            of(fee),
        )
        .expect("allowed")
    }

    #[test]
    fn the_mac_is_hmac_sha256() {
        // RFC 4231, test case 2, whose key is shorter than a block, and the same key padded to 32 bytes.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let signer = ReceiptKey::new(&key);
        let mac = signer
            .0
            .chain_update("what do ya want for nothing?")
            .finalize();
        assert_eq!(
            hex::encode(mac.into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn nothing_in_a_receipt_can_be_changed() {
        let (key, device) = (ReceiptKey::new(&[1; 32]), DeviceId::random());
        let receipt = key.sign(&share(&device, 400, 5, 1), Timestamp::UNIX_EPOCH);
        assert!(key.read(&receipt, &device).is_some());
        for index in 0..receipt.len() {
            let mut changed = receipt.clone().into_bytes();
            changed[index] = if changed[index] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(key.read(&changed, &device), None, "{changed}");
        }
        assert_eq!(
            key.read(&receipt, &DeviceId::random()),
            None,
            "another device's"
        );
        assert_eq!(
            ReceiptKey::new(&[2; 32]).read(&receipt, &device),
            None,
            "another hub's"
        );
        for wrong in [
            "",
            "|",
            "1|2|3",
            &receipt[1..],
            &format!("{receipt}0"),
            &"9|".repeat(999),
        ] {
            assert_eq!(key.read(wrong, &device), None);
        }
        assert_eq!(format!("{key:?}"), "ReceiptKey", "the key stays secret");
    }

    proptest! {
        #[test]
        fn every_share_reads_back(work in 1u64..1 << 62, credit in 0i128..1 << 90, fee in 0i128..1 << 90, at in 0i64..1 << 45) {
            let (key, device) = (ReceiptKey::new(&[9; 32]), DeviceId::random());
            let share = share(&device, work, credit, fee);
            let at = Timestamp::from_millisecond(at).expect("in range");
            prop_assert_eq!(key.read(&key.sign(&share, at), &device), Some((share, at)));
        }

        #[test]
        fn no_text_makes_it_fail(text in ".{0,200}") {
            let key = ReceiptKey::new(&[9; 32]);
            prop_assert_eq!(key.read(&text, &DeviceId::random()), None);
        }
    }
}
