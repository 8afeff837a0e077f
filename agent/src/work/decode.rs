//! From the wire's jobs to the kernels' jobs.

use idlewatt_kernels::progpow::{Epoch, KAWPOW};
use idlewatt_kernels::{
    Algorithm, Digest, Job, JobInput, ProgPowJob, RandomXJob, Sha256dJob, Target,
};
use idlewatt_stratum::bitcoin::NotifyMessage;
use idlewatt_stratum::monero::{JobMessage, RANDOMX};
use idlewatt_stratum::{ethproxy, kawpow};

/// A Monero job as a kernel reads it.
///
/// # Errors
/// In words, if the algorithm is another one or the job cannot be searched.
pub(super) fn monero(message: &JobMessage) -> Result<Job, String> {
    if let Some(algo) = message.algo.as_deref().filter(|algo| *algo != RANDOMX) {
        let algo: String = algo.chars().take(32).collect();
        return Err(format!(
            "a job of the unknown algorithm \"{algo}\"; known here: {RANDOMX}"
        ));
    }
    let nonce_offset = nonce_offset(&message.blob).ok_or("a hashing blob that is cut short")?;
    let nonce = &message.blob[nonce_offset..nonce_offset + 4];
    // A nonce that is not empty means that the pool has given each miner its own top byte.
    let fixed_top_byte = nonce.iter().any(|byte| *byte != 0).then(|| nonce[3]);
    let job = Job {
        id: message.job_id.clone(),
        target: Target::from_monero_wire(&message.target).map_err(|error| error.to_string())?,
        input: JobInput::RandomX(RandomXJob {
            nonce_offset,
            fixed_top_byte,
            seed_hash: message.seed_hash.ok_or("a job without seed hash")?,
            height: message.height.unwrap_or(0),
            blob: message.blob.clone(),
        }),
    };
    possible(job)
}

/// Behind the three varints of versions and time, and the previous block's hash.
fn nonce_offset(blob: &[u8]) -> Option<usize> {
    let mut position = 0;
    for _ in 0..3 {
        let length = blob.get(position..)?.iter().position(|byte| *byte < 0x80)? + 1;
        position += length;
    }
    let offset = position + 32;
    (offset + 4 <= blob.len()).then_some(offset)
}

/// A Bitcoin job as a kernel reads it.
///
/// # Errors
/// In words, if the job cannot be searched.
pub(super) fn bitcoin(
    message: NotifyMessage,
    difficulty: f64,
    extranonce1: &[u8],
    extranonce2_size: usize,
    version_mask: u32,
) -> Result<Job, String> {
    let mut coinbase_prefix = message.coinbase_prefix;
    coinbase_prefix.extend_from_slice(extranonce1);
    let job = Job {
        id: message.job_id,
        target: Target::from_bitcoin_difficulty(difficulty).map_err(|error| error.to_string())?,
        input: JobInput::Sha256d(Sha256dJob {
            version: message.version,
            version_mask,
            previous_hash: message.previous_hash,
            coinbase_prefix,
            coinbase_suffix: message.coinbase_suffix,
            extranonce2_size: u8::try_from(extranonce2_size).unwrap_or(u8::MAX),
            merkle_branches: message.merkle_branches.into_iter().map(Digest).collect(),
            time: message.time,
            bits: message.bits,
        }),
    };
    possible(job)
}

/// A job in KawPow's dialect as a kernel reads it. The algorithm is the connection's: the wire names none.
///
/// # Errors
/// In words, if the job cannot be searched.
pub(super) fn kawpow(
    message: kawpow::NotifyMessage,
    algorithm: Algorithm,
    set_target: Option<[u8; 32]>,
    extranonce1: &[u8],
) -> Result<Job, String> {
    let own = message.target.filter(|target| *target != [0; 32]);
    let target = own.or(set_target).filter(|target| *target != [0; 32]);
    let target = target.ok_or("a job without a target above zero")?;
    if algorithm == Algorithm::KawPow {
        of_this_coin(&message)?;
    }
    let job = Job {
        id: message.job_id,
        target: Target::from_be_bytes(&target),
        input: JobInput::ProgPow(ProgPowJob {
            algorithm,
            header_hash: message.header_hash,
            height: message.height,
            nonce_prefix: extranonce1.to_vec(),
        }),
    };
    possible(job)
}

/// That the seed of a KawPow job is that of its height. Miners make the dataset by either: where they differ it is work for a coin
/// with other epochs, or for none. Some servers leave the seed out.
///
/// # Errors
/// In words, if it is not.
fn of_this_coin(message: &kawpow::NotifyMessage) -> Result<(), String> {
    let Some(seed) = message.seed_hash.filter(|seed| *seed != [0; 32]) else {
        return Ok(());
    };
    // A height beyond all epochs is told of by the job itself.
    let epoch = Epoch::of_height(&KAWPOW, message.height).ok();
    match epoch.is_none_or(|epoch| epoch.seed_hash() == seed) {
        true => Ok(()),
        false => Err(format!(
            "a job for another coin: its seed hash {} is not that of height {}",
            hex::encode(seed),
            message.height
        )),
    }
}

