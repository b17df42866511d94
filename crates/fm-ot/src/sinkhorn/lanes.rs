//! The inner loops: exponentials of a row, and sums over rows in both directions.
//!
//! Written in blocks of [`LANES`] for the compiler to vectorise, and compiled for each vector unit by `pulp`. Sums have one
//! partial result for each lane and are folded in one order, so the width of the unit does not matter: AVX-512 and AVX2
//! give the same bits. A processor without fused multiply-add rounds once more for each of them.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::cell::Cell;
use std::f64::consts::{LOG2_E, SQRT_2};
use std::hint::black_box;
use std::thread::LocalKey;

use pulp::{Arch, Simd, WithSimd};

use crate::Real;

/// Partial sums per row; a multiple of the vector width of every current machine.
pub(super) const LANES: usize = 32;

/// Rows that share a pass over the column sums.
pub(super) const ROWS: usize = 4;

/// What a kernel entry is stored in: `f32` or `f64`.
pub(super) trait Lane: Real {
    /// A sum between its inverse and this is neither short of bits nor about to overflow: entries below the floor are missing
    /// from it, and at this distance they do not show.
    const SAFE: f64;

    /// `2^t`; zero below the floor, saturated at the top of the range.
    fn power<const FUSED: bool>(t: Self) -> Self;

    /// What a thread keeps from one solve to the next.
    fn spare() -> &'static LocalKey<Cell<Vec<Self>>>;

    /// `a * b + c`.
    fn fma<const FUSED: bool>(a: Self, b: Self, c: Self) -> Self;
}

/// `ln(2)^k / k!`: the Taylor series of `2^x`. On half a unit around zero, eight terms are within 6e-9 and fourteen
/// within 5e-18, below the rounding of `f32` and `f64`.
const fn taylor<const N: usize>() -> [f64; N] {
    let mut terms = [1.0; N];
    let mut k = 1;
    while k < N {
        terms[k] = terms[k - 1] * std::f64::consts::LN_2 / k as f64;
        k += 1;
    }
    terms
}

macro_rules! lane {
    ($float:ty, $mantissa:literal, $bias:literal, $terms:literal, $floor:literal, $safe:literal) => {
        impl Lane for $float {
            const SAFE: f64 = f64::from_bits((1023 + $safe) << 52);

            #[inline(always)]
            fn power<const FUSED: bool>(t: Self) -> Self {
                const TERMS: [f64; $terms] = taylor();
                // Adding this leaves the nearest integer, biased as an exponent is, in the lowest bits.
                const ROUND: $float = 1.5 * (1_u64 << $mantissa) as $float + $bias;
                // The lowest exponent has no bits.
                let t = if t > $floor { t } else { -$bias };
                let t = if t < $bias { t } else { $bias };
                let rounded = t + ROUND;
                let x = t - (rounded - ROUND);
                let mut sum = TERMS[$terms - 1] as $float;
                let mut k = $terms - 1;
                while k > 0 {
                    k -= 1;
                    sum = Self::fma::<FUSED>(sum, x, TERMS[k] as $float);
                }
                sum * <$float>::from_bits(rounded.to_bits() << $mantissa)
            }

            fn spare() -> &'static LocalKey<Cell<Vec<Self>>> {
                thread_local!(static SPARE: Cell<Vec<$float>> = const { Cell::new(Vec::new()) });
                &SPARE
            }

            #[inline(always)]
            fn fma<const FUSED: bool>(a: Self, b: Self, c: Self) -> Self {
                if FUSED { a.mul_add(b, c) } else { a * b + c }
            }
        }
    };
}

// Powers below two to the floor are zero, so that their products with factors are not subnormal, which is slow.
lane!(f32, 23, 127.0, 8, -80.0, 30);
lane!(f64, 52, 1023.0, 14, -900.0, 337);

/// `kernel[j] = 2^(f + g[j] - scale * cost[j])`; returns `sum_j kernel[j] * v[j]`. The tail of `kernel` beyond the costs
/// becomes zero.
#[inline(always)]
pub(super) fn exponentials<A: Real, K: Lane, const FUSED: bool>(
    cost: &[A],
    f: f64,
    g: &[f64],
    scale: f64,
    v: &[K],
    kernel: &mut [K],
) -> K {
    // Exponents first and for the whole row, which stays in cache: a loop over two widths at once would run at the half of one.
    for ((k, &c), &g) in kernel.iter_mut().zip(cost).zip(g) {
        *k = K::narrow(f64::fma::<FUSED>(-scale, c.widen(), f + g));
    }
    kernel[cost.len()..].fill(K::neg_infinity());
    let mut sums = [K::zero(); LANES];
    for (k, v) in kernel.as_chunks_mut::<LANES>().0.iter_mut().zip(v.as_chunks::<LANES>().0) {
        for k in k.iter_mut() {
            *k = K::power::<FUSED>(*k);
        }
        add_products::<K, FUSED>(&mut sums, k, v);
    }
    fold(sums)
}

