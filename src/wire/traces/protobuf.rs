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
/// of protobuf; `None` where the lengths do not fit.
fn lengths(body: &[u8]) -> Option<Vec<&[u8]>> {
    let four = |rest: &mut &[u8]| {
        let (length, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        usize::try_from(u32::from_be_bytes(*length)).ok()
    };
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
