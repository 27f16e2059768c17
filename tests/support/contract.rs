//! The contract of JSON output: its schemas.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use whyclosed::{live, report};

/// Returns the violations of the schema by a report.
pub fn breaches(report: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(report::schema::SCHEMA));
    breaches_of(&VALIDATOR, report)
}

/// Returns the violations of the schema by a line of a live session.
pub fn breaches_by_line(line: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(live::SCHEMA));
    breaches_of(&VALIDATOR, line)
}

fn validator(schema: &str) -> Validator {
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn breaches_of(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
