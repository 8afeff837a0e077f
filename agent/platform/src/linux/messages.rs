//! No window of this process gets messages from the system.

use std::sync::mpsc::Receiver;

#[derive(Clone, Copy, Debug)]
pub struct Thread;

impl Thread {
    pub fn current() -> Thread {
        Thread
    }

    pub fn next<T>(&self, news: &Receiver<T>) -> Option<T> {
        news.recv().ok()
    }

    pub fn wake(&self) {}
}
