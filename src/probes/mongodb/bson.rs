//! BSON and `OP_MSG`, as much as a question and its answer need.
//!
//! After bsonspec.org 1.1 and the wire protocol of MongoDB's manual. Of an answer the fields at its top
//! are kept, and the texts of arrays; what is nested deeper is passed over.

use std::collections::BTreeMap;

use crate::probes::cursor::{Cursor, text};

/// Bytes before a message's body.
pub(super) const HEAD_BYTES: usize = 16;

/// `OP_MSG`.
const OP_MSG: i32 = 2013;

/// A value at the top of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
    /// The texts of an array.
    Texts(Vec<String>),
    /// Something else.
    Other,
}

/// The fields at the top of an answer.
pub(super) type Document = BTreeMap<String, Value>;

/// Writes a command of one field to a database.
pub(super) fn command(name: &str, database: &str, request_id: i32) -> Vec<u8> {
    let mut fields = Vec::new();
    fields.push(0x10);
    fields.extend(name.as_bytes());
    fields.push(0);
    fields.extend(1_i32.to_le_bytes());
    fields.push(0x02);
    fields.extend(b"$db\0");
    fields.extend(length(database.len() + 1));
    fields.extend(database.as_bytes());
    fields.push(0);
    let mut body = 0_u32.to_le_bytes().to_vec(); // no flags
    body.push(0); // a section of one document
    body.extend(length(fields.len() + 5));
    body.extend(fields);
    body.push(0);
    let mut message = length(body.len() + HEAD_BYTES).to_vec();
    message.extend(request_id.to_le_bytes());
    message.extend(0_i32.to_le_bytes());
    message.extend(OP_MSG.to_le_bytes());
    message.extend(body);
    message
}

fn length(length: usize) -> [u8; 4] {
    i32::try_from(length).unwrap_or(i32::MAX).to_le_bytes()
}

/// Reads how long a message's body is; `None` for what is no answer to this request.
pub(super) fn body_length(head: &[u8], request_id: i32) -> Option<usize> {
    let mut cursor = Cursor::new(head);
    let length = usize::try_from(cursor.i32_little()?).ok()?;
    let (_, to, operation) = (cursor.i32_little()?, cursor.i32_little()?, cursor.i32_little()?);
    (to == request_id && operation == OP_MSG).then_some(())?;
    length.checked_sub(HEAD_BYTES)
}

/// Reads the document of an answer.
pub(super) fn answer(body: &[u8]) -> Option<Document> {
    let mut cursor = Cursor::new(body);
    cursor.take(4)?; // flags: a checksum at the end may be left unread
    (cursor.u8()? == 0).then_some(())?;
    document(&mut cursor)
}

fn document(cursor: &mut Cursor<'_>) -> Option<Document> {
    let mut fields = Cursor::new(nested(cursor)?);
    let mut found = Document::new();
    loop {
        let kind = fields.u8()?;
        if kind == 0 {
            return Some(found);
        }
        let name = text(fields.until_zero()?);
        let value = value(kind, &mut fields)?;
        found.insert(name, value);
    }
}

/// Takes a document as it is: its length counts itself.
fn nested<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.i32_little()?.checked_sub(4)?;
    cursor.after_length(Some(length))
}

fn value(kind: u8, fields: &mut Cursor<'_>) -> Option<Value> {
    #[expect(clippy::cast_precision_loss, reason = "numbers here are versions and codes")]
    let value = match kind {
        0x01 => Value::Number(f64::from_bits(fields.i64_little()?.cast_unsigned())),
        0x02 | 0x0D | 0x0E => Value::Text(string(fields)?),
        0x04 => Value::Texts(texts(nested(fields)?)?),
        0x08 => Value::Truth(fields.u8()? != 0),
        0x10 => Value::Number(f64::from(fields.i32_little()?)),
        0x12 => Value::Number(fields.i64_little()? as f64),
        _ => {
            skip(kind, fields)?;
            Value::Other
        }
    };
    Some(value)
}

