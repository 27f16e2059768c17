//! A cell of a table: a value of any type.

use std::borrow::Cow;
use std::fmt::{self, Display};

use crate::seen::Timestamp;

/// A cell of a table. `Display` writes it as in CSV.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'r> {
    /// There is no value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(Cow<'r, str>),
    /// Bytes.
    Bytes(&'r [u8]),
    /// A point in time.
    Time(Timestamp),
    /// A list.
    List(Vec<Self>),
    /// The values of fields, in their order.
    Struct(Vec<Self>),
}

impl Cell<'_> {
    /// Returns about how many bytes it takes in a column.
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Time(_) => 8,
            Self::Text(text) => 8 + text.len(),
            Self::Bytes(bytes) => 8 + bytes.len(),
            Self::List(cells) | Self::Struct(cells) => 8 + cells.iter().map(Self::size).sum::<usize>(),
        }
    }
}

impl Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Bytes(bytes) => bytes.escape_ascii().fmt(f),
            Self::Time(value) => value.fmt(f),
            Self::List(cells) | Self::Struct(cells) => {
                for (at, cell) in cells.iter().enumerate() {
                    let separator = if at == 0 { "" } else { "; " };
                    write!(f, "{separator}{cell}")?;
                }
                Ok(())
            }
        }
    }
}

impl<'r, T: Into<Self>> From<Option<T>> for Cell<'r> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

impl<'r> From<&'r str> for Cell<'r> {
    fn from(value: &'r str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<u16> for Cell<'_> {
    fn from(value: u16) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Cell<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Cell<'_> {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Cell<'_> {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

impl<'r, T: Into<Self>> FromIterator<T> for Cell<'r> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
