//! One connection to a compositor, from its beginning to its end.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use tokio::sync::watch;
use wayland_client::backend::WaylandError;
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::{self, WlSeat};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notification_v1::{
    self, ExtIdleNotificationV1,
};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notifier_v1::{
    self, ExtIdleNotifierV1,
};

use super::seats::{Seat, TIMEOUT};

/// From this version on, a notifier can be asked for input alone.
const INPUT_ALONE: u32 = 2;

/// From this version on, a seat can be given back.
const RELEASE: u32 = 5;

/// Says what the compositor says, until it is gone. Whether it ever called a seat idle or used; `None` if it could not
/// be spoken to.
pub fn follow(stream: UnixStream, say: &watch::Sender<Vec<Seat>>) -> Option<bool> {
    let connection = Connection::from_socket(stream).ok()?;
    let mut queue = connection.new_event_queue();
    connection.display().get_registry(&queue.handle(), ());
    let mut following = Following {
        say: say.clone(),
        notifier: None,
        seats: Vec::new(),
        told: false,
    };
    while next(&connection, &mut queue, &mut following).is_some() {}
    Some(following.told)
}

/// Waits for the compositor's next word and acts on it; `None` at its end. That is looked for before reading, because
/// the crate prints what it cannot read, and a compositor that ends is no error.
fn next(
    connection: &Connection,
    queue: &mut EventQueue<Following>,
    following: &mut Following,
) -> Option<()> {
    connection.flush().ok()?;
    if let Some(reading) = connection.prepare_read() {
        let fd = reading.connection_fd();
        let mut ready = [PollFd::new(&fd, PollFlags::IN)];
        match rustix::event::poll(&mut ready, None) {
            Ok(_) if ready[0].revents() == PollFlags::IN => match reading.read() {
                // Half a message, or none.
                Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                read => drop(read.ok()?),
            },
            Err(Errno::INTR) => {}
            _ => return None,
        }
    }
    queue.dispatch_pending(following).ok()?;
    Some(())
}

struct Following {
    say: watch::Sender<Vec<Seat>>,
    notifier: Option<(u32, ExtIdleNotifierV1)>,
    seats: Vec<Bound>,
    told: bool,
}

/// A seat, and what tells of it as soon as there is a notifier.
struct Bound {
    name: u32,
    seat: WlSeat,
    notification: Option<ExtIdleNotificationV1>,
}

impl Following {
    /// Asks about every seat that has not been asked about.
    fn ask(&mut self, queue: &QueueHandle<Self>) {
        let Some((_, notifier)) = &self.notifier else {
            return;
        };
        let timeout = TIMEOUT.as_millis() as u32;
        let unasked = self.seats.iter_mut();
        for bound in unasked.filter(|bound| bound.notification.is_none()) {
            let (name, seat) = (bound.name, &bound.seat);
            let notification = if notifier.version() >= INPUT_ALONE {
                notifier.get_input_idle_notification(timeout, seat, queue, name)
            } else {
                notifier.get_idle_notification(timeout, seat, queue, name)
            };
            bound.notification = Some(notification);
            let asked = Seat::asked(name, Instant::now());
            self.say.send_modify(|seats| seats.push(asked));
        }
    }

    /// A thing of the compositor's went away.
    fn lose(&mut self, name: u32) {
        if let Some((_, notifier)) = self.notifier.take_if(|(notifier, _)| *notifier == name) {
            notifier.destroy();
            for bound in &mut self.seats {
                bound.forget();
            }
            self.say.send_replace(Vec::new());
        }
        for mut bound in self.seats.extract_if(.., |bound| bound.name == name) {
            bound.forget();
            if bound.seat.version() >= RELEASE {
                bound.seat.release();
            }
            self.say
                .send_modify(|seats| seats.retain(|seat| seat.name != name));
        }
    }
}

impl Bound {
    fn forget(&mut self) {
        if let Some(notification) = self.notification.take() {
            notification.destroy();
        }
    }
}

impl Dispatch<WlRegistry, ()> for Following {
    fn event(
        following: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        queue: &QueueHandle<Self>,
    ) {
        match event {
            wl_registry::Event::Global {
                name,
                interface,
                version,
            } => {
                if interface == WlSeat::interface().name {
                    let seat = registry.bind(name, version.min(RELEASE), queue, ());
                    following.seats.push(Bound {
                        name,
                        seat,
                        notification: None,
                    });
                } else if interface == ExtIdleNotifierV1::interface().name
                    && following.notifier.is_none()
                {
                    let notifier = registry.bind(name, version.min(INPUT_ALONE), queue, ());
                    following.notifier = Some((name, notifier));
                }
                following.ask(queue);
            }
            wl_registry::Event::GlobalRemove { name } => following.lose(name),
            _ => {}
        }
    }
}

impl Dispatch<ExtIdleNotificationV1, u32> for Following {
    fn event(
        following: &mut Self,
        _: &ExtIdleNotificationV1,
        event: ext_idle_notification_v1::Event,
        name: &u32,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let now = Instant::now();
        let happened = match event {
            ext_idle_notification_v1::Event::Idled => Seat::idled,
            ext_idle_notification_v1::Event::Resumed => Seat::resumed,
            _ => return,
        };
        following.told = true;
        following.say.send_modify(|seats| {
            if let Some(seat) = seats.iter_mut().find(|seat| seat.name == *name) {
                happened(seat, now);
            }
        });
    }
}

/// What it can do and is called concerns nobody here.
impl Dispatch<WlSeat, ()> for Following {
    fn event(
        _: &mut Self,
        _: &WlSeat,
        _: wl_seat::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

/// It says nothing.
impl Dispatch<ExtIdleNotifierV1, ()> for Following {
    fn event(
        _: &mut Self,
        _: &ExtIdleNotifierV1,
        _: ext_idle_notifier_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}
