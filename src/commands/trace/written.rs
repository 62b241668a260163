//! A trace in the format that was asked for: drawn, as data, or for another tool.

use crate::context::Context;
use crate::error::Result;
use crate::render::Format;
use crate::render::waterfall::TraceReport;
use crate::sources::write_otlp_json;

/// Says whether a format has every span, whatever the view.
pub(super) fn has_all_spans(format: Format) -> bool {
    matches!(format, Format::Json | Format::Otlp | Format::Folded | Format::Perfetto)
}

/// Writes the trace; with secrets masked in every format.
pub(super) fn write(report: &TraceReport, context: &mut Context) -> Result<()> {
    let format = context.output.format();
    if format == Format::Otlp {
        context.output.json(&write_otlp_json(&report.shown_spans()))?;
        context.output.stream().0.flush()?;
        return Ok(());
    }
    let (out, theme) = context.output.stream();
    match format {
        Format::Md => report.markdown(out, theme)?,
        Format::Html => report.html(out, theme)?,
        Format::Svg => report.svg(out, theme)?,
        Format::Folded => report.folded(out)?,
        Format::Perfetto => report.perfetto(out)?,
        _ => return Ok(context.output.show(report)?),
    }
    out.flush()?;
    Ok(())
}
