//! Running integrals of a function that is given only by its values.

use std::array::from_fn;

/// Number of equal panels of the unit interval.
const PANELS: usize = 256;

/// Nodes and weights of the Gauss–Legendre rule with five points on [−1, 1], the negative half left out.
const RULE: [(f64, f64); 3] = [
    (0.0, 128.0 / 225.0),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// Chebyshev nodes of a panel.
const NODES: usize = 10;

/// `∫₀ˢ f` at any `s ∈ [0, 1]`, by a table: no call of `f` once it is made.
///
/// The integral up to the left edge of each panel is summed at construction, by a rule of order ten. Inside a panel the
/// table has the **mean** of `f` from the left edge on, as a polynomial: the integral itself would lose its relative
/// precision where it begins at zero, and the square root of such an integral is a schedule's σ. For a function that is
/// smooth on the scale of a panel (1/256) the result is right to rounding.
#[derive(Clone, Debug)]
pub(crate) struct RunningIntegral {
    up_to: Vec<f64>,
    means: Vec<[f64; NODES]>,
}

impl RunningIntegral {
    /// Sums `f` over the panels.
    pub(crate) fn new(f: impl Fn(f64) -> f64) -> Self {
        let edge = |i: usize| i as f64 / PANELS as f64;
        let angle = |j: usize| (j as f64 + 0.5) * std::f64::consts::PI / NODES as f64;
        let waves: [[f64; NODES]; NODES] = from_fn(|k| from_fn(|j| (k as f64 * angle(j)).cos()));
        let (mut up_to, mut means) = (vec![0.0; PANELS + 1], vec![[0.0; NODES]; PANELS]);
        for i in 0..PANELS {
            up_to[i + 1] = up_to[i] + mean(&f, edge(i), edge(i + 1)) / PANELS as f64;
            let values: [f64; NODES] =
                from_fn(|j| mean(&f, edge(i), edge(i) + 0.5 * (1.0 + waves[1][j]) / PANELS as f64));
            means[i] = powers(from_fn(|k| {
                let sum: f64 = values.iter().zip(&waves[k]).map(|(value, wave)| value * wave).sum();
                sum * if k == 0 { 1.0 } else { 2.0 } / NODES as f64
            }));
        }
        Self { up_to, means }
    }

    /// The integral over each panel.
    pub(crate) fn parts(&self) -> impl Iterator<Item = f64> {
        self.up_to.windows(2).map(|ends| ends[1] - ends[0])
    }

    /// `∫₀ˢ f`.
    #[inline(always)]
    pub(crate) fn at(&self, s: f64) -> f64 {
        let place = s * PANELS as f64;
        let panel = (place as u32).min(PANELS as u32 - 1);
        let part = place - f64::from(panel); // exact: the number of panels is a power of two
        let panel = panel as usize;
        self.up_to[panel] + part / PANELS as f64 * series(&self.means[panel], 2.0 * part - 1.0)
    }
}

/// The coefficients of `xᵏ` of the series `Σ c_k T_k`. These fall so fast that nothing is lost by it, and powers are
/// summed in a third of the time of the recurrence.
fn powers(c: [f64; NODES]) -> [f64; NODES] {
    let (mut last, mut this) = ([0.0; NODES], [0.0; NODES]);
    this[0] = 1.0;
    let mut sum = [0.0; NODES];
    for (k, c) in c.into_iter().enumerate() {
        for (sum, power) in sum.iter_mut().zip(this) {
            *sum += c * power;
        }
        // T_{k+1} = 2x·T_k − T_{k−1}, and T₁ = x.
        let twice = if k == 0 { 1.0 } else { 2.0 };
        let next = from_fn(|i| if i == 0 { -last[0] } else { twice * this[i - 1] - last[i] });
        (last, this) = (this, next);
    }
    sum
}

/// `Σ c_k xᵏ`, in pairs of pairs: a chain of four products instead of nine.
#[inline(always)]
fn series(c: &[f64; NODES], x: f64) -> f64 {
    let (x2, x4) = (x * x, x * x * (x * x));
    let pair = |k: usize| c[k] + c[k + 1] * x;
    (pair(0) + pair(2) * x2) + x4 * ((pair(4) + pair(6) * x2) + x4 * pair(8))
}

/// The mean on one interval, by the rule.
fn mean(f: impl Fn(f64) -> f64, a: f64, b: f64) -> f64 {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let pair = |&(x, w): &(f64, f64)| w * (f(middle - half * x) + f(middle + half * x));
    0.5 * (RULE[0].1 * f(middle) + RULE[1..].iter().map(pair).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integrates_to_rounding() {
        let integral = RunningIntegral::new(|s| (3.0 * s).exp());
        for s in [0.0, 1e-300, 1e-6, 0.003, 0.5, 0.77, 1.0] {
            let want = (3.0_f64 * s).exp_m1() / 3.0;
            assert!((integral.at(s) - want).abs() <= 1e-14 * want, "{s}");
        }
        let ninth = |s: f64| s.powi(9);
        assert!(
            (2.0 * mean(ninth, 0.0, 2.0) - 102.4).abs() < 1e-12,
            "a rule of five points is exact up to degree nine"
        );
        assert!((2.0 * mean(|s: f64| s.powi(10), -1.0, 1.0) - 2.0 / 11.0).abs() > 1e-5, "and no further");
    }

    proptest! {
        /// The table against the rule on the rest of the panel, for functions that vary as fast as the rule resolves.
        #[test]
        fn the_table_is_the_quadrature(s in 0.0..=1.0_f64, exponent in 0.0..12.0_f64, rate in -60.0..60.0_f64) {
            let f = |s: f64| (rate * s).exp() * (2.0 + (rate * s).sin());
            let integral = RunningIntegral::new(f);
            for s in [s, s * 10.0_f64.powf(-exponent)] {
                let panel = ((s * PANELS as f64) as usize).min(PANELS - 1);
                let left = panel as f64 / PANELS as f64;
                let rest = (s - left) * mean(f, left, s);
                let want = integral.up_to[panel] + rest;
                // Twenty roundings in the series and its coefficients, and in an exponential of up to 60; one of the sum.
                let largest = f(left).max(f(left + 1.0 / PANELS as f64));
                let rounding = f64::EPSILON * (want + 80.0 * (s - left) * largest);
                prop_assert!((integral.at(s) - want).abs() <= rounding, "{}: {} {}", s, integral.at(s), want);
            }
        }
    }
}
