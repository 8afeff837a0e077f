//! Who else uses the PC, and whether this session is locked or used from afar: logind, and the screen savers.

use std::collections::HashMap;
use std::fs;

use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bus::{Bus, Object};

/// logind.
pub const MANAGER: Object<'_> = Object {
    service: "org.freedesktop.login1",
    path: "/org/freedesktop/login1",
    interface: "org.freedesktop.login1.Manager",
};

/// Screen savers say whether they are active, which where they lock means locked.
const SCREEN_SAVERS: [(&str, &str); 6] = [
    ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
    (
        "org.freedesktop.ScreenSaver",
        "/org/freedesktop/ScreenSaver",
    ),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
];

/// What there is to know about sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sessions {
    pub locked: Option<bool>,
    pub remote: Option<bool>,
    pub others_active: Option<u32>,
}

pub async fn look(system: &Bus, session: &Bus) -> Sessions {
    let (mut sessions, screen_saver) = tokio::join!(ask_logind(system), ask_screen_savers(session));
    // Many desktops do not tell logind, so its "no" alone is not the last word; without any it is all there is.
    sessions.locked = match (sessions.locked, screen_saver) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (logind, screen_saver) => logind.or(screen_saver),
    };
    sessions
}

/// Identifier, user, user's name, seat, object.
type Listed = (String, u32, String, String, OwnedObjectPath);

async fn ask_logind(system: &Bus) -> Sessions {
    let Some(listed) = system
        .call::<_, Vec<Listed>>(MANAGER, "ListSessions", &())
        .await
    else {
        return Sessions::default();
    };
    let own = own_session(system).await;
    let mut sessions = Sessions {
        others_active: Some(0),
        ..Sessions::default()
    };
    for (_, user, _, _, path) in listed {
        // One that has ended in the meantime is nobody's.
        let Some(properties) = properties(system, &path).await else {
            continue;
        };
        if own.as_ref() == Some(&path) || own.is_none() && may_be_ours(user, &properties) {
            sessions.locked = flag(&properties, "LockedHint");
            sessions.remote = flag(&properties, "Remote");
        } else if is_in_use(&properties) {
            sessions.others_active = sessions.others_active.map(|count| count + 1);
        }
    }
    sessions
}

/// The session that this process is part of or, if it was started outside any, the one on its user's display.
async fn own_session(system: &Bus) -> Option<OwnedObjectPath> {
    let named = std::env::var("XDG_SESSION_ID").ok();
    // The kernel's number for none is the largest.
    let audited = || {
        let number = fs::read_to_string("/proc/self/sessionid").ok()?;
        (number.trim() != u32::MAX.to_string()).then(|| number.trim().to_owned())
    };
    for identifier in [named, audited(), Some("auto".to_owned())]
        .into_iter()
        .flatten()
    {
        let path: Option<OwnedObjectPath> = system.call(MANAGER, "GetSession", &identifier).await;
        if path.is_some() {
            return path;
        }
    }
    None
}

async fn properties(system: &Bus, path: &OwnedObjectPath) -> Option<HashMap<String, OwnedValue>> {
    let object = Object {
        path: path.as_str(),
        interface: "org.freedesktop.DBus.Properties",
        ..MANAGER
    };
    let of = "org.freedesktop.login1.Session";
    system.call(object, "GetAll", &of).await
}

fn flag(properties: &HashMap<String, OwnedValue>, name: &str) -> Option<bool> {
    properties.get(name)?.downcast_ref::<bool>().ok()
}

fn text<'a>(properties: &'a HashMap<String, OwnedValue>, name: &str) -> Option<&'a str> {
    properties.get(name)?.downcast_ref::<&str>().ok()
}

/// The graphical session of our own user, if we cannot tell which is ours.
fn may_be_ours(user: u32, properties: &HashMap<String, OwnedValue>) -> bool {
    // SAFETY: takes nothing, cannot fail.
    let ours = unsafe { libc::getuid() };
    user == ours && matches!(text(properties, "Type"), Some("x11" | "wayland" | "mir"))
}

/// Somebody's, in front on its seat or from afar, with input of late. Greeters and background jobs are nobody's.
fn is_in_use(properties: &HashMap<String, OwnedValue>) -> bool {
    text(properties, "Class").is_some_and(|class| class.starts_with("user"))
        && flag(properties, "Active") == Some(true)
        && flag(properties, "IdleHint") != Some(true)
}

async fn ask_screen_savers(session: &Bus) -> Option<bool> {
    let mut active = None;
    for (service, path) in SCREEN_SAVERS {
        let object = Object {
            service,
            path,
            interface: service,
        };
        match session.call::<_, bool>(object, "GetActive", &()).await {
            Some(true) => return Some(true),
            Some(false) => active = Some(false),
            None => {}
        }
    }
    active
}

#[cfg(test)]
mod tests;
