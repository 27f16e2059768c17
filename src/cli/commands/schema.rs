//! `whyclosed schema`: the JSON Schemas of what programs read.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use whyclosed::error::Error;
use whyclosed::{live, report};

use crate::output;

/// Print the JSON Schema of the JSON report, or of the lines of a live session.
#[derive(Debug, Args)]
pub struct Schema {
    /// The output that the schema describes.
    #[arg(value_enum, default_value_t = Form::Report)]
    form: Form,
}

/// A form of output for programs.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A report in JSON; each line of one in NDJSON is an element of its `connections` or `encrypted`.
    Report,
    /// A line of `whyclosed live --format ndjson`.
    Live,
}

impl Schema {
    /// Prints the schema.
    pub fn run(&self) -> Result<ExitCode, Error> {
        let schema = match self.form {
            Form::Report => report::schema::SCHEMA,
            Form::Live => live::SCHEMA,
        };
        output::to_stdout(|out| out.write_all(schema.as_bytes()))?;
        Ok(ExitCode::SUCCESS)
    }
}
