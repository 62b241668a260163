//! What can be asked by its address alone: a row a protocol.

use std::fmt;

use futures_util::future::BoxFuture;

use super::address::Address;
use super::{Finding, Means, Probe};
use super::{memcached, redis};
use crate::model::CheckKind;

/// A protocol that `obs` speaks.
pub struct Kind {
    /// `kind` in `obs.toml` and on the command line.
    pub name: &'static str,
    /// What it is in a report.
    pub check: CheckKind,
    /// The schemes of its addresses; `host:port` is taken for the first.
    pub schemes: &'static [&'static str],
    /// The protocol's own port.
    pub port: Option<u16>,
    /// What is asked, in a line.
    pub about: &'static str,
    /// Asks; never errs, and ends within the probe's timeout.
    pub(super) run: for<'a> fn(&'a Probe, &'a Address, &'a Means) -> BoxFuture<'a, Finding>,
}

/// Every protocol, in the order of the alphabet.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "memcached",
        check: CheckKind::Memcached,
        schemes: &["memcached", "memcache"],
        port: Some(11211),
        about: "version, memory, connections, evictions",
        run: |probe, address, _| Box::pin(memcached::run(probe, address)),
    },
    Kind {
        name: "redis",
        check: CheckKind::Redis,
        schemes: &["redis", "rediss", "valkey", "valkeys", "unix"],
        port: Some(6379),
        about: "login, memory, replication, persistence, refused connections",
        run: |probe, address, _| Box::pin(redis::run(probe, address)),
    },
];

impl fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Kind {
    /// Returns the row of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Returns the row whose addresses begin so: `postgresql`, `rediss`; a driver behind a `+` is no
    /// part of it.
    pub fn of_scheme(scheme: &str) -> Option<&'static Self> {
        let scheme = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
        KINDS.iter().find(|kind| kind.schemes.contains(&scheme.as_str()))
    }

    /// Reads an address of this protocol; errs in words without any part of it.
    pub fn address(&self, text: &str) -> Result<Address, String> {
        let address = Address::read(text, self.schemes, self.port)?;
        if address.port == 0 && !address.is_socket() {
            return Err("has no port".to_owned());
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_scheme_belong_to_one_kind() {
        for kind in KINDS {
            assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1);
            assert_eq!(kind.name, kind.check.name());
            for scheme in kind.schemes {
                let all = KINDS.iter().filter(|other| other.schemes.contains(scheme));
                assert_eq!(all.count(), 1, "{scheme}");
            }
        }
    }

    #[test]
    fn the_kinds_are_in_the_order_of_the_alphabet() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.name));
    }

    #[test]
    fn a_scheme_leads_to_its_kind_whatever_the_driver() {
        let name = |scheme| Kind::of_scheme(scheme).map(|kind| kind.name);
        assert_eq!(name("redis+socket"), Some("redis"));
        assert_eq!(name("REDISS"), Some("redis"));
        assert_eq!(name("gopher"), None);
    }
}
