//! GNOME's idle monitor tells the next input to whoever has asked for it, once.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use super::{ROUNDING, after};
use crate::linux::bus::Bus;
use crate::linux::mutter::{MONITOR, time_since_input};

/// A monitor that is not there is looked for again after this.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// GNOME on the session bus.
pub struct Watch {
    session: Bus,
    fired: Option<MessageStream>,
    /// Whether the monitor will tell the next input.
    asked: bool,
    /// When it last told us.
    told: Option<Instant>,
}

impl Watch {
    pub fn new(session: Bus) -> Watch {
        Watch {
            session,
            fired: None,
            asked: false,
            told: None,
        }
    }

    pub async fn input(&mut self) {
        while self.next().await.is_none() {
            (self.fired, self.asked) = (None, false);
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    /// `None` if the monitor is not there or went away. Every signal is input: there is nothing else we have asked
    /// for, also where a question was given up before its answer came.
    async fn next(&mut self) -> Option<()> {
        let since = Instant::now();
        if self.fired.is_none() {
            self.fired = Some(self.listen().await?);
        }
        let fired = self.fired.as_mut()?;
        // What was told while nobody listened lies before this call.
        while let Some(told) = fired.next().now_or_never() {
            told?.ok()?;
            self.asked = false;
        }
        if !self.asked {
            let _: u32 = self
                .session
                .call(MONITOR, "AddUserActiveWatch", &())
                .await?;
            self.asked = true;
            // It may have come after this call and before the monitor knew of us; but what has been told is no news.
            let now = Instant::now();
            let at = now.checked_sub(time_since_input(&self.session).await?)?;
            if after(at, since) && self.told.is_none_or(|told| at > told + 2 * ROUNDING) {
                self.told = Some(at);
                return Some(());
            }
        }
        fired.next().await?.ok()?;
        (self.asked, self.told) = (false, Some(Instant::now()));
        Some(())
    }

    async fn listen(&self) -> Option<MessageStream> {
        // Asked first, so that nothing is subscribed to where there is no such monitor.
        time_since_input(&self.session).await?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(MONITOR.service)
            .and_then(|rule| rule.interface(MONITOR.interface))
            .and_then(|rule| rule.member("WatchFired"))
            .ok()?
            .build();
        let connection = self.session.connection().await?;
        MessageStream::for_match_rule(rule, &connection, None)
            .await
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::timeout;
    use zbus::object_server::SignalEmitter;

    use super::*;
    use crate::linux::testing::DBus;

    const LONG: Duration = Duration::from_secs(30);

    /// Who is to be told of the next input, and when the last was.
    #[derive(Default)]
    struct State {
        watches: Vec<zbus::names::OwnedUniqueName>,
        last: Option<Instant>,
    }

    #[derive(Clone, Default)]
    struct Monitor(Arc<Mutex<State>>);

    #[zbus::interface(name = "org.gnome.Mutter.IdleMonitor")]
    impl Monitor {
        fn get_idletime(&self) -> u64 {
            let last = self.0.lock().unwrap().last;
            last.map_or(1 << 30, |at| at.elapsed().as_millis() as u64)
        }

        fn add_user_active_watch(&self, #[zbus(header)] header: zbus::message::Header<'_>) -> u32 {
            let sender = header.sender().unwrap().to_owned();
            let watches = &mut self.0.lock().unwrap().watches;
            watches.push(sender.into());
            watches.len() as u32
        }

        #[zbus(signal)]
        async fn watch_fired(emitter: &SignalEmitter<'_>, id: u32) -> zbus::Result<()>;
    }

    /// Tells those who asked, and how many they were.
    async fn press_a_key(bus: &zbus::Connection, monitor: &Monitor) -> usize {
        let watches = {
            let mut state = monitor.0.lock().unwrap();
            state.last = Some(Instant::now());
            std::mem::take(&mut state.watches)
        };
        for (number, watch) in watches.iter().enumerate() {
            let emitter = SignalEmitter::new(bus, MONITOR.path).unwrap();
            let emitter = emitter.set_destination(watch.clone().into());
            let id = number as u32 + 1;
            Monitor::watch_fired(&emitter, id).await.unwrap();
        }
        watches.len()
    }

    async fn stays_quiet(watch: &mut Watch) {
        let quiet = timeout(Duration::from_millis(300), watch.input()).await;
        assert!(quiet.is_err(), "woken without input");
    }

    /// GNOME is too much to start for a test, so this speaks its interface, on a real bus.
    #[tokio::test]
    async fn the_monitor_is_asked_once_and_its_word_is_input() {
        let daemon = DBus::start();
        let monitor = Monitor::default();
        let gnome = daemon
            .serve(MONITOR.service, |builder| {
                builder.serve_at(MONITOR.path, monitor.clone())
            })
            .await;
        let mut watch = Watch::new(Bus::at(daemon.address()));
        for _ in 0..3 {
            // However often it is given up in between.
            stays_quiet(&mut watch).await;
            stays_quiet(&mut watch).await;
            let pressing = async {
                is_asked(&monitor).await;
                assert_eq!(press_a_key(&gnome, &monitor).await, 1);
            };
            let both = async { tokio::join!(watch.input(), pressing) };
            timeout(LONG, both).await.expect("woken");
        }
        // Told while nobody listens: no news later.
        stays_quiet(&mut watch).await;
        assert_eq!(press_a_key(&gnome, &monitor).await, 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
        stays_quiet(&mut watch).await;
    }

    async fn is_asked(monitor: &Monitor) {
        let deadline = Instant::now() + LONG;
        while monitor.0.lock().unwrap().watches.is_empty() {
            assert!(Instant::now() < deadline, "nobody asked");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
