//! Words with a tone, wrapped to a width.

use std::io::{self, Write};

use crate::render::{Theme, Tone, text};

/// A word: pieces of one tone each.
type Word = Vec<(Option<Tone>, String)>;

/// Words on their way into lines.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Runs of harmless text with one tone; a `\n` alone breaks the line.
    runs: Vec<(Option<Tone>, String)>,
    tone: Option<Tone>,
    marked: usize,
}

impl Words {
    pub(super) fn push(&mut self, words: &str) {
        self.runs.push((self.tone, words.to_owned()));
    }

    pub(super) fn push_as(&mut self, tone: Tone, words: &str) {
        self.runs.push((Some(tone), words.to_owned()));
    }

    pub(super) fn break_line(&mut self) {
        self.runs.push((None, "\n".to_owned()));
    }

    /// Sets the tone of the words that follow.
    pub(super) fn tone(&mut self, tone: Option<Tone>) {
        self.tone = tone;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.iter().all(|(_, words)| words.trim().is_empty())
    }

    /// Remembers where a link's label begins.
    pub(super) fn mark(&mut self) {
        self.marked = self.runs.len();
    }

    /// Returns the text since then.
    pub(super) fn since_mark(&self) -> String {
        self.runs.iter().skip(self.marked).map(|(_, words)| words.as_str()).collect()
    }

    /// Returns the words without tones, and forgets them.
    pub(super) fn take_plain(&mut self) -> String {
        let runs = std::mem::take(&mut self.runs);
        runs.into_iter().map(|(_, words)| words).collect::<String>().trim().to_owned()
    }

    /// Writes the words as lines of at most `width` columns, and forgets them.
    ///
    /// A word that is longer than a line is not broken: it may be an address. `starts` are what the
    /// first line and the others begin with.
    pub(super) fn write(
        &mut self,
        out: &mut dyn Write,
        theme: &Theme,
        width: usize,
        starts: (&str, &str),
    ) -> io::Result<()> {
        let mut line = String::from(starts.0);
        let (mut used, mut fresh) = (text::columns(starts.0), true);
        for word in self.words() {
            let Some(pieces) = word else {
                writeln!(out, "{}", line.trim_end())?;
                (line, used, fresh) = (String::from(starts.1), text::columns(starts.1), true);
                continue;
            };
            let columns: usize = pieces.iter().map(|(_, piece)| text::columns(piece)).sum();
            if !fresh && used + 1 + columns > width {
                writeln!(out, "{}", line.trim_end())?;
                (line, used, fresh) = (String::from(starts.1), text::columns(starts.1), true);
            }
            if !fresh {
                line.push(' ');
                used += 1;
            }
            for (tone, piece) in pieces {
                match tone {
                    Some(tone) => line.push_str(&theme.paint(tone, piece)),
                    None => line.push_str(&piece),
                }
            }
            (used, fresh) = (used + columns, false);
        }
        self.runs.clear();
        writeln!(out, "{}", line.trim_end())
    }

    /// Returns the words, each as pieces of one tone; `None` breaks the line.
    fn words(&self) -> Vec<Option<Word>> {
        let mut words = Vec::new();
        let mut word = Word::new();
        for (tone, run) in &self.runs {
            if run == "\n" {
                if !word.is_empty() {
                    words.push(Some(std::mem::take(&mut word)));
                }
                words.push(None);
                continue;
            }
            for (place, piece) in run.split(' ').enumerate() {
                if place > 0 && !word.is_empty() {
                    words.push(Some(std::mem::take(&mut word)));
                }
                if !piece.is_empty() {
                    word.push((*tone, piece.to_owned()));
                }
            }
        }
        if !word.is_empty() {
            words.push(Some(word));
        }
        words
    }
}
