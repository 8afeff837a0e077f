//! Waiting for news on a thread whose windows the system sends messages to.
//!
//! Windows hands a window's messages only to the thread that made it, and only while that asks for them. Elsewhere there
//! is nothing beside the news.

use std::sync::mpsc::Receiver;

use crate::os;

/// Wakes a thread that waits in [`Post::next`].
#[derive(Clone, Copy, Debug)]
pub struct Post(os::messages::Thread);

impl Post {
    /// For the thread that calls this.
    pub fn of_this_thread() -> Post {
        Post(os::messages::Thread::current())
    }

    /// The next news, serving windows meanwhile; `None` once no more can come. To be called on that thread.
    pub fn next<T>(&self, news: &Receiver<T>) -> Option<T> {
        self.0.next(news)
    }

    /// Says that there is news, or that none can come any more.
    pub fn wake(&self) {
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn news_arrive_in_order_until_the_sender_is_gone() {
        let (sender, news) = channel();
        let (told, post) = channel();
        let waiting = thread::spawn(move || {
            let post = Post::of_this_thread();
            told.send(post).expect("asked for");
            std::iter::from_fn(|| post.next(&news)).collect::<Vec<u8>>()
        });
        let post = post.recv().expect("told");
        for number in [1, 2, 3] {
            sender.send(number).expect("waited for");
            post.wake();
        }
        drop(sender);
        post.wake();
        assert_eq!(waiting.join().expect("ended"), [1, 2, 3]);
    }
}
