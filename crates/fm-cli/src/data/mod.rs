//! Reading training data from files, and writing samples to them.
//!
//! Whatever the file, the result is one [`Dataset`]: a matrix whose rows are samples, the shape that one row stands for,
//! and the labels if there are any. Flattening here, once, is what lets the couplings, the metrics and the networks agree
//! on what a sample is; the shape comes back only where a network or a picture asks for it.
//!
//! Every reader treats its bytes as hostile. A size that a header declares is a claim: nothing is allocated for it before
//! that many bytes have been read, so a ten-byte file that promises an exabyte costs ten bytes. The readers are small and
//! ours (the archive and decompression layers excepted) because the errors are the feature: each names the file, the
//! place inside it and the remedy, which a general-purpose reader cannot do.
//!
//! Scaling is not done here: a reader that rescales silently cannot be compared with the file it read.

mod delimited;
mod element;
mod error;
mod idx;
mod labels;
mod load;
mod npy;
mod npz;
mod points;
mod source;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

pub use self::error::DataError;
pub use self::load::load;
pub use self::points::{Points, load_labels, load_points, load_weights};
pub use self::write::{npy_bytes, write_npy, write_npz};

/// Samples in rows, with the shape of one sample and the labels if there are any.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The samples, one flattened sample per row: `[n, d]`, all finite, `n >= 2`.
    pub x: Array2<f32>,
    /// The shape of one sample, whose product is `d`: `[2]`, `[8, 8]`, `[1, 28, 28]`.
    pub shape: Vec<usize>,
    /// One label per row, each below `classes`.
    pub labels: Option<Vec<u32>>,
    /// The number of classes; zero without labels.
    pub classes: usize,
}

/// What the file alone does not say.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `labels` | none | a second file with one integer per sample (`.npy`, IDX, or a CSV file with one column) |
/// | `label_column` | none | the column of a CSV file that holds the labels; negative counts from the end |
/// | `key` | none | the array of an `.npz` archive; without it the only array, or else `x` or `arr_0` |
/// | `labels_key` | none | the array of an `.npz` archive that holds the labels |
/// | `sample_shape` | as stored | the shape that one row stands for, such as `[8, 8]` for 64 columns |
/// | `classes` | largest label + 1 | the number of classes, which every label must stay below |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadOptions {
    /// A second file that holds one integer per sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// The column of a CSV file that holds the labels; negative counts from the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_column: Option<i64>,
    /// The array of an `.npz` archive that holds the samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The array of an `.npz` archive that holds the labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_key: Option<String>,
    /// The shape that one row stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_shape: Option<Vec<usize>>,
    /// The number of classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
}
