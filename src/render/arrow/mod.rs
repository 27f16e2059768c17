//! Tables as Arrow IPC streams and Parquet files, written as the rows come.
//!
//! ```text
//! rows ─ Building: a builder for each column ─ record batch ─┬─ message of a stream
//!                                                            └─ row group of a Parquet file ─ zstd
//! ```

mod building;
mod reading;
mod schema;
mod writer;

use std::io::{self, Write};

pub use self::reading::{Found, members as read_members};
pub use self::writer::{Encoding, Writer};
use super::table::connections::Row;
use super::table::{Connections, Files, files};
use crate::report::{Connection, Pending, Report};

/// Writes the table of connections.
pub fn render(report: &Report, sensor: Option<&str>, encoding: Encoding, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::<Connections>::new(encoding, &report.generator, out)?;
    report.connections.iter().try_for_each(|connection| writer.push(&Row::inside(connection, sensor)))?;
    report.encrypted.iter().try_for_each(|encrypted| writer.push(&Row::outside(encrypted, sensor)))?;
    writer.finish()
}

/// Writes the same while the connections are judged: those that are `wanted`.
pub fn render_pending(
    pending: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    sensor: Option<&str>,
    encoding: Encoding,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = Writer::<Connections>::new(encoding, &pending.report().generator, out)?;
    let keep = |connection: Box<Connection>, _: &mut Vec<u8>| wanted(&connection).then_some(connection);
    let report = pending.write(keep, |_, kept| {
        kept.iter().flatten().try_for_each(|connection| writer.push(&Row::inside(connection, sensor)))
    })?;
    report.encrypted.iter().try_for_each(|encrypted| writer.push(&Row::outside(encrypted, sensor)))?;
    writer.finish()
}

/// Writes the table of capture files.
pub fn files(report: &Report, sensor: Option<&str>, encoding: Encoding, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::<Files>::new(encoding, &report.generator, out)?;
    files::Row::of(report, sensor).try_for_each(|row| writer.push(&row))?;
    writer.finish()
}
