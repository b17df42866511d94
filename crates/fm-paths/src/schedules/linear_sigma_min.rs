//! The linear schedule that keeps a little noise at the data end.

use crate::{PathError, Schedule, SchedulePoint};

/// Straight lines to a small Gaussian around each data point.
///
/// ```text
/// α = t,  σ = 1 − (1 − σ_min)·t
/// ```
///
/// The path of the first flow-matching paper. With `sigma_min = 0` it is [`Linear`](crate::Linear).
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `sigma_min` | 1e-4 | the noise left at `t = 1`: the samples are the data blurred by it | [0, 1) |
///
/// # Domain
/// Regular on all of `[0, 1]`. The data end is σ = `sigma_min`, so there even a data prediction determines the velocity.
///
/// # Examples
/// ```
/// use fm_paths::{LinearSigmaMin, Schedule};
/// let end = LinearSigmaMin { sigma_min: 0.1 }.at(1.0);
/// assert_eq!((end.alpha, end.sigma), (1.0, 0.1));
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023, Eq. 20.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct LinearSigmaMin {
    /// The noise left at the data end.
    pub sigma_min: f64,
}

impl Default for LinearSigmaMin {
    fn default() -> Self {
        Self { sigma_min: 1e-4 }
    }
}

impl LinearSigmaMin {
    /// Checks the parameter.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `0 ≤ sigma_min < 1`.
    ///
    /// # Examples
    /// ```
    /// assert!(fm_paths::LinearSigmaMin { sigma_min: 1.0 }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        PathError::require((0.0..1.0).contains(&self.sigma_min), "sigma_min", self.sigma_min, "in [0, 1)")
    }
}

impl Schedule for LinearSigmaMin {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        // Not 1 − (1 − σ_min)·t, which misses σ_min at t = 1 by a rounding error.
        let sigma = (1.0 - t) + self.sigma_min * t;
        SchedulePoint { alpha: t, sigma, d_alpha: 1.0, d_sigma: self.sigma_min - 1.0 }
    }

    /// α/σ = e^{λ/2}, solved for t.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        1.0 / ((-0.5 * log_snr).exp() + 1.0 - self.sigma_min)
    }
}
