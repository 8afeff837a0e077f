//! Keeps a processor below its temperature limit.

use std::time::Duration;

use super::UNKNOWN_AFTER;

/// Below the limit by so much is where the temperature settles, in degrees: room for what the sensor rounds away.
const MARGIN: f32 = 2.0;
/// How fast a temperature above the margin takes away and one below it gives back, in points a second and degree.
/// Slow: a heat sink takes minutes to follow, and whoever waits less only swings around it.
const STEADY_GAIN: f32 = 0.1;
/// What a temperature above the limit itself takes away besides.
const LIMIT_GAIN: f32 = 0.9;
/// What each degree takes away for as long as it is there, in points: this keeps the slow part from overshooting.
const DIRECT_GAIN: f32 = 2.0;
/// Over how long readings are averaged, in seconds: a single core's turbo is no heat.
const AVERAGED: f32 = 2.0;
/// What comes back while nothing is known, in points a second.
const BLIND_RECOVERY: f32 = 0.5;
/// What a sensor of a running processor may say, in degrees; the rest are sensors that are not there.
const PLAUSIBLE: std::ops::RangeInclusive<f32> = 1.0..=150.0;

/// The most that the temperature allows: a control loop with an integral and a proportional part.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// What long experience allows, in percent.
    lasting: f32,
    /// What is allowed now, in percent.
    cap: f32,
    /// Averaged.
    celsius: Option<f32>,
    unknown: Duration,
}

impl Default for Heat {
    fn default() -> Heat {
        Heat {
            lasting: 100.0,
            cap: 100.0,
            celsius: None,
            unknown: Duration::ZERO,
        }
    }
}

impl Heat {
    /// Takes a reading, this long after the one before. `max` is the limit in degrees.
    pub fn update(&mut self, reading: Option<f32>, max: u8, elapsed: Duration) {
        let seconds = elapsed.as_secs_f32();
        let Some(reading) = reading.filter(|reading| PLAUSIBLE.contains(reading)) else {
            self.unknown = self.unknown.saturating_add(elapsed);
            if self.unknown >= UNKNOWN_AFTER {
                self.cap = (self.cap + BLIND_RECOVERY * seconds).min(100.0);
                self.lasting = self.cap;
            }
            return;
        };
        self.unknown = Duration::ZERO;
        let celsius = match self.celsius {
            Some(before) => before + (reading - before) * seconds / (AVERAGED + seconds),
            None => reading,
        };
        self.celsius = Some(celsius);
        let max = f32::from(max);
        let above = celsius - (max - MARGIN);
        let taken = STEADY_GAIN * above + LIMIT_GAIN * (celsius - max).max(0.0);
        self.lasting = (self.lasting - taken * seconds).clamp(0.0, 100.0);
        // A cold processor gets back what it lost slowly: only the lasting part counts far below the limit.
        self.cap = (self.lasting - DIRECT_GAIN * above.max(-MARGIN)).clamp(0.0, 100.0);
    }

    /// The most that the temperature allows, in whole percent.
    pub fn cap(&self) -> u8 {
        self.cap as u8
    }

