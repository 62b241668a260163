//! One walk over a page's Markdown: headings, top-level blocks, fences and links, with their bytes.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The extensions of `CommonMark` that a runbook may use: what GitHub shows.
pub const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// What stands on a page, in order.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    pub(super) links: Vec<(String, usize)>,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) level: u8,
    pub(super) at: usize,
}

/// A block that is not within another one; a fence wherever it stands.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) range: Range<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    Paragraph,
    List,
    Fence { info: String, code: String, is_fenced: bool },
}

/// What the text of an event belongs to.
#[derive(Clone, Copy)]
enum Inside {
    Heading,
    Fence,
    Else,
}

/// Walks over the Markdown of `text` from the byte `from` on; places are bytes of `text`.
pub(super) fn outline(text: &str, from: usize) -> Outline {
    let mut outline = Outline::default();
    let (mut depth, mut inside) = (0_usize, Inside::Else);
    let markdown = text.get(from..).unwrap_or_default();
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        let range = range.start + from..range.end + from;
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::Heading { .. } => inside = Inside::Heading,
                    Tag::CodeBlock(_) => inside = Inside::Fence,
                    _ => {}
                }
                outline.begin(tag, range, depth);
                depth += 1;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if matches!(end, TagEnd::Heading(_) | TagEnd::CodeBlock) {
                    inside = Inside::Else;
                }
            }
            Event::Text(words) | Event::Code(words) => outline.words(&words, inside),
            _ => {}
        }
    }
    outline
}

impl Outline {
    fn begin(&mut self, tag: Tag<'_>, range: Range<usize>, depth: usize) {
        let kind = match tag {
            Tag::CodeBlock(CodeBlockKind::Indented) => {
                BlockKind::Fence { info: String::new(), code: String::new(), is_fenced: false }
            }
            Tag::Heading { level, .. } => {
                let (title, level) = (String::new(), level as u8);
                self.headings.push(Heading { title, level, at: range.start });
                return;
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), range.start));
                return;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                BlockKind::Fence { info: info.into_string(), code: String::new(), is_fenced: true }
            }
            Tag::Paragraph if depth == 0 => BlockKind::Paragraph,
            Tag::List(_) if depth == 0 => BlockKind::List,
            _ => return,
        };
        self.blocks.push(Block { kind, range });
    }

    fn words(&mut self, words: &str, inside: Inside) {
        match (inside, self.headings.last_mut(), self.blocks.last_mut()) {
            (Inside::Heading, Some(heading), _) => heading.title.push_str(words),
            (Inside::Fence, _, Some(Block { kind: BlockKind::Fence { code, .. }, .. })) => {
                code.push_str(words);
            }
            _ => {}
        }
    }
}
