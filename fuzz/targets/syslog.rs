//! Any bytes as a syslog message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obs::wire::read_syslog;

fuzz_target!(|body: &[u8]| {
    let message = read_syslog(body);
    assert!(message.text.len() <= body.len());
});
