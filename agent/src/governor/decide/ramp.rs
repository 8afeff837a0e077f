//! The way up once nobody is there.

use std::time::Duration;

/// From a share up to everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    from: u8,
    elapsed: Duration,
}

impl Ramp {
    /// Begins now.
    pub fn new(from: u8) -> Ramp {
        Ramp {
            from: from.min(100),
            elapsed: Duration::ZERO,
        }
    }

    /// Goes on for a time.
    pub fn advance(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.saturating_add(elapsed);
    }

    /// How far it is, in percent, if all of it takes `whole`.
    pub fn percent(&self, whole: Duration) -> u8 {
        let part = self.elapsed.div_duration_f64(whole);
        // Without a length there is nothing to divide by, and it is over.
        match part < 1.0 {
            true => self.from + (f64::from(100 - self.from) * part) as u8,
            false => 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_straight_up_from_where_it_was() {
        let ten = Duration::from_secs(10);
        let mut ramp = Ramp::new(25);
        let mut way = Vec::new();
        for _ in 0..7 {
            way.push(ramp.percent(ten));
            ramp.advance(Duration::from_secs(2));
        }
        assert_eq!(way, [25, 40, 55, 70, 85, 100, 100]);
    }

    #[test]
    fn without_a_length_it_is_over_at_once() {
        assert_eq!(Ramp::new(0).percent(Duration::ZERO), 100);
        assert_eq!(Ramp::new(255).percent(Duration::MAX), 100);
    }
}
