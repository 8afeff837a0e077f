//! Sums of money, one an asset.

use idlewatt_protocol::Money;

/// Adds to the sum of the same asset.
pub(crate) fn add(sums: &mut Vec<Money>, earned: Money) {
    match sums.iter_mut().find(|sum| sum.asset == earned.asset) {
        Some(sum) => sum.atomic = sum.atomic.saturating_add(earned.atomic),
        None => sums.push(earned),
    }
}