fn string(fields: &mut Cursor<'_>) -> Option<String> {
    let length = fields.i32_little();
    let bytes = fields.after_length(length)?;
    bytes.strip_suffix(&[0]).map(text)
}

/// Reads the texts of an array; others are passed over.
fn texts(bytes: &[u8]) -> Option<Vec<String>> {
    let mut fields = Cursor::new(bytes);
    let mut found = Vec::new();
    loop {
        let kind = fields.u8()?;
        if kind == 0 {
            return Some(found);
        }
        fields.until_zero()?;
        match kind {
            0x02 => found.push(string(&mut fields)?),
            kind => skip(kind, &mut fields)?,
        }
    }
}

fn skip(kind: u8, fields: &mut Cursor<'_>) -> Option<()> {
    match kind {
        0x06 | 0x0A | 0x7F | 0xFF => {}
        0x08 => {
            fields.take(1)?;
        }
        0x10 => {
            fields.take(4)?;
        }
        0x01 | 0x09 | 0x11 | 0x12 => {
            fields.take(8)?;
        }
        0x07 => {
            fields.take(12)?;
        }
        0x13 => {
            fields.take(16)?;
        }
        0x02 | 0x0D | 0x0E => {
            string(fields)?;
        }
        0x03 | 0x04 | 0x0F => {
            nested(fields)?;
        }
        0x05 => {
            let length = fields.i32_little();
            fields.take(1)?;
            fields.after_length(length)?;
        }
        0x0B => {
            fields.until_zero()?;
            fields.until_zero()?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_follows_the_specification() {
        let bytes = command("hello", "admin", 7);
        assert_eq!(bytes.len(), 52);
        assert_eq!(&bytes[..16], b"\x34\0\0\0\x07\0\0\0\0\0\0\0\xdd\x07\0\0");
        let read = answer(&bytes[16..]).unwrap();
        assert_eq!(read["hello"], Value::Number(1.0));
        assert_eq!(read["$db"], Value::Text("admin".to_owned()));
    }

    #[test]
    fn values_of_every_kind_are_read_or_passed_over() {
        let fields = [
            &b"\x08ok\0\x01"[..],
            b"\x01d\0\0\0\0\0\0\0\xf0\x3f",
            b"\x12n\0\x05\0\0\0\0\0\0\0",
            b"\x09t\0\0\0\0\0\0\0\0\0",
            b"\x03o\0\x05\0\0\0\0",
            b"\x07i\0aaaaaaaaaaaa",
            b"\x05b\0\x02\0\0\0\0xy",
            b"\x04h\0\x10\0\0\0\x020\0\x04\0\0\0a:1\0\0",
        ]
        .concat();
        let mut body = vec![0; 5];
        body.extend(length(fields.len() + 5));
        body.extend(&fields);
        body.push(0);
        let read = answer(&body).unwrap();
        assert_eq!(read["ok"], Value::Truth(true));
        assert_eq!((&read["d"], &read["n"]), (&Value::Number(1.0), &Value::Number(5.0)));
        assert_eq!(read["h"], Value::Texts(vec!["a:1".to_owned()]));
        assert_eq!((&read["o"], &read["b"]), (&Value::Other, &Value::Other));
        assert_eq!(answer(&body[..body.len() - 1]), None);
    }

    #[test]
    fn an_answer_to_another_request_is_not_taken() {
        let mut head = command("hello", "admin", 1);
        head[8] = 7;
        assert_eq!(body_length(&head[..16], 7), Some(36));
        assert_eq!(body_length(&head[..16], 8), None);
        assert_eq!(body_length(b"HTTP/1.1 400 Bad", 7), None);
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(answer(&bytes));
            let mut framed = vec![0; 5];
            framed.extend(length(bytes.len() + 4));
            framed.extend(&bytes);
            drop(answer(&framed));
        }
    }
}
