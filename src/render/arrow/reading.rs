//! The table of members, as it is read again.

use std::io::Read;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;

/// The sensor and the encoded facts of a row.
pub type Found<'r> = (Option<&'r str>, &'r [u8]);

/// Reads the rows of Arrow IPC streams that follow one another, and gives the sensor and the facts of each to `take`, until
/// that fails. Other columns, and their order, do not matter.
pub fn members<E: From<ArrowError>>(
    input: &mut dyn Read,
    mut take: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<(), E> {
    // One stream may follow another: `cat one.arrow other.arrow`.
    loop {
        let mut first = [0; 1];
        match input.read(&mut first).map_err(|error| ArrowError::from_external_error(Box::new(error)))? {
            0 => return Ok(()),
            read => {
                let begun = first.get(..read).unwrap_or_default().chain(&mut *input);
                for batch in StreamReader::try_new(begun, None)? {
                    rows(&batch?, &mut take)?;
                }
            }
        }
    }
}

fn rows<E: From<ArrowError>>(batch: &RecordBatch, take: &mut impl FnMut(Found<'_>) -> Result<(), E>) -> Result<(), E> {
    let column = |name: &str| {
        let found = batch.column_by_name(name);
        found.ok_or_else(|| ArrowError::SchemaError(format!("there is no column `{name}`: these are no members")))
    };
    let (sensors, facts) = (column("sensor")?, column("facts")?);
    let sensors = sensors.as_string_opt::<i32>();
    let small = facts.as_binary_opt::<i32>();
    let large = facts.as_binary_opt::<i64>();
    if small.is_none() && large.is_none() {
        return Err(ArrowError::SchemaError("the column `facts` is not binary".to_owned()).into());
    }
    for row in 0..batch.num_rows() {
        let sensor = sensors.filter(|sensors| sensors.is_valid(row)).map(|sensors| sensors.value(row));
        let bytes = small.map(|bytes| bytes.value(row)).or_else(|| large.map(|bytes| bytes.value(row)));
        take((sensor, bytes.unwrap_or_default()))?;
    }
    Ok(())
}
