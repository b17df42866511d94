//! Reading NumPy's `.npy` format.
//!
//! The header is a Python dictionary literal with three known keys. It is parsed here, by hand and without recursion,
//! because a general literal parser follows a header of sixty thousand opening brackets until the stack ends, and because
//! an element type that we do not read is then still there as text to be named in the error.

use std::io::Read;
use std::path::Path;

use super::DataError;
use super::element::{Element, Endian};
use super::source::{foreign, header, payload};

const FORMAT: &str = "npy";

/// NumPy writes headers of 118 bytes and warns above 10,000; a longer one is no array of numbers.
const LONGEST_HEADER: usize = 1 << 16;

/// The numbers of an array, in C order, with its shape.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads one array; `path` is what the errors name.
pub(super) fn read(reader: &mut dyn Read, path: &Path) -> Result<Numbers, DataError> {
    let start: [u8; 8] = header(reader, path, FORMAT, 0)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err(foreign(path, FORMAT, 0, "it does not begin with \\x93NUMPY"));
    }
    let (length, text_at) = match start[6] {
        1 => (usize::from(u16::from_le_bytes(header(reader, path, FORMAT, 8)?)), 10),
        2 | 3 => (u32::from_le_bytes(header(reader, path, FORMAT, 8)?) as usize, 12),
        version => return Err(foreign(path, FORMAT, 6, format!("format version {version} is unknown"))),
    };
    if length > LONGEST_HEADER {
        return Err(foreign(path, FORMAT, 8, format!("a header of {length} bytes")));
    }
    let mut text = vec![0; length];
    reader.read_exact(&mut text).map_err(|source| super::source::failed(path, FORMAT, text_at, source))?;
    let text = String::from_utf8_lossy(&text);
    let Header { descr, fortran, shape } = parse(&text).map_err(|problem| foreign(path, FORMAT, text_at, problem))?;

    let (element, endian) =
        dtype(&descr).ok_or_else(|| DataError::UnknownDtype { path: path.to_owned(), dtype: descr })?;
    let expected = element
        .bytes_of(&shape)
        .ok_or_else(|| foreign(path, FORMAT, text_at, format!("the shape {shape:?} has no size")))?;
    let bytes = payload(reader, path, FORMAT, text_at + length as u64, expected)?;
    let values = element.decode(endian, &bytes);
    Ok(Numbers { values: if fortran { to_c_order(&shape, &values) } else { values }, shape })
}

fn dtype(descr: &str) -> Option<(Element, Endian)> {
    let name = descr.strip_prefix('\'')?.strip_suffix('\'')?;
    let endian = match name.as_bytes().first()? {
        b'<' | b'|' | b'=' => Endian::Little,
        b'>' => Endian::Big,
        _ => return None,
    };
    let element = match &name[1..] {
        "i1" => Element::I8,
        "u1" => Element::U8,
        "i2" => Element::I16,
        "i4" => Element::I32,
        "i8" => Element::I64,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => return None,
    };
    Some((element, endian))
}

/// Reorders values stored with the first axis running fastest.
fn to_c_order(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    while out.len() < values.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (&i, &d)| at * d + i);
        out.push(values[at]);
        for (i, &d) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < d {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`, keys in any order.
fn parse(text: &str) -> Result<Header, String> {
    let body = text.trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or("the header is no dictionary")?;
    let descr = value_of(body, "descr").ok_or("the header has no 'descr'")?;
    let fortran = value_of(body, "fortran_order").ok_or("the header has no 'fortran_order'")?;
    let shape = value_of(body, "shape").ok_or("the header has no 'shape'")?;
    let fortran = match fortran {
        "True" => true,
        "False" => false,
        other => return Err(format!("'fortran_order' is {other}")),
    };
    let inner = shape.strip_prefix('(').and_then(|s| s.strip_suffix(')')).ok_or("'shape' is no tuple")?;
    let sizes = inner.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<Vec<usize>, _>>().map_err(|_| format!("'shape' is {shape}"))?;
    if shape.is_empty() {
        return Err("the array has no axis; the first axis counts the samples".to_owned());
    }
    Ok(Header { descr: descr.replace('"', "'"), fortran, shape })
}

/// The text of the value that follows a quoted key: up to the next comma outside brackets and quotes.
fn value_of<'a>(body: &'a str, key: &str) -> Option<&'a str> {
    let at = body.find(&format!("'{key}'")).or_else(|| body.find(&format!("\"{key}\"")))?;
    let rest = body[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start();
    let (mut depth, mut quote) = (0_usize, None);
    let end = rest.char_indices().find(|&(_, c)| match (quote, c) {
        (Some(open), _) => {
            if c == open {
                quote = None;
            }
            false
        }
        (None, '\'' | '"') => {
            quote = Some(c);
            false
        }
        (None, '(' | '[' | '{') => {
            depth += 1;
            false
        }
        (None, ')' | ']' | '}') => {
            depth = depth.saturating_sub(1);
            false
        }
        (None, ',') => depth == 0,
        _ => false,
    });
    Some(rest[..end.map_or(rest.len(), |(at, _)| at)].trim_end())
}
