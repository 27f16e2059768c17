//! Writes record batches in either format, at most some thousand rows of them at once in memory.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::building::Building;
use super::schema::schema;
use crate::limits;
use crate::render::table::Table;

/// A format of record batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// An Arrow IPC stream.
    Stream,
    /// A Parquet file: zstd, strings by dictionaries.
    Parquet,
}

/// A writer of the rows of a table.
pub struct Writer<'o, T: Table> {
    columns: Vec<Building>,
    /// The rows in `columns`, and about how many bytes they take.
    rows: usize,
    bytes: usize,
    schema: Arc<Schema>,
    encoder: Encoder,
    out: &'o mut dyn Write,
    table: std::marker::PhantomData<T>,
}

/// The encoders write to memory, which is emptied after each batch: an error of the output then stays one of the system.
enum Encoder {
    Stream(Box<StreamWriter<Vec<u8>>>),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl<'o, T: Table> Writer<'o, T> {
    /// Begins a table that `generator` writes.
    pub fn new(encoding: Encoding, generator: &str, out: &'o mut dyn Write) -> io::Result<Self> {
        let schema = Arc::new(schema::<T>(generator));
        let encoder = match encoding {
            Encoding::Stream => {
                let writer = StreamWriter::try_new(Vec::new(), &schema);
                Encoder::Stream(Box::new(writer.map_err(io::Error::other)?))
            }
            Encoding::Parquet => {
                let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties(&schema)));
                Encoder::Parquet(Box::new(writer.map_err(io::Error::other)?))
            }
        };
        let typed = T::COLUMNS.iter().filter(|column| column.is_typed());
        let columns = typed.map(|column| Building::new(column.field.kind)).collect();
        Ok(Self { columns, rows: 0, bytes: 0, schema, encoder, out, table: std::marker::PhantomData })
    }

    /// Appends a row.
    pub fn push(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        let typed = T::COLUMNS.iter().filter(|column| column.is_typed());
        for (column, building) in typed.zip(&mut self.columns) {
            let cell = (column.of)(row);
            self.bytes += cell.size();
            building.push(&cell);
        }
        self.rows += 1;
        if self.rows >= limits::TABLE_ROWS || self.bytes >= limits::TABLE_BYTES {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Writes what is left, and ends the table.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_batch()?;
        }
        let rest = match self.encoder {
            Encoder::Stream(mut stream) => {
                stream.finish().and_then(|()| stream.into_inner()).map_err(io::Error::other)?
            }
            Encoder::Parquet(file) => file.into_inner().map_err(io::Error::other)?,
        };
        self.out.write_all(&rest)?;
        self.out.flush()
    }

    /// Writes the rows so far as one batch.
    fn write_batch(&mut self) -> io::Result<()> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(Building::finish).collect::<Result<_, _>>();
        let batch = arrays.and_then(|arrays| RecordBatch::try_new(Arc::clone(&self.schema), arrays));
        let batch = batch.map_err(io::Error::other)?;
        let encoded = match &mut self.encoder {
            Encoder::Stream(stream) => {
                stream.write(&batch).map_err(io::Error::other)?;
                stream.get_mut()
            }
            Encoder::Parquet(file) => {
                file.write(&batch).map_err(io::Error::other)?;
                file.inner_mut()
            }
        };
        self.out.write_all(encoded)?;
        encoded.clear();
        Ok(())
    }
}

/// Returns the settings of a Parquet file, whose metadata are those of the schema.
fn properties(schema: &Schema) -> WriterProperties {
    let metadata = schema.metadata().iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(limits::ROW_GROUP))
        .set_max_row_group_bytes(Some(limits::ROW_GROUP_BYTES))
        .set_key_value_metadata(Some(metadata.collect()))
        .build()
}
