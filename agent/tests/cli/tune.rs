//! `idlewatt tune`, on an emulated graphics card.

use serde_json::{Value, json};

use super::harness::{Home, until};

fn emulated(home: &Home) -> String {
    let listed = home
        .run(&["processors", "--allow-software-gpu", "--json"])
        .json();
    let all = listed.as_array().expect("a list");
    let emulated = all.iter().find(|processor| processor["software"] == true);
    let id = &emulated.expect("Debian's package mesa-vulkan-drivers has one")["id"];
    id.as_str().expect("text").to_owned()
}

/// Whether an entry says what was chosen, why, and from what.
fn assert_tells(entry: &Value, id: &str) {
    assert_eq!(entry["processor"], id);
    assert_eq!(entry["algorithm"], "sha256d");
    assert_eq!(entry["unit"], "H/s");
    assert!(entry["kernel_version"].as_u64() >= Some(1), "{entry}");
    let measured = entry["measured"].as_array().expect("a list");
    assert!(measured.len() > 3, "{entry}");
    let chosen = measured.iter().find(|one| one["tuning"] == entry["tuning"]);
    let chosen = chosen.expect("what was chosen was measured");
    assert_eq!(chosen["rate"], entry["rate"]);
    let why = entry["why"].as_str().expect("text");
    assert!(why.contains("invocations") && why.contains("H/s"), "{why}");
    for key in ["name", "driver", "measured_at"] {
        assert!(entry[key].is_string(), "{key} in {entry}");
    }
}

#[test]
fn layouts_are_measured_kept_with_their_reason_and_shown() {
    let home = Home::new();
    assert_eq!(home.run(&["tune", "--show", "--json"]).json(), json!([]));
    let shown = home.run(&["tune", "--show"]);
    assert!(shown.out.contains("no layout was measured yet"));
    let id = emulated(&home);
    let tune = [
        "tune",
        "--allow-software-gpu",
        "--algorithm",
        "sha256d",
        "--json",
    ];
    home.run(&tune).failed(1, "idlewatt consent --accept");
    home.run(&["consent", "--accept"]);
    let tuned = home.run(&tune).json();
    assert_eq!(tuned.as_array().map(Vec::len), Some(1));
    assert_tells(&tuned[0], &id);
    assert_eq!(home.run(&["tune", "--show", "--json"]).json(), tuned);
    let other = ["tune", "--show", "--json", "--algorithm", "kawpow"];
    assert_eq!(home.run(&other).json(), json!([]));
    let shown = home.run(&["tune", "--show"]).out;
    for word in [&id, "layout", "invocations", "H/s"] {
        assert!(shown.contains(word), "{word} is not in: {shown}");
    }
    // Its rate with the best layout is measured too.
    let kept = std::fs::read(home.file("benchmarks.json")).expect("kept");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept["results"][0]["processor"], id.as_str());

    let refused = |more: &[&str], told: &str| {
        home.run(&[&tune[..2], more].concat()).failed(2, told);
    };
    refused(
        &["--processor", "cpu"],
        "unknown processor \"cpu\"; allowed: gpu-",
    );
    refused(&["--algorithm", "randomx"], "randomx does not run");
    refused(&["--algorithm", "kawpow"], "takes an emulated GPU hours");
    refused(&["--algorithm", "scrypt"], "allowed: sha256d");
}

#[test]
fn a_running_agent_measures_layouts_and_shows_what_is_set_aside() {
    let home = Home::new();
    let id = emulated(&home);
    home.run(&["consent", "--accept"]);
    let daemon = home.daemon(&["--mode", "pause", "--allow-software-gpu"]);
    until("it has begun", || {
        daemon.status()["processors"].as_array().map(Vec::len) == Some(2)
    });
    let tune = [
        "tune",
        "--processor",
        &id,
        "--algorithm",
        "sha256d",
        "--json",
    ];
    let tuned = home.run(&tune).json();
    assert_eq!(tuned.as_array().map(Vec::len), Some(1));
    assert_tells(&tuned[0], &id);
    assert_eq!(home.run(&["tune", "--show", "--json"]).json(), tuned);

    let status = daemon.status();
    let gpu = &status["processors"][1];
    let aside = gpu["set_aside"].as_array().expect("a list");
    let of = |algorithm: &str| aside.iter().find(|one| one["algorithm"] == algorithm);
    let kawpow = of("kawpow").expect("an emulated card is given none of it");
    assert_eq!(
        kawpow["reason"],
        "a dataset of 5.8 GiB takes an emulated GPU hours"
    );
    assert!(kawpow["since"].is_string() && kawpow.get("until").is_none());
    assert!(of("sha256d").is_none());
    assert_eq!(status["processors"][0]["set_aside"], json!([]));
    let shown = home.run(&["status"]).out;
    let line = format!("{id}: kawpow is set aside: a dataset of 5.8 GiB");
    assert!(shown.contains(&line), "{shown}");
}
