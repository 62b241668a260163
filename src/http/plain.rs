//! A client for what `obs` tells about itself: it carries no ids of the run and follows no redirect.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::{CONNECT_MAX, finish, is_loopback, no_tls, with_authorities};

/// Makes a client for one address; `timeout` bounds each request as a whole.
///
/// On loopback it needs neither a proxy nor certificate authorities, which are slow to read.
pub fn plain_client(url: &Url, timeout: Duration) -> Client {
    let here = url.scheme() == "http" && is_loopback(url);
    let builder = Client::builder()
        .tls_backend_preconfigured(if here { no_tls() } else { with_authorities() })
        .user_agent(concat!("obs/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_MAX.min(timeout))
        .timeout(timeout)
        .redirect(Policy::none());
    finish(if here { builder.no_proxy() } else { builder })
}
