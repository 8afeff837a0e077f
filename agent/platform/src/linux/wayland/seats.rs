//! What the compositor has said of each seat, and what follows from it.
//!
//! A seat that is in use says nothing: that no `idled` came for longer than the timeout *is* the news. What is said
//! here of an idle time is always the least that it can be.

use std::time::{Duration, Instant};

/// So long without input makes a seat idle.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// The least time without input that an `idled` stands for: a compositor's timer may be coarse and ring early.
const SURELY_IDLE_FOR: Duration = Duration::from_millis(900);

/// Whoever has not been called idle for so long has been there meanwhile: the timeout, and some delay.
const SURELY_USED_AFTER: Duration = Duration::from_millis(1_200);

/// A group of keyboards and mice that one user has.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// The compositor's number of it.
    pub name: u32,
    /// When the compositor was asked about it.
    asked: Instant,
    /// When it was last said to be used again.
    resumed: Option<Instant>,
    /// When it was said to be idle, if it is.
    idled: Option<Instant>,
}

/// Whether there was input after a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Came,
    /// It came unless the seat is said to be idle before this.
    CameAt(Instant),
    /// Nothing is known of any.
    None,
}

impl Seat {
    pub fn asked(name: u32, now: Instant) -> Seat {
        Seat {
            name,
            asked: now,
            resumed: None,
            idled: None,
        }
    }

    pub fn idled(&mut self, now: Instant) {
        self.idled = Some(now);
    }

    pub fn resumed(&mut self, now: Instant) {
        (self.resumed, self.idled) = (Some(now), None);
    }

    fn time_since_input(&self, now: Instant) -> Option<Duration> {
        match (self.idled, self.resumed) {
            (Some(at), _) => Some(now.saturating_duration_since(at) + SURELY_IDLE_FOR),
            (None, Some(_)) => Some(Duration::ZERO),
            (None, None) => (now >= self.asked + SURELY_USED_AFTER).then_some(Duration::ZERO),
        }
    }

    fn input_after(&self, since: Instant, now: Instant) -> Input {
        if self.resumed.is_some_and(|at| at >= since) {
            return Input::Came;
        }
        let known = self.asked.max(since) + SURELY_USED_AFTER;
        match self.idled {
            // Called idle so late that it was used meanwhile.
            Some(at) if at >= known => Input::Came,
            Some(_) => Input::None,
            None if now >= known => Input::Came,
            None => Input::CameAt(known),
        }
    }
}

/// The smallest over all seats; `None` if there is none, or one of which nothing is known yet.
pub fn time_since_input(seats: &[Seat], now: Instant) -> Option<Duration> {
    let known = seats.iter().map(|seat| seat.time_since_input(now));
    known.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Whether any seat had input since `since`. A seat in use is not heard being used further; if one was in use at
/// `since`, later input is known by the seat's not becoming idle in time, and input within 0.2 seconds of `since`
/// cannot be told from what was before.
pub fn input_after(seats: &[Seat], since: Instant, now: Instant) -> Input {
    let known = seats.iter().map(|seat| seat.input_after(since, now));
    known.fold(Input::None, |one, other| match (one, other) {
        (Input::Came, _) | (_, Input::Came) => Input::Came,
        (Input::CameAt(one), Input::CameAt(other)) => Input::CameAt(one.min(other)),
        (Input::None, known) | (known, Input::None) => known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments in seconds, of which nobody needs those before the first.
    struct Clock(Instant);

    impl Clock {
        fn at(&self, seconds: f64) -> Instant {
            self.0 + Duration::from_secs_f64(seconds)
        }

        fn asked(&self, at: f64) -> Seat {
            Seat::asked(1, self.at(at))
        }

        fn idle(&self, at: f64) -> Seat {
            let mut seat = self.asked(0.0);
            seat.idled(self.at(at));
            seat
        }

        fn used(&self, at: f64) -> Seat {
            let mut seat = self.idle(1.0);
            seat.resumed(self.at(at));
            seat
        }

        fn since_input(&self, seats: &[Seat], now: f64) -> Option<f64> {
            time_since_input(seats, self.at(now)).map(|idle| idle.as_secs_f64())
        }
    }

    fn clock() -> Clock {
        Clock(Instant::now())
    }

    #[test]
    fn an_idle_time_is_never_longer_than_it_can_be() {
        let clock = clock();
        let known = |seat, now| clock.since_input(&[seat], now);
        // Nothing is known before a timeout has passed, and then that somebody is there.
        assert_eq!(known(clock.asked(5.0), 5.0), None);
        assert_eq!(known(clock.asked(5.0), 6.0), None);
        assert_eq!(known(clock.asked(5.0), 7.0), Some(0.0));
        assert_eq!(known(clock.asked(5.0), 70.0), Some(0.0));
        assert_eq!(known(clock.used(5.0), 5.0), Some(0.0));
        assert_eq!(known(clock.used(5.0), 70.0), Some(0.0));
        assert_eq!(known(clock.idle(5.0), 5.0), Some(0.9));
        assert_eq!(known(clock.idle(5.0), 65.0), Some(60.9));
    }

    #[test]
    fn the_seat_used_last_counts_and_an_unknown_one_might_be_it() {
        let clock = clock();
        let [long, short] = [clock.idle(10.0), clock.idle(600.0)];
        let known = |seats: &[Seat]| clock.since_input(seats, 603.0);
        assert_eq!(known(&[long, short]), Some(3.9));
        assert_eq!(known(&[short, long]), Some(3.9));
        assert_eq!(known(&[long, clock.used(602.0)]), Some(0.0));
        assert_eq!(known(&[long, clock.asked(602.5)]), None);
        assert_eq!(known(&[]), None);
    }

    #[test]
    fn input_is_news_only_after_the_moment_asked_about() {
        let clock = clock();
        // The call is at 10 seconds.
        let known = |seat, now| input_after(&[seat], clock.at(10.0), clock.at(now));
        assert_eq!(known(clock.idle(5.0), 70.0), Input::None);
        assert_eq!(known(clock.used(10.1), 10.1), Input::Came);
        let mut used = clock.used(10.1);
        used.idled(clock.at(11.1));
        assert_eq!(known(used, 11.5), Input::Came);
        // In use before already: becoming idle in time tells that there was nothing more, and silence that there was.
        for mut before in [clock.used(9.999), clock.used(5.0), clock.asked(5.0)] {
            assert_eq!(known(before, 10.0), Input::CameAt(clock.at(11.2)));
            assert_eq!(known(before, 11.2), Input::Came);
            before.idled(clock.at(11.0));
            assert_eq!(known(before, 11.0), Input::None);
            assert_eq!(known(before, 70.0), Input::None);
            before.idled(clock.at(11.5));
            assert_eq!(known(before, 70.0), Input::Came);
        }
        // The first word is waited for.
        let asked = clock.asked(13.0);
        assert_eq!(known(asked, 13.5), Input::CameAt(clock.at(14.2)));
    }

    #[test]
    fn one_seat_with_input_is_enough() {
        let clock = clock();
        let [idle, used, busy] = [clock.idle(5.0), clock.used(10.5), clock.used(5.0)];
        let known = |seats: &[Seat]| input_after(seats, clock.at(10.0), clock.at(10.7));
        assert_eq!(known(&[idle, used]), Input::Came);
        assert_eq!(known(&[used, busy]), Input::Came);
        let later = Input::CameAt(clock.at(11.2));
        assert_eq!(known(&[idle, busy]), later);
        assert_eq!(known(&[busy, idle]), later);
        assert_eq!(known(&[]), Input::None);
    }
}
