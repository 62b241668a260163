//! A page's outline, made into sections, steps and patterns.

use std::ops::Range;

use super::fence::StepFence;
use super::front_matter::front_matter;
use super::links::{Target, slug_of};
use super::outline::{Block, BlockKind, Heading, Outline, outline};
use super::problem::place;
use super::{Page, Risk, Runbook, Section, Step, patterns, review};

/// Reads one file and adds what it holds.
pub(super) fn add_page(runbook: &mut Runbook, file: &str, text: &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let matter = front_matter(&text);
    let Outline { headings, blocks, links } = outline(&text, matter.end);
    let page = runbook.pages.len();
    let (first, whole) = (runbook.sections.len(), text.len());
    runbook.pages.push(Page { file: file.to_owned(), text, metadata: matter.pairs });
    let mut wrong = matter.problems;
    wrong.extend(review::malformed(&runbook.pages[page].metadata, runbook.text(page)));
    if let Some(at) = runbook.text(page).find('\u{fffd}') {
        wrong.push((at, "this is no UTF-8: what was written here is lost".to_owned()));
    }
    for block in &blocks {
        if is_open(runbook.text(page), block) {
            let message = "this code is not closed by a line of ``` like its first";
            wrong.push((block.range.start, message.to_owned()));
        }
    }
    for (at, message) in wrong {
        let problem = runbook.problem(page, at, message);
        runbook.found.push(problem);
    }
    add_sections(runbook, page, headings, whole);
    for (url, at) in links {
        runbook.links.push(Target { page, url, at });
    }
    for (place, block) in blocks.iter().enumerate() {
        let BlockKind::Fence { info, code, .. } = &block.kind else { continue };
        let below =
            |section: &Section| section.page == page && section.range.start <= block.range.start;
        let section = runbook.sections.iter().skip(first).rposition(below).map(|at| at + first);
        let words: Vec<&str> = info.split_whitespace().collect();
        if words == ["toml", "pattern"] {
            add_pattern(runbook, page, section, &blocks, place);
        } else if let Some(fence) = StepFence::parse(info) {
            add_step(runbook, (page, section), block.range.start, fence, code);
        }
    }
}

/// Says whether a fence has no line that closes it: what follows on the page is then in it.
fn is_open(text: &str, block: &Block) -> bool {
    if !matches!(block.kind, BlockKind::Fence { is_fenced: true, .. }) {
        return false;
    }
    let lines = text.get(block.range.clone()).unwrap_or_default().trim_end().lines();
    // In a quotation or a list every line has the mark of it before it.
    let mark = |line: &str| line.trim_start_matches([' ', '\t', '>']).to_owned();
    let last = lines.skip(1).last().map(mark).unwrap_or_default();
    !(last.starts_with("```") || last.starts_with("~~~"))
        || !last.trim_matches(['`', '~']).is_empty()
}

/// Adds the sections; of headings with one anchor the later ones get a number, as on GitHub.
fn add_sections(runbook: &mut Runbook, page: usize, headings: Vec<Heading>, whole: usize) {
    let first = runbook.sections.len();
    let ends: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(place, heading)| {
            let mut later = headings.iter().skip(place + 1);
            later.find(|later| later.level <= heading.level).map_or(whole, |later| later.at)
        })
        .collect();
    for (heading, end) in headings.into_iter().zip(ends) {
        let base = slug_of(&heading.title);
        let taken = |slug: &str| runbook.sections.iter().skip(first).any(|one| one.slug == slug);
        let mut slug = base.clone();
        let mut number = 0;
        while taken(&slug) {
            number += 1;
            slug = format!("{base}-{number}");
        }
        if number > 0 {
            let message =
                format!("another heading has the anchor `{base}`; this one's is `{slug}`");
            let problem = runbook.problem(page, heading.at, message);
            runbook.found.push(problem);
        }
        let (line, _) = place(runbook.text(page), heading.at);
        let (title, level) = (heading.title.trim().to_owned(), heading.level);
        runbook.sections.push(Section { page, slug, title, level, line, range: heading.at..end });
    }
}

