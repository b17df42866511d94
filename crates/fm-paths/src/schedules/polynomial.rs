//! The polynomial schedule.

use crate::exponential::power;
use crate::runs::vectorised;
use crate::{PathError, Schedule, SchedulePoint, SchedulePoints};

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
        let n = self.power;
        let ([below, _], [_, less_one]) = (power(t, n - 1.0), power(t, n));
        // The start, which has no logarithm. 0 − keeps the end from being −0.
        let (below, sigma) = if t > 0.0 { (below, 0.0 - less_one) } else { (if n > 1.0 { 0.0 } else { 1.0 }, 1.0) };
        SchedulePoint { alpha: t * below, sigma, d_alpha: n * below, d_sigma: -n * below }
    }

    #[inline(always)]
    fn at_each(&self, t: &[f64], mut points: SchedulePoints<'_>) {
        vectorised(
            #[inline(always)]
            || {
                points.again().write(
                    t,
                    #[inline(always)]
                    |t| self.at(t),
                );
            },
        );
    }

    /// tⁿ is the logistic function of λ/2.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        (-(-0.5 * log_snr).exp().ln_1p() / self.power).exp()
    }

    fn drift(&self, t: f64) -> f64 {
        self.power / (t + 0.0) // −0 is 0
    }
}
