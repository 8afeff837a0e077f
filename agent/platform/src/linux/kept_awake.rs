//! Who keeps the display on: a film, a call, a presentation.
//!
//! There is no one place to ask: logind, the session managers of GNOME, MATE and Cinnamon, KDE's power management,
//! Xfce's power manager, and screen savers each keep a list.

use zbus::zvariant::OwnedObjectPath;

use super::bus::{Bus, Object};
use super::sessions;

const SESSION_MANAGER: Object<'_> = Object {
    service: "org.gnome.SessionManager",
    path: "/org/gnome/SessionManager",
    interface: "org.gnome.SessionManager",
};
/// The session manager's flag for *the session may not be marked as idle*; others concern logging out or suspending.
const IDLE: u32 = 8;

const KDE: Object<'_> = Object {
    service: "org.kde.Solid.PowerManagement.PolicyAgent",
    path: "/org/kde/Solid/PowerManagement/PolicyAgent",
    interface: "org.kde.Solid.PowerManagement.PolicyAgent",
};
/// KDE's flag for *the screen may not be dimmed, switched off or locked*.
const CHANGE_SCREEN_SETTINGS: u32 = 4;

const POWER_MANAGEMENT: Object<'_> = Object {
    service: "org.freedesktop.PowerManagement",
    path: "/org/freedesktop/PowerManagement/Inhibit",
    interface: "org.freedesktop.PowerManagement.Inhibit",
};

const SCREEN_SAVERS: [Object<'_>; 2] = [
    Object {
        service: "org.mate.ScreenSaver",
        path: "/org/mate/ScreenSaver",
        interface: "org.mate.ScreenSaver",
    },
    Object {
        service: "org.xfce.ScreenSaver",
        path: "/org/xfce/ScreenSaver",
        interface: "org.xfce.ScreenSaver",
    },
];

/// What GNOME's and MATE's session managers give as reason where they pass on to logind what they know themselves.
const PASSED_ON: &str = "user session inhibited";

/// The names of the applications, or `None` if no source answers.
pub async fn look(system: &Bus, session: &Bus) -> Option<Vec<String>> {
    let (logind, session_manager, kde, power_management, mate, xfce) = tokio::join!(
        ask_logind(system),
        ask_session_manager(session),
        ask_kde(session),
        session.call::<_, Vec<String>>(POWER_MANAGEMENT, "GetInhibitors", &()),
        ask_screen_saver(session, SCREEN_SAVERS[0]),
        ask_screen_saver(session, SCREEN_SAVERS[1]),
    );
    let logind = logind.map(|held| {
        let known = session_manager.is_some();
        let held = held.into_iter();
        let held = held.filter(|(_, why)| !(known && why == PASSED_ON));
        held.map(|(who, _)| who).collect()
    });
    let answers = [logind, session_manager, kde, power_management, mate, xfce];
    if answers.iter().all(Option::is_none) {
        return None;
    }
    let mut names: Vec<String> = answers.into_iter().flatten().flatten().collect();
    names.sort();
    names.dedup();
    Some(names)
}

/// What, who, why, mode, user, process.
type Held = (String, String, String, String, u32, u32);

/// Who and why.
async fn ask_logind(system: &Bus) -> Option<Vec<(String, String)>> {
    let held: Vec<Held> = system
        .call(sessions::MANAGER, "ListInhibitors", &())
        .await?;
    let idle = held.into_iter().filter(|(what, _, _, mode, ..)| {
        mode == "block" && what.split(':').any(|what| what == "idle")
    });
    Some(idle.map(|(_, who, why, ..)| (who, why)).collect())
}

async fn ask_session_manager(session: &Bus) -> Option<Vec<String>> {
    let inhibited: bool = session.call(SESSION_MANAGER, "IsInhibited", &IDLE).await?;
    if !inhibited {
        return Some(Vec::new());
    }
    let inhibitors: Vec<OwnedObjectPath> =
        session.call(SESSION_MANAGER, "GetInhibitors", &()).await?;
    let mut names = Vec::new();
    for inhibitor in inhibitors {
        let object = Object {
            path: inhibitor.as_str(),
            interface: "org.gnome.SessionManager.Inhibitor",
            ..SESSION_MANAGER
        };
        let (flags, name) = tokio::join!(
            session.call::<_, u32>(object, "GetFlags", &()),
            session.call::<_, String>(object, "GetAppId", &())
        );
        // One that was given up in the meantime answers no more.
        if let (Some(flags), Some(name)) = (flags, name)
            && flags & IDLE != 0
        {
            names.push(name);
        }
    }
    Some(names)
}

/// Its list does not tell what is held, so all names are taken if the screen is.
async fn ask_kde(session: &Bus) -> Option<Vec<String>> {
    let held: bool = session
        .call(KDE, "HasInhibition", &CHANGE_SCREEN_SETTINGS)
        .await?;
    if !held {
        return Some(Vec::new());
    }
    let who_and_why: Vec<(String, String)> = session.call(KDE, "ListInhibitions", &()).await?;
    Some(who_and_why.into_iter().map(|(who, _)| who).collect())
}

