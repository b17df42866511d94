//! The inner loops: exponentials of a row, and sums over rows in both directions.
//!
//! Written in blocks of [`LANES`] for the compiler to vectorise, and compiled for each vector unit by `pulp`. Sums have one
//! partial result for each lane and are folded in one order, so the width of the unit does not matter: AVX-512 and AVX2
//! give the same bits. A processor without fused multiply-add rounds once more for each of them.

use crate::Real;

/// Partial sums per row; a multiple of the vector width of every current machine.
pub(super) const LANES: usize = 32;

/// Rows that share a pass over the column sums.
pub(super) const ROWS: usize = 4;

/// What a kernel entry is stored in: `f32` or `f64`.
pub(super) trait Lane: Real {
    /// `2^t`; zero below the normal range, saturated above it.
    fn power<const FUSED: bool>(t: f64) -> Self;

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
    ($float:ty, $bits:ty, $mantissa:literal, $bias:literal, $terms:literal) => {
        impl Lane for $float {
            #[inline(always)]
            fn power<const FUSED: bool>(t: f64) -> Self {
                const TERMS: [f64; $terms] = taylor();
                // Adding this leaves the nearest integer, biased as an exponent is, in the lowest bits.
                const ROUND: $float = 1.5 * (1_u64 << $mantissa) as $float + $bias;
                let t = t as $float;
                let t = if t > -$bias { t } else { -$bias };
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

            #[inline(always)]
            fn fma<const FUSED: bool>(a: Self, b: Self, c: Self) -> Self {
                if FUSED { a.mul_add(b, c) } else { a * b + c }
            }
        }
    };
}

lane!(f32, u32, 23, 127.0, 8);
lane!(f64, u64, 52, 1023.0, 14);

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
    let exponent = |c: A, g: f64| f64::fma::<FUSED>(-scale, c.widen(), f + g);
    let mut sums = [K::zero(); LANES];
    let (costs, cost_tail) = cost.as_chunks::<LANES>();
    let (gs, g_tail) = g.as_chunks::<LANES>();
    let (vs, _) = v.as_chunks::<LANES>();
    let (kernels, _) = kernel.as_chunks_mut::<LANES>();
    for (((c, g), v), k) in costs.iter().zip(gs).zip(vs).zip(kernels.iter_mut()) {
        for l in 0..LANES {
            k[l] = K::power::<FUSED>(exponent(c[l], g[l]));
        }
        for l in 0..LANES {
            sums[l] = K::fma::<FUSED>(k[l], v[l], sums[l]);
        }
    }
    if !cost_tail.is_empty() {
        let (k, v) = (&mut kernels[costs.len()], &vs[costs.len()]);
        *k = [K::zero(); LANES];
        for (l, (&c, &g)) in cost_tail.iter().zip(g_tail).enumerate() {
            k[l] = K::power::<FUSED>(exponent(c, g));
            sums[l] = K::fma::<FUSED>(k[l], v[l], sums[l]);
        }
    }
    fold(sums)
}

/// `sum_j rows[r][j] * v[j]` of each row.
#[inline(always)]
pub(super) fn row_sums<K: Lane, const FUSED: bool>(rows: [&[K]; ROWS], v: &[K]) -> [K; ROWS] {
    let mut sums = [[K::zero(); LANES]; ROWS];
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<LANES>().0);
    for ((((a, b), c), d), v) in a.iter().zip(b).zip(c).zip(d).zip(v.as_chunks::<LANES>().0) {
        for l in 0..LANES {
            sums[0][l] = K::fma::<FUSED>(a[l], v[l], sums[0][l]);
            sums[1][l] = K::fma::<FUSED>(b[l], v[l], sums[1][l]);
            sums[2][l] = K::fma::<FUSED>(c[l], v[l], sums[2][l]);
            sums[3][l] = K::fma::<FUSED>(d[l], v[l], sums[3][l]);
        }
    }
    sums.map(fold)
}

/// `columns[j] += sum_r u[r] * rows[r][j]`.
#[inline(always)]
pub(super) fn add_rows<K: Lane, const FUSED: bool>(rows: [&[K]; ROWS], u: [K; ROWS], columns: &mut [K]) {
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<LANES>().0);
    for ((((a, b), c), d), column) in a.iter().zip(b).zip(c).zip(d).zip(columns.as_chunks_mut::<LANES>().0) {
        for l in 0..LANES {
            let first = K::fma::<FUSED>(u[1], b[l], u[0] * a[l]);
            let second = K::fma::<FUSED>(u[3], d[l], u[2] * c[l]);
            column[l] += first + second;
        }
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

/// Halves the lanes until one is left.
#[inline(always)]
fn fold<K: Lane>(mut sums: [K; LANES]) -> K {
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
    use super::Lane;

    #[test]
    fn powers_of_two_are_as_exact_as_their_type() {
        for k in -1_000..1_000 {
            let t = f64::from(k) * 0.1234;
            let exact = t.exp2();
            assert!((f64::from(f32::power::<true>(t)) / exact - 1.0).abs() < 3e-7 + 6e-8 * t.abs(), "{t}");
            assert!((f64::power::<true>(t) / exact - 1.0).abs() < 1e-15, "{t}");
            assert!((f64::power::<false>(t) / exact - 1.0).abs() < 1e-15, "{t}");
        }
    }

    #[test]
    fn powers_vanish_below_and_saturate_above() {
        for t in [f64::NEG_INFINITY, -1e30, -130.0] {
            assert_eq!(f32::power::<true>(t), 0.0);
        }
        assert_eq!(f64::power::<true>(f64::NEG_INFINITY), 0.0);
        assert!(f32::power::<true>(1e30) > 1e38);
        assert!(f64::power::<true>(1e30) > 8e307);
    }
}
