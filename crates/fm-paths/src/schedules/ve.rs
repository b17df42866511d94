//! The variance-exploding schedule with geometric noise levels.

use crate::exponential::exponential;
use crate::{PathError, Schedule, SchedulePoint};

/// The data unscaled, under noise that falls geometrically.
///
/// ```text
/// α = 1,  σ = σ_min·(σ_max/σ_min)^(1 − t)
/// ```
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `sigma_min` | 0.02 | the noise left at `t = 1` | (0, ∞) |
/// | `sigma_max` | 100 | the noise at `t = 0` | (`sigma_min`, ∞) |
///
/// # Domain
/// The ends are not 0 and 1: the state at `t = 0` is `x₁ + σ_max·x₀`, so sampling starts from `σ_max` times a standard
/// normal sample, and this forgets the data only as far as `σ_max` is large beside it. x₀ in every formula is the standard
/// normal sample itself, so the score is −x₀/σ as ever. Velocities have the size of σ̇: predict noise or data.
///
/// # Examples
/// ```
/// use fm_paths::{Schedule, Ve};
/// let ve = Ve { sigma_min: 0.01, sigma_max: 100.0 };
/// assert_eq!((ve.at(0.0).sigma, ve.at(1.0).sigma), (100.0, 0.01));
/// assert!((ve.at(0.5).sigma - 1.0).abs() < 1e-15);
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Eq. 9
///   (VE SDE).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Ve {
    /// The noise left at the data end.
    pub sigma_min: f64,
    /// The noise at the source end.
    pub sigma_max: f64,
}

impl Default for Ve {
    fn default() -> Self {
        Self { sigma_min: 0.02, sigma_max: 100.0 }
    }
}

impl Ve {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `0 < sigma_min < sigma_max < ∞`.
    ///
    /// # Examples
    /// ```
    /// assert!(fm_paths::Ve { sigma_min: 1.0, sigma_max: 0.5 }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let Self { sigma_min, sigma_max } = *self;
        PathError::require(sigma_min.is_finite() && sigma_min > 0.0, "sigma_min", sigma_min, "positive and finite")?;
        let holds = sigma_max.is_finite() && sigma_max > sigma_min;
        PathError::require(holds, "sigma_max", sigma_max, "finite and above sigma_min")
    }
}

impl Schedule for Ve {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let Self { sigma_min, sigma_max } = *self;
        // From the nearer end, so that both are exact.
        let rate = (sigma_max / sigma_min).ln();
        let (end, exponent) = if t < 0.5 { (sigma_max, -rate * t) } else { (sigma_min, rate * (1.0 - t)) };
        let sigma = end * exponential(exponent)[0];
        SchedulePoint { alpha: 1.0, sigma, d_alpha: 0.0, d_sigma: -rate * sigma }
    }

    /// The log-SNR is −2 log σ, linear in time.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        (self.sigma_max.ln() + 0.5 * log_snr) / (self.sigma_max / self.sigma_min).ln()
    }
}
