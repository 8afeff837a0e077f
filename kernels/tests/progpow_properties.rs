//! What holds for every header, nonce, mix and height of the ProgPoW family.

use std::sync::LazyLock;

use idlewatt_kernels::progpow::{
    Attempt, Epoch, Hash, KAWPOW, KAWPOW_TEST, Load, PROGPOWZ, Parameters, Program, REGISTERS,
    Step, Verifier, digest_of_mix,
};
use proptest::prelude::*;

/// Of the small epochs, whose hashes take half a millisecond.
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(8 << 20));

fn hashed(height: u64, header: &[u8; 32], nonce: u64) -> Hash {
    let hash = VERIFIER.hash(&KAWPOW_TEST, height, header, nonce);
    hash.expect("within the epochs")
}

/// Heights of the first 500 epochs.
fn small_height() -> impl Strategy<Value = u64> {
    0..500 * KAWPOW_TEST.epoch_length
}

fn parameters() -> impl Strategy<Value = &'static Parameters> {
    prop::sample::select(vec![&KAWPOW, &PROGPOWZ, &KAWPOW_TEST])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_digest_follows_from_the_mix(height in small_height(), header: [u8; 32], nonce: u64) {
        let hash = hashed(height, &header, nonce);
        prop_assert_eq!(digest_of_mix(&KAWPOW_TEST, &header, nonce, &hash.mix), hash.digest);
        let mut number = hash.number().0;
        number.reverse();
        prop_assert_eq!(number, hash.digest);
    }

    #[test]
    fn hashes_side_by_side_are_those_alone(
        height in small_height(),
        attempts in prop::collection::vec(any::<([u8; 32], u64)>(), 0..12),
    ) {
        let attempts: Vec<Attempt> =
            attempts.into_iter().map(|(header, nonce)| Attempt { header, nonce }).collect();
        let together = VERIFIER.hash_many(&KAWPOW_TEST, height, &attempts);
        let alone: Vec<Hash> = attempts
            .iter()
            .map(|attempt| hashed(height, &attempt.header, attempt.nonce))
            .collect();
        prop_assert_eq!(together, Ok(alone));
    }

    #[test]
    fn any_other_bit_gives_another_hash(
        height in small_height(), header: [u8; 32], nonce: u64, bit in 0usize..256,
    ) {
        let hash = hashed(height, &header, nonce);
        let flipped = |bytes: &[u8; 32]| {
            let mut bytes = *bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        let other_nonce = nonce ^ 1 << (bit % 64);
        let of_nonce = hashed(height, &header, other_nonce);
        prop_assert!(of_nonce.mix != hash.mix && of_nonce.digest != hash.digest);
        let of_header = hashed(height, &flipped(&header), nonce);
        prop_assert!(of_header.mix != hash.mix && of_header.digest != hash.digest);

        for parameters in [&KAWPOW, &PROGPOWZ] {
            let right = digest_of_mix(parameters, &header, nonce, &hash.mix);
            let wrong = [
                digest_of_mix(parameters, &header, nonce, &flipped(&hash.mix)),
                digest_of_mix(parameters, &flipped(&header), nonce, &hash.mix),
                digest_of_mix(parameters, &header, other_nonce, &hash.mix),
            ];
            prop_assert!(wrong.iter().all(|digest| *digest != right));
        }
    }
}

proptest! {
    #[test]
    fn programs_keep_their_promises(parameters in parameters(), period: u64) {
        let program = Program::of_period(parameters, period);
        prop_assert_eq!(&program, &Program::of_period(parameters, period));
        let mut reads = 0;
        // In the order of writing; the first load always goes to register 0.
        let mut written = Vec::new();
        for step in &program.steps {
            match *step {
                Step::Cache { source, destination, .. } => {
                    prop_assert!(source < REGISTERS);
                    reads += 1;
                    written.push(destination);
                }
                Step::Math { left, right, destination, .. } => {
                    prop_assert!(left < REGISTERS && right < REGISTERS && left != right);
                    written.push(destination);
                }
            }
        }
        prop_assert_eq!(reads, parameters.cache_reads);
        prop_assert_eq!(program.steps.len(), parameters.cache_reads + parameters.math_operations);
        let loads: Vec<usize> = program.loads.iter().map(|load: &Load| load.destination).collect();
        prop_assert_eq!(loads[0], 0);
        written.extend(&loads[1..]);
        // ProgPoW goes through the registers in a random order again and again, so none is left out.
        let mut first: Vec<usize> = written[..REGISTERS].to_vec();
        first.sort_unstable();
        prop_assert_eq!(first, Vec::from_iter(0..REGISTERS));
        for (destination, again) in written.iter().zip(&written[REGISTERS..]) {
            prop_assert_eq!(destination, again);
        }
    }

    #[test]
    fn no_height_is_too_much(parameters in parameters(), height: u64, below: prop::sample::Index) {
        let last = parameters.last_height();
        for height in [height, below.index(last as usize) as u64, last, last + 1] {
            Program::of_period(parameters, parameters.period_of(height));
            match Epoch::of_height(parameters, height) {
                Ok(epoch) => {
                    prop_assert!(height <= last);
                    prop_assert!(epoch.number <= Parameters::LAST_EPOCH);
                    prop_assert!(epoch.entries() > 0 && epoch.cache_items() > 0);
                    // Every item of the dataset has a number of 32 bits.
                    prop_assert!(u64::from(epoch.entries()) * 4 <= u64::from(u32::MAX));
                }
                Err(error) => {
                    prop_assert!(height > last);
                    prop_assert_eq!(error.last, last);
                    prop_assert!(VERIFIER.prepare(parameters, height).is_err());
                }
            }
        }
    }
}
