//! Tables: the rows of a report for spreadsheets and warehouses. A table is a list of [`Column`]s, from which CSV, Arrow,
//! Parquet and their documentation are made: a new column is one more element of the list.

mod cell;
pub mod connections;
pub mod documentation;
pub mod files;
pub mod members;
mod values;

pub use cell::Cell;
pub use connections::Connections;
pub use files::Files;
pub use members::Members;

/// Version of the columns of Arrow and Parquet: columns may be added, existing ones keep their names, types and meanings.
pub const VERSION: u32 = 1;

/// A table.
pub trait Table: 'static {
    /// What a row is made of.
    type Row<'r>;

    /// The name in its documentation.
    const NAME: &'static str;

    /// A sentence on its rows.
    const ABOUT: &'static str;

    /// The columns, in their order in every format.
    const COLUMNS: &'static [Column<Self>];
}

/// A column, and a function that returns its cell for a row.
pub struct Column<T: Table + ?Sized> {
    /// Its name, type and meaning.
    pub field: Field,
    /// The formats that have it.
    pub place: Place,
    /// Returns the cell; its form is that of `field`.
    pub of: for<'a, 'r> fn(&'a T::Row<'r>) -> Cell<'a>,
}

/// The formats that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Arrow and Parquet, and CSV under this name.
    All(&'static str),
    /// Arrow and Parquet.
    Typed,
    /// CSV, whose cells are text.
    Csv,
}

/// The name, type and meaning of a column, or of a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether there may be no value.
    pub nullable: bool,
    /// Its meaning, as a sentence.
    pub about: &'static str,
}

/// A type of values.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A signed integer of 32 bits. There are no unsigned ones, which Spark does not read.
    Int32,
    /// A signed integer of 64 bits.
    Int64,
    /// A floating-point number of 64 bits.
    Float64,
    /// Text in UTF-8.
    Text,
    /// Bytes.
    Binary,
    /// A point in time, which Arrow and Parquet have in microseconds, in UTC.
    Time,
    /// A list of values, none of which is missing.
    List(&'static Kind),
    /// Several values with names.
    Struct(&'static [Field]),
}

impl Field {
    /// Creates a field that always has a value.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, nullable: false, about }
    }

    /// Returns the field as one that may lack a value.
    pub const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }
}

impl<T: Table> Column<T> {
    /// Creates a column of Arrow and Parquet that always has a value.
    const fn new(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        of: for<'a, 'r> fn(&'a T::Row<'r>) -> Cell<'a>,
    ) -> Self {
        Self { field: Field::new(name, kind, about), place: Place::Typed, of }
    }

    /// Creates a column of CSV alone.
    const fn only_csv(name: &'static str, about: &'static str, of: for<'a, 'r> fn(&'a T::Row<'r>) -> Cell<'a>) -> Self {
        Self { field: Field::new(name, Kind::Text, about), place: Place::Csv, of }
    }

    /// Returns the column as one that may lack a value.
    const fn or_null(self) -> Self {
        Self { field: self.field.or_null(), ..self }
    }

    /// Returns the column as one that CSV has, too.
    const fn also_csv(self) -> Self {
        let name = self.field.name;
        self.csv_name(name)
    }

    /// Returns the column as one that CSV has, too, under this name.
    const fn csv_name(self, name: &'static str) -> Self {
        Self { place: Place::All(name), ..self }
    }

    /// Returns its name in CSV; `None` if CSV does not have it.
    pub const fn name_in_csv(&self) -> Option<&'static str> {
        match self.place {
            Place::All(name) => Some(name),
            Place::Typed => None,
            Place::Csv => Some(self.field.name),
        }
    }

    /// Returns whether Arrow and Parquet have it.
    pub const fn is_typed(&self) -> bool {
        matches!(self.place, Place::All(_) | Place::Typed)
    }
}
