//! What `fm couple` and `fm distance` begin with: two files of points of one dimension, perhaps with weights.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::data::{Points, load_points, load_weights};

/// Reads both files.
pub fn load([first, second]: [&Path; 2]) -> Result<(Points, Points)> {
    let (x, y) = (load_points(first)?, load_points(second)?);
    let (d, other) = (x.dim().1, y.dim().1);
    ensure!(
        d == other,
        "{}: points of {d} values, but {} has points of {other}; both need the same",
        first.display(),
        second.display()
    );
    Ok((x, y))
}

/// The weights of so many points each, where a file is named.
pub fn optional_weights(files: [(&Option<PathBuf>, usize); 2]) -> Result<[Option<Vec<f64>>; 2]> {
    let [a, b] = files.map(|(path, n)| path.as_ref().map(|path| load_weights(path, n)).transpose());
    Ok([a?, b?])
}
