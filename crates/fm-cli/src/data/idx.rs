//! Reading the IDX format of the MNIST files: two zero bytes, an element type, a rank, sizes and elements, big-endian.

use std::path::Path;

use super::DataError;
use super::element::{Element, Endian};
use super::npy::Numbers;
use super::source::{foreign, header, open, payload};

const FORMAT: &str = "IDX";

/// Reads one array of samples or of labels.
///
/// The format is described with the MNIST database, `http://yann.lecun.com/exdb/mnist/`, "THE IDX FILE FORMAT".
pub(super) fn read(path: &Path) -> Result<Numbers, DataError> {
    let mut reader = open(path)?;
    let [zero, zero_too, code, rank]: [u8; 4] = header(&mut reader, path, FORMAT, 0)?;
    if (zero, zero_too) != (0, 0) {
        return Err(foreign(path, FORMAT, 0, "it does not begin with two zero bytes"));
    }
    let element = match code {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0B => Element::I16,
        0x0C => Element::I32,
        0x0D => Element::F32,
        0x0E => Element::F64,
        _ => return Err(DataError::UnknownDtype { path: path.to_owned(), dtype: format!("{code:#04x}") }),
    };
    if rank == 0 {
        return Err(foreign(path, FORMAT, 3, "the array has no axis"));
    }
    let mut shape = Vec::with_capacity(usize::from(rank));
    for axis in 0..u64::from(rank) {
        let size: [u8; 4] = header(&mut reader, path, FORMAT, 4 + 4 * axis)?;
        shape.push(u32::from_be_bytes(size) as usize);
    }
    let expected =
        element.bytes_of(&shape).ok_or_else(|| foreign(path, FORMAT, 4, format!("the shape {shape:?} has no size")))?;
    let bytes = payload(&mut reader, path, FORMAT, 4 + 4 * u64::from(rank), expected)?;
    Ok(Numbers { values: element.decode(Endian::Big, &bytes), shape })
}
