//! Whether an adapter still finds what there is to be found, and computes it rightly.

use super::GpuError;
use crate::{Batch, Cursor, Job, NonceSpace, Outcome, SearchError, Target};

/// A batch of which every nonce is a hit, from a random place of the job's nonces.
pub(crate) fn batch(job: &Job, random: u64, count: u32) -> Result<Batch, GpuError> {
    let mut easy = job.clone();
    easy.target = Target::MAX;
    let mut cursor = Cursor::new(&easy, NonceSpace::WHOLE, random)?;
    cursor
        .next_batch(count)
        .ok_or_else(|| GpuError::Validation("the job has no nonces".to_owned()))
}

/// Whether every nonce was reported.
pub(crate) fn check(batch: &Batch, outcome: &Outcome) -> Result<(), GpuError> {
    let mut found: Vec<u32> = outcome.found.iter().map(|found| found.nonce).collect();
    found.sort_unstable();
    match batch
        .nonces()
        .find(|nonce| found.binary_search(nonce).is_err())
    {
        None if found.len() == batch.count as usize => Ok(()),
        None => Err(GpuError::WrongResult(format!(
            "it reported {} hits among {} nonces",
            found.len(),
            batch.count
        ))),
        Some(nonce) => Err(GpuError::WrongResult(format!(
            "it reported {} of {} nonces that all meet the target; nonce {nonce:08x} is missing",
            found.len(),
            batch.count
        ))),
    }
}

/// Why a batch could not be submitted.
pub(crate) fn refused(error: SearchError) -> GpuError {
    match error {
        SearchError::Gpu(error) => error,
        other => GpuError::Validation(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::tests::sha256d_job;

    #[test]
    fn a_missing_hit_is_noticed_and_so_is_one_too_many() {
        let batch = batch(&sha256d_job(), 5, 100).expect("a good job");
        let digest = crate::Digest([0; 32]);
        let mut outcome = Outcome {
            found: batch
                .nonces()
                .map(|nonce| batch.solution(nonce, digest))
                .collect(),
            ..Outcome::default()
        };
        assert_eq!(check(&batch, &outcome), Ok(()));
        let missing = outcome.found.swap_remove(17).nonce;
        let error = check(&batch, &outcome)
            .expect_err("one is missing")
            .to_string();
        assert!(error.contains("99 of 100"), "{error}");
        assert!(error.contains(&format!("{missing:08x}")), "{error}");
        outcome.found.push(batch.solution(missing, digest));
        outcome.found.push(batch.solution(missing, digest));
        assert!(matches!(
            check(&batch, &outcome),
            Err(GpuError::WrongResult(_))
        ));
    }
}
