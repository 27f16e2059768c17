//! The documentation of the columns of tables, as Markdown.

use std::io::{self, Write};

use super::{Connections, Field, Files, Kind, Members, Table};

/// Writes the columns of all tables in Arrow and Parquet: name, type, whether there may be no value, and meaning. The parts
/// of a column follow it, `closes[].code` for the code of each element of `closes`.
pub fn typed(out: &mut dyn Write) -> io::Result<()> {
    typed_table::<Connections>(out)?;
    writeln!(out)?;
    typed_table::<Files>(out)?;
    writeln!(out)?;
    typed_table::<Members>(out)
}

/// Writes the columns of all tables in CSV: name and meaning.
pub fn csv(out: &mut dyn Write) -> io::Result<()> {
    csv_table::<Connections>(out)?;
    writeln!(out)?;
    csv_table::<Files>(out)
}

fn typed_table<T: Table>(out: &mut dyn Write) -> io::Result<()> {
    begin::<T>(out, &["Column", "Type", "Null", "Meaning"])?;
    T::COLUMNS.iter().filter(|column| column.is_typed()).try_for_each(|column| fields("", &column.field, out))
}

fn csv_table<T: Table>(out: &mut dyn Write) -> io::Result<()> {
    begin::<T>(out, &["Column", "Meaning"])?;
    let named = T::COLUMNS.iter().filter_map(|column| Some((column.name_in_csv()?, column.field.about)));
    named.into_iter().try_for_each(|(name, about)| writeln!(out, "| `{name}` | {about} |"))
}

fn begin<T: Table>(out: &mut dyn Write, heads: &[&str]) -> io::Result<()> {
    writeln!(out, "## {}\n\n{}\n", T::NAME, T::ABOUT)?;
    writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()))
}

/// Writes a field, and below it its parts.
fn fields(within: &str, field: &Field, out: &mut dyn Write) -> io::Result<()> {
    let Field { name, kind, nullable, about } = *field;
    let null = if nullable { "yes" } else { "no" };
    writeln!(out, "| `{within}{name}` | {} | {null} | {about} |", described(kind))?;
    let (elements, parts) = parts(kind);
    parts.iter().try_for_each(|part| fields(&format!("{within}{name}{elements}."), part, out))
}

/// Returns the fields of a type, and how an element of a list is named.
const fn parts(kind: Kind) -> (&'static str, &'static [Field]) {
    match kind {
        Kind::Struct(fields) => ("", fields),
        Kind::List(Kind::Struct(fields)) => ("[]", fields),
        _ => ("", &[]),
    }
}

fn described(kind: Kind) -> String {
    match kind {
        Kind::Bool => "BOOLEAN".to_owned(),
        Kind::Int32 => "INT32".to_owned(),
        Kind::Int64 => "INT64".to_owned(),
        Kind::Float64 => "DOUBLE".to_owned(),
        Kind::Text => "STRING".to_owned(),
        Kind::Binary => "BINARY".to_owned(),
        Kind::Time => "TIMESTAMP(MICROS, UTC)".to_owned(),
        Kind::List(elements) => format!("LIST<{}>", described(*elements)),
        Kind::Struct(_) => "STRUCT".to_owned(),
    }
}
