//! Rules for hours of the week as an owner writes them, with the mistakes they can make.

use std::path::PathBuf;

use idlewatt_config::{Origin, ScheduleRule, load, template};
use tempfile::TempDir;

fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    (directory, path)
}

fn rules(text: &str) -> Vec<ScheduleRule> {
    let (_directory, path) = file(text);
    let loaded = load(Some(&path), &[]).unwrap_or_else(|error| panic!("{text}: {error}"));
    loaded.settings.schedule
}

fn refused(text: &str) -> String {
    let (_directory, path) = file(text);
    let error = load(Some(&path), &[]).expect_err(text).to_string();
    error.replace(&path.display().to_string(), "FILE")
}

/// A rule, right but for one line.
fn but_for(key: &str, line: &str) -> String {
    let all = [
        ("days", "days = \"daily\""),
        ("from", "from = \"22:00\""),
        ("to", "to = \"06:00\""),
        ("mode", "mode = \"smart\""),
    ];
    let lines = all
        .iter()
        .map(|(name, right)| if *name == key { line } else { right });
    let lines: Vec<&str> = lines.collect();
    format!("mode = 50\n[[schedule]]\n{}\n", lines.join("\n"))
}

#[test]
fn there_is_none_until_the_owner_writes_one() {
    let defaults = load(None, &[]).expect("valid");
    assert_eq!(defaults.settings.schedule, []);
    let listed = defaults.each.iter().find(|each| each.key == "schedule");
    let listed = listed.expect("listed all the same");
    assert_eq!(listed.value.to_string(), "[]");
    assert_eq!(listed.origin, Origin::Default);
}

#[test]
fn the_rule_in_the_template_only_waits_to_be_uncommented() {
    let (settings, rule) = template().split_once("# [[schedule]]").expect("shown");
    let rule: Vec<&str> = rule
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect();
    let text = format!("{settings}[[schedule]]\n{}\n", rule.join("\n"));
    assert_eq!(
        rules(&text),
        [ScheduleRule {
            days: [true, true, true, true, false, false, true],
            from: 22 * 60,
            to: 6 * 60,
            mode: "100".to_owned(),
        }]
    );
}

#[test]
fn every_form_of_days_times_and_modes_is_understood() {
    for (days, meant) in [
        ("\"daily\"", [true; 7]),
        ("\"weekdays\"", [true, true, true, true, true, false, false]),
        (
            "[\"weekend\", \"monday\"]",
            [true, false, false, false, false, true, true],
        ),
        (
            "[\"tuesday\"]",
            [false, true, false, false, false, false, false],
        ),
    ] {
        let [rule] = &rules(&but_for("days", &format!("days = {days}")))[..] else {
            panic!("one rule");
        };
        assert_eq!(rule.days, meant, "{days}");
    }
    let of = |key: &str, line: &str| rules(&but_for(key, line)).remove(0);
    assert_eq!(of("from", "from = \"00:00\"").from, 0);
    assert_eq!(of("from", "from = \"23:59\"").from, 1439);
    assert_eq!(of("to", "to = \"24:00\"").to, 1440);
    assert_eq!(of("to", "to = \"00:00\"").to, 0);
    for (mode, meant) in [("5", "5"), ("\"99\"", "99"), ("\"pause\"", "pause")] {
        assert_eq!(of("mode", &format!("mode = {mode}")).mode, meant);
    }
}

#[test]
fn several_rules_keep_their_order_and_the_first_line_is_shown() {
    let one = "[[schedule]]\ndays = \"weekend\"\nfrom = \"08:00\"\nto = \"09:00\"\nmode = 5\n";
    let other =
        "schedule = [{days = \"daily\", from = \"01:00\", to = \"02:00\", mode = \"pause\"}]\n";
    let (_directory, path) = file(&format!("\n{one}{}", one.replace("mode = 5", "mode = 6")));
    let loaded = load(Some(&path), &[]).expect("valid");
    let modes = loaded.settings.schedule.iter().map(|rule| &rule.mode[..]);
    assert_eq!(modes.collect::<Vec<_>>(), ["5", "6"]);
    let listed = loaded.each.iter().find(|each| each.key == "schedule");
    assert_eq!(
        listed.expect("listed").origin,
        Origin::File { path, line: 2 }
    );
    assert_eq!(rules(other).len(), 1);
}

#[test]
fn each_mistake_in_a_rule_is_told_with_its_line_and_what_is_allowed() {
    let days = "a list of \"monday\" to \"sunday\", or \"weekdays\", \"weekend\" or \"daily\"";
    let begin = "a time from \"00:00\" to \"23:59\"";
    let end = "a time from \"00:00\" to \"24:00\"";
    let mode = "smart, a whole number from 5 to 100, pause";
    for (key, line, value, allowed) in [
        ("days", 3, "\"Monday\"", days),
        ("days", 3, "[]", days),
        ("days", 3, "[\"monday\", 2]", days),
        ("days", 3, "1", days),
        ("from", 4, "\"25:00\"", begin),
        ("from", 4, "\"24:00\"", begin),
        ("from", 4, "\"9:5\"", begin),
        ("from", 4, "\"+9:05\"", begin),
        ("from", 4, "\"09:60\"", begin),
        ("from", 4, "\"0900\"", begin),
        ("from", 4, "9", begin),
        ("from", 4, "09:05:00", begin),
        ("to", 5, "\"24:01\"", end),
        ("to", 5, "\"\"", end),
        ("mode", 6, "4", mode),
        ("mode", 6, "101", mode),
        ("mode", 6, "-5", mode),
        ("mode", 6, "50.0", mode),
        ("mode", 6, "\"\"", mode),
        ("mode", 6, "\"fast\"", mode),
    ] {
        assert_eq!(
            refused(&but_for(key, &format!("{key} = {value}"))),
            format!(
                "FILE, line {line}: schedule.{key} = {value} is not allowed; allowed: {allowed}"
            )
        );
    }
    assert_eq!(
        refused(&but_for("mode", "modes = 5")),
        "FILE, line 2: this [[schedule]] has no mode; needed: days, from, mode, to\n\
         FILE, line 6: unknown setting schedule.modes; allowed in [[schedule]]: days, from, mode, to"
    );
    assert!(
        refused(&but_for("to", "to = \"22:00\""))
            .starts_with("FILE, line 5: schedule.to is the same as schedule.from; allowed: ")
    );
}

#[test]
fn what_is_no_list_of_rules_is_told() {
    let told = "schedule is a list, each part of it written below a line [[schedule]]";
    for (text, line) in [
        ("schedule = 3\n", 1),
        ("\n[schedule]\ndays = \"daily\"\n", 2),
        ("schedule = [\n3]\n", 2),
    ] {
        assert_eq!(
            refused(text),
            format!("FILE, line {line}: {told}"),
            "{text}"
        );
    }
}

#[test]
fn mistakes_in_rules_are_told_with_all_others() {
    let text = format!(
        "{}[[schedule]]\nday = 1\n",
        but_for("to", "to = \"6\"").replace("mode = 50", "mode = 4")
    );
    assert_eq!(refused(&text).lines().count(), 1 + 1 + 5, "{text}");
}
