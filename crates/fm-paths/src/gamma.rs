//! What is left of the logarithm of the gamma function after Stirling's formula.

/// The remainder `R(x) = ln Γ(x) − [(x − ½) ln x − x + ½ ln 2π]` and its derivative, for `x > 0`.
///
/// Small arguments are moved up by the recurrence to where the series is exact.
#[inline(always)]
pub(crate) fn stirling_remainder(mut x: f64) -> [f64; 2] {
    let (mut value, mut slope) = (0.0, 0.0);
    while x < STIRLING {
        let step = (1.0 / x).ln_1p();
        value += (x + 0.5) * step - 1.0;
        slope += step - (x + 0.5) / (x * (x + 1.0));
        x += 1.0;
    }
    let [rest, slope_rest] = stirling_series(x);
    [value + rest, slope + slope_rest]
}

/// Where [`stirling_series`] begins to be exact.
pub(crate) const STIRLING: f64 = 16.0;

/// [`stirling_remainder`] from [`STIRLING`] on: the series of Bernoulli numbers, whose first omitted term is below 2e-16.
#[inline(always)]
pub(crate) fn stirling_series(x: f64) -> [f64; 2] {
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let (r, mut sum, mut derivative) = (x.recip(), 0.0, 0.0);
    for (i, coefficient) in series.into_iter().enumerate().rev() {
        sum = sum * r * r + coefficient;
        derivative = derivative * r * r + coefficient * (2 * i + 1) as f64;
    }
    [sum * r, -derivative * r * r]
}

/// The natural logarithm of the gamma function, for `x > 0`.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + stirling_remainder(x)[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_and_the_half() {
        let mut factorial = 1.0_f64;
        for n in 1..30 {
            let want = factorial.ln();
            assert!((ln_gamma(f64::from(n)) - want).abs() < 1e-14 * want.max(10.0), "{n}");
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 1e-14);
    }

    #[test]
    fn the_slope_is_the_derivative() {
        for x in [0.7, 3.0, 15.9, 40.0] {
            let h = 1e-3 * x;
            let at = |k: f64| stirling_remainder(x + k * h)[0];
            let difference = (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h);
            let slope = stirling_remainder(x)[1];
            assert!((difference - slope).abs() < 1e-9 * slope.abs() + 1e-12, "{x}: {difference} for {slope}");
        }
    }
}
