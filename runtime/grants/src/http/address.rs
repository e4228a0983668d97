//! Which addresses lie in the public internet. Everything else (this machine,
//! its network, the metadata service of a cloud, whatever is reserved, every
//! IPv6 address that only wraps such an IPv4 one) is reached by a grant with
//! `private = true` alone.
//!
//! After the IANA registries of special-purpose addresses (RFC 6890 and what
//! followed), stricter in one way: whole blocks are closed where the registry
//! opens single addresses within them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not public: network and length of the prefix.
const V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared by carriers; a metadata service
    ([127, 0, 0, 0], 8),      // this machine
    ([168, 63, 129, 16], 32), // a cloud's own services, though the address looks public
    ([169, 254, 0, 0], 16),   // link-local; metadata services
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; a metadata service
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // relays of 6to4
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// Blocks within `2000::/3` that are not public.
const V6: &[([u16; 3], u32)] = &[
    ([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    ([0x2001, 0xdb8, 0], 32), // documentation
    ([0x2002, 0, 0], 16),     // 6to4: any IPv4 address whatever, by way of a relay
    ([0x3fff, 0, 0], 20),     // documentation
];

/// Blocks that a network of the operator's own has its addresses from.
const OWN_V4: &[([u8; 4], u32)] = &[
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
];

/// Where clouds tell a machine its own keys, within such blocks.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether a name that may lead to private addresses may lead to this one: one
/// of this machine or of a network of the operator's own. Metadata services,
/// link-local, multicast and reserved addresses are reached by no name.
pub(crate) fn is_own(address: IpAddr) -> bool {
    let own = match address {
        IpAddr::V4(address) => OWN_V4.iter().any(|block| is_in(address, *block)),
        IpAddr::V6(address) => address.is_loopback() || address.segments()[0] >> 9 == 0x7e,
    };
    own && !METADATA.contains(&address)
}

/// Whether an address is globally routable unicast.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !V4.iter().any(|block| is_in(address, *block))
}

fn is_in(address: Ipv4Addr, (network, length): ([u8; 4], u32)) -> bool {
    let mask = u32::MAX << (32 - length);
    address.to_bits() & mask == Ipv4Addr::from(network).to_bits()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = wrapped(address) {
        return is_public_v4(inner);
    }
    let within = |&([a, b, c], length): &([u16; 3], u32)| {
        let network = Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits();
        address.to_bits() & (u128::MAX << (128 - length)) == network
    };
    address.segments()[0] >> 13 == 1 && !V6.iter().any(within)
}

/// The IPv4 address that takes the packets: IPv4-mapped, NAT64 under the
/// well-known prefix, ISATAP.
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let inner = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => u32::from(high) << 16 | u32::from(low),
        _ => return None,
    };
    // An ISATAP address outside of `2000::/3` is judged by its own block.
    let own_block = address.segments()[0] >> 13 == 1 || address.segments()[0] < 0x100;
    own_block.then_some(Ipv4Addr::from_bits(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn every_block_that_is_not_public_is_closed_at_both_ends() {
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.192",
            "192.0.0.255",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "100::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn a_private_name_leads_to_networks_of_ones_own_alone() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
        ] {
            assert!(is_own(text.parse().unwrap()), "{text}");
        }
        for text in [
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "8.8.8.8",
        ] {
            assert!(!is_own(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn private_addresses_wrapped_in_ipv6_stay_private() {
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::1",
            "2002:0808:0808::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2606:4700::5efe:127.0.0.1",
            "2606:4700::200:5efe:10.0.0.1",
            "fe80::5efe:8.8.8.8",
            "::ffff:0:127.0.0.1",
        ] {
            assert!(!public(text), "{text}");
        }
    }
}
