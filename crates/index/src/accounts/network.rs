//! Networks of proxies, and of those who hold a token: `10.0.0.0/8`, `::1`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A network: an address and how many of its leading bits count, the others being zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network such as `10.0.0.0/8`, found `{given}`")]
pub struct InvalidNetwork {
    /// What was given.
    pub given: String,
}

impl Network {
    /// This machine.
    pub fn loopback() -> [Self; 2] {
        let (v4, v6) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        [Self::new(v4.into(), 8), Self::new(v6.into(), 128)]
    }

    fn new(address: IpAddr, prefix: u8) -> Self {
        let address = match address {
            IpAddr::V4(address) => {
                let shift = 32_u32.saturating_sub(prefix.into());
                let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let shift = 128_u32.saturating_sub(prefix.into());
                let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        };
        Self { address, prefix }
    }

    /// Every network that the address belongs to: 33 for IPv4, 129 for IPv6.
    pub(super) fn around(address: IpAddr) -> impl Iterator<Item = Self> {
        let address = address.to_canonical();
        (0..=most_bits(address)).map(move |prefix| Self::new(address, prefix))
    }

    /// Whether the address belongs to it. An IPv4 address in IPv6's clothes is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.prefix.into());
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.prefix.into());
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn most_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(given: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork {
            given: given.chars().take(80).collect(),
        };
        let (address, prefix) = given
            .split_once('/')
            .map_or((given, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let most = most_bits(address);
        let prefix = prefix.map_or(Ok(most), |prefix| prefix.parse().map_err(|_| invalid()))?;
        if prefix > most {
            Err(invalid())
        } else {
            Ok(Self::new(address, prefix))
        }
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;

    fn try_from(given: String) -> Result<Self, InvalidNetwork> {
        given.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        let contains = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.1.2") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.7", "10.0.0.7") && !contains("10.0.0.7", "10.0.0.6"));
        assert!(contains("0.0.0.0/0", "8.8.8.8") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(
            contains("fd00::/8", "fdff::1") && contains("::/0", "::1") && !contains("::1", "::2")
        );
        let all = |address: &str| {
            let around = Network::around(address.parse().unwrap());
            around.map(|it| it.to_string()).collect::<Vec<_>>()
        };
        let (four, six) = (all("::ffff:10.1.2.3"), all("2001:db8:0:1::7"));
        assert_eq!((four.len(), six.len()), (33, 129));
        let named = ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32"];
        assert_eq!([0, 8, 24, 32].map(|at| four[at].as_str()), named);
        let named = ["::/0", "2001:db8::/32", "2001:db8:0:1::/64"];
        assert_eq!([0, 32, 64].map(|at| six[at].as_str()), named);
        let canonical: Network = "10.1.2.3/8".parse().unwrap();
        assert_eq!(canonical.to_string(), "10.0.0.0/8");
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "host",
            "10.0.0.0/-1",
            "10.0.0.0/",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
