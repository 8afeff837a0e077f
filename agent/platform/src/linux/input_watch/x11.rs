//! The SYNC extension's alarm on its `IDLETIME` counter: the X server itself says when that falls, which is what
//! input does to it.
//!
//! The alarm is set only while somebody waits and rings once, so that a user who types wakes nobody who does not
//! want to know.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::sync::{self, ConnectionExt, CreateAlarmAux, Int64};

use super::{ROUNDING, after};
use crate::linux::x11::{self, Server};

/// A fall of the counter from less than this would be lost in rounding.
const SETTLED: Duration = Duration::from_millis(10);

/// Attempts to reach a server that is gone: the pause doubles from the first to the last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// The X server that `DISPLAY` names.
#[derive(Default)]
pub struct Watch {
    /// Another server than `DISPLAY` says.
    display: Option<String>,
    watcher: Option<Watcher>,
}

/// Our side of the thread that listens to the server.
struct Watcher {
    wanted: Arc<Wanted>,
    seen: watch::Receiver<Option<Instant>>,
}

impl Watch {
    pub async fn input(&mut self) {
        let since = Instant::now();
        if let Some(watcher) = self.watcher() {
            watcher.seen.mark_unchanged();
            watcher.wanted.set(since);
            while watcher.seen.changed().await.is_ok() {
                if watcher.seen.borrow().is_some_and(|at| after(at, since)) {
                    return;
                }
            }
            // The thread has ended: another one at the next call.
            self.watcher = None;
        }
        std::future::pending().await
    }

    fn watcher(&mut self) -> Option<&mut Watcher> {
        if self.watcher.is_none() {
            let (say, seen) = watch::channel(None);
            let wanted = Arc::new(Wanted::default());
            let display = self.display.clone();
            let listening = {
                let wanted = wanted.clone();
                move || listen(display.as_deref(), &wanted, &say)
            };
            let builder = thread::Builder::new().name("x11-input".into());
            builder.spawn(listening).ok()?;
            self.watcher = Some(Watcher { wanted, seen });
        }
        self.watcher.as_mut()
    }
}

impl Drop for Watcher {
    /// The thread ends at once, or if it listens to the server, at the next input.
    fn drop(&mut self) {
        self.wanted.state().closed = true;
        self.wanted.changed.notify_one();
    }
}

/// What the thread is to look out for.
#[derive(Default)]
struct Wanted {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Input after this moment, if any.
    since: Option<Instant>,
    closed: bool,
}

