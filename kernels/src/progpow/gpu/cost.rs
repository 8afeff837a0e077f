//! What a hash must cost: the fewest integer operations that a card can do it with, and the bytes that it must read.

use crate::progpow::{
    ENTRY_BYTES, LANES, LOADS, Merge, Mixing, Operation, Parameters, Program, REGISTERS, ROUNDS,
    Step,
};

/// Bytes of the dataset that a hash reads.
pub fn bytes(parameters: &Parameters) -> u64 {
    let whole = ROUNDS as u64 * ENTRY_BYTES;
    match parameters.mixing {
        Mixing::ProgPow => whole,
        Mixing::Hashimoto => whole / 2,
    }
}

/// 32-bit integer operations a hash, counted as a card with three-input sums and three-input logic needs them at least:
/// a multiplication with a sum is one, and so is a rotation. Reads, loops and comparisons come on top.
pub fn operations(parameters: &Parameters, period: u64) -> u64 {
    match parameters.mixing {
        Mixing::ProgPow => of_progpow(parameters, period),
        Mixing::Hashimoto => OF_HASHIMOTO,
    }
}

/// Of each round the choice (two exclusive ors, a product), and in each of eight lanes the remainder (four), the address
/// (two) and four words mixed (exclusive or, product); each lane's three folds, and Keccak-f[1600] twice.
const OF_HASHIMOTO: u64 = ROUNDS as u64 * (3 + 8 * (4 + 2 + 4 * 2)) + 8 * 3 * 2 + 2 * KECCAK_1600;

fn of_progpow(parameters: &Parameters, period: u64) -> u64 {
    let program = Program::of_period(parameters, period);
    let steps: u64 = program.steps.iter().map(of_step).sum();
    let loads: u64 = program.loads.iter().map(|load| of_merge(load.merge)).sum();
    let registers = REGISTERS as u64;
    // The remainder of the entry's number (two products, shift, difference), and which part of the entry it is (exclusive
    // or with the round, and the address).
    let round = steps + loads + 4 + 2;
    // Kiss99 each (z and w three, jcong one, jsr six, all together three), then a fold each (exclusive or, product).
    let lane = registers * 16 + ROUNDS as u64 * round + registers * 2;
    LANES as u64 * lane + 2 * KECCAK
}

/// Keccak-f[800]: of 22 rounds each theta (columns 10, rotations 5, sums 25 with three inputs), rho (24), chi (25) and
/// iota (1).
const KECCAK: u64 = 22 * (10 + 5 + 25 + 24 + 25 + 1);

/// Keccak-f[1600]: 24 rounds of the same with lanes in two halves.
const KECCAK_1600: u64 = 24 * 2 * (10 + 5 + 25 + 24 + 25 + 1);

fn of_step(step: &Step) -> u64 {
    match step {
        // The word's address.
        Step::Cache { merge, .. } => 1 + of_merge(*merge),
        Step::Math {
            operation, merge, ..
        } => of_operation(*operation) + of_merge(*merge),
    }
}

fn of_merge(merge: Merge) -> u64 {
    match merge {
        Merge::MultiplyAdd => 1,
        Merge::XorMultiply | Merge::RotateLeftXor(_) | Merge::RotateRightXor(_) => 2,
    }
}

fn of_operation(operation: Operation) -> u64 {
    match operation {
        Operation::LeadingZeros | Operation::Ones => 3,
        Operation::Add
        | Operation::Multiply
        | Operation::MultiplyHigh
        | Operation::Minimum
        | Operation::RotateLeft
        | Operation::RotateRight
        | Operation::And
        | Operation::Or
        | Operation::Xor => 1,
    }
}

const _: () = assert!(LOADS == 4 && LANES == 16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progpow::vectors::ETCHASH;
    use crate::progpow::{KAWPOW, PROGPOWZ};

    #[test]
    fn every_part_is_counted() {
        assert_eq!((bytes(&KAWPOW), bytes(&ETCHASH)), (16_384, 8_192));
        for parameters in [&KAWPOW, &PROGPOWZ] {
            let steps = (parameters.cache_reads + parameters.math_operations) as u64;
            // At least two operations a step, at most five; besides what is the same for every program.
            let least = 16 * 64 * 2 * steps;
            for period in 0..50 {
                let counted = operations(parameters, period);
                assert!(counted > least && counted < 3 * least, "{counted}");
            }
        }
        // At least a product and an exclusive or for each of 32 words.
        let (counted, least) = (operations(&ETCHASH, 0), 64 * 32 * 2);
        assert!(counted > least && counted < 5 * least, "{counted}");
    }
}
