//! Which addresses of hosts a list of URLs may lead to: those of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public internet: not to this machine, a private network, a
/// provider's own network, a cloud's metadata service, or a range that nobody has.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, d] = v4.octets();
    !(v4.is_loopback()
        || v4.is_private()
        // Also the metadata service of most clouds, 169.254.169.254.
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        // Shared by the customers of a provider (carrier NAT); Alibaba's metadata service.
        || (a == 100 && b & 0xc0 == 64)
        // IETF protocol assignments; Oracle's metadata service.
        || (a, b, c) == (192, 0, 0)
        // Former 6to4 relays.
        || (a, b, c) == (192, 88, 99)
        // Benchmarks.
        || (a == 198 && b & 0xfe == 18)
        // Azure's wire server, in a public range.
        || (a, b, c, d) == (168, 63, 129, 16))
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let last_v4 = || Ipv4Addr::from((u32::from(s[6]) << 16) | u32::from(s[7]));
    // IPv4-mapped, and NAT64: the IPv4 address decides.
    if s[..6] == [0, 0, 0, 0, 0, 0xffff] || s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(last_v4());
    }
    // 6to4 holds an IPv4 address, too.
    if s[0] == 0x2002 {
        return is_public_v4(Ipv4Addr::from((u32::from(s[1]) << 16) | u32::from(s[2])));
    }
    // Global unicast is 2000::/3. Loopback, IPv4-compatible, unique local, link-local, site-local and
    // multicast addresses are outside.
    s[0] & 0xe000 == 0x2000
        // Teredo, benchmarks, ORCHID.
        && !(s[0] == 0x2001 && s[1] < 0x0200)
        // Documentation.
        && !(s[0] == 0x2001 && s[1] == 0x0db8)
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("93.184.216.34", true),
            ("127.0.0.1", false),
            ("127.255.0.9", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("100.128.0.1", true),
            ("192.0.0.192", false),
            ("168.63.129.16", false),
            ("198.19.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::1", false),
            ("::", false),
            ("::127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true),
            ("2002:7f00:1::", false),
            ("2001:0:1::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
