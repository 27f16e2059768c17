//! Tables for spreadsheets (RFC 4180).

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::sanitized;
use super::table::connections::Row;
use super::table::{Column, Connections, Files, Table, files};
use crate::report::Report;

/// Writes the table of connections: the header and a row for each.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let inside = report.connections.iter().map(|connection| Row::inside(connection, &report.codes, None));
    let outside = report.encrypted.iter().map(|encrypted| Row::outside(encrypted, None));
    table::<Connections>(inside.chain(outside), out)
}

/// Writes the table of capture files.
pub fn files(report: &Report, sensor: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    table::<Files>(files::Row::of(report, sensor), out)
}

/// Writes the header and the rows of a table.
fn table<'r, T: Table>(rows: impl Iterator<Item = T::Row<'r>>, out: &mut dyn Write) -> io::Result<()> {
    let mut records =
        WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(out);
    records.write_record(T::COLUMNS.iter().filter_map(Column::name_in_csv)).map_err(plain)?;
    let columns: Vec<_> = T::COLUMNS.iter().filter(|column| column.name_in_csv().is_some()).collect();
    for row in rows {
        let cells = columns.iter().map(|column| escape_formula(&(column.of)(&row).to_string()));
        records.write_record(cells).map_err(plain)?;
    }
    records.flush()
}

/// Returns the system's error, whose kind says whether the reader has closed the pipe.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Escapes a cell so that no spreadsheet interprets it as a formula, and no terminal as a control sequence.
fn escape_formula(cell: &str) -> String {
    let harmless = sanitized(cell);
    let is_formula = harmless.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    if is_formula { format!("'{harmless}") } else { harmless }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "|calc", "%0A=1"] {
            assert!(escape_formula(formula).starts_with(['\'', '\\']), "{formula}");
        }
        assert_eq!(escape_formula("a=1"), "a=1");
    }
}
