//! Typed settings of Idlewatt: the defaults as a commented file, the owner's file over them, flags over both.
//!
//! Nothing is ever replaced silently: a setting that is unknown or has a value outside what is allowed is an error
//! that names the setting, where it stands and what is allowed.

#![forbid(unsafe_code)]

mod agent;
mod duration;
mod edit;
mod file;
mod layers;
mod limits;
mod other_pools;
mod pools;
mod schedule;
mod tables;
mod value;

pub use agent::{
    AgentSettings, ControlSettings, CpuSettings, ElectricitySettings, EngineSettings, FallbackPool,
    GpuSettings, HubSettings, MarketSettings, MarketSource, NetworkSettings, NotificationSettings,
    PoolAccountSettings, PoolSettings, SmartSettings, UpdateSettings,
};
pub use duration::{DurationError, parse_duration, write_duration};
pub use edit::{EditError, edited};
pub use layers::{
    Layered, Origin, Override, Problem, Setting, SettingsError, check, load, template,
};
pub use limits::LimitsSettings;
pub use pools::{PoolPreset, pool_presets};
pub use schedule::ScheduleRule;
