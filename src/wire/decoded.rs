//! What was read out of a body, what in it had to be refused, and how much of it may be kept.

use super::WireError;

/// The most that the records of one request may take in memory, about.
///
/// Few bytes of a body can become many in memory: an empty attribute takes two in protobuf and sixty
/// in the model. What lies beyond is refused record by record, and told.
const REQUEST_BYTES_MAX: usize = 256 << 20;

/// The largest record (span, log record, metric with its points) that is read, as sent.
pub(super) const RECORD_BYTES_MAX: usize = 2 << 20;

/// The longest text that is kept whole; a longer one is cut there and marked.
pub(super) const TEXT_BYTES_MAX: usize = 256 << 10;

/// What a record is taken to need in memory beside its texts, attributes and events.
const RECORD_BYTES: usize = 512;

/// Why one record of a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// No trace id, or zeros.
    TraceId,
    /// No span id, or zeros.
    SpanId,
    /// Neither a start nor an end.
    Time,
    /// A metric without a name.
    Name,
    /// A metric's point without a value.
    Value,
    /// Larger than 2 MiB.
    Large,
    /// The records before it need all the memory that a request may.
    Full,
    /// No JSON object.
    Object,
    /// Beyond what one item of an envelope may hold.
    Many,
}

impl Rejected {
    /// Returns the word under which it is counted.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::Time => "no_time",
            Self::Name => "no_name",
            Self::Value => "no_value",
            Self::Large => "record_too_large",
            Self::Full => "request_too_large",
            Self::Object => "no_object",
            Self::Many => "too_many",
        }
    }

    /// Returns the reason in words, for the sender.
    pub fn words(self) -> &'static str {
        match self {
            Self::TraceId => "a trace id must be 16 bytes that are not all zero",
            Self::SpanId => "a span id must be 8 bytes that are not all zero",
            Self::Time => "a time must be set, and before the year 2262",
            Self::Name => "a metric needs a name",
            Self::Value => "a point of a metric needs a value",
            Self::Large => "a record must not be larger than 2 MiB",
            Self::Full => "the records of a request must not need more than 256 MiB of memory",
            Self::Object => "a record must be a JSON object",
            Self::Many => "an item has at most 10000 records",
        }
    }
}

/// What was read out of a body, and what in it had to be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<T> {
    /// What can be stored, in the order sent.
    pub accepted: Vec<T>,
    /// Why records were refused, and how many for each reason; in the order first met.
    pub rejected: Vec<(Rejected, u64)>,
    /// How many of the accepted have a text that was cut at 256 KiB.
    pub cut: u64,
    spent: usize,
}

impl<T> Default for Decoded<T> {
    fn default() -> Self {
        Self { accepted: Vec::new(), rejected: Vec::new(), cut: 0, spent: 0 }
    }
}

impl<T> Decoded<T> {
    /// Returns how many records were refused.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.iter().map(|(_, number)| number).sum()
    }

    /// Returns what the sender is told; empty when everything was taken as it is.
    pub fn told(&self) -> String {
        match (self.rejected.first(), self.cut) {
            (Some((why, _)), _) => why.words().to_owned(),
            (None, 0) => String::new(),
            (None, cut) => format!("kept, but in {cut} of them texts over 256 KiB were cut"),
        }
    }

    /// Counts `number` records as refused.
    pub(super) fn reject(&mut self, why: Rejected, number: u64) {
        if number == 0 {
            return;
        }
        match self.rejected.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += number,
            None => self.rejected.push((why, number)),
        }
    }

    /// Reads one record with what it may keep, and takes it unless it or the request is too large.
    pub(super) fn take(&mut self, read: impl FnOnce(&mut Keeper) -> Result<T, Rejected>) {
        if self.spent > REQUEST_BYTES_MAX {
            return self.reject(Rejected::Full, 1);
        }
        let mut keeper = Keeper { spent: RECORD_BYTES, cut: false };
        match read(&mut keeper) {
            Ok(record) => {
                self.spent += keeper.spent;
                self.cut += u64::from(keeper.cut);
                self.accepted.push(record);
            }
            Err(why) => self.reject(why, 1),
        }
    }
}

/// Counts what a record keeps, and cuts texts that are too long.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    /// Bytes of memory, about.
    pub(super) spent: usize,
    /// Whether a text was cut.
    pub(super) cut: bool,
}

impl Keeper {
    /// Returns the text; a long one without its end, and with a mark that says how long it was.
    pub(super) fn text(&mut self, mut text: String) -> String {
        if text.len() > TEXT_BYTES_MAX {
            let length = text.len();
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
            text.shrink_to_fit();
            text.extend(["… [cut: ", &length.to_string(), " bytes were sent]"]);
            self.cut = true;
        }
        self.spent += text.len();
        text
    }
}

/// Refuses a resource or a scope that no process has.
pub(super) fn bounded(bytes: &[u8]) -> Result<&[u8], WireError> {
    if bytes.len() > RECORD_BYTES_MAX { Err(WireError::ResourceTooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_long_it_was() {
        let mut keeper = Keeper::default();
        let text = keeper.text("é".repeat(TEXT_BYTES_MAX) + "x");
        assert!(text.starts_with("éé") && keeper.cut);
        assert!(text.ends_with(&format!("é… [cut: {} bytes were sent]", 2 * TEXT_BYTES_MAX + 1)));
        assert!(text.len() < TEXT_BYTES_MAX + 64);
        let mut keeper = Keeper::default();
        assert_eq!(keeper.text("x".repeat(TEXT_BYTES_MAX)).len(), TEXT_BYTES_MAX);
        assert!(!keeper.cut);
    }

    #[test]
    fn what_lies_beyond_the_memory_of_a_request_is_refused() {
        let mut decoded = Decoded::default();
        for record in 0..4 {
            decoded.take(|keeper| {
                keeper.spent += REQUEST_BYTES_MAX / 2;
                Ok(record)
            });
        }
        assert_eq!(decoded.accepted, [0, 1]);
        assert_eq!(decoded.rejected, [(Rejected::Full, 2)]);
        assert!(decoded.told().contains("256 MiB"));
    }
}
