//! A column in the making: cells go in, an Arrow array comes out.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::ArrowError;

use super::schema::{UTC, element, fields};
use crate::render::table::{Cell, Field, Kind};

/// A column in the making.
pub enum Building {
    Bool(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Time(TimestampMicrosecondBuilder),
    List { kind: Kind, elements: Box<Self>, lengths: Vec<usize>, present: NullBufferBuilder },
    Struct { fields: &'static [Field], parts: Vec<Self>, count: usize, present: NullBufferBuilder },
}

impl Building {
    /// Creates an empty column of this type.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Int32 => Self::Int32(Int32Builder::new()),
            Kind::Int64 => Self::Int64(Int64Builder::new()),
            Kind::Float64 => Self::Float64(Float64Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Binary => Self::Binary(BinaryBuilder::new()),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone(UTC)),
            Kind::List(elements) => Self::List {
                kind: *elements,
                elements: Box::new(Self::new(*elements)),
                lengths: Vec::new(),
                present: NullBufferBuilder::new(0),
            },
            Kind::Struct(fields) => Self::Struct {
                fields,
                parts: fields.iter().map(|field| Self::new(field.kind)).collect(),
                count: 0,
                present: NullBufferBuilder::new(0),
            },
        }
    }

    /// Appends a cell. One of another type is no value; a test holds that no column has any.
    pub fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Bool(builder), cell) => {
                builder.append_option(if let Cell::Bool(value) = cell { Some(*value) } else { None })
            }
            (Self::Int32(builder), cell) => {
                builder.append_option(int(cell).and_then(|value| i32::try_from(value).ok()))
            }
            (Self::Int64(builder), cell) => builder.append_option(int(cell)),
            (Self::Float64(builder), cell) => {
                builder.append_option(if let Cell::Float(value) = cell { Some(*value) } else { None });
            }
            (Self::Text(builder), cell) => {
                builder.append_option(if let Cell::Text(value) = cell { Some(value) } else { None })
            }
            (Self::Binary(builder), cell) => {
                builder.append_option(if let Cell::Bytes(value) = cell { Some(*value) } else { None });
            }
            (Self::Time(builder), cell) => builder.append_option(if let Cell::Time(value) = cell {
                Some(value.as_nanos().div_euclid(1000))
            } else {
                None
            }),
            (Self::List { elements, lengths, present, .. }, cell) => {
                let cells = if let Cell::List(cells) = cell { Some(cells) } else { None };
                present.append(cells.is_some());
                lengths.push(cells.map_or(0, Vec::len));
                cells.into_iter().flatten().for_each(|cell| elements.push(cell));
            }
            (Self::Struct { parts, count, present, .. }, cell) => {
                let cells = if let Cell::Struct(cells) = cell { Some(cells) } else { None };
                present.append(cells.is_some());
                *count += 1;
                let mut cells = cells.into_iter().flatten();
                parts.iter_mut().for_each(|part| part.push(cells.next().unwrap_or(&Cell::Null)));
            }
        }
    }

    /// Returns the column, and begins a new one.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::List { kind, elements, lengths, present } => {
                let offsets = OffsetBuffer::from_lengths(lengths.drain(..));
                Arc::new(ListArray::try_new(element(*kind).into(), offsets, elements.finish()?, present.finish())?)
            }
            Self::Struct { fields: parts_of, parts, count, present } => {
                let arrays = parts.iter_mut().map(Self::finish).collect::<Result<_, _>>()?;
                let count = std::mem::take(count);
                Arc::new(StructArray::try_new_with_length(fields(parts_of), arrays, present.finish(), count)?)
            }
        })
    }
}

/// Returns the integer in a cell.
const fn int(cell: &Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Int(value) => Some(*value),
        _ => None,
    }
}
