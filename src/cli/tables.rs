//! Options of the tables for warehouses: which are written, and the sensor that their rows name.

use std::path::{Path, PathBuf};

use clap::Args;

/// The options of tables.
#[derive(Clone, Debug, Default, Args)]
pub struct TableArgs {
    /// Write a row for each capture file instead of each connection: its packets, drops, notes and faults. With FILE, write
    /// these rows there, beside the report. The format is csv, arrow or parquet.
    #[arg(long, value_name = "FILE", require_equals = true, conflicts_with = "bundle")]
    files: Option<Option<PathBuf>>,

    /// Write what `whyclosed fleet` needs of each connection, and of each part of one, instead of the report, as an Arrow stream.
    /// With FILE, write it there, beside the report.
    ///
    /// It contains secrets and payloads, as the captures do. All files are read as one capture, as with --merge.
    #[arg(long, value_name = "FILE", require_equals = true, conflicts_with = "bundle")]
    members: Option<Option<PathBuf>>,

    /// Name of the sensor that made the captures, for the column `sensor` of Arrow and Parquet.
    #[arg(long, value_name = "NAME")]
    pub sensor: Option<String>,
}

impl TableArgs {
    /// Returns whether the table of files is wanted, in place of the connections or beside them.
    pub const fn want_files(&self) -> bool {
        self.files.is_some()
    }

    /// Returns whether the table of files is the output.
    pub fn are_files(&self) -> bool {
        self.files == Some(None)
    }

    /// Returns the options of a command that only names a sensor.
    pub fn of_sensor(sensor: Option<String>) -> Self {
        Self { sensor, ..Self::default() }
    }

    /// Returns whether the table of members is wanted, in place of the connections or beside them.
    pub const fn want_members(&self) -> bool {
        self.members.is_some()
    }

    /// Returns whether the table of members is the output.
    pub fn are_members(&self) -> bool {
        self.members == Some(None)
    }

    /// Returns the file that the table of members is written to, beside the report.
    pub fn members(&self) -> Option<&Path> {
        self.members.as_ref()?.as_deref()
    }

    /// Returns the file that the table of files is written to, beside the report.
    pub fn files(&self) -> Option<&Path> {
        self.files.as_ref()?.as_deref()
    }
}
