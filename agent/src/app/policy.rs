//! From the owner's settings to what the governor obeys.

use std::fmt;

use idlewatt_config::{AgentSettings, Layered, Origin, Problem, ScheduleRule, SettingsError};

use crate::governor::{Limits, Pattern, Policy, Rule, Schedule, UnknownMode};

/// Settings that the governor cannot obey, each with what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(Vec<Refused>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    setting: &'static str,
    message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Refused::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for PolicyError {}

impl PolicyError {
    /// The same with the places where these settings stand.
    pub fn placed(self, layered: &Layered) -> SettingsError {
        let problems = self.0.into_iter().map(|refused| {
            let mut each = layered.each.iter();
            let setting = each.find(|setting| setting.key == refused.setting);
            Problem {
                origin: setting.map_or(Origin::Default, |setting| setting.origin.clone()),
                message: refused.to_string(),
            }
        });
        SettingsError::Wrong(problems.collect())
    }
}

/// The owner's limits and wishes as the settings say them.
///
/// # Errors
/// With every program name that is none, and if the scheduled times cannot be followed.
pub fn policy(settings: &AgentSettings) -> Result<Policy, PolicyError> {
    let mut refused = Vec::new();
    let limits = &settings.limits;
    let mut pause_for = Vec::new();
    for name in &limits.pause_for {
        match name.parse::<Pattern>() {
            Ok(pattern) => pause_for.push(pattern),
            Err(error) => refused.push(Refused {
                setting: "limits.pause_for",
                message: error.to_string(),
            }),
        }
    }
    let schedule = schedule(&settings.schedule).unwrap_or_else(|message| {
        refused.push(Refused {
            setting: "schedule",
            message,
        });
        Schedule::default()
    });
    if !refused.is_empty() {
        return Err(PolicyError(refused));
    }
    Ok(Policy {
        idle_after: settings.smart.idle_after,
        cpu: Limits {
            most_percent: limits.max_cpu_percent,
            someone_here_percent: settings
                .cpu
                .someone_here_percent
                .min(limits.max_cpu_percent),
            max_celsius: limits.max_cpu_celsius,
        },
        gpu: Limits {
            most_percent: limits.max_gpu_percent,
            someone_here_percent: settings
                .gpu
                .someone_here_percent
                .min(limits.max_gpu_percent),
            max_celsius: limits.max_gpu_celsius,
        },
        on_battery: limits.on_battery,
        pause_for,
        schedule,
        ..Policy::default()
    })
}

fn schedule(rules: &[ScheduleRule]) -> Result<Schedule, String> {
    let rules = rules.iter().map(|rule| {
        Ok(Rule {
            days: rule.days,
            from: rule.from,
            to: rule.to,
            mode: rule.mode.parse()?,
        })
    });
    let rules: Result<Vec<Rule>, UnknownMode> = rules.collect();
    let rules = rules.map_err(|error| error.to_string())?;
    Schedule::try_from(rules).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use idlewatt_config::load;

    use super::*;
    use crate::governor::Mode;

    fn layered(text: &str) -> Layered {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        load(Some(&path), &[]).expect("valid")
    }

    #[test]
    fn every_setting_of_the_owner_reaches_the_governor() {
        let settings = layered(
            r#"
            [cpu]
            someone_here_percent = 7
            [gpu]
            someone_here_percent = 8
            [smart]
            idle_after = "5m"
            [limits]
            on_battery = true
            max_cpu_celsius = 70
            max_gpu_celsius = 71
            max_cpu_percent = 50
            max_gpu_percent = 51
            pause_for = ["game.exe", "obs*"]
            [[schedule]]
            days = ["monday"]
            from = "22:00"
            to = "06:00"
            mode = 90
            "#,
        )
        .settings;
        let made = policy(&settings).expect("right");
        assert_eq!(made.idle_after, Duration::from_secs(300));
        assert_eq!(
            made.cpu,
            Limits {
                most_percent: 50,
                someone_here_percent: 7,
                max_celsius: 70
            }
        );
        assert_eq!(
            made.gpu,
            Limits {
                most_percent: 51,
                someone_here_percent: 8,
                max_celsius: 71
            }
        );
        assert!(made.on_battery);
        let names = ["game.exe", "obs*"].map(|name| name.parse().expect("a pattern"));
        assert_eq!(made.pause_for, names);
        let rule = Rule {
            days: [true, false, false, false, false, false, false],
            from: 22 * 60,
            to: 6 * 60,
            mode: Mode::Percent(90),
        };
        let schedule = Schedule::try_from(vec![rule]).expect("one rule");
        assert_eq!(made.schedule, schedule);
    }

    #[test]
    fn the_settings_nobody_changed_are_the_governors_own() {
        let settings = load(None, &[]).expect("the defaults").settings;
        let (made, base) = (policy(&settings).expect("right"), Policy::default());
        assert_eq!(format!("{made:?}"), format!("{base:?}"));
    }

    #[test]
    fn a_limit_also_lowers_the_share_that_nobody_set() {
        let settings = layered("[limits]\nmax_cpu_percent = 5\n").settings;
        let made = policy(&settings).expect("right");
        assert_eq!(
            (made.cpu.most_percent, made.cpu.someone_here_percent),
            (5, 5)
        );
    }

    #[test]
    fn each_problem_names_its_setting_and_where_it_stands() {
        let layered = layered("\n[limits]\npause_for = [\"a\"]\n");
        let refused = |setting| Refused {
            setting,
            message: "what; allowed: that".to_owned(),
        };
        let error = PolicyError(vec![refused("limits.pause_for"), refused("schedule")]);
        let told = error.to_string();
        assert_eq!(
            told,
            "limits.pause_for: what; allowed: that\nschedule: what; allowed: that"
        );
        let told = error.placed(&layered).to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert!(
            lines[0].ends_with("config.toml, line 3: limits.pause_for: what; allowed: that"),
            "{told}"
        );
        assert_eq!(lines[1], "default: schedule: what; allowed: that");
    }
}
