//! Opening a file and taking a declared number of bytes from it.
//!
//! [`payload`] is the one place where a header's claim meets the file. It reads through a limit of one byte more than the
//! claim into a buffer that grows with what arrives, so a lie about the size costs no memory, and the extra byte tells a
//! truncated file from one with a tail.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::DataError;

/// Whether the name ends in `.gz`.
pub(super) fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("gz"))
}

/// Opens a file, through a decompressor if its name ends in `.gz`.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let file = BufReader::new(file);
    Ok(if is_gz(path) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// The error for a failed read, told apart by what failed: the system, the compression, or a missing end.
pub(super) fn failed(path: &Path, format: &'static str, byte: u64, source: io::Error) -> DataError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => foreign(path, format, byte, "the file ends here"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => foreign(path, format, byte, source.to_string()),
        _ => unreadable(path, source),
    }
}

/// The error for a file that the system does not let us read.
pub(super) fn unreadable(path: &Path, source: io::Error) -> DataError {
    DataError::Unreadable { path: path.to_owned(), source }
}

/// The error for bytes that are not of the announced format.
pub(super) fn foreign(path: &Path, format: &'static str, byte: u64, problem: impl Into<String>) -> DataError {
    DataError::Foreign { path: path.to_owned(), format, byte, problem: problem.into() }
}

/// Reads exactly `N` bytes of a header that starts at `byte`.
pub(super) fn header<const N: usize>(
    reader: &mut dyn Read,
    path: &Path,
    format: &'static str,
    byte: u64,
) -> Result<[u8; N], DataError> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|source| failed(path, format, byte, source))?;
    Ok(bytes)
}

/// Reads the rest of a file, which a header that ended at `byte` declares to be `expected` bytes long.
pub(super) fn payload(
    reader: &mut dyn Read,
    path: &Path,
    format: &'static str,
    byte: u64,
    expected: u64,
) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    match reader.take(expected.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(_) => {}
        // A compressed stream that breaks off: the bytes before the break are in the buffer.
        Err(source) if source.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(source) => return Err(failed(path, format, byte + bytes.len() as u64, source)),
    }
    let found = bytes.len() as u64;
    if found < expected {
        return Err(DataError::Truncated { path: path.to_owned(), expected, found });
    }
    if found > expected {
        return Err(foreign(path, format, byte + expected, "more data than the header declares"));
    }
    Ok(bytes)
}
