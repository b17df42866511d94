//! The numbers that binary files hold.
//!
//! `.npy` and IDX name their element types differently and agree on the bytes, so both map their names to one [`Element`]
//! and share the decoding. Everything passes through `f64`, which holds every type but a large `i64` exactly; one decoder
//! then serves data (rounded to `f32` afterwards) and labels (checked for being whole numbers).

/// A numeric element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    I8,
    U8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

/// The order of the bytes of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Element {
    /// Bytes per element.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The bytes that an array of this shape takes, or `None` where that is no number of bytes.
    pub(super) fn bytes_of(self, shape: &[usize]) -> Option<u64> {
        let count = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))?;
        u64::try_from(count.checked_mul(self.size())?).ok()
    }

    /// The elements of `bytes`, a whole number of them.
    pub(super) fn decode(self, endian: Endian, bytes: &[u8]) -> Vec<f64> {
        match self {
            Self::I8 => bytes.iter().map(|&b| f64::from(b.cast_signed())).collect(),
            Self::U8 => bytes.iter().map(|&b| f64::from(b)).collect(),
            Self::I16 => each(bytes, endian, |b| f64::from(i16::from_le_bytes(b))),
            Self::I32 => each(bytes, endian, |b| f64::from(i32::from_le_bytes(b))),
            Self::I64 => each(bytes, endian, |b| i64::from_le_bytes(b) as f64),
            Self::F32 => each(bytes, endian, |b| f64::from(f32::from_le_bytes(b))),
            Self::F64 => each(bytes, endian, f64::from_le_bytes),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], endian: Endian, number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (elements, _) = bytes.as_chunks::<N>();
    let value = |&element: &[u8; N]| {
        let mut little = element;
        if endian == Endian::Big {
            little.reverse();
        }
        number(little)
    };
    elements.iter().map(value).collect()
}
