//! gRPC's frames: one byte that says whether the message is compressed, four with its length.
//!
//! Source: gRPC, "gRPC over HTTP2", `Length-Prefixed-Message`.

/// How many bytes stand before a message.
const PREFIX_BYTES: usize = 5;

/// Why a body is not one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There is no message.
    #[error("there is no message")]
    Empty,
    /// It ends within the prefix or the message.
    #[error("the message is cut: {missing} bytes are missing")]
    Cut {
        /// How many bytes should follow.
        missing: usize,
    },
    /// Something follows the message.
    #[error("one message is expected: {extra} bytes follow it")]
    Several {
        /// How many bytes follow.
        extra: usize,
    },
    /// The first byte is neither 0 nor 1.
    #[error("the flag of the message is {0}, neither 0 nor 1")]
    Flag(u8),
}

/// Returns the one message of a unary request's body, and whether it is compressed.
pub fn unframe(body: &[u8]) -> Result<(bool, &[u8]), FrameError> {
    if body.is_empty() {
        return Err(FrameError::Empty);
    }
    let Some(([flag, length @ ..], rest)) = body.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(FrameError::Cut { missing: PREFIX_BYTES - body.len() });
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    match rest.split_at_checked(length) {
        None => Err(FrameError::Cut { missing: length - rest.len() }),
        Some((_, after)) if !after.is_empty() => Err(FrameError::Several { extra: after.len() }),
        Some(_) if *flag > 1 => Err(FrameError::Flag(*flag)),
        Some((message, _)) => Ok((*flag == 1, message)),
    }
}

/// Writes a message that is not compressed; `None` for one of 4 GiB and more.
pub fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok()?;
    let mut framed = Vec::with_capacity(PREFIX_BYTES + message.len());
    framed.push(0);
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    Some(framed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_and_unframed() {
        for message in [&b""[..], b"hello"] {
            assert_eq!(unframe(&frame(message).unwrap()), Ok((false, message)));
        }
        assert_eq!(unframe(&[1, 0, 0, 0, 1, 7]), Ok((true, &[7][..])));
    }

    #[test]
    fn what_is_not_one_whole_message_is_refused_with_the_number_of_bytes() {
        let two = [frame(b"a").unwrap(), frame(b"bc").unwrap()].concat();
        for (body, error) in [
            (&b""[..], FrameError::Empty),
            (&[0, 0], FrameError::Cut { missing: 3 }),
            (&[0, 0, 0, 0, 3, 1], FrameError::Cut { missing: 2 }),
            (&[0, 255, 255, 255, 255], FrameError::Cut { missing: 0xffff_ffff }),
            (&two, FrameError::Several { extra: 7 }),
            (&[2, 0, 0, 0, 0], FrameError::Flag(2)),
        ] {
            assert_eq!(unframe(body), Err(error));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_one_message_or_refused(body in proptest::collection::vec(0..4_u8, 0..12)) {
            if let Ok((false, message)) = unframe(&body) {
                assert_eq!(frame(message).unwrap(), body);
            }
        }
    }
}
