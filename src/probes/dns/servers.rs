//! Which name servers this machine asks, and how it completes short names: `/etc/resolv.conf`.
//!
//! Source: `resolv.conf(5)`.

use std::net::{IpAddr, SocketAddr};

/// The port of name servers.
const PORT: u16 = 53;
/// What the system's own resolver reads at most.
const SERVERS_MAX: usize = 3;
const SEARCH_MAX: usize = 6;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Servers {
    /// In the order in which they are asked.
    pub(super) addresses: Vec<SocketAddr>,
    /// What is appended to a short name.
    search: Vec<String>,
    /// With fewer dots than this a name is short.
    dots: usize,
}

impl Servers {
    /// Reads the file's text; without a server in it, it is the one of this machine.
    pub(super) fn read(text: &str) -> Self {
        let mut servers = Self { addresses: Vec::new(), search: Vec::new(), dots: 1 };
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => servers.addresses.extend(words.next().and_then(server)),
                Some("search" | "domain") => {
                    servers.search = words.take(SEARCH_MAX).map(str::to_owned).collect();
                }
                Some("options") => {
                    let mut dots = words.filter_map(|word| word.strip_prefix("ndots:"));
                    let given = dots.next_back().and_then(|dots| dots.parse::<usize>().ok());
                    servers.dots = given.map_or(servers.dots, |dots| dots.min(15));
                }
                _ => {}
            }
        }
        servers.addresses.truncate(SERVERS_MAX);
        if servers.addresses.is_empty() {
            servers.addresses.push(SocketAddr::from(([127, 0, 0, 1], PORT)));
        }
        servers
    }

    /// Returns the servers that a check names itself; they are asked for the name as it is.
    pub(super) fn given(addresses: &[SocketAddr]) -> Self {
        Self { addresses: addresses.to_vec(), search: Vec::new(), dots: 0 }
    }

    /// Returns the names that are asked for, one after the other, until there is one.
    pub(super) fn candidates(&self, name: &str) -> Vec<String> {
        let bare = name.trim_end_matches('.');
        if name.ends_with('.') {
            return vec![bare.to_owned()];
        }
        let completed =
            self.search.iter().map(|suffix| format!("{bare}.{}", suffix.trim_matches('.')));
        let itself = std::iter::once(bare.to_owned());
        if bare.matches('.').count() >= self.dots {
            itself.chain(completed).collect()
        } else {
            completed.chain(itself).collect()
        }
    }
}

/// Reads the address of a name server: `10.0.0.2`, `10.0.0.2:5353`, `[::1]:53`.
pub(super) fn server(text: &str) -> Option<SocketAddr> {
    // The zone of a link-local address is left out: there is no portable way to ask through it.
    let with_port = || text.parse::<SocketAddr>().ok();
    text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, PORT)).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_the_system_reads_it() {
        let text = "# made by a tool\nnameserver 10.0.0.2 # first\nnameserver ::1\nnameserver x\n\
                    search shop.svc.cluster.local svc.cluster.local\noptions ndots:5 timeout:1\n";
        let servers = Servers::read(text);
        let expected = ["10.0.0.2:53", "[::1]:53"].map(|server| server.parse().unwrap());
        assert_eq!(servers.addresses, expected);
        assert_eq!(
            servers.candidates("db.shop"),
            ["db.shop.shop.svc.cluster.local", "db.shop.svc.cluster.local", "db.shop"]
        );
        assert_eq!(servers.candidates("db.shop."), ["db.shop"]);
    }

    #[test]
    fn without_a_file_the_server_is_this_machine() {
        let servers = Servers::read("");
        assert_eq!(servers.addresses, ["127.0.0.1:53".parse().unwrap()]);
        assert_eq!(servers.candidates("api.example"), ["api.example"]);
    }

    #[test]
    fn a_server_has_a_port_where_one_is_written() {
        assert_eq!(server("127.0.0.1:5300"), "127.0.0.1:5300".parse().ok());
        assert_eq!(server("dns.example"), None);
    }
}
