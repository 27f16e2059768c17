//! The tables for warehouses: those of connections in Arrow and Parquet, which a program may be built without, and that of
//! files.

use std::io::{self, Write};

use whyclosed::error::Error;
#[cfg(feature = "arrow")]
use whyclosed::render::arrow::{self, Encoding};
use whyclosed::render::csv;
use whyclosed::report::{Connection, Pending, Report};

use crate::reporting::{Format, Reporting};

/// Checks that the report can be written in its format, and to its output, before a capture that may take hours.
pub fn check_format(reporting: &Reporting) -> Result<(), Error> {
    let (format, of_files) = (reporting.format(), reporting.format_of_files());
    let is_binary = |format: Format| matches!(format, Format::Arrow | Format::Parquet);
    if reporting.tables.want_files() && !is_binary(of_files) && of_files != Format::Csv {
        return Err(Error::NotATable);
    }
    if !cfg!(feature = "arrow") && (is_binary(format) || is_binary(of_files)) {
        return Err(Error::WithoutArrow);
    }
    match format {
        Format::Parquet if reporting.output().is_none() => Err(Error::ParquetNeedsFile),
        Format::Arrow if reporting.output().is_none() && super::is_terminal(reporting.aside) => {
            Err(Error::BinaryToTerminal)
        }
        _ => Ok(()),
    }
}

/// Writes the table of files in its format.
pub fn files(reporting: &Reporting, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sensor = reporting.tables.sensor.as_deref();
    match reporting.format_of_files() {
        Format::Csv => csv::files(report, sensor, out),
        #[cfg(feature = "arrow")]
        format => arrow::files(report, sensor, encoding(format), out),
        #[cfg(not(feature = "arrow"))]
        _ => Err(io::Error::other(Error::WithoutArrow)),
    }
}

/// Writes the connections of a report in Arrow or Parquet.
#[cfg(feature = "arrow")]
pub fn connections(reporting: &Reporting, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    arrow::render(report, reporting.tables.sensor.as_deref(), encoding(reporting.format()), out)
}

/// Writes the same while the connections are judged: those that are `wanted`.
#[cfg(feature = "arrow")]
pub fn connections_pending(
    reporting: &Reporting,
    report: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    arrow::render_pending(report, wanted, reporting.tables.sensor.as_deref(), encoding(reporting.format()), out)
}

#[cfg(feature = "arrow")]
const fn encoding(format: Format) -> Encoding {
    match format {
        Format::Parquet => Encoding::Parquet,
        _ => Encoding::Stream,
    }
}

/// Fails: [`check_format`] has said so before.
#[cfg(not(feature = "arrow"))]
pub fn connections(_: &Reporting, _: &Report, _: &mut dyn Write) -> io::Result<()> {
    Err(io::Error::other(Error::WithoutArrow))
}

/// Fails, too.
#[cfg(not(feature = "arrow"))]
pub fn connections_pending(
    _: &Reporting,
    _: Pending,
    _: impl Fn(&Connection) -> bool + Sync,
    _: &mut dyn Write,
) -> io::Result<()> {
    Err(io::Error::other(Error::WithoutArrow))
}
