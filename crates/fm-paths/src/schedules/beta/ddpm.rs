//! The linear table of DDPM, continued to all times.

use std::slice;

use crate::gamma::{STIRLING, stirling_remainder, stirling_series};
use crate::runs::vectorised;
use crate::schedules::vp::amplitudes_of_integrals;
use crate::{Beta, PathError};

/// The `steps` discrete steps of DDPM with linear β, as a smooth function of time.
///
/// ```text
/// β_i = β_start + (β_end − β_start)·i/(N − 1),    ᾱ_k = ∏_{i ≤ k} (1 − β_i) = α² at s = (k + 1)/N,  i, k = 0, …, N − 1
/// ```
///
/// The factors `1 − β_i` fall linearly, so their product is a quotient of gamma functions, which has a value for any real
/// number of steps: with d the difference of two β and `c = (1 − β_start)/d`,
/// ᾱ after κ steps is `d^κ·Γ(c + 1)/Γ(c + 1 − κ)`.
/// Nothing is interpolated: at every step the table is met to rounding, between steps all derivatives exist, and no table
/// is kept. (Interpolating a table is [`BetaTable`](crate::BetaTable), for tables without such a form.)
///
/// The step k of the table is the time `t = 1 − (k + 1)/N`; `t = 1` is the clean sample, one step before the table begins.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `steps` | 1000 | N | at least 2 |
/// | `beta_start` | 1e-4 | β of the first step | (0, 1), and not far below the difference of two β |
/// | `beta_end` | 0.02 | β of the last step | [`beta_start`, 1) |
///
/// # Examples
/// ```
/// use fm_paths::{DdpmBeta, Schedule, Vp};
/// let first = Vp(DdpmBeta::default()).at(1.0 - 1.0 / 1000.0);
/// assert!((first.alpha * first.alpha - (1.0 - 1e-4)).abs() < 1e-15);
/// ```
///
/// # References
/// - J. Ho, A. Jain, P. Abbeel, *Denoising Diffusion Probabilistic Models*, NeurIPS 2020, Section 4.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DdpmBeta {
    /// Number of steps.
    pub steps: u32,
    /// β of the first step.
    pub beta_start: f64,
    /// β of the last step.
    pub beta_end: f64,
}

impl Default for DdpmBeta {
    fn default() -> Self {
        Self { steps: 1000, beta_start: 1e-4, beta_end: 0.02 }
    }
}

impl DdpmBeta {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the ranges of the table. A `beta_start` below about half the difference
    /// of two neighbouring β is refused: the continued table would begin by removing noise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::DdpmBeta;
    /// assert!(DdpmBeta { beta_start: 1e-9, ..DdpmBeta::default() }.validate().is_err()); // the β differ by 2e-5
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let Self { steps, beta_start, beta_end } = *self;
        PathError::require(steps >= 2, "steps", f64::from(steps), "at least 2")?;
        let holds = beta_start > 0.0 && beta_start < 1.0;
        PathError::require(holds, "beta_start", beta_start, "in (0, 1)")?;
        PathError::require(
            beta_end >= beta_start && beta_end < 1.0,
            "beta_end",
            beta_end,
            "at least beta_start and below 1",
        )?;
        PathError::require(
            self.rate(0.0) > 0.0,
            "beta_start",
            beta_start,
            "above half the difference of two neighbouring β",
        )
    }

    /// β and its integral at each `s`.
    ///
    /// What depends on the parameters alone is decided outside the loop over the times, which is then straight.
    #[inline(always)]
    fn rates_and_integrals(&self, s: &[f64], rates: &mut [f64], integrals: &mut [f64]) {
        let n = f64::from(self.steps);
        let difference = (self.beta_end - self.beta_start) / f64::from(self.steps - 1);
        // The factor before the first, 1 − β₀ + difference: what all sums are relative to.
        let zeroth = ln_1p(difference - self.beta_start);
        let product = Product::new(zeroth, (1.0 - self.beta_start) / difference);
        let straight = difference > 0.0 && product.is_shallow(n);
        if straight {
            vectorised(
                #[inline(always)]
                || {
                    for ((s, rate), integral) in s.iter().zip(&mut *rates).zip(&mut *integrals) {
                        [*integral, *rate] = product.log(s * n, shallow_bowl, stirling_series);
                    }
                },
            );
        } else {
            for ((s, rate), integral) in s.iter().zip(&mut *rates).zip(&mut *integrals) {
                [*integral, *rate] = if difference > 0.0 {
                    product.log(s * n, bowl, stirling_remainder)
                } else {
                    [s * n * zeroth, zeroth]
                };
            }
        }
        for (rate, integral) in rates.iter_mut().zip(integrals) {
            (*rate, *integral) = (-n * *rate, 0.0 - *integral); // not −0 at the data
        }
    }
}

