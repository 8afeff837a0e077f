//! Ports that belong to one test alone. A program under test gets its port as an argument, and is killed and started again on
//! it; were it a port that the system gives to anybody who asks for any, another test's program could have it in between, and
//! answer in the first one's place.

#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;

/// Below the ports that Linux gives to whoever asks for any (from 32,768 on).
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Each port taken is held by an abstract socket with its number in the name: no other test program that asks here gets it, and
/// nothing is left when this one ends, however it does.
static HELD: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 that nobody listens on, and that no other call gives while this program runs.
///
/// # Panics
/// When all are taken.
pub fn free_port() -> u16 {
    let mut held = HELD.lock().expect("no holder panics");
    // Programs that run one after another begin at different places: a port that was left just now is not asked for again.
    let begin = std::process::id() as usize * 64 % PORTS.len();
    for port in PORTS.cycle().skip(begin).take(PORTS.len()) {
        let name = SocketAddr::from_abstract_name(format!("idlewatt-test-port-{port}"));
        let Ok(holder) = UnixListener::bind_addr(&name.expect("a short name")) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            held.push(holder);
            return port;
        }
    }
    panic!("every port from {} to {} is taken", PORTS.start, PORTS.end);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn nobody_gets_a_port_twice() {
        let callers: Vec<_> = (0..8)
            .map(|_| std::thread::spawn(|| [(); 20].map(|()| super::free_port())))
            .collect();
        let ports: BTreeSet<u16> = callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("ports"))
            .collect();
        assert_eq!(ports.len(), 160);
    }
}
