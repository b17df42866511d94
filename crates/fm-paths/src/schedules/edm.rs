//! The schedule of EDM.

use crate::{PathError, Schedule, SchedulePoint};

/// The data unscaled, under noise that falls linearly.
///
/// ```text
/// α = 1,  σ = σ_max·(1 − t)
/// ```
///
/// EDM takes the noise level itself for time, `s = 1` and `σ = t` in its notation, running down from `σ_max`; here that
/// time is `σ_max·(1 − t)`. Where a sampler's steps fall (EDM's ρ = 7) is the grid's affair and not the path's.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `sigma_max` | 80 | the noise at `t = 0` | (0, ∞) |
///
/// # Domain
/// The source end is not (0, 1): the state at `t = 0` is `x₁ + σ_max·x₀`, so sampling starts from `σ_max` times a standard
/// normal sample. x₀ in every formula is the standard normal sample itself. The data end is exact.
///
/// # Examples
/// ```
/// use fm_paths::{Edm, Schedule};
/// let point = Edm { sigma_max: 80.0 }.at(0.75);
/// assert_eq!((point.alpha, point.sigma), (1.0, 20.0));
/// ```
///
/// # References
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Table 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Edm {
    /// The noise at the source end.
    pub sigma_max: f64,
}

impl Default for Edm {
    fn default() -> Self {
        Self { sigma_max: 80.0 }
    }
}

impl Edm {
    /// Checks the parameter.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `sigma_max` is positive and finite.
    ///
    /// # Examples
    /// ```
    /// assert!(fm_paths::Edm { sigma_max: 0.0 }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let sigma_max = self.sigma_max;
        PathError::require(sigma_max.is_finite() && sigma_max > 0.0, "sigma_max", sigma_max, "positive and finite")
    }
}

impl Schedule for Edm {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let sigma_max = self.sigma_max;
        SchedulePoint { alpha: 1.0, sigma: sigma_max * (1.0 - t), d_alpha: 0.0, d_sigma: -sigma_max }
    }

    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        1.0 - (-0.5 * log_snr).exp() / self.sigma_max
    }
}
