//! Tables read back with the readers of the arrow and parquet crates, as JSON.

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{DataType, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};

/// A table that was read back.
pub struct Decoded {
    pub schema: Arc<Schema>,
    /// The number of rows of each batch of a stream, or of each row group of a file.
    pub sizes: Vec<usize>,
    batches: Vec<RecordBatch>,
}

impl Decoded {
    /// Reads an Arrow IPC stream, which must have its end.
    pub fn of_stream(bytes: &[u8]) -> Self {
        assert!(bytes.ends_with(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]), "no end: {} bytes", bytes.len());
        let reader = StreamReader::try_new(bytes, None).unwrap();
        let schema = reader.schema();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        let sizes = batches.iter().map(RecordBatch::num_rows).collect();
        Self { schema, sizes, batches }
    }

    /// Reads a Parquet file.
    pub fn of_parquet(bytes: &[u8]) -> Self {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let sizes = builder.metadata().row_groups().iter().map(|group| group.num_rows() as usize).collect();
        let schema = Arc::clone(builder.schema());
        let batches = builder.build().unwrap().map(Result::unwrap).collect();
        Self { schema, sizes, batches }
    }

    /// Returns the rows, each with its columns; times are in microseconds since 1970.
    pub fn rows(&self) -> Vec<Map<String, Value>> {
        self.batches.iter().flat_map(rows).collect()
    }

    /// Returns the metadata of the schema, in order.
    pub fn metadata(&self) -> Vec<(String, String)> {
        self.schema.metadata().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn rows(batch: &RecordBatch) -> Vec<Map<String, Value>> {
    let schema = batch.schema();
    let row = |at| {
        let cells = schema.fields().iter().zip(batch.columns());
        cells.map(|(field, column)| (field.name().clone(), value(column, at))).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn value(array: &dyn Array, at: usize) -> Value {
    if array.is_null(at) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(at)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(at)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(at)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(at)),
        DataType::Utf8 => json!(array.as_string::<i32>().value(at)),
        DataType::Timestamp(..) => json!(array.as_primitive::<TimestampMicrosecondType>().value(at)),
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(at);
            (0..elements.len()).map(|at| value(&elements, at)).collect()
        }
        DataType::Struct(fields) => {
            let parts = array.as_struct();
            let parts = fields.iter().zip(parts.columns());
            parts.map(|(field, part)| (field.name().clone(), value(part, at))).collect::<Map<_, _>>().into()
        }
        other => panic!("no column has the type {other}"),
    }
}
