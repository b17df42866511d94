//! eˣ and tⁿ, each with what it lacks to 1, without a branch or a call.
//!
//! Amplitudes need both: eˣ is α, and 1 − eˣ is what σ follows from where α is near 1. The functions of the platform's
//! library are called for one number at a time, and choosing the right one of them for each time is a branch that no
//! processor predicts. Here a batch of times becomes vector instructions.

use std::f64::consts::LOG2_E;

/// log 2 in two parts: the first has so few digits that its product with a whole number below 2²¹ is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Added and taken away again, this leaves the nearest whole number, which meanwhile stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²

/// Where eˣ has long been 0 or infinite, and the powers of two below still exist.
const MOST: f64 = 1000.0;

/// `[eˣ, eˣ − 1]` for `x ≤ 700`, each to two units in the last place; NaN for NaN. Beyond, eˣ is right up to infinity, and
/// eˣ − 1 is that or NaN.
///
/// With x = k·log 2 + r and |r| ≤ ½ log 2, eˣ − 1 is 2ᵏ(eʳ − 1) + (2ᵏ − 1), and nothing cancels.
#[inline(always)]
pub(crate) fn exponential(x: f64) -> [f64; 2] {
    exponential_of_sum(x, 0.0)
}

/// [`exponential`] of `x + rest`, for a `rest` below 1 that need not be seen in the sum.
#[inline(always)]
fn exponential_of_sum(x: f64, rest: f64) -> [f64; 2] {
    // Of a number far beyond, the rest may be anything too.
    let (x, rest) = (x.clamp(-MOST, MOST), rest.clamp(-1.0, 1.0));
    let shifted = (x + rest) * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) + (rest - k * LN_2_LOW);

    // eʳ − 1 = r + r²·(1/2 + r/6 + …): the first omitted term is below 2e-17 of r.
    let (r2, r4) = (r * r, (r * r) * (r * r));
    let pair = |n: usize| INVERSE_FACTORIALS[n] + INVERSE_FACTORIALS[n + 1] * r;
    let (low, middle, high) = (pair(2) + pair(4) * r2, pair(6) + pair(8) * r2, pair(10) + pair(12) * r2);
    let small = r + r2 * (low + r4 * (middle + r4 * high));

    // 2ᵏ as the product of two powers, of which each exists also where eˣ is subnormal.
    let bits = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let half = (bits.wrapping_add(1 << 12) >> 1).wrapping_sub(1 << 11);
    let power = |k: u64| f64::from_bits(k.wrapping_add(1023) << 52);
    let (first, second) = (power(half), power(bits.wrapping_sub(half)));
    let scale = first * second;
    [(first + first * small) * second, scale * small + (scale - 1.0)]
}

/// `[tⁿ, tⁿ − 1]` for `0 < t ≤ 1` and `0 ≤ n ≤ 10`, each to three units in the last place, and to n/3 of them for a larger n.
#[inline(always)]
pub(crate) fn power(t: f64, n: f64) -> [f64; 2] {
    let [log, rest] = logarithm(t);
    // The product, with what its rounding would lose: of halves of the digits it is exact.
    let half = |x: f64| f64::from_bits(x.to_bits() & !((1 << 27) - 1));
    let (n_high, log_high) = (half(n), half(log));
    let rest = n_high * (log - log_high) + (n - n_high) * log + n * rest;
    let product = n_high * log_high;
    // The rest is at most a fifth of n; the sum of both is exact in two numbers.
    let sum = product + rest;
    exponential_of_sum(sum, rest - (sum - product))
}

