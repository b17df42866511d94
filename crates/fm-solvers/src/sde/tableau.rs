//! Stochastic Runge-Kutta methods of Ito type as data.
//!
//! ```text
//! H0_i = X + h sum_j a0_ij f(t + c0_j h, H0_j) + sum_j b0_ij g(t + c1_j h, H1_j) I10/h
//! H1_i = X + h sum_j a1_ij f(t + c0_j h, H0_j) + sum_j b1_ij g(t + c1_j h, H1_j) sqrt(h)
//! X'   = X + h sum_i alpha_i f(t + c0_i h, H0_i)
//!          + sum_i (beta_i1 I1 + beta_i2 I11/sqrt(h) + beta_i3 I10/h + beta_i4 I111/h) g(t + c1_i h, H1_i)
//!
//! I1 = w,    I11 = (w^2 - h)/2,    I10 = h (w/2 + z),    I111 = (w^3 - 3 h w)/6
//! ```
//!
//! with the increment `w` and the space-time Levy area `z`. Euler-Maruyama and Milstein without derivatives are of this
//! form, so there is one stepper. The stages of drift and diffusion have indices of their own: a drift that would be
//! evaluated twice at the same point is not.
//!
//! # References
//! Roessler, *Runge-Kutta methods for the strong approximation of solutions of stochastic differential equations*, SIAM J.
//! Numer. Anal. 48(3), 2010, for the form and for the schemes SRA1 and SRI1W1.

use super::NoiseWeight;

/// The coefficients. Row `i` of `a0` and `b0` enters drift stage `i`, row `i` of `a1` and `b1` diffusion stage `i`; rows end
/// where the stages end that are known by then.
#[derive(Debug, PartialEq)]
pub(crate) struct StochasticTableau {
    pub(crate) a0: &'static [&'static [f64]],
    pub(crate) b0: &'static [&'static [f64]],
    pub(crate) c0: &'static [f64],
    pub(crate) alpha: &'static [f64],
    pub(crate) a1: &'static [&'static [f64]],
    pub(crate) b1: &'static [&'static [f64]],
    pub(crate) c1: &'static [f64],
    pub(crate) beta: &'static [[f64; 4]],
}

impl StochasticTableau {
    pub(crate) const EULER_MARUYAMA: Self = Self {
        a0: &[&[]],
        b0: &[&[]],
        c0: &[0.0],
        alpha: &[1.0],
        a1: &[&[]],
        b1: &[&[]],
        c1: &[0.0],
        beta: &[[1.0, 0.0, 0.0, 0.0]],
    };

    /// The derivative `g g'` by a difference along `f h + g sqrt(h)`.
    pub(crate) const MILSTEIN: Self = Self {
        a1: &[&[], &[1.0]],
        b1: &[&[], &[1.0]],
        c1: &[0.0, 0.0],
        beta: &[[1.0, -1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]],
        ..Self::EULER_MARUYAMA
    };

    /// For `g(t)`: strong order 1.5 with two drifts.
    pub(crate) const SRA1: Self = Self {
        a0: &[&[], &[0.75]],
        b0: &[&[], &[1.5]],
        c0: &[0.0, 0.75],
        alpha: &[1.0 / 3.0, 2.0 / 3.0],
        a1: &[&[], &[]],
        b1: &[&[], &[]],
        c1: &[1.0, 0.0],
        beta: &[[1.0, 0.0, -1.0, 0.0], [0.0, 0.0, 1.0, 0.0]],
    };

    /// For diagonal noise: strong order 1.5 with two drifts and four diffusions. The published scheme has four stages of
    /// drift too; one of them repeats the first, and one is not used.
    pub(crate) const SRI1W1: Self = Self {
        a0: &[&[], &[0.75]],
        b0: &[&[], &[1.5]],
        c0: &[0.0, 0.75],
        alpha: &[1.0 / 3.0, 2.0 / 3.0],
        a1: &[&[], &[0.25], &[1.0], &[0.25]],
        b1: &[&[], &[0.5], &[-1.0, 0.0], &[-5.0, 3.0, 0.5]],
        c1: &[0.0, 0.25, 1.0, 0.25],
        beta: &[
            [-1.0, -1.0, 2.0, -2.0],
            [4.0 / 3.0, 4.0 / 3.0, -4.0 / 3.0, 5.0 / 3.0],
            [2.0 / 3.0, -1.0 / 3.0, -2.0 / 3.0, -2.0 / 3.0],
            [0.0, 0.0, 0.0, 1.0],
        ],
    };

