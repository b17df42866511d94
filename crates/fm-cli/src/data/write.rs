//! Writing arrays as `.npy`, and several of them as `.npz`.

use std::io::{self, BufWriter, Cursor, Write};
use std::path::Path;

use fm_nn::{WriteError, write_aside};
use ndarray::{Array, Dimension};
use ndarray_npy::{WritableElement, WriteNpyError, WriteNpyExt};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Writes an array as a NumPy `.npy` file, whole or not at all.
///
/// # Errors
/// [`WriteError`] if the folder cannot be written to or the disk is full; an older file of that name is then untouched.
pub fn write_npy<A: WritableElement, D: Dimension>(path: &Path, array: &Array<A, D>) -> Result<(), WriteError> {
    write_aside(path, |writer| array.write_npy(writer).map_err(io_error))
}

/// Writes arrays, each given as the bytes of an `.npy` file, as one `.npz` file, whole or not at all.
///
/// # Errors
/// As [`write_npy`].
pub fn write_npz(path: &Path, arrays: &[(&str, Vec<u8>)]) -> Result<(), WriteError> {
    write_aside(path, |writer| {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in arrays {
            let options = SimpleFileOptions::default().large_file(u32::try_from(bytes.len()).is_err());
            zip.start_file(format!("{name}.npy"), options)?;
            zip.write_all(bytes)?;
        }
        writer.write_all(zip.finish()?.get_ref())
    })
}

/// The bytes of an `.npy` file.
///
/// # Errors
/// None for arrays of numbers.
pub fn npy_bytes<A: WritableElement, D: Dimension>(array: &Array<A, D>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    array.write_npy(BufWriter::new(&mut bytes)).map_err(io_error)?;
    Ok(bytes)
}

fn io_error(error: WriteNpyError) -> io::Error {
    match error {
        WriteNpyError::Io(source) => source,
        other => io::Error::new(io::ErrorKind::InvalidInput, other.to_string()),
    }
}
