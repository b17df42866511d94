//! Vectors of a scalar type, on whatever unit the processor has.
//!
//! `pulp` names its operations by type (`add_f32s`, `add_f64s`); a solver is written once for both. Rejected: arrays of lanes
//! that the compiler turns into vectors, which it does for a sum and not for a minimum with its place.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the vector unit of the function that it is inlined into"
)]

use pulp::{Simd, bytemuck};

/// Operations on vectors of `Self`.
pub trait Lanes: bytemuck::Pod {
    /// As many values as a register of `S` holds.
    type Vector<S: Simd>: Copy + bytemuck::Pod;
    /// One truth value each.
    type Mask<S: Simd>: Copy;
    /// The number of each lane.
    const COUNT: [Self; 16];

    /// The whole vectors of a slice, and the rest.
    fn vectors<S: Simd>(values: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The whole vectors of a slice, and the rest.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// Fewer values than a vector holds, with zeros behind.
    fn part<S: Simd>(s: S, values: &[Self]) -> Self::Vector<S>;
    /// One value everywhere.
    fn splat<S: Simd>(s: S, value: Self) -> Self::Vector<S>;
    /// `a + b`.
    fn sum<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`.
    fn difference<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The smaller of each two.
    fn least<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The larger of each two.
    fn most<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a < b`.
    fn below<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    /// `a <= b`.
    fn at_most<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    /// `a` where the mask is set, `b` elsewhere.
    fn choose<S: Simd>(s: S, mask: Self::Mask<S>, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The vector, turned by `by` places.
    fn turned<S: Simd>(s: S, a: Self::Vector<S>, by: usize) -> Self::Vector<S>;
    /// The smallest value.
    fn smallest<S: Simd>(s: S, a: Self::Vector<S>) -> Self;
    /// `a * b + c`, rounded once where the unit can.
    fn fused<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// The mask as bits, the first lane lowest.
    fn bits<S: Simd>(mask: Self::Mask<S>) -> u64;
}

/// How many values a vector holds.
#[inline(always)]
pub(crate) const fn width<A: Lanes, S: Simd>() -> usize {
    size_of::<A::Vector<S>>() / size_of::<A>()
}

macro_rules! lanes {
    ($scalar:ident, $vector:ident, $mask:ident, $as:ident, $as_mut:ident, $part:ident, $splat:ident, $add:ident, $sub:ident,
     $min:ident, $max:ident, $below:ident, $at_most:ident, $select:ident, $rotate:ident, $reduce:ident, $fma:ident) => {
        impl Lanes for $scalar {
            type Vector<S: Simd> = S::$vector;
            type Mask<S: Simd> = S::$mask;
            const COUNT: [Self; 16] =
                [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$as(values)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$as_mut(values)
            }
            #[inline(always)]
            fn part<S: Simd>(s: S, values: &[Self]) -> S::$vector {
                s.$part(values)
            }
            #[inline(always)]
            fn splat<S: Simd>(s: S, value: Self) -> S::$vector {
                s.$splat(value)
            }
            #[inline(always)]
            fn sum<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$add(a, b)
            }
            #[inline(always)]
            fn difference<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$sub(a, b)
            }
            #[inline(always)]
            fn least<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$min(a, b)
            }
            #[inline(always)]
            fn most<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$max(a, b)
            }
            #[inline(always)]
            fn below<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$mask {
                s.$below(a, b)
            }
            #[inline(always)]
            fn at_most<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$mask {
                s.$at_most(a, b)
            }
            #[inline(always)]
            fn choose<S: Simd>(s: S, mask: S::$mask, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$select(mask, a, b)
            }
            #[inline(always)]
            fn turned<S: Simd>(s: S, a: S::$vector, by: usize) -> S::$vector {
                s.$rotate(a, by)
            }
            #[inline(always)]
            fn smallest<S: Simd>(s: S, a: S::$vector) -> Self {
                s.$reduce(a)
            }
            #[inline(always)]
            fn fused<S: Simd>(s: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                s.$fma(a, b, c)
            }
            #[inline(always)]
            fn bits<S: Simd>(mask: S::$mask) -> u64 {
                let bytes = bytemuck::bytes_of(&mask);
                let lanes = width::<Self, S>();
                if bytes.len() >= lanes {
                    // A field of bytes per lane, all ones or all zeros, or one `bool`.
                    let stride = bytes.len() / lanes;
                    (0..lanes).fold(0, |bits, l| bits | u64::from(bytes[l * stride] != 0) << l)
                } else {
                    // One bit per lane, up to 16. Loading more than was stored would wait for the store.
                    let mut word = [0; 2];
                    word[..bytes.len()].copy_from_slice(bytes);
                    u64::from(u16::from_le_bytes(word))
                }
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    m32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    min_f32s,
    max_f32s,
    less_than_f32s,
    less_than_or_equal_f32s,
    select_f32s,
    rotate_left_f32s,
    reduce_min_f32s,
    mul_add_e_f32s
);
lanes!(
    f64,
    f64s,
    m64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    min_f64s,
    max_f64s,
    less_than_f64s,
    less_than_or_equal_f64s,
    select_f64s,
    rotate_left_f64s,
    reduce_min_f64s,
    mul_add_e_f64s
);

/// The vector units of this machine, for tests to force each.
#[cfg(test)]
pub(crate) fn units() -> Vec<pulp::Arch> {
    use pulp::Arch;

    let mut units = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        units.extend(pulp::x86::V3::try_new().map(Arch::V3));
        units.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    units
}
