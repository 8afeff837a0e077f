//! How many files and connections the system lets the program have open at once. The usual limit of 1,024 would be a
//! hub's limit of connections.

/// What is open beside the connections: the database, listeners, nodes, logs.
const BESIDE: u64 = 256;

/// Raises the limit to what the system allows, and says when that is less than so many connections need.
pub fn allow(connections: usize) {
    let needed = connections as u64 + BESIDE;
    if let Some(allowed) = raise(needed)
        && allowed < needed
    {
        tracing::warn!(
            allowed,
            needed,
            "the system allows fewer open files than the limits on connections need: raise it (ulimit -n, LimitNOFILE), \
             or lower limits.connections"
        );
    }
}

/// The limit, raised if need be; `None` where there is none.
#[cfg(unix)]
fn raise(needed: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    if current >= needed {
        return Some(current);
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            Some(current)
        }
    }
}

/// Windows has no such limit on sockets.
#[cfg(not(unix))]
fn raise(_: u64) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
        assert_eq!(raise(u64::MAX), hard);
        let now = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        assert_eq!(now, hard);
        allow(1);
    }
}
