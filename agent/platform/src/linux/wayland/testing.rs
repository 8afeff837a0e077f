//! A compositor without a screen, on a real socket, that says of its seats what a test wants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wayland_protocols::ext::idle_notify::v1::server::ext_idle_notification_v1::{
    self, ExtIdleNotificationV1,
};
use wayland_protocols::ext::idle_notify::v1::server::ext_idle_notifier_v1::{
    self, ExtIdleNotifierV1,
};
use wayland_server::backend::{ClientId, GlobalId};
use wayland_server::protocol::wl_seat::{self, WlSeat};
use wayland_server::{
    Client, DataInit, Dispatch, Display, DisplayHandle, GlobalDispatch, ListeningSocket, New,
    Resource,
};

const LONG: Duration = Duration::from_secs(30);

/// A seat is known by a number of the test's own.
type Number = u32;

pub struct Compositor {
    display: Display<Said>,
    socket: ListeningSocket,
    said: Said,
    seats: Vec<(Number, GlobalId)>,
    notifier: Option<GlobalId>,
}

/// What clients have asked of it.
#[derive(Default)]
pub struct Said {
    clients: Vec<Client>,
    pub asked: Vec<Asked>,
    /// How many seats were given back.
    pub released: usize,
}

/// A client that wants to be told of a seat.
pub struct Asked {
    pub seat: Number,
    pub milliseconds: u32,
    /// Whatever keeps the screen on.
    pub input_alone: bool,
    notification: ExtIdleNotificationV1,
}

impl Compositor {
    /// Without any seat; the notifier speaks this version, or there is none.
    pub fn start(socket: &Path, version: Option<u32>) -> Compositor {
        let display = Display::new().expect("a display");
        let notifier = version.map(|version| {
            display
                .handle()
                .create_global::<Said, ExtIdleNotifierV1, ()>(version, ())
        });
        Compositor {
            display,
            socket: ListeningSocket::bind_absolute(PathBuf::from(socket)).expect("a socket"),
            said: Said::default(),
            seats: Vec::new(),
            notifier,
        }
    }

    pub fn plug_in(&mut self, seat: Number) {
        let handle = self.display.handle();
        let global = handle.create_global::<Said, WlSeat, Number>(7, seat);
        self.seats.push((seat, global));
    }

    pub fn pull_out(&mut self, seat: Number) {
        let gone = self.seats.extract_if(.., |(number, _)| *number == seat);
        for (_, global) in gone {
            self.display.handle().disable_global::<Said>(global);
        }
    }

    pub fn lose_the_notifier(&mut self) {
        let notifier = self.notifier.take().expect("a notifier");
        self.display.handle().disable_global::<Said>(notifier);
    }

    /// Serves its clients until something is so.
    pub async fn until(&mut self, what: &str, mut so: impl FnMut(&Said) -> bool) {
        let deadline = Instant::now() + LONG;
        loop {
            while let Some(stream) = self.socket.accept().expect("a socket") {
                let mut handle = self.display.handle();
                let client = handle.insert_client(stream, Arc::new(()));
                self.said.clients.push(client.expect("a client"));
            }
            self.display
                .dispatch_clients(&mut self.said)
                .expect("served");
            // One that is gone cannot be told.
            let _ = self.display.flush_clients();
            if so(&self.said) {
                return;
            }
            assert!(Instant::now() < deadline, "never: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Serves until so many clients want to be told of a seat.
    pub async fn is_asked(&mut self, seat: Number, clients: usize) {
        self.until("asked about a seat", |said| {
            said.about(seat).count() == clients
        })
        .await;
    }

    pub fn idled(&mut self, seat: Number) {
        for asked in self.said.about(seat) {
            asked.notification.idled();
        }
        self.display.flush_clients().expect("told");
    }

    pub fn resumed(&mut self, seat: Number) {
        for asked in self.said.about(seat) {
            asked.notification.resumed();
        }
        self.display.flush_clients().expect("told");
    }
}

impl Drop for Compositor {
    fn drop(&mut self) {
        let handle = self.display.handle();
        for client in &self.said.clients {
            let error = wayland_server::backend::protocol::ProtocolError {
                code: 0,
                object_id: 1,
                object_interface: "wl_display".into(),
                message: "the compositor ends".into(),
            };
            client.kill(&handle, error);
        }
    }
}

impl Said {
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    pub fn about(&self, seat: Number) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(move |asked| asked.seat == seat)
    }
}

impl GlobalDispatch<WlSeat, Number> for Said {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        seat: New<WlSeat>,
        number: &Number,
        init: &mut DataInit<'_, Self>,
    ) {
        let seat = init.init(seat, *number);
        seat.capabilities(wl_seat::Capability::Keyboard);
        seat.name(format!("seat{number}"));
    }
}

impl Dispatch<WlSeat, Number> for Said {
    fn request(
        said: &mut Self,
        _: &Client,
        _: &WlSeat,
        request: wl_seat::Request,
        _: &Number,
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
        match request {
            wl_seat::Request::Release => said.released += 1,
            other => panic!("nobody is to ask a seat for {other:?}"),
        }
    }
}

impl GlobalDispatch<ExtIdleNotifierV1, ()> for Said {
    fn bind(
        _: &mut Self,
        _: &DisplayHandle,
        _: &Client,
        notifier: New<ExtIdleNotifierV1>,
        (): &(),
        init: &mut DataInit<'_, Self>,
    ) {
        init.init(notifier, ());
    }
}

impl Dispatch<ExtIdleNotifierV1, ()> for Said {
    fn request(
        said: &mut Self,
        _: &Client,
        _: &ExtIdleNotifierV1,
        request: ext_idle_notifier_v1::Request,
        (): &(),
        _: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        let (id, timeout, seat, input_alone) = match request {
            ext_idle_notifier_v1::Request::GetIdleNotification { id, timeout, seat } => {
                (id, timeout, seat, false)
            }
            ext_idle_notifier_v1::Request::GetInputIdleNotification { id, timeout, seat } => {
                (id, timeout, seat, true)
            }
            _ => return,
        };
        said.asked.push(Asked {
            seat: *seat.data().expect("a number"),
            milliseconds: timeout,
            input_alone,
            notification: init.init(id, ()),
        });
    }
}

impl Dispatch<ExtIdleNotificationV1, ()> for Said {
    fn request(
        _: &mut Self,
        _: &Client,
        _: &ExtIdleNotificationV1,
        _: ext_idle_notification_v1::Request,
        (): &(),
        _: &DisplayHandle,
        _: &mut DataInit<'_, Self>,
    ) {
    }

    fn destroyed(said: &mut Self, _: ClientId, gone: &ExtIdleNotificationV1, (): &()) {
        said.asked.retain(|asked| asked.notification != *gone);
    }
}
