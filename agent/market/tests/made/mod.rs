//! Markets and idle time that are made up, the same each time.

#![allow(dead_code, reason = "each test uses a part of it")]

/// A generator of numbers, always the same for a seed: SplitMix64, by Steele, Lea and Flood (2014).
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to under 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly spread.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// With a mean of 0 and a deviation of 1, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.part()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.part()).cos()
    }

    /// How many events there are where so many are expected, by Knuth's method, in steps so that nothing underflows.
    pub fn poisson(&mut self, expected: f64) -> f64 {
        let (mut left, mut count) = (expected, 0.0);
        while left > 0.0 {
            let step = left.min(100.0);
            left -= step;
            let limit = (-step).exp();
            let mut product = self.part();
            while product > limit {
                count += 1.0;
                product *= self.part();
            }
        }
        count
    }
}

/// How a coin's price and its difficulty move.
#[derive(Clone, Copy, Debug)]
pub struct Moves {
    /// Of the price, as the deviation of a day's log-return.
    pub volatility: f64,
    /// How many jumps of about 30 % up or down a year has.
    pub jumps: f64,
    /// How many days the difficulty takes to follow the price by two thirds.
    pub lag_days: f64,
    /// How far the difficulty wavers, as a part, and for how many hours it does so.
    pub wavers: (f64, f64),
}

/// A coin whose price walks and whose difficulty follows.
pub struct Walk {
    moves: Moves,
    price: f64,
    difficulty: f64,
    waver: f64,
}

impl Walk {
    pub fn new(moves: Moves) -> Walk {
        Walk {
            moves,
            price: 0.0,
            difficulty: 0.0,
            waver: 0.0,
        }
    }

    /// One hour on. `common` is what moves all coins alike: normal, with a deviation of 1.
    pub fn hour(&mut self, common: f64, random: &mut Random) {
        let Moves {
            volatility,
            jumps,
            lag_days,
            wavers: (wide, hours),
        } = self.moves;
        let own = 0.7 * common + 0.51f64.sqrt() * random.normal();
        self.price += volatility / 24f64.sqrt() * own;
        if random.part() < jumps / (365.0 * 24.0) {
            let up = random.part() < 0.5;
            self.price += if up { 1.3f64.ln() } else { 0.7f64.ln() };
        }
        self.difficulty += (self.price - self.difficulty) / (lag_days * 24.0);
        let stays = (-1.0 / hours).exp();
        self.waver = stays * self.waver + wide * (1.0 - stays * stays).sqrt() * random.normal();
    }

    /// The price, beginning at 1.
    pub fn price(&self) -> f64 {
        self.price.exp()
    }

    /// What a hash pays, beginning about 1: the price by the difficulty.
    pub fn pay(&self) -> f64 {
        (self.price - self.difficulty - self.waver).exp()
    }
}
