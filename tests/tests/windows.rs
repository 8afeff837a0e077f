//! The agent on Windows, as far as Wine is one: the real installer, the real programs, a real hub beside a Linux device, a
//! hand on the mouse. `tests/windows.sh` builds what this needs and runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use idlewatt_tests::agent::Agent;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::process::{processes, send};
use idlewatt_tests::updates::Updates;
use idlewatt_tests::wait::until;
use idlewatt_tests::wine::Wine;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(240);
const KEY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Idlewatt";
const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
/// Where the open menu has 50 %: its lines lie above the taskbar, and this one is the ninth from below.
const HALF: (u32, u32) = (940, 531);
/// What the tray draws while it earns.
const GREEN: [u8; 3] = [0x1f, 0x94, 0x4b];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the project's folder")
}

/// An installer of a version that `build.sh` has made.
fn installer(folder: &str, version: &str) -> PathBuf {
    let name = format!("idlewatt-{version}-windows-x64.exe");
    let path = root().join("target/windows").join(folder).join(name);
    assert!(
        path.exists(),
        "{} is missing: tests/windows.sh builds it",
        path.display()
    );
    path
}

fn rate(status: &Value, kind: &str) -> f64 {
    let processors = status["processors"].as_array().into_iter().flatten();
    let mut rates = processors
        .filter(|one| one["kind"] == kind)
        .map(|one| one["rate"].as_f64().unwrap_or(0.0));
    rates.next().unwrap_or(0.0)
}

/// Accepted shares of one kind of processor.
fn accepted(wine: &Wine, kind: &str) -> usize {
    let list = wine.ask(&["receipts", "list", "--limit", "1000", "--json"]);
    if list.code != 0 {
        return 0;
    }
    let list = list.json();
    let each = list.as_array().into_iter().flatten();
    each.filter(|one| {
        let processor = one["processor"].as_str().unwrap_or_default();
        one["state"] == "accepted" && processor.starts_with(kind)
    })
    .count()
}

/// The engines' processes, as the system below Wine sees them.
fn engines() -> Vec<u32> {
    let seen = processes("idlewatt.exe engine").into_iter();
    seen.filter(|one| one.command.contains("--processor"))
        .map(|one| one.id)
        .collect()
}

#[test]
#[ignore = "needs Wine and what installer/windows/build.sh makes: tests/windows.sh runs it"]
fn a_windows_pc_from_installing_to_removing() {
    let hub = Hub::start(&[]);
    let (account, code) = hub.enrolment();
    let mut linux = Agent::new();
    linux.settings("[gpu]\nenabled = false\n[cpu]\nalgorithm = \"sha256d\"\nthreads = 1\n");
    linux.consent();
    linux.start(&["--hub", &hub.url(), "--enrol", &code, "--mode", "10"]);
    let second = hub
        .post("/v1/enrolments", Some(&account), &json!({}))
        .expect("a code");
    let code = second["code"].as_str().expect("a code");

    let wine = Wine::new();
    // Somebody's program: a desktop without any goes away.
    wine.open(Path::new("clock.exe"), &[]);
    let updates = Updates::serve();
    // As a fleet's owner puts settings there beforehand; a graphics card in software is asked for by name.
    fs::create_dir_all(wine.data()).expect("a writable folder");
    let settings = format!(
        "# the owner's own words\n[cpu]\nalgorithm = \"randomx\"\nrandomx_memory = \"light\"\nthreads = 1\n\
         [gpu]\nallow_software = true\nalgorithm = \"sha256d\"\n[update]\nurl = \"{}\"\n",
        updates.url
    );
    fs::write(wine.data().join("config.toml"), settings).expect("written");

    install(&wine, &hub, code);
    work(&wine);
    both_devices_earn(&hub, &account);
    senses(&wine);
    starts_quickly(&wine);
    steer(&wine);
    yields_to_input(&wine);
    engines_come_back(&wine);
    refuses_the_wrong(&wine);
    ends_with_the_session(&wine);
    updates_itself(&wine, &updates);
    leaves_nothing(&wine);
}