    /// The temperature, in whole degrees; 0 if it was never known.
    pub fn celsius(&self) -> u8 {
        self.celsius.unwrap_or_default().round() as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A processor that gets warmer by `per_point` for each percent, after a while, and a sensor of whole degrees.
    struct Processor {
        celsius: f64,
        per_point: f64,
        /// How many seconds it takes to two thirds of its way.
        inertia: f64,
    }

    impl Processor {
        fn work(&mut self, percent: u8, seconds: f64) {
            let end = 40.0 + self.per_point * f64::from(percent);
            self.celsius += (end - self.celsius) * (1.0 - (-seconds / self.inertia).exp());
        }

        fn reading(&self) -> Option<f32> {
            Some(self.celsius.round() as f32)
        }
    }

    #[test]
    fn it_settles_below_the_limit_and_stays_there() {
        for (per_point, inertia) in [
            (0.4, 5.0),
            (0.4, 200.0),
            (0.6, 2.0),
            (0.6, 20.0),
            (0.6, 60.0),
            (0.9, 60.0),
            (0.9, 120.0),
        ] {
            for step in [Duration::from_millis(250), SECOND, 2 * SECOND] {
                let mut processor = Processor {
                    celsius: 40.0,
                    per_point,
                    inertia,
                };
                let mut heat = Heat::default();
                let mut settled = Vec::new();
                let mut warmest = 0f64;
                let steps = (1800.0 / step.as_secs_f64()) as u32;
                for at in 0..steps {
                    heat.update(processor.reading(), 75, step);
                    processor.work(heat.cap(), step.as_secs_f64());
                    if step * at >= 900 * SECOND {
                        settled.push(heat.cap());
                        warmest = warmest.max(processor.celsius);
                    }
                }
                let what = format!("{per_point} a point, {inertia} s, {step:?}");
                let least = settled.iter().min().expect("settled");
                let most = settled.iter().max().expect("settled");
                assert!(most - least <= 3, "{least} to {most}: {what}");
                assert!(warmest <= 75.5, "{warmest}: {what}");
                // It does not take more than it must.
                let may = (75.0 - 40.0) / per_point;
                assert!(f64::from(*least) > may - 10.0, "{least} of {may}: {what}");
            }
        }
    }

    #[test]
    fn a_sensor_that_jumps_moves_it_by_a_few_points_only() {
        let mut processor = Processor {
            celsius: 40.0,
            per_point: 0.6,
            inertia: 60.0,
        };
        let mut heat = Heat::default();
        let mut settled = Vec::new();
        for second in 0..1800 {
            let jump = [0.0, 3.0, -3.0, 2.0, -1.0, -2.0, 1.0][second % 7];
            let reading = processor.reading().map(|celsius| celsius + jump);
            heat.update(reading, 75, SECOND);
            processor.work(heat.cap(), 1.0);
            if second >= 900 {
                settled.push(heat.cap());
            }
        }
        let least = settled.iter().min().expect("settled");
        let most = settled.iter().max().expect("settled");
        assert!(most - least <= 10, "{least} to {most}");
    }

    #[test]
    fn well_below_the_limit_it_takes_nothing() {
        let mut heat = Heat::default();
        for _ in 0..1000 {
            heat.update(Some(87.0), 90, SECOND);
            assert_eq!(heat.cap(), 100);
        }
    }

    #[test]
    fn far_above_the_limit_it_takes_everything_within_seconds_and_gives_it_back() {
        let mut heat = Heat::default();
        for _ in 0..10 {
            heat.update(Some(110.0), 90, SECOND);
        }
        assert_eq!((heat.cap(), heat.celsius()), (0, 110));
        for _ in 0..120 {
            heat.update(Some(50.0), 90, SECOND);
        }
        assert_eq!(heat.cap(), 100);
    }

    #[test]
    fn an_absurd_reading_is_none() {
        for absurd in [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            -273.0,
            0.0,
            255.0,
            1e30,
        ] {
            let mut heat = Heat::default();
            for _ in 0..600 {
                heat.update(Some(absurd), 90, SECOND);
                assert_eq!(heat.cap(), 100, "{absurd}");
            }
        }
    }

    #[test]
    fn without_a_reading_it_waits_a_minute_and_then_recovers_slowly() {
        let mut heat = Heat::default();
        for _ in 0..60 {
            heat.update(Some(100.0), 90, SECOND);
        }
        assert_eq!(heat.cap(), 0);
        for _ in 0..59 {
            heat.update(None, 90, SECOND);
            assert_eq!(heat.cap(), 0);
        }
        for _ in 0..20 {
            heat.update(None, 90, SECOND);
        }
        assert_eq!(heat.cap(), 10);
        for _ in 0..180 {
            heat.update(None, 90, SECOND);
        }
        assert_eq!(heat.cap(), 100);
    }
}
