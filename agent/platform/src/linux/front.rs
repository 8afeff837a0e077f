//! The window in front, on X11. Wayland tells nobody.

use x11rb::cookie::Cookie;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, GetPropertyReply, MapState, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use super::programs;
use super::x11::{Asker, Server};
use crate::signals::Front;

/// A property that is longer than this many times four bytes is cut.
const LONG: u32 = 256;

pub async fn look(asker: &Asker) -> Option<Front> {
    let question = |server: &Server| match in_front(server) {
        Ok(front) => Some(front),
        // A window that has gone since it was named.
        Err(ReplyError::X11Error(_)) => Some(Front::Windowed),
        Err(ReplyError::ConnectionError(_)) => None,
    };
    asker.ask(question).await
}

fn in_front(server: &Server) -> Result<Front, ReplyError> {
    let active = window_property(server, server.root, server.atoms._NET_ACTIVE_WINDOW)?;
    let mut seen = None;
    if let Some(window) = active {
        seen = examine(server, window)?.map(|fullscreen| (window, fullscreen));
    }
    if seen.is_none() && !has_window_manager(server)? {
        seen = topmost(server)?;
    }
    match seen {
        Some((window, true)) => Ok(Front::Fullscreen {
            application: application(server, window)?,
        }),
        _ => Ok(Front::Windowed),
    }
}

type Asked<'a, Reply> = Result<Cookie<'a, RustConnection, Reply>, ConnectionError>;

fn property(server: &Server, window: Window, name: u32) -> Asked<'_, GetPropertyReply> {
    let connection = &server.connection;
    connection.get_property(false, window, name, AtomEnum::ANY, 0, LONG)
}

fn window_property(
    server: &Server,
    window: Window,
    name: u32,
) -> Result<Option<Window>, ReplyError> {
    Ok(first(&property(server, window, name)?.reply()?).filter(|window| *window != 0))
}

fn first(property: &GetPropertyReply) -> Option<u32> {
    property.value32()?.next()
}

fn contains(property: &GetPropertyReply, atom: u32) -> bool {
    property
        .value32()
        .is_some_and(|mut atoms| atoms.any(|each| each == atom))
}

/// It names a window of its own, which names itself: so one that has gone is not taken for one that is there.
fn has_window_manager(server: &Server) -> Result<bool, ReplyError> {
    let name = server.atoms._NET_SUPPORTING_WM_CHECK;
    let Some(window) = window_property(server, server.root, name)? else {
        return Ok(false);
    };
    match window_property(server, window, name) {
        Err(ReplyError::X11Error(_)) => Ok(false),
        itself => Ok(itself? == Some(window)),
    }
}

fn topmost(server: &Server) -> Result<Option<(Window, bool)>, ReplyError> {
    let tree = server.connection.query_tree(server.root)?.reply()?;
    for window in tree.children.into_iter().rev() {
        if let Some(fullscreen) = examine(server, window)? {
            return Ok(Some((window, fullscreen)));
        }
    }
    Ok(None)
}

/// Whether a window has a monitor to itself; `None` if it is not to be seen at all, or gone. Everything is asked at
/// once and waited for once.
fn examine(server: &Server, window: Window) -> Result<Option<bool>, ReplyError> {
    let (atoms, connection) = (&server.atoms, &server.connection);
    let attributes = connection.get_window_attributes(window)?;
    let kind = property(server, window, atoms._NET_WM_WINDOW_TYPE)?;
    let state = property(server, window, atoms._NET_WM_STATE)?;
    let size = connection.get_geometry(window)?;
    let place = connection.translate_coordinates(window, server.root, 0, 0)?;
    let screen = connection.get_geometry(server.root)?;
    let monitors = connection.randr_get_monitors(server.root, true).ok();

    let attributes = match attributes.reply() {
        Err(ReplyError::X11Error(_)) => return Ok(None),
        attributes => attributes?,
    };
    if attributes.map_state != MapState::VIEWABLE || attributes.class != WindowClass::INPUT_OUTPUT {
        return Ok(None);
    }
    let kind = kind.reply()?;
    // These cover the screen by their nature, and nobody looks at them alone.
    if contains(&kind, atoms._NET_WM_WINDOW_TYPE_DESKTOP)
        || contains(&kind, atoms._NET_WM_WINDOW_TYPE_DOCK)
    {
        return Ok(Some(false));
    }
    if contains(&state.reply()?, atoms._NET_WM_STATE_FULLSCREEN) {
        return Ok(Some(true));
    }
    let (size, place, screen) = (size.reply()?, place.reply()?, screen.reply()?);
    let window = Area::new(place.dst_x, place.dst_y, size.width, size.height);
    // A server without the extension, or without monitors, has its screen.
    let monitors = monitors.and_then(|cookie| cookie.reply().ok());
    let monitors = monitors.map_or_else(Vec::new, |reply| reply.monitors);
    let mut areas: Vec<_> = monitors
        .iter()
        .map(|monitor| Area::new(monitor.x, monitor.y, monitor.width, monitor.height))
        .collect();
    if areas.is_empty() {
        areas.push(Area::new(0, 0, screen.width, screen.height));
    }
    Ok(Some(areas.iter().any(|monitor| window.covers(monitor))))
}

/// From where to where, in pixels of the root window.
struct Area {
    x: [i32; 2],
    y: [i32; 2],
}

impl Area {
    fn new(x: i16, y: i16, width: u16, height: u16) -> Area {
        let [x, y] = [x, y].map(i32::from);
        Area {
            x: [x, x + i32::from(width)],
            y: [y, y + i32::from(height)],
        }
    }

    fn covers(&self, other: &Area) -> bool {
        let covers =
            |ours: [i32; 2], theirs: [i32; 2]| ours[0] <= theirs[0] && ours[1] >= theirs[1];
        covers(self.x, other.x) && covers(self.y, other.y)
    }
}

/// The program's file name where the window's process is one of this machine, else the window's class.
fn application(server: &Server, window: Window) -> Result<String, ReplyError> {
    let process = property(server, window, server.atoms._NET_WM_PID)?;
    let machine = property(server, window, server.atoms.WM_CLIENT_MACHINE)?;
    let class = property(server, window, AtomEnum::WM_CLASS.into())?;
    let (process, machine) = (first(&process.reply()?), machine.reply()?.value);
    let here = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if let Some(process) = process
        && (machine.is_empty() || machine == here.trim_end().as_bytes())
        && let Some(name) = programs::name(process)
    {
        return Ok(name);
    }
    // Two texts, each ended by a zero: the instance's name, then the class.
    let class = class.reply()?.value;
    let mut texts = class.split(|byte| *byte == 0);
    let last = texts.rfind(|text| !text.is_empty());
    Ok(last.map_or_else(String::new, |text| {
        String::from_utf8_lossy(text).into_owned()
    }))
}

#[cfg(test)]
mod tests;
