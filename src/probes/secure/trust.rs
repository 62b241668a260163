//! Whom a connection trusts: the system's authorities, those of a file that the address names, or anybody.
//!
//! As drivers have it: `sslrootcert` in the place of the system's authorities, `verify-ca` for a trusted
//! certificate of whatever name, and a server's own certificate in the file is trusted itself. Source:
//! section 34.19 of PostgreSQL's manual.

use std::io;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error as TlsError, RootCertStore};
use tokio::io::AsyncReadExt as _;

use crate::http::{authorities, reason_of_tls, words_of_tls};
use crate::model::{Reason, mask_text};
use crate::probes::Finding;
use crate::probes::address::{Address, Tls};
use crate::probes::certificate::Certificate;

/// All authorities of a system are a quarter of it.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Whom a connection trusts.
#[derive(Debug)]
pub(in super::super) enum Trust {
    /// Whoever answers.
    Anybody,
    /// The system's authorities, for this name.
    System,
    /// The system's authorities, for whatever name.
    SystemChain,
    /// These certificates and whom they signed; for this name or for any.
    Own {
        /// At least one.
        roots: Vec<CertificateDer<'static>>,
        /// Whether the name must be right.
        named: bool,
    },
}

impl Trust {
    /// Reads what the address says of it, and the file that it names.
    ///
    /// Errs where the file is missing, no file, too large, or has no certificate in it.
    pub(in super::super) async fn of(address: &Address) -> Result<Self, Finding> {
        let named = match address.tls {
            Tls::Off | Tls::Prefer | Tls::Unverified => return Ok(Self::Anybody),
            Tls::Chain => false,
            Tls::Verified => true,
        };
        match address.authorities() {
            None | Some("system") if named => Ok(Self::System),
            None | Some("system") => Ok(Self::SystemChain),
            Some(path) => Ok(Self::Own { roots: roots(path).await?, named }),
        }
    }

    /// Says what is wrong with the certificates that a server sent, its own first.
    pub(super) fn judge(
        &self,
        sent: &[CertificateDer<'static>],
        name: &ServerName<'static>,
        now: UnixTime,
    ) -> Result<(), Finding> {
        let (store, own, named) = match self {
            Self::Anybody | Self::System => return Ok(()),
            Self::SystemChain => (authorities(), &[][..], false),
            Self::Own { roots, named } => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(roots.iter().cloned());
                (store.into(), roots.as_slice(), *named)
            }
        };
        let Some((leaf, others)) = sent.split_first() else {
            let message = "the server showed no certificate";
            return Err(Finding::fail(Reason::Protocol, message));
        };
        let check = Check { store: &store, own, name: named.then_some(name), now };
        check.judge(leaf, others).map_err(|error| {
            let reason = reason_of_tls(&error);
            let finding = Finding::fail(reason, words_of_tls(&error));
            if reason == Reason::TlsUntrusted && !own.is_empty() {
                return finding.likely("it is signed by none of the file that the address names");
            }
            finding
        })
    }
}

/// What a certificate is held to.
struct Check<'a> {
    store: &'a RootCertStore,
    own: &'a [CertificateDer<'a>],
    name: Option<&'a ServerName<'a>>,
    now: UnixTime,
}

impl Check<'_> {
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Result<(), TlsError> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        // A self-signed certificate signs no chain: it is itself what is trusted.
        if self.own.contains(leaf) {
            self.in_time(leaf)?;
        } else {
            let provider = rustls::crypto::ring::default_provider();
            let known = provider.signature_verification_algorithms.all;
            let (store, now) = (self.store, self.now);
            verify_server_cert_signed_by_trust_anchor(&parsed, store, others, now, known)?;
        }
        self.name.map_or(Ok(()), |name| verify_server_name(&parsed, name))
    }

    fn in_time(&self, leaf: &CertificateDer<'_>) -> Result<(), TlsError> {
        let read = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
        let seconds = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        let now = seconds.saturating_mul(1_000_000_000);
        if now < read.not_before.0 {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > read.not_after.0 { Err(CertificateError::Expired.into()) } else { Ok(()) }
    }
}