fn install(wine: &Wine, hub: &Hub, code: &str) {
    let begun = Instant::now();
    wine.open(
        &installer("dist", "0.1.0"),
        &[
            "/S",
            &format!("/ENROL={code}"),
            &format!("/HUB={}", hub.url()),
            "/MODE=100",
            "/AUTOSTART=1",
        ],
    );
    wine.wait_status("the agent to run", PATIENCE, |status| {
        status["consent"] == true && status["version"] == "0.1.0"
    });
    println!("install to an agent that answers: {:.1?}", begun.elapsed());
    wine.wait_status("the first share", PATIENCE, |status| {
        status["shares"]["accepted"].as_u64().unwrap_or(0) > 0
    });
    println!("install to the first share: {:.1?}", begun.elapsed());
    assert_eq!(
        wine.registry(KEY, "DisplayVersion").as_deref(),
        Some("0.1.0")
    );
    let run = wine.registry(RUN, "Idlewatt").expect("the start at logon");
    assert!(run.contains("idlewattw.exe"), "{run}");
    let size = wine.registry(KEY, "EstimatedSize").expect("a size");
    assert!(size.starts_with("0x") && size.len() > 5, "{size}");
    assert!(wine.programs().join("uninstall.exe").exists());
    assert!(shortcut(wine).exists());
    let settings = fs::read_to_string(wine.data().join("config.toml")).expect("kept");
    assert!(settings.contains("# the owner's own words"), "{settings}");
    assert!(settings.contains(&hub.url()), "{settings}");
}

fn shortcut(wine: &Wine) -> PathBuf {
    let menu = "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Idlewatt.lnk";
    wine.profile().join(menu)
}

/// Both kernels find shares that the hub accepts.
fn work(wine: &Wine) {
    until("shares of both processors", PATIENCE, || {
        let (cpu, gpu) = (accepted(wine, "cpu"), accepted(wine, "gpu"));
        match cpu > 0 && gpu > 0 {
            true => Ok(()),
            false => Err(format!("cpu {cpu}, gpu {gpu}")),
        }
    });
    wine.wait_status("rates of both", PATIENCE, |status| {
        rate(status, "cpu") > 0.0 && rate(status, "gpu") > 0.0
    });
    until("the icon to be green", PATIENCE, || {
        let (place, size) = wine.icon_place();
        let pixels = wine.pixels(place, size);
        let green = pixels
            .iter()
            .filter(|pixel| is_near(**pixel, GREEN))
            .count();
        (green >= 40)
            .then_some(())
            .ok_or(format!("{green} green pixels"))
    });
    wine.picture("windows-tray");
}

fn is_near(pixel: [u8; 3], colour: [u8; 3]) -> bool {
    let pairs = pixel.into_iter().zip(colour);
    pairs
        .into_iter()
        .all(|(one, other)| one.abs_diff(other) < 40)
}

fn both_devices_earn(hub: &Hub, account: &str) {
    until("both devices to have earned", PATIENCE, || {
        let address = format!("{}/v1/devices", hub.url());
        let devices = idlewatt_tests::hub::request("GET", &address, Some(account), None)?;
        let devices: Value = serde_json::from_str(&devices).map_err(|error| error.to_string())?;
        let list = devices["devices"].as_array().cloned().unwrap_or_default();
        let earns = |name: &str| {
            list.iter()
                .any(|one| one["name"] == name && has_amount(&one["earned_today"]))
        };
        match earns("Linux PC") && earns("Windows PC") {
            true => Ok(()),
            false => Err(format!("{devices:#}")),
        }
    });
}

/// Whether some amount is more than nothing.
fn has_amount(list: &Value) -> bool {
    let each = list.as_array().into_iter().flatten();
    let mut amounts = each.filter_map(|money| money["amount"].as_str());
    amounts.any(|amount| amount.bytes().any(|digit| (b'1'..=b'9').contains(&digit)))
}

/// What the system says, by its own calls; what Wine does not answer is unknown, and no failure.
fn senses(wine: &Wine) {
    let signals = wine.agent(&["signals", "--json"]).json();
    assert!(signals["idle_seconds"].is_number(), "{signals:#}");
    assert_eq!(signals["gamepad_connected"], false, "{signals:#}");
    assert_eq!(signals["fullscreen"], false, "{signals:#}");
    assert!(signals["power"]["on_battery"].is_boolean(), "{signals:#}");
    let others = signals["cpu_others_percent"].as_f64();
    assert!(
        others.is_some_and(|percent| (0.0..=100.0).contains(&percent)),
        "{signals:#}"
    );
    println!("what Wine answers: {signals}");
}