impl Wanted {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Instant) {
        self.state().since = Some(since);
        self.changed.notify_one();
    }

    /// Sleeps until something is wanted; `false` when nothing ever will be.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| state.since.is_none() && !state.closed;
        let state = self.changed.wait_while(self.state(), idle);
        !state.unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Sleeps for a while, or until nothing ever will be wanted.
    fn pause(&self, pause: Duration) {
        let open = |state: &mut State| !state.closed;
        drop(
            self.changed
                .wait_timeout_while(self.state(), pause, open)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// The thread: one connection after another, and none while nobody waits.
fn listen(display: Option<&str>, wanted: &Wanted, say: &watch::Sender<Option<Instant>>) {
    let mut pause = PAUSES[0];
    while wanted.wait() {
        let before = *say.borrow();
        if let Some(server) = x11::connect(display) {
            follow(&server, wanted, say);
        }
        // Here the server is gone, or cannot tell, or we are no longer wanted.
        if *say.borrow() != before {
            pause = PAUSES[0];
        }
        wanted.pause(pause);
        pause = (pause * 2).min(PAUSES[1]);
    }
}

/// Says every input that somebody waits for, until the connection ends.
fn follow(server: &Server, wanted: &Wanted, say: &watch::Sender<Option<Instant>>) -> Option<()> {
    let connection = &server.connection;
    connection.sync_initialize(3, 1).ok()?.reply().ok()?;
    let counters = connection.sync_list_system_counters().ok()?.reply().ok()?;
    let named = |counter: &&sync::Systemcounter| counter.name == b"IDLETIME";
    let counter = counters.counters.iter().find(named)?.counter;
    let alarm = connection.generate_id().ok()?;

    let mut last: Option<Instant> = None;
    let mut rung = false;
    while wanted.wait() {
        let value = connection.sync_query_counter(counter).ok()?.reply().ok()?;
        let value = (i64::from(value.counter_value.hi) << 32) | i64::from(value.counter_value.lo);
        let idle = Duration::from_millis(u64::try_from(value).ok()?);
        let at = Instant::now().checked_sub(idle)?;
        // An input that has been told is not news, though rounding may put it a little later now.
        if last.is_none_or(|last| at > last + 2 * ROUNDING) {
            let mut state = wanted.state();
            if state.since.is_some_and(|since| after(at, since)) {
                state.since = None;
                last = Some(at);
                rung = false;
                say.send_replace(last);
                continue;
            }
        }
        if rung || idle < SETTLED {
            // A server that rings for nothing must not keep us busy.
            thread::sleep(SETTLED);
            rung = false;
        } else {
            wait_for_fall(server, counter, alarm, value)?;
            rung = true;
        }
    }
    Some(())
}

/// Waits for the server to say that the counter is less than `value`. It may be wrong: a server that noted an input
/// while no alarm was set rings at once for that one.
fn wait_for_fall(server: &Server, counter: u32, alarm: u32, value: i64) -> Option<()> {
    let connection = &server.connection;
    let settings = CreateAlarmAux::new()
        .counter(counter)
        .value_type(sync::VALUETYPE::ABSOLUTE)
        .value(int64(value - 1))
        .test_type(sync::TESTTYPE::NEGATIVE_COMPARISON)
        // With this it rings once and is off.
        .delta(int64(0))
        .events(1);
    connection.sync_create_alarm(alarm, &settings).ok()?;
    connection.flush().ok()?;
    loop {
        match connection.wait_for_event().ok()? {
            // Its end, too, is an event of the alarm.
            Event::SyncAlarmNotify(event) if event.state != sync::ALARMSTATE::DESTROYED => break,
            Event::Error(_) => return None,
            _ => {}
        }
    }
    connection.sync_destroy_alarm(alarm).ok()?;
    Some(())
}

fn int64(value: i64) -> Int64 {
    Int64 {
        hi: (value >> 32) as i32,
        lo: value as u32,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep, timeout};

    use super::*;
    use crate::linux::testing::Xvfb;

    const LONG: Duration = Duration::from_secs(30);

    fn watch(server: &Xvfb) -> Watch {
        Watch {
            display: Some(server.display().to_owned()),
            watcher: None,
        }
    }

    /// A server counts its own start as input, and a key comes up after it went down.
    async fn becomes_quiet(watch: &mut Watch) {
        let deadline = Instant::now() + LONG;
        while timeout(Duration::from_millis(100), watch.input())
            .await
            .is_ok()
        {
            assert!(Instant::now() < deadline, "never quiet");
        }
    }

    /// Longer than any rounding, and only so that there is something to see: nothing hangs on how long it takes.
    async fn stays_quiet(watch: &mut Watch) {
        let quiet = timeout(Duration::from_millis(300), watch.input()).await;
        assert!(quiet.is_err(), "woken without input");
    }

    #[tokio::test]
    async fn a_real_x_server_wakes_at_a_mouse_move_and_a_key_and_not_before() {
        let server = Xvfb::start();
        let mut watch = watch(&server);
        becomes_quiet(&mut watch).await;
        for input in [
            ["mousemove", "--", "17", "23"].as_slice(),
            &["key", "a"],
            &["click", "1"],
        ] {
            // Also with calls given up in between, as whoever waits for other things beside does.
            stays_quiet(&mut watch).await;
            {
                let mut woken = std::pin::pin!(watch.input());
                let early = timeout(Duration::from_millis(100), woken.as_mut()).await;
                assert!(early.is_err(), "woken without input");
                server.xdotool(input);
                timeout(LONG, woken).await.expect("woken");
            }
            becomes_quiet(&mut watch).await;
        }
    }

    #[tokio::test]
    async fn input_while_nobody_waits_is_no_news_later() {
        let server = Xvfb::start();
        let mut watch = watch(&server);
        becomes_quiet(&mut watch).await;
        server.xdotool(&["key", "a"]);
        // The key lies before the next call, if only by a little.
        sleep(Duration::from_millis(50)).await;
        stays_quiet(&mut watch).await;
        server.xdotool(&["key", "b"]);
        sleep(Duration::from_millis(50)).await;
        stays_quiet(&mut watch).await;
    }

    /// What the listening threads of this process have taken of the processor.
    fn processor_time() -> Duration {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let nanoseconds = tasks.filter_map(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
            let schedule = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            let time = schedule.split(' ').next()?.parse::<u64>().ok()?;
            (name == "x11-input\n").then_some(time)
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    #[tokio::test]
    async fn a_server_that_ends_is_waited_for_without_haste_and_its_successor_is_heard() {
        // Out of the way of other tests, which would be given its number in the meantime.
        let display = format!(":{}", 1_000 + std::process::id() % 30_000);
        let server = Xvfb::start_at(&display);
        let mut watch = watch(&server);
        becomes_quiet(&mut watch).await;
        drop(server);
        let before = processor_time();
        assert!(
            timeout(Duration::from_secs(1), watch.input())
                .await
                .is_err()
        );
        let taken = processor_time().saturating_sub(before);
        assert!(taken < Duration::from_millis(50), "{taken:?} in a second");

        let server = Xvfb::start_at(&display);
        let deadline = Instant::now() + LONG;
        // It may take a while to notice the new one, and only input after that can be seen.
        while timeout(Duration::from_millis(200), async {
            tokio::join!(watch.input(), async { server.xdotool(&["key", "a"]) })
        })
        .await
        .is_err()
        {
            assert!(Instant::now() < deadline, "the new server is not heard");
        }
    }

    #[test]
    fn both_halves_of_a_number_arrive() {
        let halves = |value| (int64(value).hi, int64(value).lo);
        assert_eq!(halves(-1), (-1, u32::MAX));
        assert_eq!(halves(1 << 32), (1, 0));
        assert_eq!(halves(30_000), (0, 30_000));
    }
}
