//! The X server's ScreenSaver extension: milliseconds since the last input, whatever the screen saver does.

use std::time::Duration;

use x11rb::protocol::screensaver::ConnectionExt;

use crate::linux::x11::{Asker, Server};

pub async fn time_since_input(asker: &Asker) -> Option<Duration> {
    let question = |server: &Server| {
        let cookie = server.connection.screensaver_query_info(server.root);
        let reply = cookie.ok()?.reply().ok()?;
        Some(Duration::from_millis(u64::from(reply.ms_since_user_input)))
    };
    asker.ask(question).await
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::linux::testing::Xvfb;

    /// Asks until the answer is as wanted.
    async fn until(asker: &Asker, wanted: impl Fn(Option<Duration>) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = time_since_input(asker).await;
            if wanted(answer) {
                return;
            }
            assert!(Instant::now() < deadline, "last answer: {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_real_x_server_tells_of_input_and_of_its_absence() {
        let server = Xvfb::start();
        let asker = Asker::at(server.display());
        let quiet = Duration::from_millis(700);
        until(&asker, |idle| idle.is_some_and(|idle| idle >= quiet)).await;

        for input in [["mousemove", "--", "17", "23"].as_slice(), &["key", "a"]] {
            let before = Instant::now();
            server.xdotool(input);
            // Counted from the input on, so no longer ago than the command was begun (and a millisecond of rounding).
            let idle = time_since_input(&asker).await.expect("known");
            assert!(
                idle <= before.elapsed() + Duration::from_millis(1),
                "{idle:?}"
            );
            until(&asker, |idle| idle.is_some_and(|idle| idle >= quiet)).await;
        }

        drop(server);
        until(&asker, |idle| idle.is_none()).await;
    }
}
