//! Markdown for a terminal: headings, lists, tables and links as text that can be read and copied.
//!
//! A code block is written byte for byte, never wrapped, indented or padded, below a line that says what
//! it is: what is copied is what was written. In it, and everywhere else, control characters are shown
//! and not obeyed. `inline` wraps words, `table` draws tables.

mod inline;
mod table;

use std::borrow::Cow;
use std::io::{self, Write};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::{Theme, Tone, text};
use crate::runbook::{OPTIONS, StepFence};
use inline::Words;
use table::TableCells;

/// Prose is no easier to read when its lines are longer.
const WIDTH_MAX: usize = 100;

/// What a text is drawn with.
#[derive(Debug, Default)]
pub struct MarkdownOptions<'a> {
    /// The names of the runbook's steps in order: a step is shown with its number.
    pub steps: Vec<&'a str>,
    /// What `{request_id}` and its like in link targets stand for.
    pub values: Vec<(&'a str, &'a str)>,
}

/// Writes Markdown within the theme's width, at most 100 columns.
pub fn markdown(
    source: &str,
    options: &MarkdownOptions<'_>,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let mut drawing = Drawing {
        out,
        theme,
        options,
        words: Words::default(),
        lists: Vec::new(),
        quotes: 0,
        marker: None,
        table: None,
        code: None,
        links: Vec::new(),
        began: false,
        tight: false,
    };
    for event in Parser::new_ext(source, OPTIONS) {
        drawing.event(event)?;
    }
    drawing.flush()
}

struct Drawing<'a> {
    out: &'a mut dyn Write,
    theme: &'a Theme,
    options: &'a MarkdownOptions<'a>,
    /// The words of the block that is being read.
    words: Words,
    /// For each list that is open, the number of its next item, or `None` for a bullet.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// The bullet or number that the next line begins with.
    marker: Option<String>,
    table: Option<TableCells>,
    code: Option<String>,
    /// The targets of the links that are open.
    links: Vec<String>,
    /// Whether anything was written: blocks stand apart.
    began: bool,
    /// Whether the next block follows without a blank line.
    tight: bool,
}

