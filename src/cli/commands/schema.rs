//! `whyclosed schema`: the forms of what programs read.

use clap::{Args, ValueEnum};
use whyclosed::error::Error;
use whyclosed::render::table::documentation;
use whyclosed::{live, report};

use crate::exit;
use crate::output;

/// Print the JSON Schema of the JSON report or of the lines of a live session, or describe the columns of the tables.
#[derive(Debug, Args)]
pub struct Schema {
    /// The JSON output that the schema describes.
    #[arg(value_enum, default_value_t = Form::Report)]
    form: Form,

    /// The format: that of the schema is json; of the others, the columns are described, as Markdown.
    // Not the option `format` of reports, which the configuration sets.
    #[arg(long = "format", id = "schema_format", value_enum, default_value_t = Format::Json, value_name = "FORMAT")]
    format: Format,
}

/// A form of output for programs.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A report in JSON; each line of one in NDJSON is an element of its `connections` or `encrypted`.
    Report,
    /// A line of `whyclosed live --format ndjson`.
    Live,
}

/// A format of output for programs.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// JSON and NDJSON.
    Json,
    /// The columns of CSV.
    Csv,
    /// The columns of Arrow, which are those of Parquet.
    Arrow,
    /// The columns of Parquet.
    Parquet,
}

impl Schema {
    /// Prints the schema, or the description.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let schema = match self.form {
            Form::Report => report::schema::SCHEMA,
            Form::Live => live::SCHEMA,
        };
        output::to_stdout(|out| match self.format {
            Format::Json => out.write_all(schema.as_bytes()),
            Format::Csv => documentation::csv(out),
            Format::Arrow | Format::Parquet => documentation::typed(out),
        })?;
        Ok(exit::SUCCESS)
    }
}
