//! Parquet tables. Of each row group, the pages of the columns that count are read one after another, so memory grows with neither
//! the file nor its other columns.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::Value;

use super::{Columns, Flow, Item, Row, Walker, missing_column};
use crate::words;

impl Walker {
    /// Calls `give` for the inputs of a Parquet file, each with its row.
    ///
    /// # Errors
    /// The table cannot be read further.
    pub(super) fn rows_of_parquet(
        &self,
        file: File,
        columns: &Columns,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let schema = reader.metadata().file_metadata().schema();
        let names: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
        if let Some(error) = missing_column(columns, &names) {
            return Err(error);
        }
        let fields = schema.get_fields().iter().filter(|field| columns.all().any(|name| name == field.name()));
        let wanted = Type::group_type_builder(schema.name()).with_fields(fields.cloned().collect()).build();
        let wanted = wanted.map_err(damaged)?;
        let mut records = guarded(|| reader.get_row_iter(Some(wanted)))?;
        let mut number = 0;
        while let Some(record) = guarded(|| records.next().transpose())? {
            number += 1;
            let cell = |name: &str| {
                record.get_column_iter().find(|(column, _)| *column == name).map(|(_, field)| value(field))
            };
            let input = cell(&columns.url).and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default();
            if self.row(number, input.as_bytes(), Row::new(columns, &cell), give).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// A value of a column in JSON. Old writers do not say that bytes are text.
fn value(field: &Field) -> Value {
    match field {
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => text.into(),
            Err(_) => field.to_json_value(),
        },
        field => field.to_json_value(),
    }
}

/// The decoder checks much of what a file says, but not all of it.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> io::Result<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(damaged),
        Err(_) => Err(io::Error::other("the Parquet file is damaged")),
    }
}

fn damaged(error: ParquetError) -> io::Error {
    io::Error::other(words::clipped(&error.to_string()))
}
