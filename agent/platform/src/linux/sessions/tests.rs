use zbus::fdo;

use super::*;
use crate::linux::testing::DBus;

/// One session as logind describes it.
#[derive(Clone)]
struct Session {
    class: &'static str,
    kind: &'static str,
    active: bool,
    idle: bool,
    locked: bool,
    remote: bool,
}

const ORDINARY: Session = Session {
    class: "user",
    kind: "x11",
    active: true,
    idle: false,
    locked: false,
    remote: false,
};

#[zbus::interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn class(&self) -> &str {
        self.class
    }
    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        self.kind
    }
    #[zbus(property)]
    fn active(&self) -> bool {
        self.active
    }
    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        self.idle
    }
    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.locked
    }
    #[zbus(property)]
    fn remote(&self) -> bool {
        self.remote
    }
}

/// User and session, in the order of their numbers.
struct Logind {
    users: Vec<u32>,
    own: Option<usize>,
}

fn path(number: usize) -> OwnedObjectPath {
    let path = format!("/org/freedesktop/login1/session/_{number}");
    path.try_into().unwrap()
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    fn list_sessions(&self) -> Vec<Listed> {
        let users = self.users.iter().enumerate();
        users
            .map(|(number, user)| {
                let texts = [number.to_string(), user.to_string(), "seat0".to_owned()];
                let [number_as_text, name, seat] = texts;
                (number_as_text, *user, name, seat, path(number))
            })
            .collect()
    }

    /// Whoever asks, by whatever number, is in the session that the test wants.
    fn get_session(&self, _identifier: &str) -> fdo::Result<OwnedObjectPath> {
        let own = self.own.map(path);
        own.ok_or_else(|| fdo::Error::Failed("no session".to_owned()))
    }
}

struct ScreenSaver(bool);

#[zbus::interface(name = "org.mate.ScreenSaver")]
impl ScreenSaver {
    fn get_active(&self) -> bool {
        self.0
    }
}

/// logind itself runs only where systemd does, so this speaks its interface, on a real bus.
async fn look_at(own: Option<usize>, sessions: &[(u32, Session)], saver: Option<bool>) -> Sessions {
    let daemon = DBus::start();
    let users = sessions.iter().map(|(user, _)| *user).collect();
    let _logind = daemon
        .serve(MANAGER.service, |mut builder| {
            for (number, (_, session)) in sessions.iter().enumerate() {
                builder = builder.serve_at(path(number), session.clone())?;
            }
            builder.serve_at(MANAGER.path, Logind { users, own })
        })
        .await;
    let mut kept = None;
    if let Some(active) = saver {
        let saver = daemon.serve("org.mate.ScreenSaver", |builder| {
            builder.serve_at("/org/mate/ScreenSaver", ScreenSaver(active))
        });
        kept = Some(saver.await);
    }
    let bus = Bus::at(daemon.address());
    let sessions = look(&bus, &bus).await;
    drop(kept);
    sessions
}

fn known(locked: bool, remote: bool, others_active: u32) -> Sessions {
    Sessions {
        locked: Some(locked),
        remote: Some(remote),
        others_active: Some(others_active),
    }
}

#[tokio::test]
async fn only_sessions_in_use_by_somebody_are_counted() {
    let alone = [(1000, ORDINARY)];
    assert_eq!(look_at(Some(0), &alone, None).await, known(false, false, 0));

    let ssh = Session {
        kind: "tty",
        remote: true,
        ..ORDINARY
    };
    let crowd = [
        // Ours over ssh, and somebody else's.
        (1000, ssh.clone()),
        (1001, ssh.clone()),
        (1000, ORDINARY),
        // Left alone, switched away from, the greeter, a job of the night.
        (1002, Session { idle: true, ..ssh }),
        (
            1003,
            Session {
                active: false,
                ..ORDINARY
            },
        ),
        (
            115,
            Session {
                class: "greeter",
                ..ORDINARY
            },
        ),
        (
            0,
            Session {
                class: "background",
                ..ORDINARY
            },
        ),
    ];
    assert_eq!(look_at(Some(2), &crowd, None).await, known(false, false, 2));
    // The same seen from the first.
    assert_eq!(look_at(Some(0), &crowd, None).await, known(false, true, 2));
}

#[tokio::test]
async fn locked_is_what_logind_or_the_screen_saver_says() {
    let locked = Session {
        locked: true,
        ..ORDINARY
    };
    for (session, saver, wanted) in [
        (&locked, None, true),
        (&locked, Some(false), true),
        (&ORDINARY, Some(true), true),
        (&ORDINARY, Some(false), false),
        (&ORDINARY, None, false),
    ] {
        let sessions = look_at(Some(0), &[(1000, session.clone())], saver).await;
        assert_eq!(sessions.locked, Some(wanted), "{saver:?}");
    }
}

#[tokio::test]
async fn a_process_outside_all_sessions_takes_its_users_display_for_its_own() {
    // SAFETY: takes nothing, cannot fail.
    let user = unsafe { libc::getuid() };
    let sessions = [(user, ORDINARY), (user + 1, ORDINARY)];
    assert_eq!(look_at(None, &sessions, None).await, known(false, false, 1));
}

#[tokio::test]
async fn without_logind_only_the_screen_saver_knows_something() {
    let daemon = DBus::start();
    let bus = || Bus::at(daemon.address());
    assert_eq!(look(&bus(), &bus()).await, Sessions::default());
    let _saver = daemon
        .serve("org.mate.ScreenSaver", |builder| {
            builder.serve_at("/org/mate/ScreenSaver", ScreenSaver(true))
        })
        .await;
    let wanted = Sessions {
        locked: Some(true),
        ..Sessions::default()
    };
    assert_eq!(look(&bus(), &bus()).await, wanted);
}
