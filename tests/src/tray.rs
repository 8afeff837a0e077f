//! A desktop that shows icons of programs, and one that tells: what a panel does over D-Bus.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zbus::blocking::{Connection, Proxy, connection};
use zbus::interface;
use zbus::zvariant::{OwnedValue, Value};

use crate::wait::until;

const PATIENCE: Duration = Duration::from_secs(30);

type Names = Arc<Mutex<Vec<String>>>;

struct Watcher(Names);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.push(service);
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// A panel that shows icons, for as long as it lives.
pub struct Panel {
    bus: Connection,
    items: Names,
}

/// A session's bus that a service is put on.
fn on_bus(address: &str) -> connection::Builder<'_> {
    connection::Builder::address(address).expect("the address of a bus")
}

impl Panel {
    /// Comes up on the session's bus.
    ///
    /// # Panics
    /// When the bus does not answer.
    pub fn start(address: &str) -> Self {
        let items = Names::default();
        let bus = on_bus(address)
            .serve_at("/StatusNotifierWatcher", Watcher(items.clone()))
            .and_then(|builder| builder.name("org.kde.StatusNotifierWatcher"))
            .and_then(connection::Builder::build)
            .expect("the message bus answers");
        Panel { bus, items }
    }

    /// The names of all icons that were ever registered.
    pub fn registered(&self) -> Vec<String> {
        self.items
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for the first icon.
    ///
    /// # Panics
    /// When none comes.
    pub fn icon(&self) -> TrayIcon {
        let service = until("an icon", PATIENCE, || {
            let first = self.registered().into_iter().next();
            first.ok_or_else(|| "none is registered".to_owned())
        });
        TrayIcon {
            bus: self.bus.clone(),
            service,
        }
    }
}

/// A program's icon, as a panel sees it.
pub struct TrayIcon {
    bus: Connection,
    service: String,
}

/// One item of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuItem {
    /// Its number.
    pub id: i32,
    /// Its words; empty for a line.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it has a mark; `None` for items without.
    pub checked: Option<bool>,
    /// The items below it.
    pub below: Vec<MenuItem>,
}

type Pixmap = (i32, i32, Vec<u8>);
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl TrayIcon {
    fn item(&self) -> Proxy<'_> {
        self.proxy("/StatusNotifierItem", "org.kde.StatusNotifierItem")
    }

    fn proxy(&self, path: &'static str, interface: &'static str) -> Proxy<'_> {
        zbus::blocking::proxy::Builder::new(&self.bus)
            .destination(self.service.clone())
            .and_then(|builder| builder.path(path))
            .and_then(|builder| builder.interface(interface))
            .expect("names of D-Bus")
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .expect("the message bus answers")
    }

    /// What stands beside it.
    ///
    /// # Panics
    /// When it is gone.
    pub fn tooltip(&self) -> String {
        let (_, _, _, text): (String, Vec<Pixmap>, String, String) =
            self.item().get_property("ToolTip").expect("a tooltip");
        text
    }

    /// Its most common colour, as red, green and blue in hex.
    ///
    /// # Panics
    /// When it is gone or has no picture.
    pub fn colour(&self) -> String {
        let pictures: Vec<Pixmap> = self.item().get_property("IconPixmap").expect("a picture");
        let (width, height, pixels) = pictures.into_iter().next().expect("a picture");
        assert_eq!(pixels.len(), (width * height * 4) as usize);
        let mut counts: HashMap<&[u8], usize> = HashMap::new();
        for pixel in pixels.chunks_exact(4).filter(|pixel| pixel[0] == 255) {
            *counts.entry(&pixel[1..]).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        hex::encode(most.expect("something to see").0)
    }

    /// Clicks on the icon itself.
    ///
    /// # Panics
    /// When it is gone.
    pub fn click(&self) {
        let clicked: zbus::Result<()> = self.item().call("Activate", &(3, 4));
        clicked.expect("the click arrives");
    }

    /// The menu as it is.
    ///
    /// # Panics
    /// When it is gone.
    pub fn menu(&self) -> Vec<MenuItem> {
        let none: Vec<String> = Vec::new();
        let (_, root): (u32, Layout) = self
            .proxy("/MenuBar", "com.canonical.dbusmenu")
            .call("GetLayout", &(0, -1, none))
            .expect("a menu");
        read(root).below
    }

    /// The item with these words, wherever it is.
    ///
    /// # Panics
    /// When there is none.
    pub fn find(&self, label: &str) -> MenuItem {
        let menu = self.menu();
        let below = menu.iter().flat_map(|item| &item.below);
        let mut all = menu.iter().chain(below);
        let found = all.find(|item| item.label == label);
        found
            .unwrap_or_else(|| panic!("no item \"{label}\" in {menu:#?}"))
            .clone()
    }

    /// Chooses the item with these words.
    ///
    /// # Panics
    /// When there is none.
    pub fn choose(&self, label: &str) {
        let id = self.find(label).id;
        let chosen: zbus::Result<()> = self
            .proxy("/MenuBar", "com.canonical.dbusmenu")
            .call("Event", &(id, "clicked", Value::from(0), 0_u32));
        chosen.expect("the choice arrives");
    }

    /// Waits until the menu is as it should be.
    ///
    /// # Panics
    /// When it never is.
    pub fn wait_menu(&self, what: &str, check: impl Fn(&[MenuItem]) -> bool) -> Vec<MenuItem> {
        until(what, PATIENCE, || {
            let menu = self.menu();
            match check(&menu) {
                true => Ok(menu),
                false => Err(format!("{menu:#?}")),
            }
        })
    }
}

fn read((id, properties, below): Layout) -> MenuItem {
    let text = |name: &str| {
        let value = properties.get(name)?.try_clone().ok()?;
        String::try_from(value).ok()
    };
    let number = |name: &str| i32::try_from(properties.get(name)?.try_clone().ok()?).ok();
    let truth = |name: &str| bool::try_from(properties.get(name)?.try_clone().ok()?).ok();
    let child = |value: OwnedValue| read(Layout::try_from(value).expect("an item of a menu"));
    MenuItem {
        id,
        // An underscore stands before the letter that chooses the item.
        label: text("label").unwrap_or_default().replace("__", "_"),
        enabled: truth("enabled").unwrap_or(true),
        checked: text("toggle-type").map(|_| number("toggle-state") == Some(1)),
        below: below.into_iter().map(child).collect(),
    }
}

/// What the desktop was asked to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

#[derive(Clone, Default)]
struct Service(Arc<Mutex<Vec<Told>>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the interface's")]
    fn notify(
        &self,
        _application: String,
        _replaces: u32,
        _icon: String,
        title: String,
        text: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(Told { title, text });
        told.len() as u32
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }
}

/// A desktop's notifications, for as long as it lives.
pub struct Notifications {
    _bus: Connection,
    service: Service,
}

impl Notifications {
    /// Comes up on the session's bus.
    ///
    /// # Panics
    /// When the bus does not answer.
    pub fn start(address: &str) -> Self {
        let service = Service::default();
        let bus = on_bus(address)
            .serve_at("/org/freedesktop/Notifications", service.clone())
            .and_then(|builder| builder.name("org.freedesktop.Notifications"))
            .and_then(connection::Builder::build)
            .expect("the message bus answers");
        Notifications { _bus: bus, service }
    }

    /// Everything told so far.
    pub fn told(&self) -> Vec<Told> {
        self.service
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
