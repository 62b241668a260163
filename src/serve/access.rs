//! Who may send and ask: everybody on this machine, or who has the token.
//!
//! Without a token the backend listens on loopback only and [`super::guard`] keeps foreign pages
//! out. With one every request must carry it, from this machine too, but for `/healthz` and
//! `/readyz`. It is written as `Authorization: Bearer TOKEN`, or as the public key of a Sentry DSN
//! in any of the places where clients put that.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use ring::hmac;

use super::Backend;
use super::guard::takes;

/// The length of a token, in bytes.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=512;

/// A token, kept so that it can be compared in constant time and is shown nowhere.
pub struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// Why a text cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too short to be safe, or too long for a header.
    #[error("a token has 16 to 512 characters")]
    Length,
    /// Something that would have to be encoded in a URL.
    #[error("a token consists of letters, digits and -._~, so that it can stand in a DSN")]
    Characters,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Token {
    /// Takes a token as it stands in a file or a variable; space around it does not count.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if !TOKEN_BYTES.contains(&text.len()) {
            return Err(TokenError::Length);
        }
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !text.bytes().all(unreserved) {
            return Err(TokenError::Characters);
        }
        let random = ring::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random);
        let key = key.map_err(|_| TokenError::Random)?;
        let tag = hmac::sign(&key, text.as_bytes());
        Ok(Self { key, tag })
    }

    /// Says whether it is this one; takes as long for one that begins alike as for any other.
    fn is(&self, given: &str) -> bool {
        hmac::verify(&self.key, given.as_bytes(), self.tag.as_ref()).is_ok()
    }

    /// `query` is the part of the address where clients that send have their key.
    fn is_in(&self, headers: &HeaderMap, query: &str) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = text(header::AUTHORIZATION.as_str()).unwrap_or("");
        let bearer = authorization.split_once(' ').and_then(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        if bearer.is_some_and(|token| self.is(token)) {
            return true;
        }
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut in_query =
            pairs.filter(|(name, _)| matches!(*name, "sentry_key" | "glitchtip_key"));
        [Some(authorization), text("x-sentry-auth")]
            .into_iter()
            .flatten()
            .any(|value| sentry_key(value).is_some_and(|key| self.is(key)))
            || in_query.any(|(_, key)| {
                percent_decode_str(key).decode_utf8().is_ok_and(|key| self.is(&key))
            })
    }
}

/// Returns the public key of `Sentry sentry_version=7, sentry_key=…`.
///
/// Source: develop.sentry.dev, "Authentication Header".
fn sentry_key(header: &str) -> Option<&str> {
    let (scheme, parts) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("sentry") {
        return None;
    }
    let key = parts.split(',').find_map(|part| part.trim().strip_prefix("sentry_key="));
    key.map(|key| key.trim().trim_matches('"'))
}

/// Marks a request that may have any `Host`: who has the token is no foreign page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trusted;

/// Refuses requests without the token where there is one.
pub(super) async fn only_with_token(
    State(backend): State<Arc<Backend>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(token) = &backend.token else { return next.run(request).await };
    let path = request.uri().path();
    // A browser asks before it sends, and without the token then.
    let preflight = request.method() == Method::OPTIONS && takes(path);
    let open = preflight || matches!(path, "/healthz" | "/readyz");
    // An address is written to logs and histories: only senders that have no other place use it.
    let sends = request.method() == Method::POST && takes(path);
    let query = request.uri().query().filter(|_| sends).unwrap_or("");
    if !open && !token.is_in(request.headers(), query) {
        backend.counts.rejected("request", "no_token", 1);
        let text = "this backend takes requests with its token only: the header `Authorization` \
                    with `Bearer` and the token, or the token as the key of a Sentry DSN\n";
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"obs\"")];
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
    request.extensions_mut().insert(Trusted);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "abcdefghijklmnop-0123";

    #[test]
    fn a_token_is_long_enough_and_fits_into_a_dsn() {
        assert!(Token::new(&format!(" {TOKEN}\n")).unwrap().is(TOKEN));
        assert_eq!(Token::new("short").unwrap_err(), TokenError::Length);
        assert_eq!(Token::new(&"x".repeat(513)).unwrap_err(), TokenError::Length);
        assert_eq!(Token::new("with space and/slash").unwrap_err(), TokenError::Characters);
        assert_eq!(format!("{:?}", Token::new(TOKEN).unwrap()), "Token");
    }

    #[test]
    fn it_is_found_wherever_clients_put_it_and_nowhere_else() {
        let token = Token::new(TOKEN).unwrap();
        let found = |name: &'static str, value: String, query: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            token.is_in(&headers, query)
        };
        assert!(found("authorization", format!("Bearer {TOKEN}"), ""));
        assert!(found("authorization", format!("bearer  {TOKEN}"), ""));
        assert!(found("authorization", format!("Sentry sentry_key={TOKEN}"), ""));
        let sentry = format!("Sentry sentry_version=7, sentry_key={TOKEN}, sentry_client=x/1");
        assert!(found("x-sentry-auth", sentry, ""));
        let query = format!("sentry_version=7&sentry_key={TOKEN}");
        assert!(found("accept", "*/*".to_owned(), &query));
        for (name, value) in [
            ("authorization", format!("Basic {TOKEN}")),
            ("authorization", TOKEN.to_owned()),
            ("authorization", format!("Bearer {TOKEN}x")),
            ("authorization", "Bearer".to_owned()),
            ("x-sentry-auth", format!("sentry_key={TOKEN}")),
            ("cookie", TOKEN.to_owned()),
        ] {
            assert!(!found(name, value.clone(), &format!("key={TOKEN}")), "{name}: {value}");
        }
    }
}
