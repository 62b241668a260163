//! A question to a name server and its answer, as bytes.
//!
//! Only what a check needs: one question for addresses, its answer's code, addresses and shortest time
//! to live. Source: RFC 1035 section 4, RFC 3596.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The class of the Internet.
const INTERNET: u16 = 1;
/// Wants the server to ask others.
const RECURSION_DESIRED: u16 = 0x0100;
const IS_ANSWER: u16 = 0x8000;
const IS_TRUNCATED: u16 = 0x0200;
const CODE: u16 = 0x000f;
/// A length with these bits is a pointer to a name that stands before.
const POINTER: u8 = 0xc0;
const LABEL_BYTES_MAX: usize = 63;
const NAME_BYTES_MAX: usize = 253;
/// How many records of an answer are read.
const RECORDS_MAX: u16 = 200;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Addresses of four bytes.
    A,
    /// Addresses of sixteen.
    Aaaa,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// 0 is good, 2 a failure of the server, 3 no such name, 5 refused.
    pub(super) code: u8,
    /// It is longer than what a datagram takes.
    pub(super) is_truncated: bool,
    /// In the order of the answer.
    pub(super) addresses: Vec<IpAddr>,
    /// For how many seconds the answer holds; absent without an address.
    pub(super) ttl_s: Option<u32>,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }
}

/// Writes a question; `None` for what cannot be a name: a label that is empty or too long.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let name = name.trim_end_matches('.');
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut message = Vec::with_capacity(name.len() + 18);
    for word in [id, RECURSION_DESIRED, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok()?;
        if label.is_empty() || label.len() > LABEL_BYTES_MAX {
            return None;
        }
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.number().to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    Some(message)
}

/// Reads the answer to a question; `None` for what is none, or is one to another question.
pub(super) fn answer(question: &[u8], message: &[u8]) -> Option<Answer> {
    let word = |at: usize| -> Option<u16> {
        Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?))
    };
    let flags = word(2)?;
    let asked = question.get(12..)?;
    let repeated = message.get(12..12 + asked.len())?;
    let is_ours = question.get(..2) == message.get(..2) && word(4)? == 1;
    // Servers may give the name back in other letters.
    if !is_ours || flags & IS_ANSWER == 0 || !asked.eq_ignore_ascii_case(repeated) {
        return None;
    }
    let mut answer = Answer {
        code: u8::try_from(flags & CODE).ok()?,
        is_truncated: flags & IS_TRUNCATED != 0,
        addresses: Vec::new(),
        ttl_s: None,
    };
    let mut rest = message.get(12 + asked.len()..)?;
    for _ in 0..word(6)?.min(RECORDS_MAX) {
        // What is cut off ends in the middle of a record.
        let Some((address, ttl_s, after)) = record(rest) else {
            return answer.is_truncated.then_some(answer);
        };
        answer.addresses.extend(address);
        // A chain of names holds no longer than its shortest part.
        answer.ttl_s = Some(answer.ttl_s.map_or(ttl_s, |least: u32| least.min(ttl_s)));
        rest = after;
    }
    answer.ttl_s = answer.ttl_s.filter(|_| !answer.addresses.is_empty());
    Some(answer)
}

/// Takes a record: its address where it is one, its time to live, and what follows it.
fn record(bytes: &[u8]) -> Option<(Option<IpAddr>, u32, &[u8])> {
    let rest = after_name(bytes)?;
    let (head, rest) = rest.split_at_checked(10)?;
    let kind = u16::from_be_bytes(head.get(..2)?.try_into().ok()?);
    let class = u16::from_be_bytes(head.get(2..4)?.try_into().ok()?);
    let ttl_s = u32::from_be_bytes(head.get(4..8)?.try_into().ok()?);
    let length = u16::from_be_bytes(head.get(8..)?.try_into().ok()?);
    let (data, rest) = rest.split_at_checked(usize::from(length))?;
    let is = |wanted: Kind| class == INTERNET && kind == wanted.number();
    let address = if is(Kind::A) {
        Some(IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)))
    } else if is(Kind::Aaaa) {
        Some(IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?)))
    } else {
        None
    };
    Some((address, ttl_s, rest))
}

/// Passes over a name; pointers are not followed, so that none can lead in a circle.
fn after_name(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, rest) = bytes.split_first()?;
        match length {
            0 => return Some(rest),
            _ if length & POINTER == POINTER => return rest.get(1..),
            _ => bytes = rest.get(usize::from(length)..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer as servers write them: a name that another name leads to.
    fn answered(question: &[u8], flags: u16, records: &[(u16, u32, &[u8])]) -> Vec<u8> {
        let mut message = question.to_vec();
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
        for (kind, ttl, data) in records {
            message.extend([POINTER, 12]);
            message.extend(kind.to_be_bytes());
            message.extend(INTERNET.to_be_bytes());
            message.extend(ttl.to_be_bytes());
            message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            message.extend(*data);
        }
        message
    }

    #[test]
    fn a_question_is_written_as_the_specification_has_it() {
        let expected =
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02db\x05local\x00\x00\x01\x00\x01";
        assert_eq!(question(0x1234, "db.local.", Kind::A).unwrap(), expected);
        for bad in ["", ".", "a..b", &"a".repeat(64), &"a.".repeat(130)] {
            assert_eq!(question(1, bad, Kind::A), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_read_through_a_chain_of_names() {
        let asked = question(7, "api.example", Kind::A).unwrap();
        let message = answered(
            &asked,
            0x8180,
            &[(5, 30, b"\x01b\xc0\x10"), (1, 300, &[10, 0, 0, 1]), (1, 300, &[10, 0, 0, 2])],
        );
        let answer = answer(&asked, &message).unwrap();
        assert_eq!(
            answer.addresses,
            ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse::<IpAddr>().unwrap())
        );
        assert_eq!((answer.code, answer.ttl_s), (0, Some(30)));
    }

    #[test]
    fn codes_and_truncation_are_read_and_other_answers_are_not() {
        let asked = question(7, "api.example", Kind::Aaaa).unwrap();
        let code = |flags| answer(&asked, &answered(&asked, flags, &[])).map(|answer| answer.code);
        assert_eq!(code(0x8183), Some(3));
        assert_eq!(code(0x8182), Some(2));
        assert_eq!(code(0x0100), None, "a question is no answer");
        let other = question(8, "api.example", Kind::Aaaa).unwrap();
        assert_eq!(answer(&asked, &answered(&other, 0x8180, &[])), None);
        let mut cut = answered(&asked, 0x8380, &[(28, 60, &[0; 16])]);
        cut.truncate(cut.len() - 3);
        assert!(answer(&asked, &cut).unwrap().is_truncated);
        cut[2] = 0x81;
        assert_eq!(answer(&asked, &cut), None, "cut without saying so");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let asked = question(7, "a.b", Kind::A).unwrap();
            let mut message = asked.clone();
            message[2] = 0x81;
            message[7] = 3;
            message.extend(&bytes);
            drop(answer(&asked, &message));
            drop(answer(&asked, &bytes));
        }
    }
}