    /// Whether a step needs the space-time Levy area.
    pub(crate) fn needs_area(&self) -> bool {
        self.b0.iter().any(|row| !row.is_empty()) || self.beta.iter().any(|beta| beta[2] != 0.0)
    }

    /// `I10/h`.
    pub(crate) const AREA: NoiseWeight = NoiseWeight { powers: [0.0, 0.5, 0.0, 0.0], area: 1.0 };

    /// The polynomial that diffusion stage `i` has in the new state.
    pub(crate) fn weight(&self, i: usize, h: f64) -> NoiseWeight {
        let [b1, b2, b3, b4] = self.beta[i];
        let root = h.sqrt();
        NoiseWeight { powers: [-0.5 * b2 * root, b1 + 0.5 * b3 - 0.5 * b4, 0.5 * b2 / root, b4 / (6.0 * h)], area: b3 }
    }
}

impl NoiseWeight {
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { powers: self.powers.map(|p| factor * p), area: factor * self.area }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let mut powers = self.powers;
        for (p, q) in powers.iter_mut().zip(other.powers) {
            *p += q;
        }
        Self { powers, area: self.area + other.area }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(rows: &[&[f64]], v: &[f64]) -> Vec<f64> {
        rows.iter().map(|row| dot(row, v)).collect()
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn close(found: &[f64], expected: &[f64], what: &str) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-14, "{what}: {found:?}, not {expected:?}");
        }
    }

    /// The conditions for strong order 1.5 with diagonal noise.
    #[test]
    fn sri1w1_meets_its_order_conditions() {
        let m = StochasticTableau::SRI1W1;
        let against = |v: &[f64]| -> Vec<f64> {
            (0..4).map(|k| dot(&m.beta.iter().map(|b| b[k]).collect::<Vec<_>>(), v)).collect()
        };
        let one = [1.0; 4];
        let (a1, b1, b0) = (apply(m.a1, &one), apply(m.b1, &one), apply(m.b0, &one));
        let square = |v: &[f64]| v.iter().map(|x| x * x).collect::<Vec<_>>();
        close(&against(&one), &[1.0, 0.0, 0.0, 0.0], "e");
        close(&against(&b1), &[0.0, 1.0, 0.0, 0.0], "B1 e");
        close(&against(&a1), &[1.0, 0.0, -1.0, 0.0], "A1 e");
        close(&against(m.c1), &[1.0, 0.0, -1.0, 0.0], "c1");
        close(&against(&square(&b1)), &[1.0, 0.0, -1.0, 2.0], "(B1 e)^2");
        close(&against(&apply(m.b1, &b1)), &[0.0, 0.0, 0.0, 1.0], "B1 B1 e");
        close(&[dot(m.alpha, &one), dot(m.alpha, &b0)], &[1.0, 1.0], "alpha");
        close(&[dot(m.alpha, &apply(m.a0, &one)), dot(m.alpha, &square(&b0))], &[0.5, 1.5], "alpha, second");
        let through = against(&apply(m.a1, &b0));
        close(&[0.5 * through[0] + through[2] / 3.0], &[0.0], "A1 B0 e");
    }

    /// The conditions for strong order 1.5 with additive noise.
    #[test]
    fn sra1_meets_its_order_conditions() {
        let m = StochasticTableau::SRA1;
        let one = [1.0; 2];
        let column = |k: usize| m.beta.iter().map(|b| b[k]).collect::<Vec<_>>();
        let b0 = apply(m.b0, &one);
        close(&[dot(&column(0), &one), dot(&column(2), &one)], &[1.0, 0.0], "e");
        close(&[dot(&column(0), m.c1), dot(&column(2), m.c1)], &[1.0, -1.0], "c1");
        close(&[dot(m.alpha, &one), dot(m.alpha, &b0)], &[1.0, 1.0], "alpha");
        close(&[dot(m.alpha, &apply(m.a0, &one)), dot(m.alpha, &[0.0, b0[1] * b0[1]])], &[0.5, 1.5], "alpha, second");
    }
}
