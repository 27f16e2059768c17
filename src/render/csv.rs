//! Tables for spreadsheets (RFC 4180).

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::sanitized;
use super::table::connections::Row;
use super::table::{Column, Connections, Files, Table, files};
use crate::report::{Connection, Pending, Report, codes};

/// Writes the table of connections: the header and a row for each.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let name = |connection: &Connection| {
        Some(Cow::Borrowed(&*codes::find(&report.codes, connection, connection.code()?)?.name))
    };
    let inside =
        report.connections.iter().map(|connection| Row::inside(connection, None).with_code_name(name(connection)));
    header::<Connections>(out)?;
    rows::<Connections>(inside.chain(outside(report)), out)
}

/// Writes the same while the connections are judged: those that are `wanted`.
pub fn render_pending(
    pending: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (registries, language) = pending.names();
    let registries = registries.clone();
    let name = |connection: &Connection| {
        let registry = connection.registry.as_deref().and_then(|id| registries.named(id));
        Some(Cow::Owned(codes::name(connection.code()?, registry, language)))
    };
    let row = |connection: Box<Connection>, bytes: &mut Vec<u8>| {
        let row = wanted(&connection).then(|| Row::inside(&connection, None).with_code_name(name(&connection)));
        rows::<Connections>(row.into_iter(), bytes)
    };
    header::<Connections>(out)?;
    let report = pending.write(row, |bytes, written| {
        written.into_iter().collect::<io::Result<()>>()?;
        out.write_all(bytes)
    })?;
    rows::<Connections>(outside(&report), out)
}

/// Returns the rows of the connections that could not be decrypted.
fn outside(report: &Report) -> impl Iterator<Item = Row<'_>> {
    report.encrypted.iter().map(|encrypted| Row::outside(encrypted, None))
}

/// Writes the table of capture files.
pub fn files(report: &Report, sensor: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    header::<Files>(out)?;
    rows::<Files>(files::Row::of(report, sensor), out)
}

/// Writes the header of a table.
fn header<T: Table>(out: &mut dyn Write) -> io::Result<()> {
    let mut records = records(out);
    records.write_record(T::COLUMNS.iter().filter_map(Column::name_in_csv)).map_err(plain)?;
    records.flush()
}

/// Writes the rows of a table.
fn rows<'r, T: Table>(rows: impl Iterator<Item = T::Row<'r>>, out: &mut dyn Write) -> io::Result<()> {
    let mut records = records(out);
    let columns: Vec<_> = T::COLUMNS.iter().filter(|column| column.name_in_csv().is_some()).collect();
    for row in rows {
        let cells = columns.iter().map(|column| escape_formula(&(column.of)(&row).to_string()));
        records.write_record(cells).map_err(plain)?;
    }
    records.flush()
}

fn records(out: &mut dyn Write) -> csv::Writer<&mut dyn Write> {
    WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(out)
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
