//! What is a trace and what is none.

use std::io::{BufReader, Read, repeat};

use super::{simulate, trace, written};
use crate::governor::{Mode, Policy};
use crate::simulation::TraceReader;

fn error(text: &str) -> String {
    let simulated = simulate(text, Mode::Smart, &Policy::default());
    simulated.expect_err(text).to_string()
}

#[test]
fn a_wrong_line_is_named_with_its_field_and_what_is_allowed() {
    for (line, told) in [
        (
            "{\"at\":\"00:00:01\",\"usin\":true}",
            "unknown field `usin`",
        ),
        ("{\"using\":true}", "missing field `at`"),
        (
            "{\"at\":\"00:00\"}",
            "at: \"00:00\" is no time; allowed: the time since",
        ),
        ("{\"at\":7}", "at: invalid type: integer `7`"),
        (
            "{\"at\":\"00:00:01\",\"using\":\"yes\"}",
            "using: invalid type: string \"yes\", expected a boolean; allowed: true, false, or null",
        ),
        (
            "{\"at\":\"00:00:01\",\"cpu_others\":101}",
            "cpu_others: 101 is out of range; allowed: 0 to 100, or null",
        ),
        (
            "{\"at\":\"00:00:01\",\"cpu_others\":-1}",
            "allowed: 0 to 100, or null",
        ),
        (
            "{\"at\":\"00:00:01\",\"cpu_others\":1e999}",
            "number out of range",
        ),
        (
            "{\"at\":\"00:00:01\",\"gpu_others\":[\"x\"]}",
            "gpu_others[0]: invalid type: string \"x\"",
        ),
        (
            "{\"at\":\"00:00:01\",\"gpu_others\":[1,2]}",
            "gpu_others: 2 values; allowed: 1, as many as",
        ),
        (
            "{\"at\":\"00:00:01\",\"gpu_celsius\":[]}",
            "gpu_celsius: 0 values; allowed: 1",
        ),
        (
            "{\"at\":\"00:00:01\",\"cpu_celsius\":151}",
            "cpu_celsius: 151 is out of range",
        ),
        (
            "{\"at\":\"00:00:01\",\"fullscreen\":true}",
            "allowed: an application's name, false",
        ),
        (
            "{\"at\":\"00:00:01\",\"gamepad\":\"here\"}",
            "allowed: \"absent\", \"using\"",
        ),
        (
            "{\"at\":\"00:00:01\",\"others_active\":-1}",
            "allowed: a whole number, or null",
        ),
        ("{\"at\":\"00:00:01\",\"asleep\":null}", "asleep: "),
        (
            "{\"at\":\"00:00:01\",\"idle_seconds\":5}",
            "allowed only beside \"using\": false",
        ),
        (
            "{\"at\":\"00:00:01\",\"gamepad\":\"using\",\"gamepad_idle_seconds\":5}",
            "allowed only beside \"gamepad\": \"idle\"",
        ),
        (
            "{\"at\":\"01:00:01\"}",
            "at: 01:00:01 is after the trace's end; allowed: up to 01:00:00",
        ),
        ("{\"at\":\"00:00:01\"} {}", "one object a line"),
        (
            "{\"at\":\"00:00:01\",\"at\":\"00:00:01\"}",
            "duplicate field `at`",
        ),
        ("nonsense", "no JSON, from column"),
        ("{\"at\":\"00:00:01\"", "no JSON, from column"),
        ("[]", "invalid"),
        ("\u{0}", "no JSON, from column"),
    ] {
        let told_so = error(&written(
            "1h",
            &format!("{{\"at\":\"00:00:00\"}}\n\n{line}\n"),
        ));
        assert!(told_so.starts_with("day.trace, line 4: "), "{told_so}");
        assert!(told_so.contains(told), "{told:?} is not in: {told_so}");
    }
}

#[test]
fn time_does_not_go_back() {
    let lines = "{\"at\":\"00:00:05\"}\n{\"at\":\"00:00:04\"}\n";
    assert_eq!(
        error(&written("1h", lines)),
        "day.trace, line 3: at: 00:00:04 is before the line before it; allowed: 00:00:05 or later"
    );
}

