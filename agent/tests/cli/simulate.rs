//! Simulated days and recordings of the PC that runs these tests.

use std::path::Path;

use super::harness::{Home, until};

const HEADER: &str = "{\"trace\":1,\"name\":\"day\",\"begins\":\"2026-03-02T07:00:00\",\"time_zone\":\"UTC\",\
\"length\":\"1h\",\"gpus\":1,\"source\":\"written\"}\n";

/// A home with a trace of these lines, and the trace's path.
fn with_trace(lines: &str) -> (Home, String) {
    let home = Home::new();
    home.write("day.trace", &format!("{HEADER}{lines}"));
    let path = home.file("day.trace").display().to_string();
    (home, path)
}

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    path.join(name).display().to_string()
}

#[test]
fn a_shipped_day_is_told_in_words_and_in_json() {
    let home = Home::new();
    let path = shipped("office-day.trace");
    let told = home.run(&["simulate", &path, "--changes"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    for part in [
        "office-day (written): 2026-03-02 08:00, 10h; mode smart",
        "free 3h",
        "disturbances: ",
        "free time used",
        "reason",
        "someone here",
        "when",
    ] {
        assert!(told.out.contains(part), "{part:?} is not in: {}", told.out);
    }
    let day = home.run(&["simulate", &path, "--json"]).json();
    assert_eq!(day["name"], "office-day");
    assert_eq!(day["begins"], "2026-03-02T07:00:00Z");
    assert_eq!(day["length_seconds"], 36_000.0);
    assert_eq!(day["mode"], "smart");
    assert_eq!(day["processors"][0]["id"], "cpu");
    assert_eq!(day["processors"][1]["id"], "gpu-1");
    assert!(
        day["processors"][0]["free_used_percent"].as_f64() > Some(50.0),
        "{day}"
    );
    assert!(day["changes"].is_null(), "nobody asked for them");
    let day = home.run(&["simulate", &path, "--json", "--changes"]).json();
    let first = &day["changes"][0];
    assert_eq!(first["at"], "2026-03-02T07:00:00Z");
    assert!(
        first["reason"].is_string() && first["to_percent"].is_u64(),
        "{first}"
    );
}

#[test]
fn mode_and_settings_are_obeyed() {
    let (home, path) = with_trace("{\"at\":\"00:00:00\",\"using\":true}\n");
    let paused = home
        .run(&["simulate", &path, "--mode", "pause", "--json"])
        .json();
    assert_eq!(
        paused["processors"][0]["reasons"][0]["because"],
        "paused_by_hand"
    );
    assert_eq!(paused["disturbances"]["count"], 0);
    home.write("other.toml", "mode = \"pause\"\n");
    let other = home.file("other.toml").display().to_string();
    let paused = home
        .run(&["simulate", &path, "--config", &other, "--json"])
        .json();
    assert_eq!(paused["mode"], "pause");
    let by_hand = home
        .run(&["simulate", &path, "--mode", "90", "--json"])
        .json();
    assert_eq!(by_hand["disturbances"]["seconds"], 3_600.0);
    home.write("wrong.toml", "mode = \"fast\"\n");
    let wrong = home.file("wrong.toml").display().to_string();
    home.run(&["simulate", &path, "--config", &wrong])
        .failed(2, "mode");
    home.run(&["simulate", &path, "--mode", "fast"])
        .failed(2, "unknown mode \"fast\"");
}

#[test]
fn a_bad_trace_ends_with_2_and_names_file_line_and_field() {
    for (lines, told) in [
        (
            "{\"at\":\"00:00:00\",\"usin\":true}\n",
            "day.trace, line 2: unknown field `usin`",
        ),
        (
            "{\"at\":\"00:00:00\",\"cpu_others\":101}\n",
            "day.trace, line 2: cpu_others: 101 is out of range; allowed: 0 to 100",
        ),
        (
            "{\"at\":\"00:00:02\"}\n{\"at\":\"00:00:01\"}\n",
            "day.trace, line 3: at: 00:00:01 is before the line before it",
        ),
        (
            "{\"at\":\"02:00:00\"}\n",
            "day.trace, line 2: at: 02:00:00 is after the trace's end",
        ),
        ("nonsense\n", "day.trace, line 2: no JSON"),
    ] {
        let (home, path) = with_trace(lines);
        home.run(&["simulate", &path]).failed(2, told);
    }
    let home = Home::new();
    for (text, told) in [
        ("", "it is empty; allowed: a header such as {"),
        (
            "{\"at\":\"00:00:00\"}\n",
            "a trace begins with a header such as {",
        ),
        (&HEADER.replace("1h", "0s"), "zero length"),
        (&HEADER.replace("\"length\":\"1h\",", ""), "zero length"),
    ] {
        home.write("bad.trace", text);
        let path = home.file("bad.trace").display().to_string();
        home.run(&["simulate", &path]).failed(2, told);
    }
    let path = home.file("bad.trace");
    let file = std::fs::File::create(&path).expect("made");
    file.set_len(100_000_001).expect("as large");
    let path = path.display().to_string();
    home.run(&["simulate", &path])
        .failed(2, "too large; allowed: up to 100 MB");
    let none = home.file("none.trace").display().to_string();
    home.run(&["simulate", &none]).failed(1, "none.trace");
    let folder = home.path().display().to_string();
    home.run(&["simulate", &folder]).failed(1, "directory");
}

#[test]
fn this_pc_is_recorded_and_played_again() {
    let home = Home::new();
    home.write("config.toml", "");
    let path = home.file("me.trace").display().to_string();
    let recorded = home.run(&["record", &path, "--for", "2s", "--json"]);
    for told in [
        "me.trace",
        "The file stays on this PC",
        "names of applications",
    ] {
        assert!(
            recorded.err.contains(told),
            "{told:?} is not in: {}",
            recorded.err
        );
    }
    let recorded = recorded.json();
    assert_eq!(recorded["seconds"], 2);
    let day = home.run(&["simulate", &path, "--json"]).json();
    assert_eq!(day["source"], "recorded");
    assert_eq!(day["length_seconds"], 2.0);
    let before = std::fs::read(&path).expect("written");
    home.run(&["record", &path, "--for", "1s"])
        .failed(2, "exists already and is not overwritten");
    assert_eq!(std::fs::read(&path).expect("still there"), before);
    home.run(&["record", &path, "--for", "0s"])
        .failed(2, "allowed: numbers with s, m, h or d");
    let nowhere = home.file("no/where.trace").display().to_string();
    home.run(&["record", &nowhere, "--for", "1s"])
        .failed(1, "where.trace");
}

/// Cut off at any moment, what is there can be read, or says that it is too little.
#[test]
fn a_recording_survives_being_killed() {
    let home = Home::new();
    home.write("config.toml", "");
    let path = home.file("me.trace");
    let shown = path.display().to_string();
    let mut recording = home.command(&["record", &shown]).spawn().expect("started");
    until("the header is written", || {
        std::fs::read_to_string(&path).is_ok_and(|text| text.contains('\n'))
    });
    recording.kill().expect("killed");
    recording.wait().expect("ended");
    let mut text = std::fs::read_to_string(&path).expect("written");
    text.push_str("{\"at\":\"00:59:00\",\"cpu_others\":null}\n{\"at\":\"00:59:01\",\"cpu_oth");
    std::fs::write(&path, text).expect("written");
    let played = home.run(&["simulate", &shown]);
    assert_eq!(played.code, Some(0), "{}", played.err);
    assert!(played.out.contains(", 59m; mode smart"), "{}", played.out);
    let warned = "the last line is incomplete and left out";
    assert!(played.err.contains(warned), "{}", played.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_recording_properly_and_only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    home.write("config.toml", "");
    let path = home.file("me.trace");
    let shown = path.display().to_string();
    let mut recording = home.command(&["record", &shown]).spawn().expect("started");
    until("the header is written", || {
        std::fs::read_to_string(&path).is_ok_and(|text| text.contains('\n'))
    });
    let mode = std::fs::metadata(&path)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let id = recording.id().to_string();
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(interrupted.expect("sent").success());
    assert_eq!(recording.wait().expect("ended").code(), Some(0));
    let text = std::fs::read_to_string(&path).expect("written");
    let last = text.lines().last().expect("a line");
    assert!(
        last.starts_with("{\"at\":\"00:00:") && text.ends_with('\n'),
        "{text}"
    );
}
