//! Who may connect: so many at one time, and so many from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{Limits, Network};

/// Counts connections.
pub(super) struct Admission {
    slots: Arc<Semaphore>,
    per_address: usize,
    /// Each speaks for many.
    proxies: Vec<Network>,
    held: Addresses,
}

type Addresses = Arc<Mutex<HashMap<IpAddr, Held>>>;

/// The connections of one address.
#[derive(Default)]
struct Held {
    count: usize,
    /// It was said in the log that there are too many.
    told: bool,
}

/// A connection's place, given back when it goes.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    held: Option<(IpAddr, Addresses)>,
}

impl Admission {
    pub(super) fn new(limits: &Limits, proxies: &[Network]) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(limits.connections)),
            per_address: limits.connections_per_address,
            proxies: proxies.to_vec(),
            held: Arc::default(),
        }
    }

    /// Room for one more, whoever it is.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.slots.clone().try_acquire_owned() {
            return Some(permit);
        }
        tracing::warn!("as many connections are open as may be; further ones wait");
        self.slots.clone().acquire_owned().await.ok()
    }

    /// The room for this address; none: it has as many as it may.
    pub(super) fn admit(&self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Option<Slot> {
        if self.proxies.iter().any(|network| network.contains(peer)) {
            return Some(Slot {
                _permit: permit,
                held: None,
            });
        }
        let place = place(peer);
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(place).or_default();
        if held.count >= self.per_address {
            if !std::mem::replace(&mut held.told, true) {
                tracing::warn!(%peer, "an address has as many connections as it may; further ones are closed");
            }
            return None;
        }
        held.count += 1;
        Some(Slot {
            _permit: permit,
            held: Some((place, self.held.clone())),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((place, held)) = self.held.take() else {
            return;
        };
        let mut all = held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&place) {
            held.count = held.count.saturating_sub(1);
            if held.count == 0 {
                all.remove(&place);
            }
        }
    }
}

/// What counts as one address: of IPv6 a /64, which is the least that one household has.
fn place(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(network).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(admission: &Admission, from: &str) -> Option<Slot> {
        let permit = admission.room().await.unwrap();
        admission.admit(permit, from.parse().unwrap())
    }

    #[tokio::test]
    async fn each_address_has_its_share_and_a_proxy_all() {
        let limits = Limits {
            connections: 100,
            connections_per_address: 2,
            ..Limits::default()
        };
        let admission = Admission::new(&limits, &["192.0.2.0/24".parse().unwrap()]);
        let first = ask(&admission, "203.0.113.1").await;
        let second = ask(&admission, "::ffff:203.0.113.1").await;
        assert!(first.is_some() && second.is_some());
        assert!(ask(&admission, "203.0.113.1").await.is_none());
        assert!(ask(&admission, "203.0.113.2").await.is_some());
        drop(second);
        let again = ask(&admission, "203.0.113.1").await;
        assert!(again.is_some());
        let mut neighbours = Vec::new();
        for last in 1..=3 {
            neighbours.push(ask(&admission, &format!("2001:db8::{last}")).await);
        }
        assert!(neighbours[1].is_some() && neighbours[2].is_none());
        assert!(ask(&admission, "2001:db8:0:1::1").await.is_some());
        let mut proxied = Vec::new();
        for _ in 0..10 {
            proxied.push(ask(&admission, "192.0.2.7").await);
        }
        assert!(proxied.iter().all(Option::is_some));
        drop((first, again, neighbours, proxied));
        assert!(admission.held.lock().unwrap().is_empty());
        assert_eq!(admission.slots.available_permits(), 100);
    }
}
