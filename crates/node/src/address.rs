//! Which addresses to offer to clients.

use std::net::{IpAddr, SocketAddr};

/// The candidates of a socket bound to `local`: what the operator says, else the bound address, else what the machine's
/// interfaces have.
pub fn candidates(local: SocketAddr, advertise: &[IpAddr]) -> Vec<SocketAddr> {
    if !advertise.is_empty() {
        return advertise.iter().map(|&ip| SocketAddr::new(ip, local.port())).collect();
    }
    if !local.ip().is_unspecified() {
        return vec![local];
    }
    let takes_v6 = local.is_ipv6();
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        interfaces.iter().map(|i| i.ip()).filter(|ip| (ip.is_ipv4() || takes_v6) && is_offerable(ip)).collect();
    addresses.sort();
    addresses.dedup();
    if addresses.iter().any(|ip| !ip.is_loopback()) {
        // A browser on another machine would waste checks on it; one on this machine reaches the interface's address too.
        addresses.retain(|ip| !ip.is_loopback());
    }
    addresses.into_iter().map(|ip| SocketAddr::new(ip, local.port())).collect()
}

/// Link-local IPv6 needs a scope that means nothing to the other side.
fn is_offerable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_names_is_offered_with_the_port_that_is_bound() {
        let local = "0.0.0.0:7000".parse().unwrap();
        let named = ["203.0.113.9".parse().unwrap(), "2001:db8::9".parse().unwrap()];
        let offered = candidates(local, &named);
        assert_eq!(offered, ["203.0.113.9:7000".parse().unwrap(), "[2001:db8::9]:7000".parse().unwrap()]);
    }

    #[test]
    fn a_bound_address_is_the_only_one_offered() {
        let local = "127.0.0.1:7000".parse().unwrap();
        assert_eq!(candidates(local, &[]), [local]);
    }

    #[test]
    fn a_socket_for_all_addresses_offers_some_address_of_this_machine() {
        let offered = candidates("0.0.0.0:7000".parse().unwrap(), &[]);
        assert!(!offered.is_empty());
        assert!(offered.iter().all(|a| a.is_ipv4() && a.port() == 7000 && !a.ip().is_unspecified()));
    }
}
