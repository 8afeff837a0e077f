//! The program as its user meets it: what it prints, how it ends, what it refuses.

#[path = "cli/attacks.rs"]
mod attacks;
#[path = "cli/choosing.rs"]
mod choosing;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/doubts.rs"]
mod doubts;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/harness.rs"]
mod harness;
#[path = "cli/impact.rs"]
mod impact;
#[path = "cli/kernel.rs"]
mod kernel;
#[path = "cli/korean.rs"]
mod korean;
#[path = "cli/modes.rs"]
mod modes;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/pool.rs"]
mod pool;
#[path = "cli/presets.rs"]
mod presets;
#[path = "cli/profit.rs"]
mod profit;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/setup.rs"]
mod setup;
#[path = "cli/simulate.rs"]
mod simulate;
#[path = "cli/tune.rs"]
mod tune;
#[path = "cli/update.rs"]
mod update;
