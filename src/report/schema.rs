//! The JSON Schema of the reports, for other programs to rely on.
//!
//! A test generates it from the types: `UPDATE=1 cargo test --lib schema` rewrites it after an intended change.

/// The schema (JSON Schema 2020-12).
pub const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::report::{Report, VERSION};

    #[test]
    fn the_schema_is_that_of_the_types() {
        let mut schema =
            SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>();
        schema.insert("title".to_owned(), format!("whyclosed report, version {VERSION}").into());
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/schema.json"), &generated).unwrap();
        } else {
            assert!(
                generated == SCHEMA,
                "the JSON form has changed: UPDATE=1 cargo test --lib schema writes its schema"
            );
        }
    }
}
