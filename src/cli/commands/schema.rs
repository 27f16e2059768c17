//! `whyclosed schema`: the JSON Schema of the report.

use std::process::ExitCode;

use clap::Args;
use whyclosed::error::Error;
use whyclosed::report::schema::SCHEMA;

use crate::output;

/// Print the JSON Schema of the JSON report.
#[derive(Debug, Args)]
pub struct Schema {}

impl Schema {
    /// Prints the schema.
    pub fn run(&self) -> Result<ExitCode, Error> {
        output::to_stdout(|out| out.write_all(SCHEMA.as_bytes()))?;
        Ok(ExitCode::SUCCESS)
    }
}
