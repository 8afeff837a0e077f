//! What the work is worth: prices, what was credited, and what may come.

use std::sync::{MutexGuard, PoisonError};

use idlewatt_market::quotes::Quotes;
use jiff::Timestamp;
use tokio::sync::watch;

use super::Daemon;
use crate::control::answers::{Doubt, Earned};
use crate::earnings;
use crate::earnings::days::Days;
use crate::earnings::outlook::{self, Outlook};
use crate::power::PowerMeter;

/// So many of one's are told.
const MOST_DOUBTS: usize = 10;
/// Of each so many letters: some of them are others' words.
const LONGEST_DOUBT: usize = 300;

/// Without what a terminal would obey.
fn plain(text: &str) -> String {
    let symbols = text.chars().filter(|symbol| !symbol.is_control());
    symbols.take(LONGEST_DOUBT).collect()
}

impl Daemon {
    /// Goes by other prices from now on.
    pub fn set_quotes(&self, quotes: Quotes) {
        self.board().quotes = quotes;
        self.priced.send_replace(());
    }

    /// What is not believed of what somebody told just now, and why they could not be asked: in place of the last time's.
    pub fn set_doubts(&self, from: &str, doubts: impl IntoIterator<Item = String>) {
        let at = Timestamp::now();
        let doubts = doubts.into_iter().take(MOST_DOUBTS);
        let doubts: Vec<Doubt> = doubts
            .map(|what| Doubt {
                from: from.to_owned(),
                what: plain(&what),
                at,
            })
            .collect();
        self.board().doubts.insert(from.to_owned(), doubts);
    }

    /// Told of other prices.
    pub fn watch_priced(&self) -> watch::Receiver<()> {
        self.priced.subscribe()
    }

    /// What was credited, asked for anew if the hub can be reached.
    pub async fn earnings(&self) -> Earned {
        let earned = earnings::refresh(self).await;
        Earned {
            outlook: self.outlook().await,
            ..earned
        }
    }

    /// What this device may bring; `None` where nobody says what its work is worth, and never did.
    pub async fn outlook(&self) -> Option<Outlook> {
        let outlook = outlook::refresh(self).await;
        (outlook != Outlook::default()).then_some(outlook)
    }

    /// Held while estimates are looked after: two at once would each keep one.
    pub async fn estimating(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.estimating.lock().await
    }

    /// What was done on the last days.
    pub fn days(&self) -> Days {
        self.days_now().clone()
    }

    /// What the processors drew.
    pub fn power(&self) -> PowerMeter {
        self.power_now().clone()
    }

    /// The same, to add to.
    pub fn power_now(&self) -> MutexGuard<'_, PowerMeter> {
        self.power.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to add to.
    pub fn days_now(&self) -> MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_words_do_not_reach_a_terminals_ear_and_are_short() {
        assert_eq!(plain("a \u{1b}[31mred\u{7} price\n"), "a [31mred price");
        assert_eq!(plain(&"x".repeat(1_000)).len(), LONGEST_DOUBT);
    }
}