/// log t for `t > 0` as the sum of two numbers, to a few 1e-17 or 1e-16 of itself, whichever is less.
///
/// With t = 2ᵏ·(1 + f) between √½ and √2, and s = f/(2 + f), log(1 + f) is f − ½f² + s·(½f² + ⅔s² + ⅖s⁴ + …).
#[inline(always)]
fn logarithm(t: f64) -> [f64; 2] {
    // Numbers without a leading one get it by a factor of 2⁵⁴.
    const SCALE: f64 = (1_u64 << 54) as f64;
    let (t, scaled) = if t < f64::MIN_POSITIVE { (t * SCALE, -54.0) } else { (t, 0.0) };
    let above = t.to_bits().wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let f = f64::from_bits((above & ((1 << 52) - 1)).wrapping_add(std::f64::consts::FRAC_1_SQRT_2.to_bits())) - 1.0;
    // The exponent, as a number: in the low bits of one that is large enough.
    let exponent = ((above >> 52) ^ 0x800).wrapping_add(ROUND.to_bits());
    let k = (f64::from_bits(exponent) - ROUND - 2048.0) + scaled;

    let s = f / (2.0 + f);
    let (z, half_square) = (s * s, 0.5 * f * f);
    let (z2, z4) = (z * z, (z * z) * (z * z));
    let pair = |n: usize| ODD_INVERSES[n] + ODD_INVERSES[n + 1] * z;
    let four = |n: usize| pair(n) + pair(n + 2) * z2;
    let series = z * (four(0) + z4 * (four(4) + z4 * four(8)));
    let curve = s * (half_square + series) - half_square;

    let large = k * LN_2_HIGH;
    let sum = large + f; // |large| is 0 or the larger
    let lost = f - (sum - large);
    let rest = lost + (curve + k * LN_2_LOW);
    [sum, rest]
}

/// 2/(2n + 3)
const ODD_INVERSES: [f64; 12] = {
    let (mut inverses, mut n) = ([0.0; 12], 0);
    while n < 12 {
        inverses[n] = 2.0 / (2 * n + 3) as f64;
        n += 1;
    }
    inverses
};

/// 1/n!
const INVERSE_FACTORIALS: [f64; 14] = {
    let (mut inverse, mut factorial, mut n) = ([1.0; 14], 1.0, 1);
    while n < 14 {
        factorial *= n as f64;
        inverse[n] = 1.0 / factorial;
        n += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two units in the last place; the platform's functions are themselves right to one.
    fn close(got: f64, want: f64) -> bool {
        (got - want).abs() <= 3.0 * f64::EPSILON * want.abs() + f64::from_bits(2)
    }

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(exponential(0.0), [1.0, 0.0]);
        assert_eq!(exponential(-0.0), [1.0, 0.0]);
        assert_eq!(exponential(f64::NEG_INFINITY), [0.0, -1.0]);
        assert_eq!([710.0, 2000.0, 1e300, f64::INFINITY].map(|x| exponential(x)[0]), [f64::INFINITY; 4]);
        assert!(exponential(f64::NAN).iter().all(|e| e.is_nan()));
    }

    proptest! {
        #[test]
        fn both_are_those_of_the_platform(x in -760.0..700.0_f64, exponent in 0.0..300.0_f64, near in -3.0..3.0_f64) {
            for x in [x, near, x * 10.0_f64.powf(-exponent)] {
                let [exp, exp_m1] = exponential(x);
                prop_assert!(close(exp, x.exp()), "e^{x}: {exp:e} for {:e}", x.exp());
                prop_assert!(close(exp_m1, x.exp_m1()), "e^{x} - 1: {exp_m1:e} for {:e}", x.exp_m1());
            }
        }

        #[test]
        fn powers_are_those_of_the_platform(t in 1e-6..=1.0_f64, exponent in 0.0..320.0_f64, n in 0.0..10.0_f64, large in 10.0..1e3_f64) {
            for t in [t, t * 10.0_f64.powf(-exponent), 1.0 - 1e-3 * t, f64::from_bits(1)].into_iter().filter(|&t| t > 0.0) {
                for (n, units) in [(n, 3.0), (n.floor(), 3.0), (large, large / 3.0)] {
                    let (got, want) = (power(t, n), [t.powf(n), (n * t.ln()).exp_m1()]);
                    prop_assert!((got[0] - want[0]).abs() <= units * f64::EPSILON * want[0] + f64::from_bits(2), "{t}^{n}: {} for {}", got[0], want[0]);
                    // The comparison is right to a few units itself where it is near 0, and to the roundings of n log t.
                    let bound = 5.0 + (n * t.ln()).abs().min(units);
                    prop_assert!((got[1] - want[1]).abs() <= bound * f64::EPSILON * want[1].abs(), "{t}^{n} - 1: {} for {}", got[1], want[1]);
                }
            }
        }
    }
}
