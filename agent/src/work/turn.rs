//! Whose turn it is, where there are several servers for the same work.

/// Which server to try.
#[derive(Debug)]
pub(super) struct Turn {
    servers: usize,
    now: usize,
    failed_in_a_row: usize,
}

impl Turn {
    pub fn new(servers: usize) -> Self {
        Turn {
            servers: servers.max(1),
            now: 0,
            failed_in_a_row: 0,
        }
    }

    /// Its place in the list.
    pub fn now(&self) -> usize {
        self.now
    }

    /// The connection held for a while, or the first server is known to be back: it is tried first.
    pub fn start_over(&mut self) {
        self.now = 0;
        self.failed_in_a_row = 0;
    }

    /// The connection did not hold: it is the next one's turn. True when each has had its turn for nothing, which is
    /// the time to wait.
    pub fn pass_on(&mut self) -> bool {
        self.now = (self.now + 1) % self.servers;
        self.failed_in_a_row += 1;
        let all = self.failed_in_a_row >= self.servers;
        if all {
            self.failed_in_a_row = 0;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn_before_there_is_a_wait() {
        let mut turn = Turn::new(3);
        let tried: Vec<(usize, bool)> = (0..7).map(|_| (turn.now(), turn.pass_on())).collect();
        let expected = [
            (0, false),
            (1, false),
            (2, true),
            (0, false),
            (1, false),
            (2, true),
            (0, false),
        ];
        assert_eq!(tried, expected);
    }

    #[test]
    fn after_a_connection_that_held_the_first_is_tried_and_then_all_the_others() {
        let mut turn = Turn::new(2);
        assert!(!turn.pass_on());
        turn.start_over();
        assert_eq!(turn.now(), 0);
        assert!(!turn.pass_on());
        assert!(turn.pass_on());
    }

    #[test]
    fn the_only_one_is_waited_for() {
        let mut turn = Turn::new(1);
        assert!(turn.pass_on() && turn.pass_on());
        assert_eq!(turn.now(), 0);
    }
}
