//! The schemas of tables in Arrow.

use std::collections::HashMap;

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

use crate::render::table::{self, Kind, Table};

/// The name of the version of the columns in the metadata of a schema.
const VERSION: &str = "whyclosed.schema";

/// The name of the program and its version there.
const GENERATOR: &str = "whyclosed.generator";

/// Returns the schema of a table that `generator` writes.
pub fn schema<T: Table>(generator: &str) -> Schema {
    let typed = T::COLUMNS.iter().filter(|column| column.is_typed());
    let fields: Vec<_> = typed.map(|column| field(&column.field)).collect();
    let metadata = [(VERSION, table::VERSION.to_string()), (GENERATOR, generator.to_owned())];
    let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value));
    Schema::new_with_metadata(fields, metadata.collect::<HashMap<_, _>>())
}

/// Returns a field in Arrow.
fn field(field: &table::Field) -> Field {
    Field::new(field.name, data_type(field.kind), field.nullable)
}

/// Returns a type in Arrow.
pub fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Bool => DataType::Boolean,
        Kind::Int32 => DataType::Int32,
        Kind::Int64 => DataType::Int64,
        Kind::Float64 => DataType::Float64,
        Kind::Text => DataType::Utf8,
        Kind::Binary => DataType::Binary,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Kind::List(elements) => DataType::List(element(*elements).into()),
        Kind::Struct(parts) => DataType::Struct(fields(parts)),
    }
}

/// The time zone of all times.
pub const UTC: &str = "UTC";

/// Returns the field of the elements of a list.
pub fn element(kind: Kind) -> Field {
    Field::new("element", data_type(kind), false)
}

/// Returns the fields of a struct.
pub fn fields(parts: &[table::Field]) -> Fields {
    parts.iter().map(field).collect()
}
