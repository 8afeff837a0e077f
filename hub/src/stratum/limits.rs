//! How many connections there may be, together and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections in and out.
#[derive(Debug)]
pub struct Doorkeeper {
    inside: Mutex<Inside>,
    total: usize,
    per_address: usize,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    of_address: HashMap<IpAddr, usize>,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    doorkeeper: Arc<Doorkeeper>,
    address: IpAddr,
}

impl Doorkeeper {
    /// Lets in so many, and so many of one address.
    pub fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Doorkeeper {
            inside: Mutex::default(),
            total,
            per_address,
        })
    }

    /// A place, if there is one.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = network_of(address);
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= self.total {
            return None;
        }
        let count = inside.of_address.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        inside.all += 1;
        Some(Place {
            doorkeeper: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inside = self.doorkeeper.inside.lock();
        let mut inside = inside.unwrap_or_else(PoisonError::into_inner);
        inside.all -= 1;
        if let Some(count) = inside.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.of_address.remove(&self.address);
            }
        }
    }
}

/// One customer of an IPv6 provider has a whole /64: it counts as one address.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_come_back() {
        let door = Doorkeeper::new(3, 2);
        let [a, b, c] =
            ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|a| a.parse().expect("an address"));
        let first = door.admit(a).expect("free");
        let _second = door.admit(a).expect("free");
        assert!(door.admit(a).is_none(), "two of one address");
        let _third = door.admit(b).expect("free");
        assert!(door.admit(c).is_none(), "three in total");
        drop(first);
        assert!(door.admit(c).is_some());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let one = "2001:db8::1".parse().expect("an address");
        let other = "2001:db8::ffff:2".parse().expect("an address");
        assert_eq!(network_of(one), network_of(other));
        let far = "2001:db8:0:1::1".parse().expect("an address");
        assert_ne!(network_of(one), network_of(far));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().expect("an address");
        assert_eq!(
            network_of(mapped),
            "10.0.0.1".parse::<IpAddr>().expect("an address")
        );
    }
}
