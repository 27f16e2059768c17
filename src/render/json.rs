//! The report as JSON: the form that [`Report`] describes.

use std::io::{self, BufWriter, Write};

use crate::report::Report;

/// Writes the report, indented, and a line end.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // A report is written in pieces of a few bytes: each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()
}
