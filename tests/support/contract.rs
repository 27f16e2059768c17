//! The contract of JSON reports: their schema.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use whyclosed::report::schema::SCHEMA;

/// Returns the violations of the schema by a report.
pub fn breaches(report: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap());
    VALIDATOR.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
