//! A batch on the device, and the CPU's judgement on what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::periods::Compiled;
use super::slot::{Hit, ROOM, Results, Slot};
use crate::gpu::{Device, GpuError};
use crate::progpow::{Hash, LightCache, digest_of_mix, hash};
use crate::{Batch, Outcome};

#[derive(Debug)]
pub struct Flight {
    pub batch: Batch,
    pub header: [u8; 32],
    pub compiled: Arc<Compiled>,
    pub light: Arc<LightCache>,
    pub slot: Slot,
    pub submission: wgpu::SubmissionIndex,
    pub submitted: Instant,
}

/// Which hits are computed again by the CPU: milliseconds each.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    All,
    /// So many, from a place on.
    Some {
        count: usize,
        from: usize,
    },
}

impl Again {
    fn includes(self, place: usize, of: usize) -> bool {
        match self {
            Again::All => true,
            Again::Some { count, from } => (place + of - from % of) % of < count,
        }
    }
}

impl Flight {
    /// What came of it, once it was waited for.
    ///
    /// # Errors
    /// If the device failed or computed wrongly.
    pub fn outcome(
        &self,
        device: &Device,
        again: Again,
    ) -> Result<(Outcome, Option<Duration>), GpuError> {
        let Results {
            count,
            hits,
            device_time,
        } = self.slot.results(device)?;
        let mut outcome = Outcome {
            hashes: u64::from(self.batch.count),
            missed: u64::from(count).saturating_sub(ROOM as u64),
            ..Outcome::default()
        };
        for (place, hit) in hits.iter().enumerate() {
            let found = self.confirmed(hit, again.includes(place, hits.len()))?;
            let number = found.number();
            // The card compares 64 bits.
            if self.batch.target.is_met_by(&number.0) {
                let nonce = self.batch.first_nonce.wrapping_add(hit.number);
                let mut solution = self.batch.solution(nonce, number);
                solution.mix = Some(found.mix);
                outcome.found.push(solution);
            }
        }
        Ok((outcome, device_time))
    }

    /// The hash that the card reported, if it follows from its mix, and, where that is to be computed, the mix from the
    /// nonce.
    fn confirmed(&self, hit: &Hit, again: bool) -> Result<Hash, GpuError> {
        let first = self.batch.extranonce2 << 32 | u64::from(self.batch.first_nonce);
        let nonce = first.wrapping_add(u64::from(hit.number));
        let parameters = self.light.epoch().parameters;
        let header = &self.header;
        let mix = |nonce| hash(&self.light, &self.compiled.program, header, nonce).mix;
        let right = hit.number < self.batch.count
            && self.limit_is_met(hit)
            && digest_of_mix(parameters, header, nonce, &hit.mix) == hit.digest
            && (!again || mix(nonce) == hit.mix);
        if right {
            return Ok(Hash {
                mix: hit.mix,
                digest: hit.digest,
            });
        }
        Err(GpuError::WrongResult(format!(
            "nonce {nonce:016x} was reported for {} header {} of period {} with mix {}",
            parameters.name,
            hex::encode(header),
            self.compiled.key.period,
            hex::encode(hit.mix)
        )))
    }

    /// Whether the digest is one that the card may report: it compares the first 64 bits.
    fn limit_is_met(&self, hit: &Hit) -> bool {
        let limit = self.batch.target.words();
        let limit = u64::from(limit[7]) << 32 | u64::from(limit[6]);
        let mut top = [0; 8];
        top.copy_from_slice(&hit.digest[..8]);
        u64::from_be_bytes(top) <= limit
    }
}