impl Drawing<'_> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Start(tag) => return self.start(tag),
            Event::End(end) => return self.end(end),
            Event::Text(words) => match &mut self.code {
                Some(code) => code.push_str(&words),
                None => self.words.push(&text::harmless(&words.replace('\n', " "))),
            },
            Event::Code(code) => {
                let code = text::harmless(&code).into_owned();
                // Colour alone would not say where a command begins and ends.
                self.words.push_as(Tone::Id, &format!("`{code}`"));
            }
            Event::SoftBreak => self.words.push(" "),
            Event::HardBreak => self.words.break_line(),
            Event::Html(html) | Event::InlineHtml(html) if !html.starts_with("<!--") => {
                self.words.push_as(Tone::Dim, &text::harmless(html.trim_end()));
            }
            Event::Rule => {
                self.gap()?;
                let rule = self.theme.symbol("─", "-").repeat(self.width().min(40));
                writeln!(self.out, "{}", self.theme.paint(Tone::Dim, rule))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>) -> io::Result<()> {
        match tag {
            Tag::Heading { .. } | Tag::Strong => self.words.tone(Some(Tone::Strong)),
            Tag::BlockQuote(_) => {
                self.flush()?;
                self.quotes += 1;
            }
            Tag::List(first) => {
                // The item's own words come before the list within it.
                self.flush()?;
                self.tight |= !self.lists.is_empty();
                self.lists.push(first);
            }
            Tag::Item => {
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => format!("{} ", self.theme.symbol("•", "-")),
                };
                self.marker = Some(marker);
            }
            Tag::CodeBlock(kind) => {
                self.flush()?;
                self.gap()?;
                self.gutter(match &kind {
                    CodeBlockKind::Fenced(info) => info,
                    CodeBlockKind::Indented => "",
                })?;
                self.code = Some(String::new());
            }
            Tag::Table(_) => self.table = Some(TableCells::default()),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(self.target(&dest_url));
                self.words.mark();
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, end: TagEnd) -> io::Result<()> {
        match end {
            TagEnd::Strong => self.words.tone(None),
            TagEnd::Heading(level) => {
                self.words.tone(None);
                self.heading(level)?;
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush()?,
            TagEnd::Item => {
                self.flush()?;
                self.tight = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.tight = !self.lists.is_empty();
            }
            TagEnd::BlockQuote(_) => {
                self.flush()?;
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => self.code_block()?,
            TagEnd::Link | TagEnd::Image => {
                let target = self.links.pop().unwrap_or_default();
                if !target.is_empty() && self.words.since_mark() != target {
                    self.words.push_as(Tone::Dim, &format!(" ({target})"));
                }
            }
            TagEnd::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell(self.words.take_plain());
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.gap()?;
                    let width = self.width();
                    table.write(self.out, self.theme, width)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns where a link leads, as it may be shown; empty for what is no safe place.
    fn target(&self, target: &str) -> String {
        let safe =
            ["http://", "https://", "mailto:", "#"].iter().any(|start| target.starts_with(start));
        let page = !target.contains(':') && target.contains(".md");
        if !safe && !page {
            return String::new();
        }
        let mut filled = Cow::Borrowed(target);
        for (name, value) in &self.options.values {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            // CommonMark leaves braces as they are; editors like to encode them.
            for place in [format!("{{{name}}}"), format!("%7B{name}%7D")] {
                filled = Cow::Owned(filled.replace(&place, &value.to_string()));
            }
        }
        let shown = text::harmless(&filled).into_owned();
        shown.strip_prefix("mailto:").map(str::to_owned).unwrap_or(shown)
    }

    fn width(&self) -> usize {
        self.theme.width.min(WIDTH_MAX)
    }

    /// Sets the next block apart from the one before.
    fn gap(&mut self) -> io::Result<()> {
        if self.began && !std::mem::take(&mut self.tight) {
            writeln!(self.out)?;
        }
        self.began = true;
        Ok(())
    }

    /// Writes the words read so far as a block.
    fn flush(&mut self) -> io::Result<()> {
        if self.words.is_empty() {
            return Ok(());
        }
        self.gap()?;
        let quote = format!("{} ", self.theme.symbol("│", "|")).repeat(self.quotes);
        let depth = self.lists.len().saturating_sub(1);
        let hangs = if self.lists.is_empty() { 0 } else { 2 };
        let marker = self.marker.take();
        let hang = marker.as_ref().map_or(hangs, |marker| text::columns(marker));
        let margin = " ".repeat(2 * depth);
        let first = format!("{quote}{margin}{}", marker.unwrap_or_else(|| " ".repeat(hangs)));
        let rest = format!("{quote}{margin}{}", " ".repeat(hang));
        let width = self.width();
        self.words.write(self.out, self.theme, width, (&first, &rest))
    }

    fn heading(&mut self, level: HeadingLevel) -> io::Result<()> {
        self.tight = false;
        self.gap()?;
        let mark = format!("{} ", "#".repeat(level as usize));
        let width = self.width();
        self.words.write(self.out, self.theme, width, (&mark, "  "))
    }

    /// Writes the line above a code block: a step's number, name and risk, or the language.
    fn gutter(&mut self, info: &str) -> io::Result<()> {
        let rule = self.theme.symbol("╶─", "--");
        let said = match StepFence::parse(info) {
            Some(Ok(step)) if !step.name.is_empty() => {
                let risk = step.risk.unwrap_or(crate::runbook::Risk::Write).said();
                let place = self.options.steps.iter().position(|name| *name == step.name);
                let number = place.map(|at| format!("[{}] ", at + 1)).unwrap_or_default();
                let dot = self.theme.symbol("·", "|");
                format!("{number}{} {dot} {risk}", step.name)
            }
            _ => format!("{rule} {}", if info.is_empty() { "code" } else { info }),
        };
        writeln!(self.out, "{}", self.theme.paint(Tone::Dim, text::harmless(&said)))
    }

    fn code_block(&mut self) -> io::Result<()> {
        let code = self.code.take().unwrap_or_default();
        for line in code.split_inclusive('\n') {
            // A tab is no threat, and a copied one must be one.
            let pieces = line.trim_end_matches('\n').split('\t').map(text::harmless);
            let pieces: Vec<Cow<'_, str>> = pieces.collect();
            writeln!(self.out, "{}", pieces.join("\t"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
