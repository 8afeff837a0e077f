use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::linux::wayland::testing::Compositor;

const LONG: Duration = Duration::from_secs(30);

fn watch(socket: &Path) -> Watch {
    Watch {
        listener: Listener::at(socket),
    }
}

/// Longer than it takes to conclude anything from silence.
async fn stays_quiet(watch: &Watch) {
    let quiet = timeout(Duration::from_millis(1_500), watch.input()).await;
    assert!(quiet.is_err(), "woken without input");
}

/// Waits until it is known that the seat is idle or used.
async fn knows(watch: &Watch, wanted: impl Fn(Option<Duration>) -> bool) {
    let mut seats = watch.listener.seats().expect("a thread");
    let known = async {
        while !wanted(watch.listener.time_since_input()) {
            seats.changed().await.expect("a thread");
        }
    };
    timeout(LONG, known).await.expect("known");
}

fn idle(known: Option<Duration>) -> bool {
    known.is_some_and(|idle| !idle.is_zero())
}

async fn idle_seat(compositor: &mut Compositor, watch: &Watch) {
    compositor.plug_in(1);
    assert!(watch.listener.seats().is_some());
    compositor.is_asked(1, 1).await;
    compositor.idled(1);
    knows(watch, idle).await;
}

#[tokio::test]
async fn the_end_of_idleness_wakes_at_once_and_nothing_does_before() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("wayland-0");
    let mut compositor = Compositor::start(&socket, Some(2));
    let watch = watch(&socket);
    idle_seat(&mut compositor, &watch).await;
    for _ in 0..2 {
        stays_quiet(&watch).await;
        let mut woken = std::pin::pin!(watch.input());
        // With calls given up in between, as whoever waits for other things beside does.
        let early = timeout(Duration::from_millis(100), woken.as_mut()).await;
        assert!(early.is_err(), "woken without input");
        compositor.resumed(1);
        timeout(LONG, woken).await.expect("woken");
        compositor.idled(1);
        knows(&watch, idle).await;
    }
}

#[tokio::test]
async fn input_while_nobody_waits_is_no_news_later() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("wayland-0");
    let mut compositor = Compositor::start(&socket, Some(2));
    let watch = watch(&socket);
    idle_seat(&mut compositor, &watch).await;
    compositor.resumed(1);
    knows(&watch, |known| known == Some(Duration::ZERO)).await;
    compositor.idled(1);
    knows(&watch, idle).await;
    stays_quiet(&watch).await;
}

#[tokio::test]
async fn a_seat_in_use_wakes_when_it_does_not_become_idle_and_does_not_spin() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("wayland-0");
    let mut compositor = Compositor::start(&socket, Some(2));
    let watch = watch(&socket);
    idle_seat(&mut compositor, &watch).await;
    compositor.resumed(1);
    knows(&watch, |known| known == Some(Duration::ZERO)).await;
    for _ in 0..2 {
        let early = timeout(Duration::ZERO, watch.input()).await;
        assert!(early.is_err(), "woken before anything is known");
        timeout(LONG, watch.input()).await.expect("woken");
    }
}

#[tokio::test]
async fn without_a_compositor_nothing_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    stays_quiet(&watch(&folder.path().join("wayland-0"))).await;
}
