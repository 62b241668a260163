//! The frames of every JSON that holds spans, told apart by the names of their members.
//!
//! One reader takes them all, because answers are wrapped in one another: Jaeger's `result` and Tempo's
//! `trace` hold OTLP, `data` holds Jaeger's traces, and a list or a line may hold any of them.

use super::super::WireError;
use super::super::json_reader::{Fault, JsonReader, Scalar};
use super::jaeger::JaegerTrace;
use super::members::{integer, text};
use super::taken::Taken;
use super::zipkin::ZipkinSpan;
use super::{Keep, TraceAnswer, TraceFormat, not_at, otlp};

/// How many lines that cannot be read are told one by one.
const LINES_TOLD_MAX: usize = 5;

type Result<T> = std::result::Result<T, Fault>;

/// Reads JSON with spans: one document, several behind one another, or one a line.
///
/// Errs where no document could be read at all. Where it ends or breaks off later, and for lines that
/// are no JSON, what was read before and after stays, and `incomplete` says where. O(bytes).
pub fn decode_json_traces(
    body: &[u8],
    keep: &mut Keep<'_>,
) -> std::result::Result<TraceAnswer, WireError> {
    let mut taken = Taken::new(keep);
    if is_lines(body) {
        read_lines(body, &mut taken);
    } else if let Err(fault) = documents(&mut JsonReader::new(body), &mut taken) {
        let error = not_at(body, fault.at, fault.expected);
        if taken.answer.format.is_none() {
            return Err(error);
        }
        let ended = if fault.ended { "it ends before it is complete" } else { "it breaks off" };
        taken.incomplete(format!("{ended}: {error}"));
    }
    Ok(taken.finish())
}

/// Reads one document after the other.
fn documents(reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
    loop {
        document(reader, taken)?;
        if reader.peek().is_none() {
            return Ok(());
        }
    }
}

/// Says whether each line is a document of its own; the first may be cut, the second then is not.
fn is_lines(body: &[u8]) -> bool {
    let mut lines = lines_of(body).filter(|line| !line.trim_ascii().is_empty());
    match (lines.next(), lines.next()) {
        (Some(first), Some(second)) => {
            is_document(first) || (is_document(second) && !is_document(body))
        }
        _ => false,
    }
}

/// A document may be one line of many megabytes: its end is looked for as fast as memory is read.
fn lines_of(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b'\n', body).chain([body.len()]);
    let mut from = 0;
    ends.map(move |end| {
        let line = body.get(from..end).unwrap_or_default();
        from = end + 1;
        line
    })
}

fn is_document(text: &[u8]) -> bool {
    let mut reader = JsonReader::new(text);
    matches!(reader.peek(), Some(b'{' | b'[')) && reader.skip().is_ok() && reader.peek().is_none()
}

fn read_lines(body: &[u8], taken: &mut Taken<'_>) {
    let mut unread: usize = 0;
    for (number, line) in lines_of(body).enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Err(fault) = documents(&mut JsonReader::new(line), taken) else { continue };
        unread += 1;
        if unread <= LINES_TOLD_MAX {
            let at = fault.at + 1;
            let expected = fault.expected;
            let ended = if fault.ended { " (it is cut there)" } else { "" };
            let why = format!("line {}, column {at}: expected {expected}{ended}", number + 1);
            taken.incomplete(why);
        }
    }
    if unread > LINES_TOLD_MAX {
        let more = unread - LINES_TOLD_MAX;
        taken.incomplete(format!("{more} more lines could not be read"));
    }
}

/// Reads a document of any of the formats, or a list of them.
fn document(reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
    match reader.peek() {
        Some(b'[') => reader.list(|reader| document(reader, taken)).map(drop),
        Some(b'{') => object(reader, taken),
        _ => {
            let at = reader.at();
            let ended = reader.peek().is_none();
            Err(Fault { at, expected: "an object or a list", ended })
        }
    }
}

/// What a document says beside its spans.
#[derive(Debug, Default)]
struct Said {
    message: String,
    /// `google.rpc.Status`: the whole answer is an error.
    is_status: bool,
    in_part: bool,
}

fn object(reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
    let mut said = Said::default();
    let mut jaeger = JaegerTrace::new(taken);
    let mut zipkin = ZipkinSpan::default();
    let walked = reader.object(|reader, name| match name {
        "resourceSpans" | "resource_spans" => {
            taken.recognise(TraceFormat::OtlpJson);
            reader.list(|reader| otlp::resource_spans(reader, taken)).map(drop)
        }
        "batches" => {
            taken.recognise(TraceFormat::TempoJson);
            reader.list(|reader| otlp::resource_spans(reader, taken)).map(drop)
        }
        "trace" if reader.peek() == Some(b'{') => {
            taken.recognise(TraceFormat::TempoJson);
            object(reader, taken)
        }
        "result" if reader.peek() == Some(b'{') => object(reader, taken),
        "data" if matches!(reader.peek(), Some(b'[' | b'n')) => {
            taken.recognise(TraceFormat::JaegerJson);
            reader.list(|reader| object(reader, taken)).map(drop)
        }
        "spans" | "processes" | "warnings" => jaeger.member(reader, name, taken),
        "status" | "message" | "code" | "error" | "errors" | "schema" => {
            told(reader, name, &mut said, taken)
        }
        _ => zipkin.member(reader, name),
    });
    jaeger.finish(taken);
    zipkin.finish(taken);
    said.finish(taken);
    walked.map(drop)
}

fn told(
    reader: &mut JsonReader<'_>,
    name: &str,
    said: &mut Said,
    taken: &mut Taken<'_>,
) -> Result<()> {
    match name {
        "message" => said.message = text(reader)?,
        "code" => said.is_status = integer(&reader.scalar()?).is_some_and(|code| code != 0),
        "status" => {
            let status = reader.scalar()?;
            said.in_part = integer(&status) == Some(1)
                || matches!(status, Scalar::Text(word) if word.eq_ignore_ascii_case("partial"));
        }
        "error" => error(reader, taken)?,
        "errors" => drop(reader.list(|reader| error(reader, taken))?),
        "schema" => {
            let schema = text(reader)?;
            if schema.starts_with("obs.") {
                taken.answer.errors.push(format!("it is an answer of obs itself ({schema})"));
            }
        }
        _ => reader.skip()?,
    }
    Ok(())
}

/// Reads an error in any of the shapes that backends give it: a text, `message`, `msg`.
fn error(reader: &mut JsonReader<'_>, taken: &mut Taken<'_>) -> Result<()> {
    let mut message = String::new();
    if reader.peek() == Some(b'{') {
        reader.object(|reader, name| match name {
            "message" | "msg" => text(reader).map(|text| message = text),
            _ => reader.skip(),
        })?;
    } else {
        message = text(reader)?;
    }
    if !message.is_empty() {
        taken.answer.errors.push(message);
    }
    Ok(())
}

impl Said {
    fn finish(self, taken: &mut Taken<'_>) {
        if self.is_status && !self.message.is_empty() {
            taken.answer.errors.push(self.message);
        } else if self.in_part {
            taken.in_part(&self.message);
        }
    }
}
