//! When a TLS handshake begins within a connection, which reqwest does not tell.
//!
//! rustls asks its store of sessions before it writes the first byte of a handshake, in the task of the
//! request: a store that notes when it is asked knows where connecting ends. It keeps what the store that
//! rustls has by itself keeps.

use std::sync::Arc;

use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use super::steps::Steps;

/// For how many servers sessions are kept: rustls' own number.
const SERVERS_MAX: usize = 256;

/// Lets handshakes with these settings note when they begin.
pub(super) fn noted(mut tls: ClientConfig) -> ClientConfig {
    let kept = ClientSessionMemoryCache::new(SERVERS_MAX);
    tls.resumption = Resumption::store(Arc::new(Noting(kept)));
    tls
}

#[derive(Debug)]
struct Noting(ClientSessionMemoryCache);

impl ClientSessionStore for Noting {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        Steps::note_handshake();
        self.0.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        Steps::note_handshake();
        self.0.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.0.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, value);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        Steps::note_handshake();
        self.0.take_tls13_ticket(server)
    }
}
