//! What can be wrong with a data file, in one line each.
//!
//! A message names the file, the place inside it and the remedy. Places in text files are lines and columns counted from
//! one, as editors show them; places in arrays are indices counted from zero, as array libraries show them.

use std::io;
use std::path::PathBuf;

/// Why a data file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file does not exist, may not be read, or failed while being read.
    #[error("{}: cannot be read ({source}); check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name does not say which format the file has.
    #[error("{}: unknown kind of file; name it .npy, .npz, .csv, .csv.gz, .idx, .idx.gz, *-ubyte or *-ubyte.gz", path.display())]
    UnknownExtension {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no sample, or samples without values.
    #[error("{}: holds no values; give a file with at least two samples", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds a single sample.
    #[error("{}: holds one sample only; training needs at least two", path.display())]
    OneRow {
        /// The file.
        path: PathBuf,
    },
    /// A value of an array is NaN, infinite or too large for single precision.
    #[error("{}: sample {row}, value {column} (from 0) is {value}; remove the sample or replace the value by a finite f32", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The sample, from zero.
        row: usize,
        /// The position in the flattened sample, from zero.
        column: usize,
        /// The value as stored.
        value: f64,
    },
    /// A value of a text file is NaN, infinite or too large for single precision.
    #[error("{}: line {line}, column {column} is {text:?}; remove the line or replace the value by a finite f32", path.display())]
    TextNotFinite {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: u64,
        /// The column, from one.
        column: usize,
        /// The field as written.
        text: String,
    },
    /// A line of a text file has another number of fields than the lines before it.
    #[error("{}: line {line} has {found} columns where the lines before it have {expected}; make the columns equal", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: u64,
        /// The fields of this line.
        found: usize,
        /// The fields of the first line.
        expected: usize,
    },
    /// A field of a text file is not a number.
    #[error("{}: line {line}, column {column} is {text:?}, not a number; columns are separated by commas, decimals by a point", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The line, from one.
        line: u64,
        /// The column, from one.
        column: usize,
        /// The field as written, shortened.
        text: String,
    },
    /// The element type of an array is not one of those that are read.
    #[error("{}: dtype {dtype} is not read; convert the array to one of f32, f64, i8, u8, i16, i32, i64", path.display())]
    UnknownDtype {
        /// The file, or the array inside an archive.
        path: PathBuf,
        /// The element type as the file names it.
        dtype: String,
    },
    /// The file ends before the data that its header declares.
    #[error("{}: ends after {found} bytes of data where its header declares {expected}; copy or write the file again", path.display())]
    Truncated {
        /// The file, or the array inside an archive.
        path: PathBuf,
        /// The bytes that the header declares.
        expected: u64,
        /// The bytes that are there.
        found: u64,
    },
    /// The bytes are not those of the format that the name announces.
    #[error("{}: not a valid {format} file at byte {byte} ({problem}); check that the file is whole and its extension right", path.display())]
    Foreign {
        /// The file, or the array inside an archive.
        path: PathBuf,
        /// The format that the extension announces.
        format: &'static str,
        /// Where the problem was found.
        byte: u64,
        /// What is wrong there.
        problem: String,
    },
    /// The archive has no array of the asked name.
    #[error("{}: has no array {key:?}; it has {}", path.display(), list(keys))]
    KeyMissing {
        /// The archive.
        path: PathBuf,
        /// The asked name.
        key: String,
        /// The names that it has.
        keys: Vec<String>,
    },
    /// The archive has several arrays and none of the usual names.
    #[error("{}: holds several arrays, none named x or arr_0; set `key` to one of {}", path.display(), list(keys))]
    KeyNeeded {
        /// The archive.
        path: PathBuf,
        /// The names that it has.
        keys: Vec<String>,
    },
    /// The label column is not a column of the file.
    #[error("{}: label column {column} does not exist, the file has {columns} columns; use 0 to {} or -{columns} to -1", path.display(), columns.saturating_sub(1))]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The asked column.
        column: i64,
        /// The columns of the file.
        columns: usize,
    },
    /// An option was given that this kind of file has no use for.
    #[error("{}: `{option}` applies to {applies_to} files only; remove it", path.display())]
    OptionDoesNotApply {
        /// The file.
        path: PathBuf,
        /// The option.
        option: &'static str,
        /// The kind of file that it is for.
        applies_to: &'static str,
    },
    /// Labels are given twice.
    #[error("{}: labels are given both by `labels` and by `{option}`; keep one of them", path.display())]
    TwoLabelSources {
        /// The data file.
        path: PathBuf,
        /// The second option.
        option: &'static str,
    },
    /// There is not one label per sample.
    #[error("{}: holds {labels} labels for {samples} samples; give one label per sample, in the same order", path.display())]
    LabelCount {
        /// The file with the labels.
        path: PathBuf,
        /// The labels.
        labels: usize,
        /// The samples.
        samples: usize,
    },
    /// There is not one weight per point.
    #[error("{}: holds {weights} weights for {points} points; give one weight per point, in the same order", path.display())]
    WeightCount {
        /// The file with the weights.
        path: PathBuf,
        /// The weights.
        weights: usize,
        /// The points.
        points: usize,
    },
    /// A weight is negative, NaN or infinite.
    #[error("{}: weight {row} (from 0) is {value}; weights are finite and not negative", path.display())]
    Weight {
        /// The file with the weights.
        path: PathBuf,
        /// The point, from zero.
        row: usize,
        /// The weight as stored.
        value: f64,
    },
    /// A field of a text file that should be a label is not a number.
    #[error("{}: line {line}, column {column} is {text:?}, not an integer label; number the classes from 0", path.display())]
    LabelNotANumber {
        /// The file with the labels.
        path: PathBuf,
        /// The line, from one.
        line: u64,
        /// The column, from one.
        column: usize,
        /// The field as written, shortened.
        text: String,
    },
    /// A label is not a whole number from zero on.
    #[error("{}: label {value} of sample {row} (from 0) is not a whole number from 0 to {}; number the classes from 0", path.display(), u32::MAX)]
    LabelNotAClass {
        /// The file with the labels.
        path: PathBuf,
        /// The sample, from zero.
        row: usize,
        /// The label as stored.
        value: f64,
    },
    /// A label is not below the declared number of classes.
    #[error("{}: label {label} of sample {row} (from 0) is not below `classes` = {classes}; correct the label or raise `classes`", path.display())]
    LabelOutOfRange {
        /// The file with the labels.
        path: PathBuf,
        /// The sample, from zero.
        row: usize,
        /// The label.
        label: u32,
        /// The declared number of classes.
        classes: usize,
    },
    /// The largest label would mean more classes than there are samples.
    #[error("{}: label {label} of sample {row} (from 0) means more classes than the {samples} samples; check which column holds the labels, or set `classes`", path.display())]
    LabelImplausible {
        /// The file with the labels.
        path: PathBuf,
        /// The sample, from zero.
        row: usize,
        /// The label.
        label: u32,
        /// The samples.
        samples: usize,
    },
    /// The declared sample shape does not hold as many values as a row has.
    #[error("{}: a sample has {columns} values, which `sample_shape` = {shape:?} cannot hold; make its product {columns}", path.display())]
    SampleShape {
        /// The file.
        path: PathBuf,
        /// The declared shape.
        shape: Vec<usize>,
        /// The values of a row.
        columns: usize,
    },
}

fn list(keys: &[String]) -> String {
    if keys.is_empty() { "no array at all".to_owned() } else { keys.join(", ") }
}