/// Reads the certificates of a file in PEM.
async fn roots(path: &str) -> Result<Vec<CertificateDer<'static>>, Finding> {
    let refused = |why: String| {
        let message = format!("the file of authorities {} {why}", mask_text(path));
        Finding::unknown(Reason::Config, message)
            .likely("the path behind sslrootcert in the address is another one on this machine")
    };
    let bytes = read(path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => refused("is not there".to_owned()),
        _ => refused(format!("cannot be read: {error}")),
    })?;
    let found = CertificateDer::pem_slice_iter(&bytes);
    let found: Result<Vec<_>, _> = found.collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(refused("has no certificate in PEM".to_owned())),
    }
}

async fn read(path: &str) -> io::Result<Vec<u8>> {
    let about = tokio::fs::metadata(path).await?;
    // Of a pipe nothing might ever come.
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fixture(name: &str) -> String {
        format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    async fn trust(parameters: &str) -> Result<Trust, Finding> {
        let text = format!("postgres://db/x?{parameters}");
        Trust::of(&Address::read(&text, &["postgres"], Some(5432)).unwrap()).await
    }

    #[tokio::test]
    async fn what_the_address_says_is_who_is_trusted() {
        let own = format!("sslrootcert={}", fixture("ca.pem"));
        assert!(matches!(trust("sslmode=require").await, Ok(Trust::Anybody)));
        assert!(matches!(trust("sslmode=verify-ca").await, Ok(Trust::SystemChain)));
        assert!(matches!(trust("sslmode=verify-full").await, Ok(Trust::System)));
        assert!(matches!(trust("sslmode=verify-full&sslrootcert=system").await, Ok(Trust::System)));
        // As libpq: who names authorities wants them asked.
        for mode in ["require", "verify-ca"] {
            let found = trust(&format!("sslmode={mode}&{own}")).await.unwrap();
            assert!(matches!(found, Trust::Own { named: false, .. }), "{mode}");
        }
        let found = trust(&format!("sslmode=verify-full&{own}")).await.unwrap();
        assert!(matches!(found, Trust::Own { named: true, .. }));
    }

    #[tokio::test]
    async fn a_file_that_has_no_authority_is_said_by_name() {
        let folder = env!("CARGO_MANIFEST_DIR");
        for (path, why) in [
            ("/nowhere/ca.pem", "/nowhere/ca.pem is not there"),
            (folder, "it is no file"),
            (&fixture("README.md"), "has no certificate in PEM"),
        ] {
            let found = trust(&format!("sslmode=verify-ca&sslrootcert={path}")).await.unwrap_err();
            assert_eq!(found.reason, Some(Reason::Config), "{path}");
            assert!(found.message.contains(why), "{}", found.message);
        }
    }

    #[tokio::test]
    async fn a_chain_is_held_to_the_file_and_its_name_only_where_that_is_wanted() {
        let sent = [CertificateDer::from_pem_file(fixture("leaf.pem")).unwrap()];
        let stranger = ServerName::try_from("stranger.example").unwrap();
        // Within the time of the fixtures' certificates, and after it.
        let (now, later) = (1_795_392_000, 1_830_000_000);
        let judge = async |mode: &str, file: &str, now: u64| {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            let text = format!("sslmode={mode}&sslrootcert={}", fixture(file));
            let judged = trust(&text).await.unwrap().judge(&sent, &stranger, now);
            judged.map_err(|finding| finding.reason)
        };
        for file in ["ca.pem", "leaf.pem"] {
            assert_eq!(judge("verify-ca", file, now).await, Ok(()), "{file}");
            let refused = judge("verify-full", file, now).await;
            assert_eq!(refused, Err(Some(Reason::TlsName)), "{file}");
            let refused = judge("verify-ca", file, later).await;
            assert_eq!(refused, Err(Some(Reason::TlsExpired)), "{file}");
        }
        let refused = judge("verify-ca", "chain/root.pem", now).await;
        assert_eq!(refused, Err(Some(Reason::TlsUntrusted)));
    }
}
