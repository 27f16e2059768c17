//! The JSON Schema of the reports, for other programs to rely on.
//!
//! A test generates it from the types: `UPDATE=1 cargo test --lib schema` rewrites it after an intended change.

/// The schema (JSON Schema 2020-12).
pub const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
pub(crate) mod tests {
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::report::{Report, VERSION};

    /// Checks that a schema in a file of `src/` is that of a type; with `UPDATE=1`, writes it.
    pub fn check<T: JsonSchema>(id: &str, title: &str, written: &str, file: &str) {
        let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
        schema.insert("$id".to_owned(), format!("urn:whyclosed:schema:{id}:{VERSION}").into());
        schema.insert("title".to_owned(), format!("{title}, version {VERSION}").into());
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR")), &generated).unwrap();
        } else {
            let advice = "the JSON form has changed: UPDATE=1 cargo test --lib schema writes its schema";
            assert!(generated == written, "{file}: {advice}");
        }
    }

    #[test]
    fn the_schema_is_that_of_the_types() {
        check::<Report>("report", "whyclosed report", SCHEMA, "report/schema.json");
    }
}
