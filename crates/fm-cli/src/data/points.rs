//! Points, weights and labels as the commands of transport take them.
//!
//! Unlike training data they may be a single row, and they keep their precision: points that single precision holds exactly
//! are solved in it, which is twice as fast, and others in double.

use std::path::Path;

use ndarray::Array2;

use super::load::{Format, read};
use super::npy::Numbers;
use super::{DataError, LoadOptions, labels};

/// Points in rows, all finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Points {
    /// What single precision holds exactly.
    Single(Array2<f32>),
    /// Anything else.
    Double(Array2<f64>),
}

impl Points {
    /// Rows and columns.
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::Single(points) => points.dim(),
            Self::Double(points) => points.dim(),
        }
    }

    /// Rounded, if need be.
    pub fn single(&self) -> Array2<f32> {
        match self {
            Self::Single(points) => points.clone(),
            Self::Double(points) => points.mapv(|value| value as f32),
        }
    }

    /// Exactly.
    pub fn double(&self) -> Array2<f64> {
        match self {
            Self::Single(points) => points.mapv(f64::from),
            Self::Double(points) => points.clone(),
        }
    }
}

/// Reads points; further axes than the first are flattened.
///
/// # Errors
/// As [`load`](super::load()), but a single point is enough.
pub fn load_points(path: &Path) -> Result<Points, DataError> {
    let Numbers { shape, values } = numbers(path)?;
    if values.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let (rows, columns) = (shape[0], values.len() / shape[0]);
    if let Some(at) = values.iter().position(|value| !(*value as f32).is_finite()) {
        let (row, column, value) = (at / columns, at % columns, values[at]);
        return Err(DataError::NotFinite { path: path.to_owned(), row, column, value });
    }
    let exact = values.iter().all(|&value| f64::from(value as f32) == value);
    let points =
        Array2::from_shape_vec((rows, columns), values).expect("the readers return as many values as the shape says");
    Ok(if exact { Points::Single(points.mapv(|value| value as f32)) } else { Points::Double(points) })
}

/// Reads one weight for each of `points` points.
///
/// # Errors
/// [`DataError::WeightCount`] and [`DataError::Weight`], and what is wrong with the file.
pub fn load_weights(path: &Path, points: usize) -> Result<Vec<f64>, DataError> {
    let values = numbers(path)?.values;
    if values.len() != points {
        return Err(DataError::WeightCount { path: path.to_owned(), weights: values.len(), points });
    }
    match values.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
        Some(row) => Err(DataError::Weight { path: path.to_owned(), row, value: values[row] }),
        None => Ok(values),
    }
}

/// Reads one label for each of `points` points; any whole numbers from zero on.
///
/// # Errors
/// [`DataError::LabelCount`] and [`DataError::LabelNotAClass`], and what is wrong with the file.
pub fn load_labels(path: &Path, points: usize) -> Result<Vec<u32>, DataError> {
    let most = Some(u32::MAX as usize);
    labels::check(path, &numbers(path)?.values, points, most).map(|(labels, _)| labels)
}

fn numbers(path: &Path) -> Result<Numbers, DataError> {
    let format = Format::of(path).ok_or_else(|| DataError::UnknownExtension { path: path.to_owned() })?;
    read(path, format, &LoadOptions::default())
}