/// `sum_j rows[r][j] * v[j]` of each row.
#[inline(always)]
pub(super) fn row_sums<K: Lane, const FUSED: bool>(rows: [&[K]; ROWS], v: &[K]) -> [K; ROWS] {
    // Four of them and not an array, which the compiler would keep in memory.
    let [mut first, mut second, mut third, mut fourth] = [[K::zero(); LANES]; ROWS];
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<LANES>().0);
    for ((((a, b), c), d), v) in a.iter().zip(b).zip(c).zip(d).zip(v.as_chunks::<LANES>().0) {
        add_products::<K, FUSED>(&mut first, a, v);
        add_products::<K, FUSED>(&mut second, b, v);
        add_products::<K, FUSED>(&mut third, c, v);
        add_products::<K, FUSED>(&mut fourth, d, v);
    }
    [fold(first), fold(second), fold(third), fold(fourth)]
}

/// `columns[j] += sum_r u[r] * rows[r][j]`.
#[inline(always)]
pub(super) fn add_rows<K: Lane, const FUSED: bool>(rows: [&[K]; ROWS], u: [K; ROWS], columns: &mut [K]) {
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<LANES>().0);
    for ((((a, b), c), d), column) in a.iter().zip(b).zip(c).zip(d).zip(columns.as_chunks_mut::<LANES>().0) {
        add_quad::<K, FUSED>(column, [a, b, c, d], u);
    }
}

/// [`add_rows`] of the rows before, and [`row_sums`] of the next.
#[inline(always)]
pub(super) fn add_and_sum<K: Lane, const FUSED: bool>(
    before: [&[K]; ROWS],
    u: [K; ROWS],
    columns: &mut [K],
    rows: [&[K]; ROWS],
    v: &[K],
) -> [K; ROWS] {
    let [mut first, mut second, mut third, mut fourth] = [[K::zero(); LANES]; ROWS];
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<LANES>().0);
    let [e, f, g, h] = before.map(|row| row.as_chunks::<LANES>().0);
    let vectors = v.as_chunks::<LANES>().0.iter().zip(columns.as_chunks_mut::<LANES>().0);
    let before = e.iter().zip(f).zip(g).zip(h);
    for (((((a, b), c), d), (((e, f), g), h)), (v, column)) in a.iter().zip(b).zip(c).zip(d).zip(before).zip(vectors) {
        add_products::<K, FUSED>(&mut first, a, v);
        add_products::<K, FUSED>(&mut second, b, v);
        add_products::<K, FUSED>(&mut third, c, v);
        add_products::<K, FUSED>(&mut fourth, d, v);
        add_quad::<K, FUSED>(column, [e, f, g, h], u);
    }
    [fold(first), fold(second), fold(third), fold(fourth)]
}

/// `sums[l] += a[l] * b[l]`.
#[inline(always)]
fn add_products<K: Lane, const FUSED: bool>(sums: &mut [K; LANES], a: &[K; LANES], b: &[K; LANES]) {
    for l in 0..LANES {
        sums[l] = K::fma::<FUSED>(a[l], b[l], sums[l]);
    }
}

/// `column[l] += sum_r u[r] * rows[r][l]`.
#[inline(always)]
fn add_quad<K: Lane, const FUSED: bool>(column: &mut [K; LANES], rows: [&[K; LANES]; ROWS], u: [K; ROWS]) {
    for l in 0..LANES {
        let first = K::fma::<FUSED>(u[1], rows[1][l], u[0] * rows[0][l]);
        let second = K::fma::<FUSED>(u[3], rows[3][l], u[2] * rows[2][l]);
        column[l] += first + second;
    }
}

/// The largest `g[j] - scale * cost[j]`.
#[inline(always)]
pub(super) fn largest<A: Real>(cost: &[A], g: &[f64], scale: f64) -> f64 {
    let mut best = [f64::NEG_INFINITY; LANES];
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    let (costs, cost_tail) = cost.as_chunks::<LANES>();
    let (gs, g_tail) = g.as_chunks::<LANES>();
    for (c, g) in costs.iter().zip(gs) {
        for l in 0..LANES {
            best[l] = larger(best[l], g[l] - scale * c[l].widen());
        }
    }
    let tail = cost_tail.iter().zip(g_tail).map(|(c, g)| g - scale * c.widen());
    best.into_iter().chain(tail).fold(f64::NEG_INFINITY, larger)
}

