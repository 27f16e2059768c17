//! What the program can do: one file a command, with its options and its `run`.

mod bundle;
pub mod codes;
pub mod compare;
pub mod explain;
#[cfg(all(feature = "live", unix))]
pub mod interfaces;
#[cfg(all(feature = "live", unix))]
pub mod live;
pub mod read;
mod reference;
pub mod rules;
pub mod schema;
pub mod shell;
pub mod slice;
mod unpacked;
pub mod verify_redaction;

use std::process::ExitCode;

use whyclosed::error::Error;
use whyclosed::report::Pending;

use crate::output;
use crate::reporting::Reporting;

/// `--fail-on` has matched.
const EXIT_MATCHED: u8 = 1;

/// There is something for the user to mend.
pub const EXIT_ERROR: u8 = 2;

/// Writes the report, says what went wrong before it, and tells the exit code.
fn conclude(reporting: &Reporting, report: Pending, faults: &[Error]) -> Result<ExitCode, Error> {
    let matched = output::write(reporting, report)?;
    Ok(exit_code(matched, faults))
}

/// Says what went wrong, and tells the exit code.
fn exit_code(matched: bool, faults: &[Error]) -> ExitCode {
    faults.iter().for_each(output::print_error);
    match (faults, matched) {
        ([_, ..], _) => ExitCode::from(EXIT_ERROR),
        ([], true) => ExitCode::from(EXIT_MATCHED),
        ([], false) => ExitCode::SUCCESS,
    }
}
