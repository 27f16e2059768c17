//! The choice of an interface when none is named.

use std::fs;

use super::device;
use crate::capture::libpcap;
use crate::error::Error;

/// An interface, and the reason that it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Whether it is the interface of the default route; otherwise it is libpcap's choice.
    pub is_default_route: bool,
}

/// Returns the interface of the default route or, if there is none, libpcap's choice.
pub fn default_interface() -> Result<Choice, Error> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let of_route = ipv4(&read("/proc/net/route")).or_else(|| ipv6(&read("/proc/net/ipv6_route")));
    if let Some(name) = of_route {
        return Ok(Choice { name, is_default_route: true });
    }
    libpcap::load()?;
    let first = pcap::Device::lookup().map_err(|error| device::unlisted(&error))?;
    let name = first.ok_or_else(|| Error::Interfaces { message: "there is none".to_owned() })?.name;
    Ok(Choice { name, is_default_route: false })
}

/// The loopback interface.
pub const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// Returns the interface of the default route with the lowest metric (Linux, `net/ipv4/fib_trie.c`).
///
/// A line is `Iface Destination Gateway Flags RefCnt Use Metric Mask …`. Addresses, flags and masks are hexadecimal,
/// the metric is decimal.
fn ipv4(table: &str) -> Option<String> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        match fields.as_slice() {
            [name, "00000000", _, flags, _, _, metric, "00000000", ..] if is_usable(flags) => {
                Some((metric.parse::<u32>().ok()?, (*name).to_owned()))
            }
            _ => None,
        }
    });
    routes.min().map(|(_, name)| name)
}

/// Returns the interface of the IPv6 default route with the lowest metric (Linux, `net/ipv6/route.c`).
///
/// A line is `destination length source length next-hop metric references uses flags name`, all in hexadecimal.
fn ipv6(table: &str) -> Option<String> {
    let routes = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        match fields.as_slice() {
            [destination, "00", _, _, _, metric, _, _, flags, name] => {
                let is_default = destination.bytes().all(|digit| digit == b'0') && is_usable(flags) && *name != "lo";
                is_default.then_some((u32::from_str_radix(metric, 16).ok()?, (*name).to_owned()))
            }
            _ => None,
        }
    });
    routes.min().map(|(_, name)| name)
}

/// Returns whether a route is up and does not just reject packets (`RTF_UP`, `RTF_REJECT`).
fn is_usable(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & 0x0001 != 0 && flags & 0x0200 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_of_the_least_metric() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                     eth0\t00000000\t0102000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                     down0\t00000000\t0102000A\t0002\t0\t0\t1\t00000000\t0\t0\t0\n\
                     eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                     tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n";
        assert_eq!(ipv4(table).as_deref(), Some("eth0"));
        assert_eq!(ipv4("Iface\n"), None);
    }

    #[test]
    fn the_default_route_of_ipv6() {
        let (zero, hop) = ("0".repeat(32), "fe80".to_owned() + &"0".repeat(28));
        let table = format!(
            "{hop} 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n\
             {zero} 00 {zero} 00 {hop} 00000400 00000001 00000000 00000003 eth1\n"
        );
        assert_eq!(ipv6(&table).as_deref(), Some("eth1"));
        assert_eq!(ipv6(""), None);
    }
}