/// From the start of the program to its icon, on a desktop that is there already.
fn starts_quickly(wine: &Wine) {
    let (place, size) = wine.icon_place();
    assert_eq!(wine.agent(&["stop"]).code, 0);
    let taskbar = until("the icon to be gone", PATIENCE, || {
        let pixels = wine.pixels(place, size);
        let first = pixels[0];
        let plain = pixels.iter().all(|pixel| is_near(*pixel, first));
        plain.then_some(first).ok_or("it is there".into())
    });
    let begun = Instant::now();
    wine.open(&wine.programs().join("idlewattw.exe"), &[]);
    until("the icon to be there", PATIENCE, || {
        let pixels = wine.pixels(place, size);
        let shown = pixels.iter().any(|pixel| !is_near(*pixel, taskbar));
        shown.then_some(()).ok_or("no icon".into())
    });
    println!("start to the icon: {:.1?}", begun.elapsed());
    wine.wait_status("it runs", PATIENCE, |status| rate(status, "cpu") > 0.0);
}

/// The menu beside the clock, with a hand on the mouse.
fn steer(wine: &Wine) {
    until("the menu to set 50 %", PATIENCE, || {
        wine.click_icon(3);
        // The menu takes a moment to open; where it has not, the next turn finds it so.
        thread::sleep(Duration::from_secs(1));
        wine.input(&["mousemove", "900", "250", "sleep", "0.7"]);
        wine.picture("windows-menu");
        wine.click(HALF, 1);
        thread::sleep(Duration::from_millis(500));
        let answer = wine.ask(&["status", "--json"]);
        match answer.json()["mode"].as_str() {
            Some("50") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    // Chosen elsewhere, it is shown at once.
    assert_eq!(wine.agent(&["mode", "smart"]).code, 0);
    wine.wait_status("smart", PATIENCE, |status| status["mode"] == "smart");
}

fn yields_to_input(wine: &Wine) {
    until("it gives way to the mouse", PATIENCE, || {
        wine.input(&["mousemove_relative", "--", "7", "5"]);
        wine.input(&["mousemove_relative", "--", "-7", "-5"]);
        let status = wine.ask(&["status", "--json"]).json();
        match status["because"]["because"].as_str() {
            Some("someone_here") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    wine.picture("windows-yields");
}

fn engines_come_back(wine: &Wine) {
    assert_eq!(wine.ask(&["mode", "100"]).code, 0);
    let before = until("an engine", PATIENCE, || {
        engines().first().copied().ok_or("none".into())
    });
    send("KILL", before);
    until("it is started again", PATIENCE, || {
        let now = engines();
        match !now.is_empty() && !now.contains(&before) {
            true => Ok(()),
            false => Err(format!("{now:?}")),
        }
    });
    wine.wait_status("rates of both again", PATIENCE, |status| {
        rate(status, "cpu") > 0.0 && rate(status, "gpu") > 0.0
    });
}

/// What is wrong on the installer's line, and an older version.
fn refuses_the_wrong(wine: &Wine) {
    let settings = fs::read_to_string(wine.data().join("config.toml")).expect("there");
    let older = packed(wine, "0.0.9", &root().join("target/windows/dist"));
    let answer = wine.run(&older, &["/S"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert_eq!(
        wine.registry(KEY, "DisplayVersion").as_deref(),
        Some("0.1.0")
    );
    let wrong = wine.run(&installer("dist", "0.1.0"), &["/S", "/MODE=OFTEN"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    wine.wait_status("it runs again", PATIENCE, |status| {
        status["version"] == "0.1.0"
    });
    let now = fs::read_to_string(wine.data().join("config.toml")).expect("there");
    assert_eq!(now, settings);
}

/// An installer with another version number and other programs in it.
fn packed(wine: &Wine, version: &str, programs: &Path) -> PathBuf {
    let output = wine
        .drive()
        .join(format!("idlewatt-{version}-windows-x64.exe"));
    let made = Command::new("makensis")
        // Packed in a second, and not in a minute.
        .args([
            "-V1",
            "-INPUTCHARSET",
            "UTF8",
            "-XSetCompressor /FINAL zlib",
        ])
        .arg(format!("-DVERSION={version}"))
        .arg(format!("-DPROGRAMS={}", programs.display()))
        .arg(format!("-DROOT={}", root().display()))
        .arg(format!(
            "-DWORDS={}",
            root().join("target/windows/words.nsh").display()
        ))
        .arg(format!("-DOUTPUT={}", output.display()))
        .arg(root().join("installer/windows/installer.nsi"))
        .status();
    assert!(made.expect("NSIS is installed").success());
    output
}

/// Logging off ends it in good order, and it starts at the next logon.
fn ends_with_the_session(wine: &Wine) {
    // Its port and its token are new each time; the number of its process may not be.
    let point = || fs::read(wine.data().join("control.json")).unwrap_or_default();
    let before = point();
    assert!(!before.is_empty());
    wine.log_on_again();
    until("another agent", PATIENCE, || {
        let now = point();
        let is_other = !now.is_empty() && now != before;
        is_other.then_some(()).ok_or("none yet".into())
    });
    wine.wait_status("it runs", PATIENCE, |status| status["version"] == "0.1.0");
    wine.open(Path::new("clock.exe"), &[]);
    let log = fs::read_to_string(wine.data().join("agent-before.log")).expect("kept");
    assert!(log.contains("ending"), "{log}");
}

fn updates_itself(wine: &Wine, updates: &Updates) {
    let count = |wine: &Wine| {
        let status = wine.ask(&["status", "--json"]).json();
        status["shares"]["accepted"].as_u64().unwrap_or(0)
    };
    let before = count(wine);
    let newer = installer("dist-next", "0.1.1");
    // Not what was signed.
    updates.offer("0.1.1", &newer);
    updates.tamper("0.1.1");
    let refused = wine.agent(&["update"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let stays = wine.ask(&["status", "--json"]).json();
    assert_eq!(stays["version"], "0.1.0");
    assert!(!wine.data().join("update/applying.json").exists());

    updates.offer("0.1.1", &newer);
    let taken = wine.agent(&["update"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    wine.wait_status("the new version", PATIENCE, |status| {
        status["version"] == "0.1.1"
    });
    until("the update to be over", PATIENCE, || {
        let over = !wine.programs().join("previous").exists()
            && !wine.data().join("update/applying.json").exists();
        over.then_some(()).ok_or("not yet".into())
    });
    assert_eq!(
        wine.registry(KEY, "DisplayVersion").as_deref(),
        Some("0.1.1")
    );
    assert!(count(wine) >= before, "receipts are kept");
    wine.picture("windows-updated");

    // Signed, but it does not run: back to the version that did.
    let broken = wine.drive().join("broken");
    fs::create_dir_all(&broken).expect("a folder");
    let others = [
        "idlewattw.exe",
        "idlewatt-hub.exe",
        "LICENSE-MIT.txt",
        "LICENSE-APACHE.txt",
    ];
    for program in others {
        let from = root().join("target/windows/dist-next").join(program);
        fs::copy(from, broken.join(program)).expect("copied");
    }
    fs::write(broken.join("idlewatt.exe"), "no program").expect("written");
    updates.offer("0.1.2", &packed(wine, "0.1.2", &broken));
    let taken = wine.agent(&["update"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    until("the version before to be back", PATIENCE, || {
        let answer = wine.ask(&["status", "--json"]);
        let seen = fs::read(wine.data().join("update/seen.json")).unwrap_or_default();
        let seen: Value = serde_json::from_slice(&seen).unwrap_or_default();
        let is_failed = seen["failed"] == json!(["0.1.2"]);
        let back = answer.code == 0 && answer.json()["version"] == "0.1.1" && is_failed;
        back.then_some(()).ok_or(format!("{answer:?} {seen:#}"))
    });
    assert_eq!(
        wine.registry(KEY, "DisplayVersion").as_deref(),
        Some("0.1.1")
    );
    wine.wait_status("work goes on", PATIENCE, |status| rate(status, "cpu") > 0.0);
}

fn leaves_nothing(wine: &Wine) {
    let uninstall = wine.programs().join("uninstall.exe");
    wine.run(&uninstall, &["/S", "/PURGE"]);
    let data = wine.data();
    let own = data.parent().expect("a folder").to_owned();
    until("everything to be gone", PATIENCE, || {
        // The folder that held the data goes last.
        let left: Vec<_> = [wine.programs(), shortcut(wine), own.clone()]
            .into_iter()
            .filter(|path| path.exists())
            .collect();
        left.is_empty().then_some(()).ok_or(format!("{left:?}"))
    });
    for (key, value) in [(KEY, "DisplayName"), (RUN, "Idlewatt")] {
        assert_eq!(wine.registry(key, value), None);
    }
    let toasts = r"HKCU\Software\Classes\AppUserModelId\Idlewatt";
    assert_eq!(wine.registry(toasts, "DisplayName"), None);
    assert!(processes("Idlewatt\\idlewatt").is_empty());
    wine.picture("windows-removed");
}
