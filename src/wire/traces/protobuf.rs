//! OTLP's protobuf and Tempo's around it: a message, or several in a file, each with its length.
//!
//! Source: OTLP 1.9, `trace.proto`; grafana/tempo, `tempo.proto`, `TraceByIDResponse`; Collector,
//! `fileexporter` (a length of four bytes before each message).

use prost::Message;

use super::super::WireError;
use super::super::decoded::{Keeper, Rejected};
use super::super::otlp_common::Sender;
use super::super::otlp_protobuf::{parts, walk};
use super::super::otlp_traces::span;
use super::taken::Taken;
use super::{Keep, TraceAnswer, TraceFormat};

/// What Tempo says beside the trace.
#[derive(Clone, PartialEq, Message)]
struct TempoSaid {
    /// 0 for a whole trace, 1 for a part of it.
    #[prost(int32, tag = "3")]
    status: i32,
    #[prost(string, tag = "4")]
    message: String,
}

/// Reads protobuf with spans: OTLP's `TracesData`, Tempo's answers, or a file of the Collector.
///
/// Errs where no span came before the first byte that is no protobuf; else `incomplete` says that it
/// breaks off. O(bytes).
pub fn decode_protobuf_traces(body: &[u8], keep: &mut Keep<'_>) -> Result<TraceAnswer, WireError> {
    let mut taken = Taken::new(keep);
    let framed = lengths(body);
    let messages = framed.clone().unwrap_or_else(|| vec![body]);
    for message in messages {
        if let Err(error) = one(message, &mut taken) {
            if taken.answer.spans.is_empty() {
                return Err(error);
            }
            taken.incomplete(format!("it breaks off: {error}"));
        }
    }
    Ok(taken.finish())
}

fn one(message: &[u8], taken: &mut Taken<'_>) -> Result<(), WireError> {
    if !is_of_tempo(message) {
        taken.recognise(TraceFormat::OtlpProtobuf);
        return spans(message, taken);
    }
    taken.recognise(TraceFormat::TempoProtobuf);
    let read = parts(message, 1).try_for_each(|trace| spans(trace?, taken));
    if let Ok(said) = TempoSaid::decode(message)
        && said.status == 1
    {
        taken.in_part(&said.message);
    }
    read
}

fn spans(data: &[u8], taken: &mut Taken<'_>) -> Result<(), WireError> {
    let mut take = |sender: &Sender, sent: Result<_, Rejected>| {
        let mut keeper = Keeper::default();
        taken.take(sent.and_then(|sent| span(sent, sender, &mut keeper)));
    };
    walk(data, &mut take)
}

/// Tells the two messages apart: what Tempo wraps a trace in has more than the trace, and the trace in
/// it holds resources where one of a resource's parts would hold scopes beside its resource.
fn is_of_tempo(message: &[u8]) -> bool {
    let has = |bytes: &[u8], number| matches!(parts(bytes, number).next(), Some(Ok(_)));
    if has(message, 2) {
        return true;
    }
    match parts(message, 1).next() {
        Some(Ok(first)) => !first.is_empty() && !has(first, 2),
        _ => false,
    }
}

/// Returns the messages of a file in which each has its length before it, as four bytes or as a number
/// of protobuf; `None` where the lengths do not fit, or it is one message.
fn lengths(body: &[u8]) -> Option<Vec<&[u8]>> {
    let four = |rest: &mut &[u8]| {
        let (length, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        usize::try_from(u32::from_be_bytes(*length)).ok()
    };
    let is_message = body.first() == Some(&0x0a) && parts(body, 1).all(|part| part.is_ok());
    if is_message {
        return None;
    }
    framed(body, four).or_else(|| framed(body, |rest| usize::try_from(varint(rest)?).ok()))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    super::super::otlp_protobuf::varint(rest).ok()
}

fn framed<'a>(
    body: &'a [u8],
    length: impl Fn(&mut &'a [u8]) -> Option<usize>,
) -> Option<Vec<&'a [u8]>> {
    let mut messages = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (message, after) =
            length(&mut rest).and_then(|length| rest.split_at_checked(length))?;
        // Every message of spans begins with its field 1.
        if message.first() != Some(&0x0a) {
            return None;
        }
        messages.push(message);
        rest = after;
    }
    Some(messages).filter(|messages| !messages.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One span without a resource: ids, a name, a start.
    fn message(name: &str) -> Vec<u8> {
        let field = |number: u8, bytes: &[u8]| {
            let mut written = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
            written.extend(bytes);
            written
        };
        let start = [0x39, 1, 0, 0, 0, 0, 0, 0, 0];
        let span =
            [&field(1, &[1; 16])[..], &field(2, &[2; 8]), &field(5, name.as_bytes()), &start];
        field(1, &field(2, &field(2, &span.concat())))
    }

    fn names(body: &[u8]) -> (Option<TraceFormat>, Vec<String>) {
        let answer = decode_protobuf_traces(body, &mut |_| true).unwrap();
        assert!(answer.incomplete.is_empty(), "{answer:?}");
        (answer.format, answer.spans.into_iter().map(|span| span.name).collect())
    }

    #[test]
    fn messages_behind_their_lengths_are_read_one_after_the_other() {
        let (one, two) = (message("one"), message("twice"));
        let named = (Some(TraceFormat::OtlpProtobuf), vec!["one".to_owned(), "twice".to_owned()]);
        let four = |message: &[u8]| {
            [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
        };
        let varint = |message: &[u8]| [&[u8::try_from(message.len()).unwrap()], message].concat();
        assert_eq!(names(&[four(&one), four(&two)].concat()), named);
        assert_eq!(names(&[varint(&one), varint(&two)].concat()), named);
        assert_eq!(names(&[one, two].concat()), named);
    }

    #[test]
    fn tempos_answer_is_told_from_its_trace_and_may_be_a_part() {
        let trace = message("one");
        let mut answer = vec![0x0a, u8::try_from(trace.len()).unwrap()];
        answer.extend(&trace);
        assert_eq!(names(&answer).0, Some(TraceFormat::TempoProtobuf));
        answer.extend([0x18, 1, 0x22, 3, b'b', b'i', b'g']);
        let answer = decode_protobuf_traces(&answer, &mut |_| true).unwrap();
        assert_eq!(answer.incomplete, ["the backend answered in part: big"]);
        assert_eq!(answer.spans.len(), 1);
    }

    #[test]
    fn what_is_cut_gives_the_spans_before_the_cut() {
        let (one, two) = (message("one"), message("two"));
        let both = [&one[..], &two[..two.len() - 3]].concat();
        let answer = decode_protobuf_traces(&both, &mut |_| true).unwrap();
        assert_eq!(answer.spans.len(), 1);
        assert!(
            answer.incomplete[0].starts_with("it breaks off: malformed protobuf"),
            "{answer:?}"
        );
        assert!(decode_protobuf_traces(&one[..9], &mut |_| true).is_err());
    }
}
