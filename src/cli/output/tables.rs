//! The tables for warehouses: those of connections in Arrow and Parquet, which a program may be built without, and that of
//! files.

use std::io::{self, Write};

use whyclosed::archive::Member;
use whyclosed::error::Error;
#[cfg(feature = "arrow")]
use whyclosed::render::arrow::{self, Encoding};
use whyclosed::render::csv;
#[cfg(feature = "arrow")]
use whyclosed::render::table::Members;
use whyclosed::report::{Connection, Pending, Report};

use crate::reporting::{Format, Reporting};

/// Checks that the report can be written in its format, and to its output, before a capture that may take hours.
pub fn check_format(reporting: &Reporting) -> Result<(), Error> {
    let (format, of_files) = (reporting.format(), reporting.format_of_files());
    let is_binary = |format: Format| matches!(format, Format::Arrow | Format::Parquet);
    if reporting.tables.want_files() && !is_binary(of_files) && of_files != Format::Csv {
        return Err(Error::NotATable);
    }
    let members = &reporting.tables;
    if members.are_members() && reporting.has_other_format_than(Format::Arrow) {
        return Err(Error::MembersAreArrow);
    }
    if !cfg!(feature = "arrow") && (is_binary(format) || is_binary(of_files) || members.want_members()) {
        return Err(Error::WithoutArrow);
    }
    match format {
        Format::Parquet if reporting.output().is_none() => Err(Error::ParquetNeedsFile),
        _ if members.are_members() && reporting.output().is_none() && super::is_terminal(reporting.aside) => {
            Err(Error::BinaryToTerminal)
        }
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

/// The table of members, as it is written.
#[cfg(feature = "arrow")]
pub struct Rows<'o>(arrow::Writer<'o, Members>);

#[cfg(feature = "arrow")]
impl<'o> Rows<'o> {
    /// Begins the table.
    pub fn new(out: &'o mut dyn Write) -> io::Result<Self> {
        let generator = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        arrow::Writer::new(Encoding::Stream, generator, out).map(Self)
    }

    /// Writes a row.
    pub fn push(&mut self, member: &Member) -> io::Result<()> {
        self.0.push(&member.row())
    }

    /// Ends the table.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

/// The table of members, which cannot be written.
#[cfg(not(feature = "arrow"))]
pub struct Rows<'o>(std::marker::PhantomData<&'o ()>);

#[cfg(not(feature = "arrow"))]
impl<'o> Rows<'o> {
    /// Fails.
    pub fn new(_: &'o mut dyn Write) -> io::Result<Self> {
        Err(io::Error::other(Error::WithoutArrow))
    }

    /// Fails.
    pub fn push(&mut self, _: &Member) -> io::Result<()> {
        Err(io::Error::other(Error::WithoutArrow))
    }

    /// Fails.
    pub fn finish(self) -> io::Result<()> {
        Err(io::Error::other(Error::WithoutArrow))
    }
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