fn add_step(
    runbook: &mut Runbook,
    (page, section): (usize, Option<usize>),
    at: usize,
    fence: Result<StepFence, String>,
    code: &str,
) {
    let mut complain = |message: String| {
        let problem = runbook.problem(page, at, message);
        runbook.found.push(problem);
    };
    let fence = match fence {
        Ok(fence) if fence.name.is_empty() => return complain("the step has no name".to_owned()),
        Ok(fence) => fence,
        Err(why) => return complain(why),
    };
    if fence.risk.is_none() {
        complain(format!("step `{}` does not say risk=read, write or destructive", fence.name));
    }
    let (line, _) = place(runbook.text(page), at);
    runbook.steps.push(Step {
        section,
        page,
        name: fence.name,
        // What does not say that it only looks is not trusted to.
        risk: fence.risk.unwrap_or(Risk::Write),
        language: fence.language,
        command: code.to_owned(),
        attributes: fence.attributes,
        line,
    });
}

/// Adds the pattern of the fence at `place`, with the prose around it.
fn add_pattern(
    runbook: &mut Runbook,
    page: usize,
    section: Option<usize>,
    blocks: &[Block],
    place: usize,
) {
    let at = blocks.get(place).map_or(0, |block| block.range.start);
    let Some(section) = section else {
        let problem = runbook.problem(page, at, "a pattern needs a heading, which names it");
        runbook.found.push(problem);
        return;
    };
    let own = own_range(runbook, section);
    let text = runbook.text(page);
    let range = blocks.get(place).map(|block| inner(text, &block.range)).unwrap_or_default();
    let (cause, next) = prose(text, blocks, &own);
    let (pattern, problems) = patterns::read(runbook, section, range, cause, next);
    runbook.patterns.push(pattern);
    runbook.found.extend(problems);
}

/// Returns a section's bytes without the sections in it.
fn own_range(runbook: &Runbook, section: usize) -> Range<usize> {
    let Some(this) = runbook.sections.get(section) else { return 0..0 };
    let next = runbook.sections.get(section + 1).filter(|next| next.page == this.page);
    this.range.start..next.map_or(this.range.end, |next| next.range.start)
}

/// Returns the bytes between a fence's two lines; the closing one may be missing.
fn inner(text: &str, fence: &Range<usize>) -> Range<usize> {
    let whole = text.get(fence.clone()).unwrap_or_default();
    let from = whole.find('\n').map_or(whole.len(), |end| end + 1);
    let body = whole.get(from..).unwrap_or_default();
    let last = body.trim_end().rfind('\n').map_or(0, |end| end + 1);
    let closes = body.get(last..).is_some_and(|line| line.trim_start().starts_with(['`', '~']));
    fence.start + from..fence.start + from + if closes { last } else { body.len() }
}

/// Returns the paragraph that says the cause, and the one that begins with **Next:** with a list
/// below it; either is empty when it is not there.
fn prose(text: &str, blocks: &[Block], own: &Range<usize>) -> (String, String) {
    let within: Vec<&Block> =
        blocks.iter().filter(|block| own.contains(&block.range.start)).collect();
    let source = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default().trim_end();
    let is_next = |block: &&&Block| {
        block.kind == BlockKind::Paragraph && source(&block.range).starts_with("**Next:**")
    };
    let cause = within.iter().find(|block| block.kind == BlockKind::Paragraph && !is_next(block));
    let next = within.iter().position(|block| is_next(&block)).map(|at| {
        let list = within.get(at + 1).filter(|block| block.kind == BlockKind::List);
        let paragraph = &within[at].range;
        source(&(paragraph.start..list.map_or(paragraph.end, |list| list.range.end)))
    });
    let cause = cause.map(|block| source(&block.range)).unwrap_or_default();
    (cause.to_owned(), next.unwrap_or_default().to_owned())
}
