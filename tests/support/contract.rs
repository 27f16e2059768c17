//! What a JSON report must look like.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use whyclosed::report::schema::SCHEMA;

/// What in a report is not as the schema has it.
pub fn breaches(report: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap());
    VALIDATOR.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
