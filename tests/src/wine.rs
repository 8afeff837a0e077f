//! A Windows PC as far as Wine is one: a prefix of its own, a desktop with a taskbar on a display of its own, and the agent
//! that an installer puts there.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::agent::Answer;
use crate::process::program;
use crate::wait::until;

/// How long any one program may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(180);
/// The desktop's name, with which it gets a taskbar, and its size.
const DESKTOP: (&str, &str) = ("shell", "1000x700");
/// Where the taskbar shows the newest icon.
const ICON: (u32, u32) = (989, 690);

/// The PC. Everything on it ends with it.
pub struct Wine {
    folder: TempDir,
    server: Child,
    display: String,
    user: String,
    opened: RefCell<Vec<Child>>,
}

impl Wine {
    /// Sets one up, with nothing of ours on it.
    ///
    /// # Panics
    /// When Wine, Xvfb or the compiler for Windows is missing.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                "1000x700x24",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        let output = server.stdout.take().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut number)
            .expect("a display");
        let mut wine = Wine {
            folder,
            server,
            display: format!(":{}", number.trim()),
            user: String::new(),
            opened: RefCell::default(),
        };
        // Without a display no window asks for anything.
        let mut boot = wine.command("wineboot");
        boot.arg("-i").env_remove("DISPLAY");
        assert_eq!(wine.ended(boot, "wineboot").code, 0);
        wine.settle();
        // Every program is on the one desktop, whoever starts it.
        let (name, size) = DESKTOP;
        for (key, value, data) in [
            (r"HKCU\Software\Wine\Explorer", "Desktop", name),
            (r"HKCU\Software\Wine\Explorer\Desktops", name, size),
        ] {
            let mut add = wine.command("wine");
            add.args(["reg", "add", key, "/v", value, "/d", data, "/f"])
                .env_remove("DISPLAY");
            assert_eq!(wine.ended(add, "reg").code, 0);
        }
        wine.settle();
        let users = wine.drive().join("users");
        let users = fs::read_dir(&users).expect("a folder of users").flatten();
        let names = users.map(|user| user.file_name().to_string_lossy().into_owned());
        wine.user = names
            .into_iter()
            .find(|name| name != "Public")
            .expect("a user");
        wine.add_randomness();
        wine
    }

    /// Wine 8 lacks the library from which programs in Rust take their random numbers.
    fn add_randomness(&self) {
        let library = self.drive().join("windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return;
        }
        let source = self.folder.path().join("random.c");
        let text = "#include <windows.h>\n\
             BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);\n\
             __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {\n\
             return SystemFunction036(data, size); }\n";
        fs::write(&source, text).expect("a writable folder");
        let built = Command::new("x86_64-w64-mingw32-gcc-posix")
            .args(["-O2", "-s", "-shared", "-o"])
            .args([&library, &source])
            .arg("-ladvapi32")
            .status();
        assert!(built.expect("the compiler is installed").success());
    }

    /// Its disk.
    pub fn drive(&self) -> PathBuf {
        self.folder.path().join("prefix/drive_c")
    }

    /// The user's profile.
    pub fn profile(&self) -> PathBuf {
        self.drive().join("users").join(&self.user)
    }

    /// Where the installer puts the programs.
    pub fn programs(&self) -> PathBuf {
        self.profile().join("AppData/Local/Programs/Idlewatt")
    }

    /// Where the agent keeps its files.
    pub fn data(&self) -> PathBuf {
        self.profile().join("AppData/Local/idlewatt/data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_remove("IDLEWATT_DATA_DIR")
            .env("WINEPREFIX", self.folder.path().join("prefix"))
            .env("WINEDEBUG", "-all")
            .env(
                "WINEDLLOVERRIDES",
                "winedbg.exe=d;winemenubuilder.exe=d;mscoree=d;mshtml=d",
            )
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("DISPLAY", &self.display)
            // Its Direct3D 12 lists a card that is not there.
            .env("WGPU_BACKEND", "vulkan")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end. Its output goes to files: Wine's own processes would keep a pipe open.
    fn ended(&self, mut command: Command, name: &str) -> Answer {
        let file = |kind: &str| self.folder.path().join(format!("{name}.{kind}"));
        let (output, errors) = (file("out"), file("err"));
        let mut child = command
            .stdout(File::create(&output).expect("a file"))
            .stderr(File::create(&errors).expect("a file"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("our own child") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("{command:?} has not ended in {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        Answer {
            code: status.code().unwrap_or(-1),
            text: fs::read_to_string(output).unwrap_or_default(),
            errors: fs::read_to_string(errors).unwrap_or_default(),
        }
    }

    /// Runs one of its programs to its end.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Answer {
        let mut command = self.command("wine");
        command.arg(program).args(arguments);
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        self.ended(command, &name)
    }

    /// Runs one of its programs, which goes on by itself.
    pub fn open(&self, program: &Path, arguments: &[&str]) {
        let mut command = self.command("wine");
        command.arg(program).args(arguments);
        let log = File::create(self.folder.path().join("desktop.log")).expect("a file");
        let opened = command
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .expect("Wine is installed");
        self.opened.borrow_mut().push(opened);
    }

    /// A command of the installed agent's own command line.
    pub fn agent(&self, arguments: &[&str]) -> Answer {
        self.run(&self.programs().join("idlewatt.exe"), arguments)
    }

    /// The same asked by the command line of this system, which is faster: both read where the agent listens.
    pub fn ask(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(program("idlewatt"))
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the agent starts");
        Answer {
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Waits until the agent's status is as wanted.
    ///
    /// # Panics
    /// When it is not within `limit`.
    pub fn wait_status(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        until(what, limit, || {
            let answer = self.ask(&["status", "--json"]);
            match answer.code {
                0 if wanted(&answer.json()) => Ok(answer.json()),
                _ => Err(format!("{answer:?}")), // the log is shown at the end
            }
        })
    }

    /// What the agent has logged since it was started.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data().join("agent.log")).unwrap_or_default()
    }

    /// A value of the user's registry, as its own tool prints it.
    pub fn registry(&self, key: &str, value: &str) -> Option<String> {
        let mut command = self.command("wine");
        command.args(["reg", "query", key, "/v", value]);
        let answer = self.ended(command, "reg");
        if answer.code != 0 {
            return None;
        }
        let line = answer
            .text
            .lines()
            .find(|line| line.trim().starts_with(value))?;
        let (_, text) = line.split_once("REG_")?;
        let (_, text) = text.split_once(char::is_whitespace)?;
        Some(text.trim().to_owned())
    }

    /// A hand on mouse and keyboard.
    ///
    /// # Panics
    /// When xdotool is not installed or fails.
    pub fn input(&self, arguments: &[&str]) {
        let done = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .status();
        assert!(done.expect("xdotool is installed").success());
    }

    /// Clicks with a button at a place of the screen.
    pub fn click(&self, (x, y): (u32, u32), button: u32) {
        let (x, y, button) = (x.to_string(), y.to_string(), button.to_string());
        self.input(&["mousemove", &x, &y, "sleep", "0.3", "click", &button]);
    }

    /// Clicks on the icon in the taskbar.
    pub fn click_icon(&self, button: u32) {
        self.click(ICON, button);
    }

    /// The colours of the place where the icon is shown, or of any other: red, green and blue of each pixel.
    ///
    /// # Panics
    /// When ImageMagick is not installed.
    pub fn pixels(&self, (left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<[u8; 3]> {
        let part = format!("{width}x{height}+{left}+{top}");
        let taken = Command::new("import")
            .args(["-display", &self.display, "-window", "root", "-crop", &part])
            .args(["-depth", "8", "rgb:-"])
            .output()
            .expect("ImageMagick is installed");
        let pixels = taken.stdout.chunks_exact(3);
        pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
    }

    /// Where on the taskbar the icon is.
    pub fn icon_place(&self) -> ((u32, u32), (u32, u32)) {
        ((ICON.0 - 8, ICON.1 - 8), (16, 16))
    }

    /// Takes a picture of the whole screen, where `IDLEWATT_SCREENSHOTS` names a folder for it.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("IDLEWATT_SCREENSHOTS") else {
            return;
        };
        let file = Path::new(&folder).join(format!("{name}.png"));
        let taken = Command::new("import")
            .args(["-display", &self.display, "-window", "root"])
            .arg(&file)
            .status();
        assert!(taken.expect("ImageMagick is installed").success());
    }

    /// Logs the user off and on again: every program is asked to end, then what is to start at logon does.
    pub fn log_on_again(&self) {
        self.open(Path::new("wineboot.exe"), &["--end-session"]);
    }

    /// Waits until nothing runs on it any more.
    pub fn settle(&self) {
        let mut wait = self.command("wineserver");
        wait.arg("-w");
        self.ended(wait, "wineserver");
    }
}

impl Default for Wine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let before = fs::read_to_string(self.data().join("agent-before.log"));
            // Where nothing can be printed any more, the first failure is still the one to tell.
            let _ = writeln!(
                std::io::stderr(),
                "== the run before\n{}\n== the last run\n{}",
                before.unwrap_or_default(),
                self.log()
            );
        }
        let _ = self.command("wineserver").arg("-k").status();
        for opened in self.opened.get_mut() {
            let _ = opened.kill();
            let _ = opened.wait();
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
