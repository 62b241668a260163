//! OTLP's protobuf requests, walked record by record.
//!
//! The three signals have the same frame: a request holds resources (field 1), a resource's part
//! holds the resource (1) and scopes (2), a scope's part the scope (1) and records (2). Only one record
//! is a message in memory at a time: a body of empty ones would take a hundred times its size.
//!
//! Source: OTLP 1.9, `trace.proto`, `logs.proto`, `metrics.proto`; protobuf, "Encoding".

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::WireError;
use super::decoded::{RECORD_BYTES_MAX, Rejected, bounded};
use super::otlp_common::{Sender, Take};

/// Gives `take` every record of a request with the sender's resource and scope.
///
/// O(bytes); errs at the first byte that is no protobuf.
pub(super) fn walk<T: Message + Default>(
    body: &[u8],
    take: &mut Take<'_, T>,
) -> Result<(), WireError> {
    for of_resource in parts(body, 1) {
        let of_resource = of_resource?;
        let mut sender = Sender::new(merged::<Resource>(of_resource)?);
        for of_scope in parts(of_resource, 2) {
            let of_scope = of_scope?;
            sender.set_scope(merged::<InstrumentationScope>(of_scope)?.name);
            for record in parts(of_scope, 2) {
                let record = record?;
                if record.len() > RECORD_BYTES_MAX {
                    take(&sender, Err(Rejected::Large));
                } else {
                    take(&sender, Ok(T::decode(record).map_err(malformed)?));
                }
            }
        }
    }
    Ok(())
}

/// Reads the message in field 1; several are one in parts, as protobuf has it.
fn merged<T: Message + Default>(holder: &[u8]) -> Result<T, WireError> {
    let mut message = T::default();
    for part in parts(holder, 1) {
        message.merge(bounded(part?)?).map_err(malformed)?;
    }
    Ok(message)
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn malformed(error: prost::DecodeError) -> WireError {
    WireError::Protobuf(error.to_string())
}

/// Returns the bytes of each field with that number; other fields are passed over.
pub(super) fn parts(message: &[u8], wanted: u64) -> impl Iterator<Item = Result<&[u8], WireError>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            match field(&mut rest) {
                Ok(Some((number, bytes))) if number == wanted => return Some(Ok(bytes)),
                Ok(_) => {}
                Err(reason) => {
                    rest = &[];
                    return Some(Err(WireError::Protobuf(reason.to_owned())));
                }
            }
        }
        None
    })
}

/// Takes one field off; `None` for one that has no bytes of its own: a number.
fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<(u64, &'a [u8])>, &'static str> {
    const ENDS: &str = "it ends within a field";
    let key = varint(rest)?;
    let number = key >> 3;
    if number == 0 || number >= 1 << 29 {
        return Err("a field has a number that none can have");
    }
    let length = match key & 7 {
        0 => return varint(rest).map(|_| None),
        1 => 8,
        5 => 4,
        2 => usize::try_from(varint(rest)?).map_err(|_| ENDS)?,
        _ => return Err("a field has a type that is none"),
    };
    let (bytes, after) = rest.split_at_checked(length).ok_or(ENDS)?;
    *rest = after;
    Ok((key & 7 == 2).then_some((number, bytes)))
}

pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first().ok_or("it ends within a number")?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is longer than ten bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_between_others_of_every_type() {
        let message =
            [8, 150, 1, 18, 2, 1, 2, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0];
        let found: Vec<_> = parts(&message, 2).map(Result::unwrap).collect();
        assert_eq!(found, [&[1, 2][..], &[]]);
    }

    #[test]
    fn what_is_cut_or_has_no_type_is_refused_once() {
        for message in [&[18, 2, 1][..], &[0x80], &[0x16, 0], &[0, 0], &[8; 1], &[0xff; 11]] {
            let found: Vec<_> = parts(message, 2).collect();
            assert!(matches!(found.as_slice(), [Err(WireError::Protobuf(_))]), "{message:?}");
        }
    }
}
