//! eˣ and eˣ − 1 together, without a branch or a call.
//!
//! Amplitudes of variance-preserving paths need both: eˣ is α, and 1 − eˣ is what σ follows from where α is near 1. The
//! functions of the platform's library are called for one number at a time, and choosing the right one of them for each
//! time is a branch that no processor predicts. Here a batch of times becomes vector instructions.

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
    let x = x.clamp(-MOST, MOST);
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;

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
    }
}
