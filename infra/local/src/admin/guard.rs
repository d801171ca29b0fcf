//! Who may ask for the pages under `/_local/`: programs, not pages of a browser from elsewhere.
//!
//! They may do everything, and ask for no password. A page from elsewhere could ask for them in
//! two ways: across origins (then the browser says `Origin`), or under a name of its own that it
//! has made to mean this machine (DNS rebinding: then `Host` is that name).

use crate::wire::WireRequest;
use http::uri::Authority;
use std::net::IpAddr;

/// Why a request is refused, if it is. Behind a port that only this machine can reach (`loopback`)
/// the name asked for must be one of this machine.
pub(super) fn refused(request: &WireRequest, loopback: bool) -> Option<String> {
    let (origin, host) = (request.header("origin"), request.header("host"));
    if !origin.is_empty() {
        return Some(format!("not for pages of a browser (origin {origin:?})"));
    }
    if loopback && !host.is_empty() && !is_this_machine(host) {
        return Some(format!("not under the name {host:?}: ask for 127.0.0.1 or localhost"));
    }
    None
}

fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::refused;
    use crate::wire::WireRequest;

    fn is_refused(headers: &[(&str, &str)], loopback: bool) -> bool {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        refused(&WireRequest { headers, ..WireRequest::default() }, loopback).is_some()
    }

    #[test]
    fn a_name_that_only_means_this_machine_is_refused_on_loopback() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:4566", "127.1.2.3", "[::1]:4566", ""] {
            assert!(!is_refused(&[("host", host)], true), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:4566", "10.0.0.1", "a b", "@", "[::2]"]
        {
            assert!(is_refused(&[("host", host)], true), "{host}");
            assert!(!is_refused(&[("host", host)], false), "{host}");
        }
    }

    #[test]
    fn a_page_of_a_browser_is_refused_everywhere() {
        for loopback in [true, false] {
            let from = [("host", "localhost"), ("origin", "http://localhost:3000")];
            assert!(is_refused(&from, loopback));
            assert!(is_refused(&[("host", "localhost"), ("origin", "null")], loopback));
        }
    }
}
