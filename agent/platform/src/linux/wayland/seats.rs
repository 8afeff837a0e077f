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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The compositor's number of it.
    pub name: u32,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked about at this moment, and no word yet.
    Asked(Instant),
    /// No input later than this.
    Idle(Instant),
    /// Input at this moment, after which it was not idle again.
    Used(Instant),
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

impl State {
    /// `idled` arrived.
    pub fn idled(now: Instant) -> State {
        // A clock that is younger than that knows no earlier moment.
        State::Idle(now.checked_sub(SURELY_IDLE_FOR).unwrap_or(now))
    }

    fn time_since_input(self, now: Instant) -> Option<Duration> {
        match self {
            State::Idle(since) => Some(now.saturating_duration_since(since)),
            State::Used(_) => Some(Duration::ZERO),
            State::Asked(at) => (now >= at + SURELY_USED_AFTER).then_some(Duration::ZERO),
        }
    }

    fn input_after(self, since: Instant, now: Instant) -> Input {
        let silent_from = match self {
            State::Idle(at) | State::Used(at) if at >= since => return Input::Came,
            State::Idle(_) => return Input::None,
            State::Asked(at) | State::Used(at) => at.max(since),
        };
        match silent_from + SURELY_USED_AFTER {
            known if known <= now => Input::Came,
            known => Input::CameAt(known),
        }
    }
}

/// The smallest over all seats; `None` if there is none, or one of which nothing is known yet.
pub fn time_since_input(seats: &[Seat], now: Instant) -> Option<Duration> {
    let known = seats.iter().map(|seat| seat.state.time_since_input(now));
    known.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Whether any seat had input since `since`. A seat in use cannot be heard being used further; if it was not idle at
/// `since` this is known only a timeout later, but then without doubt.
pub fn input_after(seats: &[Seat], since: Instant, now: Instant) -> Input {
    let known = seats.iter().map(|seat| seat.state.input_after(since, now));
    known.fold(Input::None, |one, other| match (one, other) {
        (Input::Came, _) | (_, Input::Came) => Input::Came,
        (Input::CameAt(one), Input::CameAt(other)) => Input::CameAt(one.min(other)),
        (Input::None, known) | (known, Input::None) => known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(states: &[State]) -> Vec<Seat> {
        let numbered = (1..).zip(states);
        numbered
            .map(|(name, state)| Seat {
                name,
                state: *state,
            })
            .collect()
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn an_idle_time_is_never_longer_than_it_can_be() {
        let now = Instant::now();
        let after = |state, wait| time_since_input(&seats(&[state]), now + seconds(wait));
        // Nothing is known before a timeout has passed, and then that somebody is there.
        assert_eq!(after(State::Asked(now), 0.0), None);
        assert_eq!(after(State::Asked(now), 1.0), None);
        assert_eq!(after(State::Asked(now), 2.0), Some(Duration::ZERO));
        assert_eq!(after(State::Asked(now), 9.0), Some(Duration::ZERO));
        assert_eq!(after(State::Used(now), 9.0), Some(Duration::ZERO));
        assert_eq!(after(State::idled(now), 0.0), Some(seconds(0.9)));
        assert_eq!(after(State::idled(now), 60.0), Some(seconds(60.9)));
    }

    #[test]
    fn the_seat_used_last_counts_and_an_unknown_one_might_be_it() {
        let now = Instant::now();
        let [long, short] = [seconds(600.0), seconds(3.0)].map(|ago| State::Idle(now - ago));
        let known = |states: &[State]| time_since_input(&seats(states), now);
        assert_eq!(known(&[long, short]), Some(seconds(3.0)));
        assert_eq!(known(&[short, long]), Some(seconds(3.0)));
        assert_eq!(known(&[long, State::Used(now)]), Some(Duration::ZERO));
        assert_eq!(known(&[long, State::Asked(now)]), None);
        assert_eq!(known(&[]), None);
    }

    #[test]
    fn input_is_news_only_after_the_moment_asked_about() {
        let call = Instant::now() + seconds(10.0);
        let at = |wait: f64| call + seconds(wait);
        let known = |state, wait: f64| input_after(&seats(&[state]), call, call + seconds(wait));
        let earlier = call - seconds(5.0);
        assert_eq!(known(State::Idle(earlier), 60.0), Input::None);
        assert_eq!(known(State::Used(at(0.1)), 0.1), Input::Came);
        // Called idle so late that there must have been input.
        assert_eq!(known(State::idled(at(1.5)), 1.5), Input::Came);
        // In use before already: silence for a timeout tells, and idleness in time tells the contrary.
        for before in [State::Used(earlier), State::Asked(earlier)] {
            assert_eq!(known(before, 0.0), Input::CameAt(at(1.2)));
            assert_eq!(known(before, 1.2), Input::Came);
        }
        assert_eq!(known(State::idled(at(0.8)), 0.8), Input::None);
        // The first word is waited for.
        assert_eq!(known(State::Asked(at(3.0)), 3.5), Input::CameAt(at(4.2)));
    }

    #[test]
    fn one_seat_with_input_is_enough() {
        let call = Instant::now() + seconds(10.0);
        let [idle, used] = [
            State::Idle(call - seconds(5.0)),
            State::Used(call + seconds(0.5)),
        ];
        let busy = State::Used(call - seconds(5.0));
        let now = call + seconds(0.7);
        let known = |states: &[State]| input_after(&seats(states), call, now);
        assert_eq!(known(&[idle, used]), Input::Came);
        assert_eq!(known(&[used, busy]), Input::Came);
        let later = Input::CameAt(call + SURELY_USED_AFTER);
        assert_eq!(known(&[idle, busy]), later);
        assert_eq!(known(&[busy, idle]), later);
        assert_eq!(known(&[]), Input::None);
    }
}
