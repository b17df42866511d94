//! Writing arrays as `.npy`.

use std::io;
use std::path::Path;

use ndarray::ArrayD;
use ndarray_npy::{WriteNpyError, WriteNpyExt};

use fm_nn::{WriteError, write_aside};

/// Writes an array as a NumPy `.npy` file, whole or not at all.
///
/// # Errors
/// [`WriteError`] if the folder cannot be written to or the disk is full; an older file of that name is then untouched.
pub fn write_npy(path: &Path, array: &ArrayD<f32>) -> Result<(), WriteError> {
    write_aside(path, |writer| {
        array.write_npy(writer).map_err(|error| match error {
            WriteNpyError::Io(source) => source,
            other => io::Error::new(io::ErrorKind::InvalidInput, other.to_string()),
        })
    })
}
