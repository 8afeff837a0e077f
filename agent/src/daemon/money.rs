//! What the work is worth: prices, what was credited, and what may come.

use std::sync::{MutexGuard, PoisonError};

use idlewatt_market::quotes::Quotes;
use tokio::sync::watch;

use super::Daemon;
use crate::control::answers::Earned;
use crate::earnings;
use crate::earnings::days::Days;
use crate::earnings::outlook::{self, Outlook};

impl Daemon {
    /// Goes by other prices from now on.
    pub fn set_quotes(&self, quotes: Quotes) {
        self.board().quotes = quotes;
        self.priced.send_replace(());
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

    /// The same, to add to.
    pub fn days_now(&self) -> MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
