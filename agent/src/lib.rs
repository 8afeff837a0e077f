//! The agent: turns the idle time of a PC into earnings, openly.
//!
//! In the order in which a share is born: [`app`] wires everything; [`work`] brings jobs; [`governor`] decides how
//! hard the PC may work; [`engine`] does the work in child processes; [`shares`] keeps and submits what is found;
//! [`earnings`] shows what was credited; [`tray`], [`control`] and [`cli`] let the owner see and steer it.

#![forbid(unsafe_code)]

pub mod app;
pub mod autostart;
pub mod benchmarks;
pub mod browser;
pub mod choosing;
pub mod chosen_mode;
pub mod cli;
pub mod consent;
pub mod control;
pub mod daemon;
pub mod data_dir;
pub mod doctor;
pub mod earnings;
pub mod engine;
pub mod first_run;
pub mod governor;
pub mod hub_access;
pub mod hub_child;
pub mod identity;
pub mod impact;
pub mod journal;
pub mod market;
pub mod notifications;
pub mod pool_account;
pub mod pool_terms;
pub mod power;
pub mod presets;
pub mod profit;
pub mod reports;
pub mod shares;
pub mod simulation;
pub mod steering;
pub mod tray;
pub mod tuning;
pub mod update;
mod web;
pub mod work;