/// Each is one text, such as `Application="vlc" ; Since="…" ; Reason="…";`.
async fn ask_screen_saver(session: &Bus, screen_saver: Object<'_>) -> Option<Vec<String>> {
    let texts: Vec<String> = session.call(screen_saver, "GetInhibitors", &()).await?;
    let names = texts.iter().map(|text| {
        let name = text.strip_prefix("Application=\"");
        let name = name.and_then(|rest| rest.split('"').next());
        name.unwrap_or(text).to_owned()
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::linux::testing::{DBus, Ended, Xvfb};

    /// Looks until the answer is as wanted; anew each time, as if the pauses between attempts were over.
    async fn until(daemon: &DBus, wanted: impl Fn(&Option<Vec<String>>) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let bus = Bus::at(daemon.address());
            let answer = look(&bus, &bus).await;
            if wanted(&answer) {
                return;
            }
            assert!(Instant::now() < deadline, "last answer: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// As a film player does it.
    async fn inhibit(player: &zbus::Connection, name: &str, flags: u32) -> u32 {
        let arguments = (name, 0u32, "Playing a film", flags);
        let (service, path) = (SESSION_MANAGER.service, SESSION_MANAGER.path);
        let reply = player
            .call_method(Some(service), path, Some(service), "Inhibit", &arguments)
            .await;
        reply.unwrap().body().deserialize().unwrap()
    }

    #[tokio::test]
    async fn a_real_session_manager_tells_who_keeps_the_display_on() {
        let daemon = DBus::start();
        let server = Xvfb::start();
        until(&daemon, Option::is_none).await;
        let home = tempfile::tempdir().unwrap();
        let manager = Command::new("mate-session")
            .env("DISPLAY", server.display())
            .env("DBUS_SESSION_BUS_ADDRESS", daemon.address())
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("GSETTINGS_BACKEND", "memory")
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let _manager = Ended(manager.expect("mate-session-manager is installed"));
        until(&daemon, |names| names.as_deref() == Some(&[])).await;

        let connect = || async {
            let builder = zbus::connection::Builder::address(daemon.address());
            builder.unwrap().build().await.unwrap()
        };
        let film = ["film-player".to_owned()];
        let player = connect().await;
        let cookie = inhibit(&player, "film-player", IDLE).await;
        // Only against suspending, as while something is downloaded: nobody looks at the display for that.
        let loader = connect().await;
        inhibit(&loader, "loader", 4).await;
        until(&daemon, |names| names.as_deref() == Some(&film)).await;

        // The film is over.
        let (service, path) = (SESSION_MANAGER.service, SESSION_MANAGER.path);
        player
            .call_method(Some(service), path, Some(service), "Uninhibit", &cookie)
            .await
            .unwrap();
        until(&daemon, |names| names.as_deref() == Some(&[])).await;

        // Another, whose player is gone all at once.
        inhibit(&player, "film-player", IDLE).await;
        until(&daemon, |names| names.as_deref() == Some(&film)).await;
        player.close().await.unwrap();
        until(&daemon, |names| names.as_deref() == Some(&[])).await;
    }

    struct Logind;

    #[zbus::interface(name = "org.freedesktop.login1.Manager")]
    impl Logind {
        fn list_inhibitors(&self) -> Vec<Held> {
            let held = |what: &str, who: &str, why: &str, mode: &str| {
                let [what, who, why, mode] = [what, who, why, mode].map(str::to_owned);
                (what, who, why, mode, 1000, 1)
            };
            vec![
                held("sleep", "NetworkManager", "network", "delay"),
                held("idle", "mpv", "film", "block"),
                held("sleep:idle", "call", "meeting", "block"),
                held("sleep", "loader", "loading", "block"),
                held("idle", "patient", "may wait", "delay"),
                held("idle", "anne", PASSED_ON, "block"),
            ]
        }
    }

    struct Kde(bool);

    #[zbus::interface(name = "org.kde.Solid.PowerManagement.PolicyAgent")]
    impl Kde {
        fn has_inhibition(&self, kind: u32) -> bool {
            self.0 && kind == CHANGE_SCREEN_SETTINGS
        }
        fn list_inhibitions(&self) -> Vec<(String, String)> {
            vec![("Dragon".to_owned(), "film".to_owned())]
        }
    }

    struct Mate;

    #[zbus::interface(name = "org.mate.ScreenSaver")]
    impl Mate {
        fn get_inhibitors(&self) -> Vec<String> {
            vec![r#"Application="vlc" ; Since="today" ; Reason="film";"#.to_owned()]
        }
    }

    /// These run only on the desktops they belong to, so their interfaces are spoken here, on a real bus.
    #[tokio::test]
    async fn logind_kde_and_a_screen_saver_are_read_over_the_bus() {
        let daemon = DBus::start();
        let bus = || Bus::at(daemon.address());
        let _logind = daemon
            .serve(sessions::MANAGER.service, |builder| {
                builder.serve_at(sessions::MANAGER.path, Logind)
            })
            .await;
        // With no session manager to name the application, the user's name is better than nothing.
        assert_eq!(look(&bus(), &bus()).await.unwrap(), ["anne", "call", "mpv"]);
        let kde = daemon
            .serve(KDE.service, |builder| builder.serve_at(KDE.path, Kde(true)))
            .await;
        let mate = daemon
            .serve(SCREEN_SAVERS[0].service, |builder| {
                builder.serve_at(SCREEN_SAVERS[0].path, Mate)
            })
            .await;
        assert_eq!(
            look(&bus(), &bus()).await.unwrap(),
            ["Dragon", "anne", "call", "mpv", "vlc"]
        );
        mate.close().await.unwrap();
        kde.close().await.unwrap();
        let _sleep_only = daemon
            .serve(KDE.service, |builder| {
                builder.serve_at(KDE.path, Kde(false))
            })
            .await;
        assert_eq!(look(&bus(), &bus()).await.unwrap(), ["anne", "call", "mpv"]);
    }
}
