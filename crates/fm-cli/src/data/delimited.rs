//! Reading comma-separated text.
//!
//! A first line without a single number is a header; a first line with some numbers is data with a mistake in it, and
//! says so. Guessing further (separators, decimal commas, types per column) would turn mistakes into data.

use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::npy::Numbers;
use super::source::{failed, foreign, open};
use super::{DataError, labels};

const FORMAT: &str = "CSV";

/// Reads a table of numbers: shape `[rows, columns]`, or an empty shape for a file without rows.
///
/// `label_column` stays in the table; a text in it is told apart from one among the values.
pub(super) fn read(path: &Path, label_column: Option<i64>) -> Result<Numbers, DataError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(open(path)?);
    let (mut values, mut rows, mut columns) = (Vec::new(), 0, None);
    let mut record = StringRecord::new();
    let mut first = true;
    while reader.read_record(&mut record).map_err(|error| broken(path, error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let expected = *columns.get_or_insert(record.len());
        if record.len() != expected {
            return Err(DataError::Ragged { path: path.to_owned(), line, found: record.len(), expected });
        }
        let header = first && record.iter().all(|field| field.parse::<f64>().is_err());
        first = false;
        if header {
            continue;
        }
        let label = label_column.and_then(|column| labels::position(column, expected));
        for (column, field) in record.iter().enumerate() {
            values.push(number(path, line, column + 1, field, label == Some(column))?);
        }
        rows += 1;
    }
    Ok(Numbers { shape: vec![rows, columns.unwrap_or(0)], values })
}

fn number(path: &Path, line: u64, column: usize, field: &str, label: bool) -> Result<f64, DataError> {
    let text = || field.chars().take(40).collect::<String>();
    let Ok(value) = field.parse::<f64>() else {
        let (path, text) = (path.to_owned(), text());
        return Err(if label {
            DataError::LabelNotANumber { path, line, column, text }
        } else {
            DataError::NotANumber { path, line, column, text }
        });
    };
    if (value as f32).is_finite() {
        Ok(value)
    } else {
        Err(DataError::TextNotFinite { path: path.to_owned(), line, column, text: text() })
    }
}

fn broken(path: &Path, error: csv::Error) -> DataError {
    let byte = error.position().map_or(0, csv::Position::byte);
    match error.into_kind() {
        ErrorKind::Io(source) => failed(path, FORMAT, byte, source),
        ErrorKind::Utf8 { pos, err } => {
            let byte = pos.map_or(byte, |pos| pos.byte());
            foreign(path, FORMAT, byte, format!("field {} is not UTF-8 text", err.field() + 1))
        }
        _ => foreign(path, FORMAT, byte, "the text is not comma-separated"),
    }
}
