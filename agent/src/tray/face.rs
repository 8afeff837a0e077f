//! What the tray shows, put together from the status: pure, so that it can be tested without a desktop.

use idlewatt_screens::Words;
use jiff::{ToSpan, Zoned};

use super::icon::State;
use crate::choosing;
use crate::control::answers::{Choice, ModeRequest, Phase, Processor, Status};
use crate::daemon::status::reason_in_words;
use crate::earnings;
use crate::engine::layout::hash_rate;
use crate::governor::{Mode, Reason};

/// The hour at which a pause until tomorrow ends.
const MORNING: i8 = 8;
/// A line that is longer is cut: menus grow as wide as their longest.
const LONGEST_LINE: usize = 80;

/// An item of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// What it does and why; nothing to choose.
    Status,
    /// Mode `smart`.
    Smart,
    /// Mode `50`.
    Half,
    /// Mode `90`.
    Most,
    /// Mode `100`.
    Full,
    /// The pauses.
    Pause,
    /// A pause.
    ForAnHour,
    /// A pause.
    UntilAway,
    /// A pause.
    UntilTomorrow,
    /// A pause.
    ForGood,
    /// There only while paused.
    Resume,
    /// What was earned today; nothing to choose.
    Today,
    /// Opens the dashboard.
    Dashboard,
    /// Whether the agent starts with the system.
    Autostart,
    /// Ends the agent.
    Quit,
}

impl Item {
    /// Every item.
    pub const ALL: [Item; 15] = [
        Item::Status,
        Item::Smart,
        Item::Half,
        Item::Most,
        Item::Full,
        Item::Pause,
        Item::ForAnHour,
        Item::UntilAway,
        Item::UntilTomorrow,
        Item::ForGood,
        Item::Resume,
        Item::Today,
        Item::Dashboard,
        Item::Autostart,
        Item::Quit,
    ];

    /// The mode that it chooses for good.
    fn mode(self) -> Option<Mode> {
        match self {
            Item::Smart => Some(Mode::Smart),
            Item::Half => Some(Mode::Percent(50)),
            Item::Most => Some(Mode::Percent(90)),
            Item::Full => Some(Mode::FULL),
            _ => None,
        }
    }

    /// What it asks of the agent, where that is a mode.
    pub fn request(self, now: &Zoned) -> Option<ModeRequest> {
        if let Some(mode) = self.mode() {
            return Some(ModeRequest {
                mode: mode.to_string(),
                ..ModeRequest::default()
            });
        }
        let pause = ModeRequest {
            mode: Mode::Pause.to_string(),
            ..ModeRequest::default()
        };
        match self {
            Item::ForAnHour => Some(ModeRequest {
                for_seconds: Some(3_600),
                ..pause
            }),
            Item::UntilAway => Some(ModeRequest {
                until_away: true,
                ..pause
            }),
            Item::UntilTomorrow => Some(ModeRequest {
                until: Some(tomorrow(now)?.timestamp()),
                ..pause
            }),
            Item::ForGood => Some(pause),
            Item::Resume => Some(ModeRequest {
                mode: "resume".to_owned(),
                ..ModeRequest::default()
            }),
            _ => None,
        }
    }
}

/// The morning of the next day, on the wall.
pub fn tomorrow(now: &Zoned) -> Option<Zoned> {
    let day = now.date().checked_add(1.day()).ok()?;
    day.at(MORNING, 0, 0, 0)
        .to_zoned(now.time_zone().clone())
        .ok()
}

/// Everything that the tray shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The icon.
    pub icon: State,
    /// What is shown beside it.
    pub tooltip: String,
    /// The words of the menu, an entry for each of [`Item::ALL`].
    pub labels: Vec<String>,
    /// The items with a check mark.
    pub checked: Vec<Item>,
    /// Those that cannot be chosen at present.
    pub disabled: Vec<Item>,
    /// Whether there is a pause to end.
    pub paused: bool,
}

/// What a face is made of beside the status.
pub struct Surroundings {
    /// The time, in the zone of the clock on the wall.
    pub now: Zoned,
    /// What was credited today; `None` for a pool, which keeps its own books.
    pub today: Option<Vec<idlewatt_protocol::Money>>,
    /// Whether the agent starts with the system.
    pub autostart: bool,
    /// Whether anything tells when the PC is used.
    pub tells_of_input: bool,
}

impl Face {
    /// What is shown now.
    pub fn of(status: &Status, surroundings: &Surroundings, words: Words) -> Face {
        let icon = state(status);
        let today = match &surroundings.today {
            None => words.say("tray-today-of-pool"),
            Some(amounts) => {
                let amount = earnings::in_words(amounts, words);
                words.say_with("tray-today", &[("amount", amount.into())])
            }
        };
        let line = line(status, icon, words);
        let label = |item: &Item| match item {
            Item::Status => capitalised(&line),
            Item::Smart => words.say("tray-mode-smart"),
            Item::Half | Item::Most | Item::Full => item
                .mode()
                .map_or(String::new(), |mode| mode_name(mode, words)),
            Item::Pause => words.say("tray-pause"),
            Item::ForAnHour => words.say("tray-pause-hour"),
            Item::UntilAway => words.say("tray-pause-until-away"),
            Item::UntilTomorrow => {
                let time = tomorrow(&surroundings.now).map(|at| at.strftime("%H:%M").to_string());
                let time = time.unwrap_or_default();
                words.say_with("tray-pause-until-tomorrow", &[("time", time.into())])
            }
            Item::ForGood => words.say("tray-pause-for-good"),
            Item::Resume => words.say("tray-resume"),
            Item::Today => today.clone(),
            Item::Dashboard => words.say("tray-open-dashboard"),
            Item::Autostart => words.say("tray-start-with-system"),
            Item::Quit => words.say("tray-quit"),
        };
        let mode: Mode = status.mode.parse().unwrap_or_default();
        let mut checked: Vec<Item> = Item::ALL.to_vec();
        checked.retain(|item| {
            item.mode() == Some(mode) || *item == Item::Autostart && surroundings.autostart
        });
        let mut disabled = vec![Item::Status, Item::Today];
        if !surroundings.tells_of_input {
            disabled.push(Item::UntilAway);
        }
        Face {
            icon,
            tooltip: tooltip(status, &line, &today, words),
            labels: Item::ALL.iter().map(label).collect(),
            checked,
            disabled,
            paused: mode == Mode::Pause,
        }
    }

