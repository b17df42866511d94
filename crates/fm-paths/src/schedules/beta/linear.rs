//! The linear rate of noise.

use crate::{Beta, PathError};

/// β grows linearly from data to noise.
///
/// ```text
/// β = β_min + (β_max − β_min)·s,  T = β_min·s + ½(β_max − β_min)·s²
/// ```
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `beta_min` | 0.1 | rate at the data | (0, ∞) |
/// | `beta_max` | 20 | rate at the noise | [`beta_min`, ∞) |
///
/// # Examples
/// ```
/// use fm_paths::{Beta, LinearBeta};
/// assert_eq!(LinearBeta { beta_min: 1.0, beta_max: 3.0 }.integral(1.0), 2.0);
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021 (VP SDE).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct LinearBeta {
    /// Rate at the data.
    pub beta_min: f64,
    /// Rate at the noise.
    pub beta_max: f64,
}

impl Default for LinearBeta {
    fn default() -> Self {
        Self { beta_min: 0.1, beta_max: 20.0 }
    }
}

impl LinearBeta {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `0 < beta_min ≤ beta_max < ∞`.
    ///
    /// # Examples
    /// ```
    /// assert!(fm_paths::LinearBeta { beta_min: 0.0, beta_max: 20.0 }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let Self { beta_min, beta_max } = *self;
        PathError::require(beta_min.is_finite() && beta_min > 0.0, "beta_min", beta_min, "positive and finite")?;
        let holds = beta_max.is_finite() && beta_max >= beta_min;
        PathError::require(holds, "beta_max", beta_max, "finite and at least beta_min")
    }
}

impl Beta for LinearBeta {
    #[inline(always)]
    fn rate(&self, s: f64) -> f64 {
        self.beta_min + (self.beta_max - self.beta_min) * s
    }

    #[inline(always)]
    fn integral(&self, s: f64) -> f64 {
        s * (self.beta_min + 0.5 * (self.beta_max - self.beta_min) * s)
    }

    /// The root of the quadratic in the form that does not cancel.
    fn inverse_integral(&self, integral: f64) -> f64 {
        let slope = self.beta_max - self.beta_min;
        2.0 * integral / (self.beta_min + (self.beta_min * self.beta_min + 2.0 * slope * integral).sqrt())
    }
}
