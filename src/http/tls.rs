//! What a TLS handshake failed for: a reason for programs, and words for people.

use rustls::CertificateError as Bad;
use rustls::Error;

use crate::model::Reason;

/// Returns the reason that a refused certificate stands for.
pub fn reason_of_tls(error: &Error) -> Reason {
    match error {
        Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => Reason::TlsExpired,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => Reason::TlsNotYetValid,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Reason::TlsName,
            _ => Reason::TlsUntrusted,
        },
        Error::InvalidMessage(_) => Reason::TlsMissing,
        _ => Reason::Protocol,
    }
}

/// Says what is wrong in words; the library has none for some of it.
pub fn words_of_tls(error: &Error) -> String {
    match error {
        Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
        Error::InvalidCertificate(Bad::Other(other)) => match format!("{other:?}") {
            // The library's own errors come wrapped, and their text is their name.
            name if name.contains("CaUsedAsEndEntity") => {
                "an authority's own certificate and no server's".to_owned()
            }
            name if name.contains("UnsupportedCertVersion") => {
                "a certificate of version 1, which is not taken".to_owned()
            }
            _ => format!("the certificate is not valid: {other}"),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    /// An error as the library wraps it.
    #[derive(Debug)]
    enum Wrapped {
        CaUsedAsEndEntity,
        UnsupportedCertVersion,
    }

    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl std::error::Error for Wrapped {}

    #[test]
    fn a_name_of_the_library_is_shown_to_nobody() {
        for (wrapped, words) in [
            (Wrapped::CaUsedAsEndEntity, "an authority's own certificate and no server's"),
            (Wrapped::UnsupportedCertVersion, "a certificate of version 1, which is not taken"),
        ] {
            let error = Error::InvalidCertificate(Bad::Other(OtherError(Arc::new(wrapped))));
            assert_eq!(words_of_tls(&error), words);
            assert_eq!(reason_of_tls(&error), Reason::TlsUntrusted);
        }
    }
}
