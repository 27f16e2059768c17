//! The report as JSON: the form that [`Report`] describes.

use std::io::{self, Write};

use crate::report::Report;

/// Writes the report, indented, and a line end.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
