//! The icon itself, on a thread of its own: its parts may not leave the thread that made them.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use idlewatt_platform::messages::Post;
use tokio::sync::mpsc::UnboundedSender;
use tray_icon::menu::{
    CheckMenuItem, IsMenuItem, Menu, MenuEvent, MenuId, MenuItem, PredefinedMenuItem, Submenu,
};
use tray_icon::{
    BadIcon, Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent,
};

use super::face::{Face, Item};
use super::icon::{self, State};

/// The picture's size: panels make it smaller.
const SIZE: u32 = 48;
/// The name by which the desktop knows the icon.
const ID: &str = "idlewatt";
/// The place of the item that ends a pause.
const RESUME_AT: usize = 7;

/// Why there is no icon.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The desktop takes none.
    #[error(transparent)]
    Tray(#[from] tray_icon::Error),
    /// Its menu cannot be made.
    #[error(transparent)]
    Menu(#[from] tray_icon::menu::Error),
    /// Its picture is none.
    #[error(transparent)]
    Picture(#[from] BadIcon),
    /// There is no thread for it.
    #[error(transparent)]
    Thread(#[from] std::io::Error),
    /// Its thread has ended.
    #[error("its thread has ended")]
    Ended,
}

/// The icon, from outside its thread. It goes when this is dropped.
pub struct Window {
    faces: Option<Sender<Face>>,
    thread: Option<JoinHandle<()>>,
    post: Post,
}

impl Window {
    /// Shows the icon. What is chosen in its menu goes to `chosen`; a click on the icon itself is the dashboard. Takes a
    /// moment, in which the desktop is asked.
    ///
    /// # Errors
    /// If the desktop cannot be reached.
    pub fn open(face: Face, chosen: UnboundedSender<Item>) -> Result<Window, WindowError> {
        let (faces, news) = channel();
        let (opened, outcome) = channel();
        let thread = std::thread::Builder::new().name("tray".to_owned());
        let thread = thread.spawn(move || {
            let post = Post::of_this_thread();
            let shown = Shown::new(face, chosen);
            let (shown, said) = match shown {
                Ok(shown) => (Some(shown), Ok(post)),
                Err(error) => (None, Err(error)),
            };
            // Whoever asked may have given up.
            let _ = opened.send(said);
            if let Some(mut shown) = shown {
                while let Some(face) = post.next(&news) {
                    shown.show(face);
                }
            }
        })?;
        let post = outcome.recv().map_err(|_| WindowError::Ended)??;
        Ok(Window {
            faces: Some(faces),
            thread: Some(thread),
            post,
        })
    }

    /// Shows something else.
    pub fn show(&self, face: Face) {
        if let Some(faces) = &self.faces {
            // A thread that has ended shows nothing any more.
            let _ = faces.send(face);
        }
        self.post.wake();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.faces = None;
        self.post.wake();
        if let Some(thread) = self.thread.take() {
            // What failed on that thread was its own.
            let _ = thread.join();
        }
    }
}

/// The icon, on its thread.
struct Shown {
    icon: TrayIcon,
    menu: Menu,
    items: HashMap<Item, Entry>,
    pictures: HashMap<State, Icon>,
    /// What the desktop was told last, unless it did not take that.
    taken_icon: Option<State>,
    taken_tooltip: Option<String>,
    paused: bool,
}

/// One item of the menu.
enum Entry {
    Plain(MenuItem),
    Check(CheckMenuItem),
    Submenu(Submenu),
}

impl Entry {
    fn new(item: Item, face: &Face) -> Entry {
        let (id, label) = (item.id(), escaped(face.label(item)));
        let enabled = !face.disabled.contains(&item);
        match item {
            Item::Smart | Item::Half | Item::Most | Item::Full | Item::Autostart => {
                let checked = face.checked.contains(&item);
                Entry::Check(CheckMenuItem::with_id(id, label, enabled, checked, None))
            }
            Item::Pause => Entry::Submenu(Submenu::with_id(id, label, enabled)),
            _ => Entry::Plain(MenuItem::with_id(id, label, enabled, None)),
        }
    }

    fn as_item(&self) -> &dyn IsMenuItem {
        match self {
            Entry::Plain(item) => item,
            Entry::Check(item) => item,
            Entry::Submenu(item) => item,
        }
    }

    fn show(&self, item: Item, face: &Face) {
        let label = escaped(face.label(item));
        let enabled = !face.disabled.contains(&item);
        match self {
            Entry::Plain(entry) => {
                entry.set_text(label);
                entry.set_enabled(enabled);
            }
            Entry::Check(entry) => {
                entry.set_text(label);
                entry.set_enabled(enabled);
                // A click has turned it over by itself.
                entry.set_checked(face.checked.contains(&item));
            }
            Entry::Submenu(entry) => entry.set_text(label),
        }
    }
}

impl Shown {
    fn new(face: Face, chosen: UnboundedSender<Item>) -> Result<Shown, WindowError> {
        listen(chosen);
        let entry = |item: &Item| (*item, Entry::new(*item, &face));
        let items: HashMap<Item, Entry> = Item::ALL.iter().map(entry).collect();
        let of = |item: Item| items[&item].as_item();
        if let Entry::Submenu(pause) = &items[&Item::Pause] {
            pause.append_items(&[
                of(Item::ForAnHour),
                of(Item::UntilAway),
                of(Item::UntilTomorrow),
                of(Item::ForGood),
            ])?;
        }
        let line = PredefinedMenuItem::separator;
        let menu = Menu::with_items(&[
            of(Item::Status),
            &line(),
            of(Item::Smart),
            of(Item::Half),
            of(Item::Most),
            of(Item::Full),
            of(Item::Pause),
            &line(),
            of(Item::Today),
            of(Item::Dashboard),
            &line(),
            of(Item::Autostart),
            of(Item::Quit),
        ])?;
        let mut pictures = HashMap::new();
        for state in State::ALL {
            let picture = icon::draw(state, SIZE);
            let picture = Icon::from_rgba(picture.pixels, picture.size, picture.size)?;
            pictures.insert(state, picture);
        }
        if face.paused {
            menu.insert(of(Item::Resume), RESUME_AT)?;
        }
        let icon = TrayIconBuilder::new()
            .with_id(ID)
            .with_title("Idlewatt")
            .with_icon(pictures[&face.icon].clone())
            .with_tooltip(tooltip(&face))
            .with_menu(Box::new(menu.clone()))
            .with_menu_on_left_click(false)
            .build()?;
        #[cfg(windows)]
        {
            use tray_icon::menu::ContextMenu;
            let window = icon.window_handle() as isize;
            idlewatt_platform::tray::answer_clicks(window, menu.hpopupmenu(), || {
                tell(Item::Dashboard);
            });
        }
        Ok(Shown {
            icon,
            menu,
            items,
            pictures,
            taken_icon: Some(face.icon),
            taken_tooltip: Some(face.tooltip),
            paused: face.paused,
        })
    }

    fn show(&mut self, face: Face) {
        for (item, entry) in &self.items {
            entry.show(*item, &face);
        }
        // What the desktop does not take now, as it is being started anew, it is told again with the next change.
        if Some(face.icon) != self.taken_icon {
            let taken = self.icon.set_icon(self.pictures.get(&face.icon).cloned());
            self.taken_icon = taken.is_ok().then_some(face.icon);
        }
        if self.taken_tooltip.as_ref() != Some(&face.tooltip) {
            let taken = self.icon.set_tooltip(Some(tooltip(&face)));
            self.taken_tooltip = taken.is_ok().then(|| face.tooltip.clone());
        }
        let resume = self.items[&Item::Resume].as_item();
        let _ = match (self.paused, face.paused) {
            (false, true) => self.menu.insert(resume, RESUME_AT),
            (true, false) => self.menu.remove(resume),
            _ => Ok(()),
        };
        self.paused = face.paused;
    }
}

/// Who is told of clicks: the library knows one listener in a process.
static LISTENER: Mutex<Option<UnboundedSender<Item>>> = Mutex::new(None);

fn tell(item: Item) {
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(chosen) = listener.as_ref() {
        // Nobody hears while everything ends.
        let _ = chosen.send(item);
    }
}

/// From now on clicks go to `chosen`, wherever they went before.
fn listen(chosen: UnboundedSender<Item>) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(chosen);
    MenuEvent::set_event_handler(Some(|event: MenuEvent| {
        if let Some(item) = Item::of_id(event.id()) {
            tell(item);
        }
    }));
    TrayIconEvent::set_event_handler(Some(|event| {
        if let TrayIconEvent::Click {
            button: MouseButton::Left,
            button_state: MouseButtonState::Up,
            ..
        } = event
        {
            tell(Item::Dashboard);
        }
    }));
}

impl Item {
    /// What the menu calls it.
    fn id(self) -> MenuId {
        MenuId::new(format!("{self:?}"))
    }

    fn of_id(id: &MenuId) -> Option<Item> {
        Item::ALL.into_iter().find(|item| item.id() == *id)
    }
}

/// In a menu an ampersand stands before the letter that chooses the item.
fn escaped(label: &str) -> String {
    label.replace('&', "&&")
}

/// Some desktops take what stands beside an icon for markup; Windows takes at most 127 units of UTF-16.
fn tooltip(face: &Face) -> String {
    let plain = face.tooltip.replace('<', "‹").replace('>', "›");
    if !cfg!(windows) {
        return plain;
    }
    let mut room = 127;
    let fits = |letter: &char| {
        let units = letter.len_utf16();
        let fits = units <= room;
        room -= units.min(room);
        fits
    };
    plain.chars().take_while(fits).collect()
}
