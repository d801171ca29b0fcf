//! The guard: a host name that leads to an address within is not called, whatever the name. The
//! connection goes to an address that was looked at, so that a second answer of a name server changes
//! nothing.

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    pub(super) private_addresses: bool,
}

impl ResolveDns for Guard {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 443)).await.map_err(ResolveDnsError::new)?;
            let may: Vec<IpAddr> = found.map(|a| a.ip()).filter(|ip| self.lets(*ip)).collect();
            if may.is_empty() {
                let text = format!("{name} has no address that a webhook may call");
                return Err(ResolveDnsError::new(text));
            }
            Ok(may)
        })
    }
}

impl Guard {
    fn lets(self, ip: IpAddr) -> bool {
        match kind(ip) {
            Kind::Public => true,
            Kind::Private => self.private_addresses,
            Kind::Never => false,
        }
    }
}

enum Kind {
    Public,
    Private,
    Never,
}

fn kind(ip: IpAddr) -> Kind {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or_else(|| kind_v6(ip), kind_v4),
    }
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    let [a, b, ..] = ip.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    if ip.is_link_local() || a == 0 || a >= 224 || ip.is_documentation() {
        Kind::Never
    } else if ip.is_private() || ip.is_loopback() || is_shared {
        Kind::Private
    } else {
        Kind::Public
    }
}

/// AWS's own services of an instance (metadata, time, names) are in `fd00:ec2::/32`, a part of the
/// unique local addresses.
fn kind_v6(ip: Ipv6Addr) -> Kind {
    let [first, second, ..] = ip.segments();
    let is_of_instance = first == 0xfd00 && second == 0x0ec2;
    let is_global = first & 0xe000 == 0x2000 && !(first == 0x2001 && second == 0x0db8);
    // 6to4, NAT64 and Teredo hide an address of version 4 in one of version 6.
    let hides = first == 0x2002 || (first == 0x2001 && second == 0);
    if is_of_instance || hides {
        Kind::Never
    } else if ip.is_loopback() || ip.is_unique_local() {
        Kind::Private
    } else if is_global {
        Kind::Public
    } else {
        Kind::Never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets(private_addresses: bool, ip: &str) -> bool {
        Guard { private_addresses }.lets(ip.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_called() {
        for ip in ["203.0.114.7", "8.8.8.8", "100.128.0.1", "2600:1f18::1", "::ffff:8.8.8.8"] {
            assert!(lets(false, ip), "{ip}");
        }
    }

    #[test]
    fn private_and_loopback_addresses_only_where_the_settings_say_so() {
        let within = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1"];
        for ip in within.into_iter().chain(["::1", "fd12::1", "::ffff:10.0.0.1"]) {
            assert!(!lets(false, ip) && lets(true, ip), "{ip}");
        }
    }

    #[test]
    fn where_credentials_are_kept_and_nobody_listens_is_never_called() {
        let v4 = ["169.254.169.254", "169.254.170.2", "0.0.0.0", "224.0.0.1", "255.255.255.255"];
        let v6 = ["fe80::1", "fd00:ec2::254", "::", "ff02::1", "::ffff:169.254.169.254"];
        for ip in v4.into_iter().chain(v6).chain(["2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe"]) {
            assert!(!lets(true, ip), "{ip}");
        }
    }
}