/// `best[j] = max(best[j], f - scale * cost[j])`.
#[inline(always)]
pub(super) fn raise<A: Real>(cost: &[A], f: f64, scale: f64, best: &mut [f64]) {
    for (best, c) in best.iter_mut().zip(cost) {
        let value = f - scale * c.widen();
        *best = if value > *best { value } else { *best };
    }
}

/// `2^x` of each.
pub(super) fn powers(arch: Arch, values: &mut [f64]) {
    struct Powers<'a>(&'a mut [f64]);
    impl WithSimd for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) {
            let power = |x: &mut f64| *x = if S::IS_SCALAR { f64::power::<false>(*x) } else { f64::power::<true>(*x) };
            self.0.iter_mut().for_each(power);
        }
    }
    arch.dispatch(Powers(values));
}

/// The binary logarithm of each; of normal positive numbers only.
pub(super) fn logarithms(arch: Arch, values: &mut [f64]) {
    arch.dispatch(|| values.iter_mut().for_each(|x| *x = logarithm(*x)));
}

/// ```text
/// log2(2^e m) = e + 2 / ln(2) (s + s^3 / 3 + s^5 / 5 + ...),   s = (m - 1) / (m + 1),   1 / sqrt(2) < m <= sqrt(2)
/// ```
///
/// Ten terms: the next is below 3e-17 of the first.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    // An integer in the lowest bits of 2^52 is read off as a float by subtracting that.
    const INTEGER: f64 = (1_u64 << 52) as f64;
    let bits = x.to_bits();
    let exponent = f64::from_bits((bits >> 52) | INTEGER.to_bits()) - (INTEGER + 1023.0);
    let m = f64::from_bits((bits & MANTISSA) | 1.0_f64.to_bits());
    let upper = m > SQRT_2;
    let (m, exponent) = (if upper { 0.5 * m } else { m }, if upper { exponent + 1.0 } else { exponent });
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    let mut odd = 21.0;
    while odd > 1.0 {
        odd -= 2.0;
        sum = sum * square + 1.0 / odd;
    }
    exponent + 2.0 * LOG2_E * s * sum
}

/// Halves the lanes until one is left.
#[inline(always)]
fn fold<K: Lane>(sums: [K; LANES]) -> K {
    // Out of the registers first: the compiler would vectorise by pairs in here, and then also in the loop that makes the sums.
    let mut sums = black_box(sums);
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            let other = sums[l + width];
            sums[l] += other;
        }
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::{Lane, logarithms};
    use crate::limited::limited;

    #[test]
    fn powers_of_two_are_as_exact_as_their_type() {
        let _limited = limited();
        for k in -600..600 {
            let t = f64::from(k) * 0.1234;
            let exact = t.exp2();
            assert!((f64::from(f32::power::<true>(t as f32)) / exact - 1.0).abs() < 3e-7 + 6e-8 * t.abs(), "{t}");
            assert!((f64::power::<true>(t) / exact - 1.0).abs() < 1e-15, "{t}");
            assert!((f64::power::<false>(t) / exact - 1.0).abs() < 1e-15, "{t}");
        }
    }

    #[test]
    fn powers_vanish_below_and_saturate_above() {
        let _limited = limited();
        for t in [f64::NEG_INFINITY, -1e30, -81.0] {
            assert_eq!(f32::power::<true>(t as f32), 0.0);
        }
        assert_eq!(f64::power::<true>(f64::NEG_INFINITY), 0.0);
        assert!(f32::power::<true>(1e30) > 1e38);
        assert!(f64::power::<true>(1e30) > 8e307);
    }

    #[test]
    fn logarithms_are_exact_to_rounding() {
        let _limited = limited();
        let numbers = (-400..400).map(|k| (f64::from(k) * 0.731).exp2()).chain([1.0, 1.0 + 1e-9, 1.0 - 1e-9]);
        for x in numbers {
            let mut value = [x];
            logarithms(Arch::new(), &mut value);
            assert!(
                (value[0] - x.log2()).abs() <= 4e-16 * x.log2().abs() + 1e-25,
                "{x:e}: {} is not {}",
                value[0],
                x.log2()
            );
        }
    }
}