    /// The words of one item.
    pub fn label(&self, item: Item) -> &str {
        let place = Item::ALL.iter().position(|one| *one == item);
        place
            .and_then(|place| self.labels.get(place))
            .map_or("", String::as_str)
    }
}

/// Which icon a status asks for.
pub fn state(status: &Status) -> State {
    if !status.consent {
        return State::Attention;
    }
    if is_paused(status) {
        return State::Paused;
    }
    if set_aside(status).is_some() {
        return State::Attention;
    }
    if status.source.trouble.is_some() || !is_connected(status) {
        return State::Offline;
    }
    let works = status.processors.iter().any(|processor| {
        processor.allowed_percent > 0 && matches!(processor.phase.as_str(), "running" | "preparing")
    });
    let gives_way = matches!(
        status.because,
        None | Some(
            Reason::OnBattery
                | Reason::BatterySaver
                | Reason::ProgramRuns { .. }
                | Reason::Fullscreen { .. }
                | Reason::KeptAwake { .. }
                | Reason::SomeoneHere
                | Reason::Gamepad
                | Reason::OtherSession
                | Reason::UnknownPresence
                | Reason::OthersBusy { .. }
        )
    );
    match status.phase == Phase::Running && works && !gives_way {
        true => State::Earning,
        false => State::Yielding,
    }
}

fn is_paused(status: &Status) -> bool {
    let scheduled = Reason::Scheduled { mode: Mode::Pause };
    status.mode == Mode::Pause.to_string()
        || status.because.as_ref() == Some(&scheduled)
        || status.because == Some(Reason::RemotePause)
}

/// Whether work comes from somewhere, as far as is known.
fn is_connected(status: &Status) -> bool {
    let connections = &status.source.connections;
    let works = |state: &String| state == "connected" || state.starts_with("connected (");
    connections.is_empty() || connections.values().any(works)
}

/// Why nothing works, where every processor rests because nothing pays.
fn resting(status: &Status) -> Option<&Choice> {
    let rests = |processor: &Processor| processor.choice.as_ref().is_some_and(|one| one.rests);
    let first = status.processors.first()?;
    let all = status.processors.iter().all(rests);
    first
        .choice
        .as_ref()
        .filter(|_| all && !is_paused(status) && status.phase == Phase::Running)
}

fn set_aside(status: &Status) -> Option<&Processor> {
    let mut aside = status.processors.iter();
    aside.find(|processor| processor.phase == "set_aside")
}

/// What it does, or why not, in one line.
pub fn line(status: &Status, icon: State, words: Words) -> String {
    let line = match (icon, &status.source.trouble, set_aside(status)) {
        (State::Offline, trouble, _) => {
            let unconnected = status.source.connections.values().next();
            let reason = trouble.as_ref().or(unconnected);
            let reason = reason.cloned().unwrap_or_default();
            words.say_with("tray-status-offline", &[("reason", reason.into())])
        }
        (State::Attention, _, Some(processor)) => {
            let reason = processor.detail.clone().unwrap_or_default();
            words.say_with(
                "tray-status-set-aside",
                &[
                    ("processor", processor.name.clone().into()),
                    ("reason", reason.into()),
                ],
            )
        }
        _ => match resting(status) {
            Some(choice) => choosing::in_words(choice, words).unwrap_or_default(),
            None => reason_in_words(status.phase, status.because.as_ref(), words),
        },
    };
    cut(&line, LONGEST_LINE)
}

fn tooltip(status: &Status, line: &str, today: &str, words: Words) -> String {
    let mode: Mode = status.mode.parse().unwrap_or_default();
    let rates: Vec<String> = status
        .processors
        .iter()
        .filter(|processor| processor.rate > 0.0)
        .map(|processor| {
            format!(
                "{} {}",
                processor.kind.to_uppercase(),
                hash_rate(processor.rate)
            )
        })
        .collect();
    let (key, rate) = match rates.is_empty() {
        true => ("tray-tooltip-idle", String::new()),
        false => ("tray-tooltip", rates.join(" · ")),
    };
    words.say_with(
        key,
        &[
            ("mode", mode_name(mode, words).into()),
            ("reason", line.to_owned().into()),
            ("rate", rate.into()),
            ("today", today.to_owned().into()),
        ],
    )
}

fn mode_name(mode: Mode, words: Words) -> String {
    match mode {
        Mode::Smart => words.say("tray-mode-smart"),
        Mode::Percent(percent) => {
            words.say_with("tray-mode-percent", &[("percent", percent.into())])
        }
        Mode::Pause => words.say("tray-mode-paused"),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// At most so many letters.
fn cut(text: &str, longest: usize) -> String {
    match text.chars().count() > longest {
        true => text.chars().take(longest - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
