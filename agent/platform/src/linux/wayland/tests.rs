use super::testing::Compositor;
use super::*;

const LONG: Duration = Duration::from_secs(30);

struct Fixture {
    compositor: Compositor,
    listener: Listener,
    folder: tempfile::TempDir,
}

fn start(version: Option<u32>) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("wayland-0");
    Fixture {
        compositor: Compositor::start(&socket, version),
        listener: Listener::at(&socket),
        folder,
    }
}

impl Fixture {
    /// Serves until the answer is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(Option<Duration>) -> bool) {
        let listener = &self.listener;
        self.compositor
            .until(what, |_| wanted(listener.time_since_input()))
            .await;
    }
}

#[tokio::test]
async fn a_seat_is_unknown_then_used_then_idle_then_used_again() {
    let mut fixture = start(Some(2));
    fixture.compositor.plug_in(1);
    assert_eq!(fixture.listener.time_since_input(), None);
    fixture.compositor.is_asked(1, 1).await;
    // It says nothing: so somebody is there.
    fixture
        .until("used", |idle| idle == Some(Duration::ZERO))
        .await;

    for _ in 0..2 {
        let before = Instant::now();
        fixture.compositor.idled(1);
        let idle = |idle: Option<Duration>| idle.is_some_and(|idle| !idle.is_zero());
        fixture.until("idle", idle).await;
        let known = fixture.listener.time_since_input().unwrap();
        assert!(known >= Duration::from_millis(900), "{known:?}");
        // Never longer than it can be.
        assert!(known <= before.elapsed() + Duration::from_secs(1));
        fixture.compositor.resumed(1);
        fixture
            .until("used again", |idle| idle == Some(Duration::ZERO))
            .await;
    }
}

#[tokio::test]
async fn a_notifier_is_asked_for_input_alone_if_it_knows_how() {
    for (version, input_alone) in [(1, false), (2, true)] {
        let mut fixture = start(Some(version));
        fixture.compositor.plug_in(7);
        assert_eq!(fixture.listener.time_since_input(), None);
        let as_it_should = |asked: &super::testing::Asked| {
            (asked.milliseconds, asked.input_alone) == (1_000, input_alone)
        };
        fixture
            .compositor
            .until("asked", |said| said.about(7).any(as_it_should))
            .await;
    }
}

#[tokio::test]
async fn the_seat_used_last_counts_and_one_that_goes_is_forgotten() {
    let mut fixture = start(Some(2));
    assert_eq!(fixture.listener.time_since_input(), None);
    for seat in [1, 2] {
        fixture.compositor.plug_in(seat);
        fixture.compositor.is_asked(seat, 1).await;
    }
    let idle = |idle: Option<Duration>| idle.is_some_and(|idle| !idle.is_zero());
    fixture.compositor.idled(1);
    fixture
        .until("one of two in use", |idle| idle == Some(Duration::ZERO))
        .await;
    fixture.compositor.idled(2);
    fixture.until("both idle", idle).await;
    fixture.compositor.resumed(2);
    fixture
        .until("one used again", |idle| idle == Some(Duration::ZERO))
        .await;
    fixture.compositor.pull_out(2);
    fixture.until("the other one is idle", idle).await;
    fixture
        .compositor
        .until("given back", |said| said.released == 1)
        .await;
    fixture.compositor.is_asked(2, 0).await;
    fixture.compositor.lose_the_notifier();
    fixture.until("no notifier", |idle| idle.is_none()).await;
    fixture.compositor.is_asked(1, 0).await;
}

#[tokio::test]
async fn a_compositor_that_ends_is_unknown_and_its_successor_is_heard() {
    let mut fixture = start(Some(2));
    fixture.compositor.plug_in(1);
    assert_eq!(fixture.listener.time_since_input(), None);
    fixture.compositor.is_asked(1, 1).await;
    fixture.compositor.idled(1);
    fixture.until("idle", |idle| idle.is_some()).await;

    let Fixture {
        compositor,
        listener,
        folder,
    } = fixture;
    drop(compositor);
    let deadline = Instant::now() + LONG;
    while listener.time_since_input().is_some() {
        assert!(Instant::now() < deadline, "known without a compositor");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let mut compositor = Compositor::start(&folder.path().join("wayland-0"), Some(2));
    compositor.plug_in(1);
    compositor.is_asked(1, 1).await;
    compositor.idled(1);
    let known = |_: &super::testing::Said| listener.time_since_input().is_some();
    compositor.until("known again", known).await;
}

#[tokio::test]
async fn a_compositor_that_knows_no_idleness_is_left_alone() {
    let mut fixture = start(None);
    fixture.compositor.plug_in(1);
    let seats = fixture.listener.seats().unwrap();
    fixture
        .compositor
        .until("connected", |said| said.clients() == 1)
        .await;
    // Longer than a seat in use would take to be known.
    let later = Instant::now() + Duration::from_millis(1_500);
    fixture
        .compositor
        .until("a while", |_| Instant::now() > later)
        .await;
    assert_eq!(fixture.listener.time_since_input(), None);
    assert!(seats.borrow().is_empty());
}

#[tokio::test]
async fn the_end_ends_the_thread_wherever_it_waits() {
    let mut fixture = start(Some(2));
    fixture.compositor.plug_in(1);
    let reading = fixture.listener.seats().unwrap();
    fixture.compositor.is_asked(1, 1).await;
    let nobody = Listener::at(&fixture.folder.path().join("nobody"));
    let pausing = nobody.seats().unwrap();

    drop((fixture.listener, nobody));
    for mut seats in [reading, pausing] {
        let ended = async { while seats.changed().await.is_ok() {} };
        tokio::time::timeout(LONG, ended).await.expect("ended");
    }
}

/// How often the listening thread of this process has waited.
fn waits() -> Option<u64> {
    let mut tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks.find_map(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).ok()?;
        let named = |name| status.lines().find_map(|line| line.strip_prefix(name));
        (named("Name:")?.trim() == "wayland-idle").then_some(())?;
        named("voluntary_ctxt_switches:")?.trim().parse().ok()
    })
}

/// In a process of its own, where no other test's thread is taken for this one.
#[test]
fn silence_wakes_nobody() {
    const ALONE: &str = "IDLEWATT_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime.unwrap().block_on(silence());
    }
    let alone = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "linux::wayland::tests::silence_wakes_nobody"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&alone.stdout);
    assert!(output.contains("1 passed"), "{output}");
}

async fn silence() {
    let mut fixture = start(Some(2));
    fixture.compositor.plug_in(1);
    assert_eq!(fixture.listener.time_since_input(), None);
    fixture.compositor.is_asked(1, 1).await;
    fixture.compositor.idled(1);
    fixture.until("idle", |idle| idle.is_some()).await;
    // It may still be on its way to sleep at first; one that wakes by itself never sleeps for so long.
    let deadline = Instant::now() + LONG;
    loop {
        let before = waits().expect("the thread");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(fixture.listener.time_since_input().is_some());
        if waits() == Some(before) {
            return;
        }
        assert!(Instant::now() < deadline, "wakes by itself");
    }
}
