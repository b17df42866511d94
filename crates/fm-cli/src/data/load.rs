//! From a path and options to a checked [`Dataset`].

use std::path::Path;

use ndarray::Array2;

use super::npy::Numbers;
use super::source::{is_gz, open};
use super::{DataError, Dataset, LoadOptions, delimited, idx, labels, npy, npz};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Npy,
    Npz,
    Delimited,
    Idx,
}

impl Format {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        if stem.ends_with("-ubyte") {
            return Some(Self::Idx);
        }
        match Path::new(stem).extension()?.to_str()? {
            "npy" => Some(Self::Npy),
            "npz" if !is_gz(path) => Some(Self::Npz),
            "csv" => Some(Self::Delimited),
            "idx" => Some(Self::Idx),
            _ => None,
        }
    }
}

/// Reads samples, and labels if the options name any.
///
/// The first axis counts the samples; a file with one axis holds samples of one value. Element types are converted to
/// `f32` and nothing is rescaled.
///
/// # Errors
/// A [`DataError`] that names the file, the place and the remedy: for a file that cannot be read, is not of the format
/// that its name announces or has fewer than two samples; for values that are not finite; for labels that do not fit.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Dataset, DataError> {
    let format = Format::of(path).ok_or_else(|| DataError::UnknownExtension { path: path.to_owned() })?;
    check_options(path, format, options)?;

    let mut numbers = read(path, format, options)?;
    if numbers.values.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let mut own_labels = None;
    if let Some(column) = options.label_column {
        own_labels = Some(take_column(path, &mut numbers, column)?);
    } else if let Some(key) = &options.labels_key {
        own_labels = Some(npz::read(path, Some(key), None)?.values);
    }
    let (x, stored_shape) = samples(path, numbers)?;
    let shape = match &options.sample_shape {
        Some(shape) if product(shape) != Some(x.ncols()) => {
            return Err(DataError::SampleShape { path: path.to_owned(), shape: shape.clone(), columns: x.ncols() });
        }
        Some(shape) => shape.clone(),
        None => stored_shape,
    };

    let (labels, classes) = match (&options.labels, own_labels) {
        (Some(file), _) => {
            let (labels, classes) = labels::check(file, &read_labels(file)?, x.nrows(), options.classes)?;
            (Some(labels), classes)
        }
        (None, Some(values)) => {
            let (labels, classes) = labels::check(path, &values, x.nrows(), options.classes)?;
            (Some(labels), classes)
        }
        (None, None) => (None, 0),
    };
    Ok(Dataset { x, shape, labels, classes })
}

fn check_options(path: &Path, format: Format, options: &LoadOptions) -> Result<(), DataError> {
    let specific = [
        ("label_column", options.label_column.is_some(), Format::Delimited, "CSV"),
        ("key", options.key.is_some(), Format::Npz, ".npz"),
        ("labels_key", options.labels_key.is_some(), Format::Npz, ".npz"),
    ];
    for (option, given, only, applies_to) in specific {
        if given && format != only {
            return Err(DataError::OptionDoesNotApply { path: path.to_owned(), option, applies_to });
        }
        if given && option != "key" && options.labels.is_some() {
            return Err(DataError::TwoLabelSources { path: path.to_owned(), option });
        }
    }
    Ok(())
}

pub(super) fn read(path: &Path, format: Format, options: &LoadOptions) -> Result<Numbers, DataError> {
    match format {
        Format::Npy => npy::read(&mut open(path)?, path),
        Format::Npz => npz::read(path, options.key.as_deref(), options.labels_key.as_deref()),
        Format::Delimited => delimited::read(path, options.label_column),
        Format::Idx => idx::read(path),
    }
}

/// The numbers of a file of labels, whatever its shape: the count is checked against the samples.
fn read_labels(path: &Path) -> Result<Vec<f64>, DataError> {
    let format = Format::of(path).ok_or_else(|| DataError::UnknownExtension { path: path.to_owned() })?;
    let all_labels = LoadOptions { label_column: Some(-1), ..LoadOptions::default() };
    Ok(read(path, format, &all_labels)?.values)
}

/// Removes one column of a table and returns it.
fn take_column(path: &Path, table: &mut Numbers, column: i64) -> Result<Vec<f64>, DataError> {
    let columns = table.shape[1];
    let at = labels::position(column, columns).ok_or_else(|| DataError::NoSuchColumn {
        path: path.to_owned(),
        column,
        columns,
    })?;
    let (mut index, mut taken) = (0, Vec::with_capacity(table.shape[0]));
    table.values.retain(|&value| {
        let label = index % columns == at;
        if label {
            taken.push(value);
        }
        index += 1;
        !label
    });
    table.shape[1] -= 1;
    Ok(taken)
}

/// Flattens, converts and checks: the matrix of samples and the shape of one.
fn samples(path: &Path, Numbers { shape, values }: Numbers) -> Result<(Array2<f32>, Vec<usize>), DataError> {
    if values.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let (rows, columns) = (shape[0], values.len() / shape[0]);
    if rows == 1 {
        return Err(DataError::OneRow { path: path.to_owned() });
    }
    if let Some(at) = values.iter().position(|&value| !(value as f32).is_finite()) {
        let (row, column, value) = (at / columns, at % columns, values[at]);
        return Err(DataError::NotFinite { path: path.to_owned(), row, column, value });
    }
    let values = values.into_iter().map(|value| value as f32).collect();
    let x =
        Array2::from_shape_vec((rows, columns), values).expect("the readers return as many values as the shape says");
    Ok((x, if shape.len() == 1 { vec![1] } else { shape[1..].to_vec() }))
}

fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}