/// A product of linearly falling factors as a quotient of gamma functions.
struct Product {
    /// The logarithm of the factor before the first.
    zeroth: f64,
    /// c + 1.
    a: f64,
    per_a: f64,
    /// What Stirling's formula leaves of ln Γ(a).
    at_a: f64,
}

impl Product {
    #[inline(always)]
    fn new(zeroth: f64, c: f64) -> Self {
        let a = c + 1.0;
        Self { zeroth, a, per_a: a.recip(), at_a: stirling_remainder(a)[0] }
    }

    /// Whether [`shallow_bowl`] and [`stirling_series`] hold for up to `steps` factors.
    #[inline(always)]
    fn is_shallow(&self, steps: f64) -> bool {
        steps * self.per_a < SHALLOW && self.a - steps >= STIRLING
    }

    /// The logarithm of the product of `steps` factors, any real number of them, and its derivative: Stirling's formula
    /// for both gamma functions, with everything large cancelled by hand.
    #[inline(always)]
    fn log(&self, steps: f64, bowl: impl Fn(f64, f64) -> [f64; 2], remainder: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
        let b = self.a - steps;
        let per_b = b.recip();
        let [bowl, log_ratio] = bowl(steps * self.per_a, self.a * per_b);
        let [at_b, slope_b] = remainder(b);
        let sum = 0.5 * log_ratio - self.a * bowl + (self.at_a - at_b);
        [steps * self.zeroth + sum, self.zeroth + log_ratio - 0.5 * per_b + slope_b]
    }
}

/// log(1 + x): the logarithm of the rounded sum, and what rounding it lost. As exact as [`f64::ln_1p`]; that one is a call
/// which the compiler cannot take out of a loop over times.
fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    sum.ln() + (x - (sum - 1.0)) / sum
}

/// Where the series of [`shallow_bowl`] is exact.
const SHALLOW: f64 = 0.1;

/// (1 − y)·log(1 − y) + y, which is about y²/2, without cancellation, and log(1 − y). `inverse` is 1/(1 − y).
#[inline(always)]
fn bowl(y: f64, inverse: f64) -> [f64; 2] {
    if y < SHALLOW {
        shallow_bowl(y, inverse)
    } else {
        let log = (-y).ln_1p();
        [(1.0 - y) * log + y, log]
    }
}

/// [`bowl`] for `0 ≤ y <` [`SHALLOW`]: Σ yⁿ/(n(n − 1)); the first omitted term is below 1e-17 of the sum.
#[inline(always)]
fn shallow_bowl(y: f64, inverse: f64) -> [f64; 2] {
    const SERIES: [f64; 16] = {
        let (mut series, mut i) = ([0.0; 16], 0);
        while i < 16 {
            series[i] = 1.0 / ((i + 2) * (i + 1)) as f64;
            i += 1;
        }
        series
    };
    let (y2, y4, y8) = (y * y, (y * y) * (y * y), ((y * y) * (y * y)) * ((y * y) * (y * y)));
    let pair = |k: usize| SERIES[k] + SERIES[k + 1] * y;
    let four = |k: usize| pair(k) + pair(k + 2) * y2;
    let bowl = ((four(0) + four(4) * y4) + (four(8) + four(12) * y4) * y8) * y2;
    [bowl, (bowl - y) * inverse]
}

impl Beta for DdpmBeta {
    fn rate(&self, s: f64) -> f64 {
        self.rate_and_integral(s)[0]
    }

    fn integral(&self, s: f64) -> f64 {
        self.rate_and_integral(s)[1]
    }

    fn rate_and_integral(&self, s: f64) -> [f64; 2] {
        let ([mut rate], [mut integral]) = ([0.0], [0.0]);
        self.rates_and_integrals(&[s], slice::from_mut(&mut rate), slice::from_mut(&mut integral));
        [rate, integral]
    }

    #[inline(always)]
    fn rates_and_amplitudes(&self, s: &[f64], [rate, alpha, sigma]: [&mut [f64]; 3]) {
        self.rates_and_integrals(s, rate, alpha);
        amplitudes_of_integrals(alpha, sigma);
    }
}
