//! The word of a Wayland compositor that a seat is used again.
//!
//! It comes at once where the seat was idle. Where it was in use within the second before a call the compositor says
//! nothing of further input, so that is concluded from the seat's not becoming idle, a good second later: input on top
//! of input, which whoever looks at the time since the last one knows already.

use std::time::Instant;

use crate::linux::wayland::{Input, Listener, input_after};

#[derive(Default)]
pub struct Watch {
    listener: Listener,
}

impl Watch {
    pub async fn input(&self) {
        let since = Instant::now();
        if let Some(mut seats) = self.listener.seats() {
            loop {
                let known = input_after(&seats.borrow_and_update(), since, Instant::now());
                let told = match known {
                    Input::Came => return,
                    Input::None => seats.changed().await,
                    Input::CameAt(at) => tokio::select! {
                        told = seats.changed() => told,
                        () = tokio::time::sleep_until(at.into()) => Ok(()),
                    },
                };
                if told.is_err() {
                    break;
                }
            }
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests;
