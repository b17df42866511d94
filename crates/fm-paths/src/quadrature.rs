//! Running integrals of a function that is given only by its values.

/// Number of equal panels of the unit interval.
const PANELS: usize = 256;

/// Nodes and weights of the Gauss–Legendre rule with five points on [−1, 1], the negative half left out.
const RULE: [(f64, f64); 3] = [
    (0.0, 128.0 / 225.0),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// `∫₀ˢ f` at any `s ∈ [0, 1]`.
///
/// The integral up to the left edge of each panel is summed once, at construction; a request adds the rest by one rule of
/// order ten. For a function that is smooth on the scale of a panel (1/256) the result is right to rounding.
#[derive(Clone, Debug)]
pub(crate) struct RunningIntegral {
    up_to: Vec<f64>,
}

impl RunningIntegral {
    /// Sums `f` over the panels.
    pub(crate) fn new(f: impl Fn(f64) -> f64) -> Self {
        let edge = |i: usize| i as f64 / PANELS as f64;
        let mut up_to = vec![0.0];
        for i in 0..PANELS {
            up_to.push(up_to[i] + gauss(&f, edge(i), edge(i + 1)));
        }
        Self { up_to }
    }

    /// The integral over each panel.
    pub(crate) fn parts(&self) -> impl Iterator<Item = f64> {
        self.up_to.windows(2).map(|ends| ends[1] - ends[0])
    }

    /// `∫₀ˢ f`, for the function of the constructor.
    pub(crate) fn at(&self, f: impl Fn(f64) -> f64, s: f64) -> f64 {
        let panel = ((s * PANELS as f64) as usize).min(PANELS - 1);
        let left = panel as f64 / PANELS as f64;
        self.up_to[panel] + gauss(&f, left, s)
    }
}

/// The rule on one interval.
fn gauss(f: impl Fn(f64) -> f64, a: f64, b: f64) -> f64 {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let pair = |&(x, w): &(f64, f64)| w * (f(middle - half * x) + f(middle + half * x));
    half * (RULE[0].1 * f(middle) + RULE[1..].iter().map(pair).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_to_rounding() {
        let integral = RunningIntegral::new(|s| (3.0 * s).exp());
        for s in [0.0, 1e-6, 0.003, 0.5, 0.77, 1.0] {
            let want = (3.0_f64 * s).exp_m1() / 3.0;
            assert!((integral.at(|s| (3.0 * s).exp(), s) - want).abs() <= 1e-14 * (1.0 + want), "{s}");
        }
        let ninth = |s: f64| s.powi(9);
        assert!((gauss(ninth, 0.0, 2.0) - 102.4).abs() < 1e-12, "a rule of five points is exact up to degree nine");
        assert!((gauss(|s: f64| s.powi(10), -1.0, 1.0) - 2.0 / 11.0).abs() > 1e-5, "and no further");
    }
}
