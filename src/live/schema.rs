//! The JSON Schema of the lines of a live session, for other programs to rely on.
//!
//! A test generates it from the types: `UPDATE=1 cargo test --lib schema` rewrites it after an intended change.

/// The schema (JSON Schema 2020-12) of each line of `whyclosed live --format ndjson`.
pub const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Update;
    use crate::render::ndjson::Line;
    use crate::report::schema::tests::check;

    /// A line of a live session.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "it stands for both, in the schema")]
    enum Told<'r> {
        /// Something that happened.
        Update(Update),
        /// A part of the report at the end.
        Report(Line<'r>),
    }

    #[test]
    fn the_schema_is_that_of_the_types() {
        check::<Told<'static>>("live", "A line of whyclosed live --format ndjson", SCHEMA, "live/schema.json");
    }
}
