//! The random program of a period. Hashing on the CPU interprets it; for a graphics card it is written out as WGSL.

use super::parameters::Parameters;
use super::random::{FNV_BASIS, Kiss99, fnv1a};

/// Registers a lane.
pub const REGISTERS: usize = 32;
/// Words that a lane takes of each dataset entry.
pub const LOADS: usize = 4;

/// How a value is mixed into a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// `register × 33 + value`.
    MultiplyAdd,
    /// `(register ⊕ value) × 33`.
    XorMultiply,
    /// The register rotated to the left by 1 to 31 bits, ⊕ value.
    RotateLeftXor(u32),
    /// The register rotated to the right by 1 to 31 bits, ⊕ value.
    RotateRightXor(u32),
}

/// What is computed of two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The sum.
    Add,
    /// The product's lower half.
    Multiply,
    /// The product's upper half.
    MultiplyHigh,
    /// The smaller one.
    Minimum,
    /// Left rotated to the left by right.
    RotateLeft,
    /// Left rotated to the right by right.
    RotateRight,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// The leading zeros of both together.
    LeadingZeros,
    /// The ones of both together.
    Ones,
}

/// One step of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A cache word, chosen by a register, is merged into another.
    Cache {
        /// The register that chooses.
        source: usize,
        /// The register that changes.
        destination: usize,
        /// How.
        merge: Merge,
    },
    /// Something computed of two registers is merged into a third.
    Math {
        /// The first register.
        left: usize,
        /// The second register, never the first.
        right: usize,
        /// What is computed.
        operation: Operation,
        /// The register that changes.
        destination: usize,
        /// How.
        merge: Merge,
    },
}

/// Where a word of the dataset goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The register that changes.
    pub destination: usize,
    /// How.
    pub merge: Merge,
}

/// What each lane does each round, after it has asked for its dataset entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// In this order.
    pub steps: Vec<Step>,
    /// Then the entry's words.
    pub loads: [Load; LOADS],
}

/// The registers in random order, again and again.
struct Sequence {
    order: [usize; REGISTERS],
    at: usize,
}

impl Sequence {
    fn next(&mut self) -> usize {
        let register = self.order[self.at % REGISTERS];
        self.at += 1;
        register
    }
}

impl Program {
    /// The program of a period.
    pub fn of_period(parameters: &Parameters, period: u64) -> Self {
        let (low, high) = (period as u32, (period >> 32) as u32);
        let z = fnv1a(FNV_BASIS, low);
        let w = fnv1a(z, high);
        let jsr = fnv1a(w, low);
        let jcong = fnv1a(jsr, high);
        let mut random = Kiss99 { z, w, jsr, jcong };
        let ordered = std::array::from_fn(|index| index);
        let mut destinations = Sequence {
            order: ordered,
            at: 0,
        };
        let mut sources = Sequence {
            order: ordered,
            at: 0,
        };
        for last in (1..REGISTERS).rev() {
            let below = last as u32 + 1;
            destinations
                .order
                .swap(last, (random.next() % below) as usize);
            sources.order.swap(last, (random.next() % below) as usize);
        }
        let mut steps = Vec::new();
        for number in 0..parameters.cache_reads.max(parameters.math_operations) {
            if number < parameters.cache_reads {
                steps.push(Step::Cache {
                    source: sources.next(),
                    destination: destinations.next(),
                    merge: Merge::of(random.next()),
                });
            }
            if number < parameters.math_operations {
                let pair = random.next() as usize % (REGISTERS * (REGISTERS - 1));
                let (left, right) = (pair % REGISTERS, pair / REGISTERS);
                steps.push(Step::Math {
                    left,
                    right: right + usize::from(right >= left),
                    operation: Operation::of(random.next(), parameters),
                    destination: destinations.next(),
                    merge: Merge::of(random.next()),
                });
            }
        }
        let loads = std::array::from_fn(|number| Load {
            destination: if number == 0 { 0 } else { destinations.next() },
            merge: Merge::of(random.next()),
        });
        Program { steps, loads }
    }
}

impl Merge {
    fn of(random: u32) -> Self {
        let bits = (random >> 16) % 31 + 1;
        match random % 4 {
            0 => Merge::MultiplyAdd,
            1 => Merge::XorMultiply,
            2 => Merge::RotateLeftXor(bits),
            _ => Merge::RotateRightXor(bits),
        }
    }

    /// The register's new value.
    pub fn apply(self, register: u32, value: u32) -> u32 {
        match self {
            Merge::MultiplyAdd => register.wrapping_mul(33).wrapping_add(value),
            Merge::XorMultiply => (register ^ value).wrapping_mul(33),
            Merge::RotateLeftXor(bits) => register.rotate_left(bits) ^ value,
            Merge::RotateRightXor(bits) => register.rotate_right(bits) ^ value,
        }
    }
}

impl Operation {
    fn of(random: u32, parameters: &Parameters) -> Self {
        match (random % 11 + parameters.first_operation) % 11 {
            0 => Operation::Add,
            1 => Operation::Multiply,
            2 => Operation::MultiplyHigh,
            3 => Operation::Minimum,
            4 => Operation::RotateLeft,
            5 => Operation::RotateRight,
            6 => Operation::And,
            7 => Operation::Or,
            8 => Operation::Xor,
            9 => Operation::LeadingZeros,
            _ => Operation::Ones,
        }
    }

    /// The result.
    pub fn apply(self, left: u32, right: u32) -> u32 {
        match self {
            Operation::Add => left.wrapping_add(right),
            Operation::Multiply => left.wrapping_mul(right),
            Operation::MultiplyHigh => ((u64::from(left) * u64::from(right)) >> 32) as u32,
            Operation::Minimum => left.min(right),
            Operation::RotateLeft => left.rotate_left(right % 32),
            Operation::RotateRight => left.rotate_right(right % 32),
            Operation::And => left & right,
            Operation::Or => left | right,
            Operation::Xor => left ^ right,
            Operation::LeadingZeros => left.leading_zeros() + right.leading_zeros(),
            Operation::Ones => left.count_ones() + right.count_ones(),
        }
    }
}
