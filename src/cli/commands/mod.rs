//! The commands: one file for each, with its options and its `run`.

pub mod annotate;
mod bundle;
pub mod codes;
pub mod compare;
pub mod completions;
pub mod explain;
pub mod fleet;
mod included;
#[cfg(all(feature = "live", unix))]
pub mod interfaces;
mod item;
#[cfg(all(feature = "live", unix))]
pub mod live;
pub mod man;
mod prepared;
pub mod read;
mod reference;
pub mod rules;
#[cfg(all(feature = "live", unix))]
pub mod run;
pub mod schema;
pub mod slice;
mod stages;
mod unpacked;
pub mod verify_redaction;
#[cfg(feature = "view")]
pub mod view;

use whyclosed::error::Error;
use whyclosed::report::Pending;

use crate::exit;
use crate::output;
use crate::reporting::Reporting;

/// Writes the report, prints the faults, and returns the exit code.
fn conclude(reporting: &Reporting, report: Pending, mut faults: Vec<Error>) -> Result<exit::Code, Error> {
    let spill = report.spill();
    let matched = output::write(reporting, report)?;
    faults.extend(spill.take_error());
    Ok(exit_code(matched, &faults))
}

/// Returns an error for each connection that was asked for by a number that none of the `count` connections has.
fn absent(reporting: &Reporting, count: usize) -> Vec<Error> {
    reporting.selection(None).absent(count).map(|id| Error::NoConnection { id, count }).collect()
}

/// Prints the faults, and returns the exit code.
fn exit_code(matched: bool, faults: &[Error]) -> exit::Code {
    faults.iter().for_each(output::print_error);
    match (faults, matched) {
        ([_, ..], _) => exit::ERROR,
        ([], true) => exit::MATCHED,
        ([], false) => exit::SUCCESS,
    }
}
