//! Waiting for input. Windows tells nobody of another window's input but those who hook into it, which we never do:
//! so the time of the last one is asked again and again, while somebody waits and only then.

use std::time::Duration;

use tokio::time;

use crate::windows::gamepads::Gamepads;
use crate::windows::idle;

/// Half a picture of a screen with 60 a second: whoever gives way now has done so before the next one is seen. Not
/// less, as Windows rounds it up to its own tick anyway, 15.6 ms unless a program (a browser, a game) has asked for a
/// finer one. Each time costs about a microsecond.
const POLL: Duration = Duration::from_millis(8);

/// Controllers are asked at every sixth poll, 20 times a second: that call goes down to their driver.
const POLLS_OF_GAMEPADS: u32 = 6;

/// Waits for the next input.
#[derive(Default)]
pub struct InputWatch {
    gamepads: Gamepads,
}

impl InputWatch {
    pub async fn input(&mut self) {
        let mut last = idle::last_input();
        let last_of_gamepads = self.gamepads.last_input();
        for poll in 1u32.. {
            time::sleep(POLL).await;
            let now = idle::last_input();
            // Any change is input, so that the count may wrap. What could not be told before is no change.
            if now != last && last.is_some() && now.is_some() {
                return;
            }
            last = last.or(now);
            if poll.is_multiple_of(POLLS_OF_GAMEPADS)
                && self.gamepads.last_input() != last_of_gamepads
            {
                return;
            }
        }
    }
}