#[test]
fn a_wrong_header_is_named_and_a_right_one_shown() {
    let header = written("1h", "");
    for (from, to, told) in [
        (
            "\"trace\":1",
            "\"trace\":2",
            "trace: version 2 is unknown; allowed: 1",
        ),
        ("\"trace\":1,", "", "missing field `trace`"),
        ("2026-03-02T07:00:00", "yesterday", "begins: "),
        (
            "UTC",
            "Middle/Earth",
            "time_zone: this system knows no time zone \"Middle/Earth\"",
        ),
        ("1h", "1x", "length: \"1x\" is not a duration"),
        (
            "1h",
            "0s",
            "length: a trace of zero length says nothing; allowed: \"1s\" to \"366d\"",
        ),
        ("1h", "367d", "length: \"367d\" is too long"),
        (
            "\"gpus\":1",
            "\"gpus\":17",
            "gpus: 17 is out of range; allowed: a whole number from 0",
        ),
        (
            "\"written\"",
            "\"dreamt\"",
            "source: unknown variant `dreamt`",
        ),
        ("\"name\":\"day\"", "\"nme\":\"day\"", "unknown field `nme`"),
    ] {
        let told_so = error(&header.replace(from, to));
        assert!(
            told_so.starts_with("day.trace, line 1: the header: "),
            "{told_so}"
        );
        assert!(told_so.contains(told), "{told:?} is not in: {told_so}");
        assert!(
            told_so.contains("a trace begins with a header such as {"),
            "{told_so}"
        );
    }
    assert!(error("").contains("it is empty; allowed: a header such as {"));
    assert!(error("\n \n").contains("it is empty"));
    assert!(error("{\"at\":\"00:00:00\"}\n").contains("line 1: the header: unknown field `at`"));
}

#[test]
fn the_header_that_is_shown_is_right() {
    let told = error("");
    let shown = &told[told.find('{').expect("shown")..];
    let read = trace(&shown.replace("Europe/Berlin", "UTC")).expect("a header");
    assert_eq!(read.header().name, "a-day");
}

#[test]
fn without_a_length_the_last_line_ends_it() {
    let text = |lines: &str| written("1h", lines).replace("\"length\":\"1h\",", "");
    let report = simulate(
        &text("{\"at\":\"30:00:00\"}"),
        Mode::Smart,
        &Policy::default(),
    );
    assert_eq!(report.expect("a day").length.as_secs(), 30 * 3_600);
    for lines in ["", "{\"at\":\"00:00:00\",\"using\":true}\n"] {
        let told = error(&text(lines));
        assert!(
            told.contains("a trace of zero length says nothing; allowed: "),
            "{told}"
        );
    }
}

#[test]
fn a_recording_that_was_cut_off_is_read_up_to_there() {
    let whole = written(
        "1h",
        "{\"at\":\"00:00:00\",\"using\":true}\n{\"at\":\"00:01:00\",\"using\":false}\n{\"at\":\"00:02:00\",\"fullscreen\":\"Öl.exe\"}\n",
    )
    .replace("\"length\":\"1h\",", "")
    .replace("\"written\"", "\"recorded\"")
    .into_bytes();
    let last = whole.len() - "{\"at\":\"00:02:00\",\"fullscreen\":\"Öl.exe\"}\n".len();
    for cut in last + 1..whole.len() - 1 {
        let mut read = TraceReader::new(&whole[..cut], "cut".to_owned()).expect("a header");
        while read.read().expect("what is there is right").is_some() {}
        assert_eq!(read.last().to_string(), "00:01:00", "cut at {cut}");
        let warned = read.warning().expect("it warns");
        assert_eq!(
            warned,
            "cut, line 4: the last line is incomplete and left out"
        );
    }
    // What somebody wrote by hand is not cut off but wrong, and so is a line in the middle.
    let by_hand = String::from_utf8_lossy(&whole[..whole.len() - 5]).replace("recorded", "written");
    assert!(error(&by_hand).contains("line 4: no JSON"));
    let middle = String::from_utf8_lossy(&whole).replace("\"using\":false}", "\"using\":");
    assert!(error(&middle).contains("line 3: no JSON"));
}

#[test]
fn what_never_ends_is_refused_early() {
    let header = written("1h", "");
    let endless_line = header.as_bytes().chain(repeat(b' '));
    let mut read = TraceReader::new(BufReader::new(endless_line), "x".to_owned()).expect("read");
    let told = read.read().expect_err("too long").to_string();
    assert_eq!(
        told,
        "x, line 2: the line is too long; allowed: up to 1 MiB"
    );
    let line = " ".repeat(1_000_000) + "\n";
    let lines: Vec<&str> = vec![&line; 100];
    let large = header + &lines.concat();
    let mut read = TraceReader::new(large.as_bytes(), "x".to_owned()).expect("read");
    let told = read.read().expect_err("too large").to_string();
    assert_eq!(told, "x: it is too large; allowed: up to 100 MB");
}

#[test]
fn line_ends_and_marks_of_other_editors_do_not_matter() {
    let text = "\u{feff}".to_owned() + &written("1m", "{\"at\":\"00:00:00\",\"using\":true}\n");
    simulate(&text.replace('\n', "\r\n"), Mode::Smart, &Policy::default()).expect("read");
}
