//! Reports and the reference as JSON: the forms that [`Report`](crate::report::Report) and
//! [`Reference`](crate::reference::Reference) describe.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// Writes it indented, and a line end.
pub fn render(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    // A report is written in pieces of a few bytes: each would be a call through `dyn`.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()
}
