//! The program's own files: whether they are there, and whether the system lets them be started.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::reach::Target;
use super::teller::Teller;
use super::{Case, Check};
use crate::autostart::{self, State};

mod blocked;

use blocked::{Blocked, System};

/// How long a program may take to say its version: a scanner may look at it first.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn checks(teller: Teller<'_>, case: &Case, target: &Target) -> Vec<Check> {
    let needed = matches!(target, Target::Inside);
    let (own, hub) = tokio::join!(started(&case.program), started(&case.hub_program));
    let mut checks = vec![
        told(teller, "program", &case.program, &own, true),
        told(teller, "hub-program", &case.hub_program, &hub, needed),
    ];
    if cfg!(windows) {
        let starter = case.program.with_file_name("idlewattw.exe");
        let needed = matches!(autostart::state(), Ok(State::On));
        checks.extend(
            unreadable(&starter)
                .map(|opened| told(teller, "starter-program", &starter, &opened, needed)),
        );
    }
    checks
}

/// What keeps a program from being read: a scanner looks at it as soon as it is opened. For one that says nothing when it
/// is started.
fn unreadable(program: &Path) -> Option<Started> {
    let error = File::open(program).err()?;
    Some(Started::Blocked(
        refusal(program, &error),
        error.to_string(),
    ))
}

/// What came of starting a program.
#[derive(Debug)]
enum Started {
    /// It said this.
    Version(String),
    /// The system did not start it, or ended it.
    Blocked(Blocked, String),
    /// It ended, but not well.
    Ended(String),
    /// It did not end in time.
    Hung,
}

async fn started(program: &Path) -> Started {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // No window of a console flashes up.
    #[cfg(windows)]
    command.creation_flags(0x0800_0000);
    let output = match timeout(PATIENCE, command.output()).await {
        Err(_) => return Started::Hung,
        Ok(Err(error)) => return Started::Blocked(refusal(program, &error), error.to_string()),
        Ok(Ok(output)) => output,
    };
    match output.status.success() {
        true => {
            let text = String::from_utf8_lossy(&output.stdout);
            Started::Version(text.trim().chars().take(100).collect())
        }
        false => end(output.status),
    }
}

/// Why the system did not start it. A file that cannot even be looked at any more was taken away meanwhile.
fn refusal(program: &Path, error: &io::Error) -> Blocked {
    match (program.try_exists(), error.raw_os_error()) {
        (Ok(false), _) => Blocked::Missing,
        (_, Some(code)) => Blocked::of_error(System::HERE, code),
        (_, None) => Blocked::Other,
    }
}

fn end(status: ExitStatus) -> Started {
    let known = status.code().and_then(Blocked::of_exit_code);
    match known.filter(|_| cfg!(windows)) {
        Some(blocked) => Started::Blocked(blocked, status.to_string()),
        None => Started::Ended(status.to_string()),
    }
}

fn told(
    teller: Teller<'_>,
    id: &'static str,
    program: &Path,
    started: &Started,
    needed: bool,
) -> Check {
    let path = program.display().to_string();
    let own = env!("CARGO_PKG_VERSION");
    let trouble = |found: String, advice: String| match needed {
        true => teller.problem(id, found, advice),
        false => teller.worth(id, found, advice),
    };
    let found = |key: &str, reason: &str| {
        let told = [
            ("path", path.as_str().into()),
            ("reason", reason.into()),
            ("own", own.into()),
        ];
        teller.say_with(key, &told)
    };
    match started {
        Started::Version(version) if version.rsplit(' ').next() == Some(own) => {
            teller.ok(id, found("doctor-program-good", version))
        }
        Started::Version(version) => {
            let advice = teller.say("doctor-program-reinstall");
            teller.worth(id, found("doctor-program-other-version", version), advice)
        }
        Started::Ended(status) => {
            let advice = teller.say("doctor-program-reinstall");
            trouble(found("doctor-program-ended", status), advice)
        }
        Started::Hung => {
            let seconds = PATIENCE.as_secs().to_string();
            let advice = teller.say("doctor-program-hung-advice");
            trouble(found("doctor-program-hung", &seconds), advice)
        }
        Started::Blocked(blocked, reason) => {
            let (what, advice) = blocked.messages();
            trouble(found(what, reason), teller.say(advice))
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use idlewatt_screens::{Language, Words};

    use super::super::{Discretion, Group, Verdict};
    use super::*;

    async fn of(body: Option<&str>, mode: u32, needed: bool) -> Check {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("idlewatt-hub");
        if let Some(body) = body {
            std::fs::write(&path, body).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        }
        let discretion = Discretion::default();
        let teller = Teller::new(Words::of(Language::English), &discretion, Group::Programs);
        // A file that another test's child still holds open for writing cannot be started for a moment.
        loop {
            let started = started(&path).await;
            match started {
                Started::Blocked(Blocked::Busy, _) => tokio::task::yield_now().await,
                started => return told(teller, "hub-program", &path, &started, needed),
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_explained() {
        let right = format!(
            "#!/bin/sh\necho idlewatt-hub {}\n",
            env!("CARGO_PKG_VERSION")
        );
        for (body, mode, verdict, words) in [
            (Some(right.as_str()), 0o755, Verdict::Ok, "can be started"),
            (
                Some("#!/bin/sh\necho idlewatt-hub 0.0.1\n"),
                0o755,
                Verdict::WorthKnowing,
                "another version",
            ),
            (
                Some("#!/bin/sh\nexit 3\n"),
                0o755,
                Verdict::Problem,
                "exit status: 3",
            ),
            (Some("\u{7f}ELF"), 0o755, Verdict::Problem, "damaged"),
            (
                Some(right.as_str()),
                0o644,
                Verdict::Problem,
                "does not allow",
            ),
            (None, 0, Verdict::Problem, "is missing"),
        ] {
            let check = of(body, mode, true).await;
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.found.contains(words), "{check:?}");
            assert_eq!(check.advice.is_none(), verdict == Verdict::Ok, "{check:?}");
        }
        assert!(matches!(
            unreadable(Path::new("/nonexistent/idlewattw.exe")),
            Some(Started::Blocked(Blocked::Missing, _))
        ));
        let unneeded = of(None, 0, false).await;
        assert_eq!(unneeded.verdict, Verdict::WorthKnowing);
    }
}
