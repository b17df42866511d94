//! A kernel entry in sixteen bits.
//!
//! Six bits of exponent and ten of mantissa, no sign: entries of a kernel whose rows are normalised are positive, those that
//! matter lie within some thirty octaves, and a shift turns the code into an `f32`. Half the bytes are half the time of a pass
//! that memory limits. Rejected: `f16`, whose fourteen octaves below one are too few, and `bf16`, which has three bits less.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

/// Bits of an `f32` that are dropped.
const DROPPED: u32 = 13;

/// `log2` of the smallest entry. Less is taken for it, a mass that is too small to matter: codes of zero would be read as
/// subnormal numbers, which are slow.
const LEAST: i32 = -39;

/// The largest entry that is not rounded up out of the range.
const MOST: f32 = (1_u32 << 24) as f32 * (1.0 - 1.0 / 2048.0);

/// The exponent of an entry minus that of the float that its code is read as.
const OFFSET: u32 = (127 + LEAST - 1) as u32;

/// An entry is the float that its code is read as, times this. Callers multiply factors by it instead.
pub(super) const UNIT: f64 = (1_u128 << OFFSET) as f64;

/// Relative rounding of an entry, at most.
pub(super) const ROUNDING: f64 = 1.0 / 2048.0;

/// The code of an entry; what is out of range becomes the end of it.
#[inline(always)]
pub(super) fn encode(entry: f32) -> u16 {
    const FLOOR: f32 = 1.0 / (1_u64 << -LEAST) as f32;
    let entry = if entry > FLOOR { entry } else { FLOOR };
    let entry = if entry < MOST { entry } else { MOST };
    ((entry.to_bits() - (OFFSET << 23) + (1 << (DROPPED - 1))) >> DROPPED) as u16
}

/// The entry divided by [`UNIT`].
#[inline(always)]
pub(super) fn decode(code: u16) -> f32 {
    f32::from_bits(u32::from(code) << DROPPED)
}

#[cfg(test)]
mod tests {
    use super::{ROUNDING, UNIT, decode, encode};

    #[test]
    fn entries_are_rounded_by_as_much_as_is_said() {
        for k in -390..240 {
            let entry = (f64::from(k) * 0.1).exp2() * 1.000_37;
            let read = f64::from(decode(encode(entry as f32))) * UNIT;
            assert!((read / entry - 1.0).abs() <= ROUNDING + 1e-7, "{entry:e} is read as {read:e}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_where_entries_beyond_it_go() {
        for small in [0.0, 1e-40, 1e-13] {
            assert_eq!(f64::from(decode(encode(small))) * UNIT, (-39.0_f64).exp2());
        }
        for large in [1e8, 1e38, f32::INFINITY] {
            assert_eq!(f64::from(decode(encode(large))) * UNIT, 16_777_216.0 * (1.0 - 1.0 / 2048.0));
        }
    }
}