/// That a job can be searched, and a share of it found.
///
/// # Errors
/// In words, if not.
fn possible(job: Job) -> Result<Job, String> {
    job.check().map_err(|error| error.to_string())?;
    let work = job.target.work();
    match u64::try_from(work) {
        Ok(_) => Ok(job),
        // A billion hashes a second take 600 years for it.
        Err(_) => Err(format!(
            "a difficulty at which a share takes {:.1e} hashes; allowed: up to {:.1e}",
            work as f64,
            u64::MAX as f64
        )),
    }
}

/// Work in the ethproxy dialect as a kernel reads it. The algorithm is the connection's, and so is where it searches.
///
/// # Errors
/// In words, if the work cannot be searched.
pub(super) fn ethproxy(
    work: ethproxy::Work,
    algorithm: Algorithm,
    nonce_prefix: &[u8],
) -> Result<Job, String> {
    let height = work.height.ok_or("work without a height")?;
    let message = kawpow::NotifyMessage {
        job_id: hex::encode(work.header_hash),
        header_hash: work.header_hash,
        seed_hash: Some(work.seed_hash),
        target: Some(work.target),
        clean: true,
        height,
        bits: None,
    };
    kawpow(message, algorithm, None, nonce_prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> JobMessage {
        let blob = hex::decode("1010b98189d80699a80e1a2ca2c5564cc7d8feb1e3a9670c036cdfaff59a1a2e5a78db2bcb9db70000000fa044a4101aadee117275ce14dc3f82e78748f6d7892ae62e3f37dbf418b45e4101").expect("hex");
        JobMessage {
            blob,
            job_id: "j2".into(),
            target: "711b0d00".into(),
            algo: Some(RANDOMX.into()),
            height: Some(49),
            seed_hash: Some([7; 32]),
        }
    }

    fn randomx(message: &JobMessage) -> RandomXJob {
        match monero(message).expect("a job").input {
            JobInput::RandomX(job) => job,
            _ => panic!("another algorithm"),
        }
    }

    #[test]
    fn a_real_blob_has_its_nonce_at_39() {
        let mut message = message();
        // The recorded blob carries the nonce 0x0f000000: the pool's top byte.
        let job = randomx(&message);
        assert_eq!((job.nonce_offset, job.fixed_top_byte), (39, Some(0x0f)));
        message.blob[39..43].fill(0);
        assert_eq!(randomx(&message).fixed_top_byte, None);
        assert_eq!(monero(&message).expect("a job").target.work(), 5_000);
    }

    #[test]
    fn what_cannot_be_searched_is_refused_in_words() {
        let change = |change: &dyn Fn(&mut JobMessage)| {
            let mut message = message();
            change(&mut message);
            monero(&message).expect_err("refused")
        };
        let algorithm = change(&|message| message.algo = Some("kawpow".into()));
        assert!(algorithm.contains("\"kawpow\"") && algorithm.contains(RANDOMX));
        assert!(change(&|message| message.target = "00000000".into()).contains("00000000"));
        assert!(change(&|message| message.seed_hash = None).contains("seed hash"));
        for length in [0, 3, 38, 42] {
            assert!(change(&|message| message.blob.truncate(length)).contains("cut short"));
        }
        assert!(change(&|message| message.blob = vec![0xff; 76]).contains("cut short"));
        assert!(change(&|message| message.blob.resize(60_000, 1)).contains("blob has 60000"));
    }

    #[test]
    fn a_kawpow_job_of_a_coin_with_other_epochs_is_refused_and_named() {
        let of = |seed_hash: Option<[u8; 32]>, algorithm| {
            let message = kawpow::NotifyMessage {
                job_id: "1".into(),
                header_hash: [1; 32],
                seed_hash,
                target: Some([0x0f; 32]),
                clean: true,
                height: 170_915,
                bits: None,
            };
            kawpow(message, algorithm, None, &[])
        };
        let epoch = Epoch::of_height(&KAWPOW, 170_915).expect("an epoch");
        for good in [None, Some([0; 32]), Some(epoch.seed_hash())] {
            assert!(of(good, Algorithm::KawPow).is_ok(), "{good:?}");
        }
        // As with epochs of 30,000 blocks.
        let other = Epoch { number: 5, ..epoch };
        let told = of(Some(other.seed_hash()), Algorithm::KawPow).expect_err("another coin's");
        assert!(
            told.contains("another coin") && told.contains("170915"),
            "{told}"
        );
        assert!(of(Some([7; 32]), Algorithm::ProgPowZ).is_ok());
    }
}
