//! The polynomial schedule.

use crate::exponential::exponential;
use crate::{PathError, Schedule, SchedulePoint};

/// The linear schedule run at the pace of a power of time.
///
/// ```text
/// α = tⁿ,  σ = 1 − tⁿ
/// ```
///
/// The straight lines of [`Linear`](crate::Linear), with the time spent near the source for `n > 1`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `power` | 2 | the exponent n | [1, ∞) |
///
/// # Domain
/// For `n > 1` the velocity vanishes at `t = 0` (α̇ = σ̇ = 0), so a velocity prediction there gives the
/// velocity and what the state alone gives.
///
/// # Examples
/// ```
/// use fm_paths::{Polynomial, Schedule};
/// let point = Polynomial { power: 3.0 }.at(0.5);
/// assert_eq!((point.alpha, point.sigma, point.d_alpha), (0.125, 0.875, 0.75));
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching Guide and Code*, 2024 (the polynomial convex scheduler).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Polynomial {
    /// The exponent n.
    pub power: f64,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self { power: 2.0 }
    }
}

impl Polynomial {
    /// Checks the parameter.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `power` is finite and at least 1.
    ///
    /// # Examples
    /// ```
    /// assert!(fm_paths::Polynomial { power: 0.5 }.validate().is_err()); // infinitely fast at the source
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let power = self.power;
        PathError::require(power.is_finite() && power >= 1.0, "power", power, "finite and at least 1")
    }
}

impl Schedule for Polynomial {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let (below, sigma) = if t < 0.75 {
            let below = t.powf(self.power - 1.0);
            (below, 1.0 - t * below)
        } else {
            // Near the data end 1 − α cancels. α is then right to n·|log t| roundings. 0 − keeps the end from being −0.
            let [alpha, less_one] = exponential(self.power * t.ln());
            (alpha / t, 0.0 - less_one)
        };
        let slope = self.power * below;
        SchedulePoint { alpha: t * below, sigma, d_alpha: slope, d_sigma: -slope }
    }

    /// tⁿ is the logistic function of λ/2.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        (-(-0.5 * log_snr).exp().ln_1p() / self.power).exp()
    }

    fn drift(&self, t: f64) -> f64 {
        self.power / (t + 0.0) // −0 is 0
    }
}
