//! Which times a network is trained at.
//!
//! A law is a distribution on (0, 1) and knows its density. So the law, which decides how much noise the gradient has, and
//! the weighting, which decides what is minimised, can be chosen apart: [`TimeSampler::importance_weights`] undoes the
//! law in the objective.

mod sampler;
mod warp;

pub use sampler::{TimeSampler, quantile_times};
pub use warp::{resolution_shift, shift_time};

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use crate::{PathError, gamma::ln_gamma, root};

/// A distribution of training times on (0, 1).
///
/// | `kind` | parameters (default) | meaning |
/// |---|---|---|
/// | `uniform` (default) | | independent uniform times |
/// | `stratified` | | one uniform time in each of n equal parts, in random order of strata: same mean, less variance |
/// | `low-discrepancy` | | n equally spaced times with one uniform offset, modulo 1, in random order |
/// | `logit-normal` | `mean` (0), `std` (1) | t = 1/(1 + exp(−n)), n ~ N(mean, std²): more weight in the middle |
/// | `mode` | `scale` (1.29) | t = u + scale·(u − sin²(πu/2)): in the middle for a positive scale, at the ends for a negative one |
/// | `cos-map` | | t = 1 − 1/(1 + tan(πu/2)): linear times with the log-SNR of uniform times on the cosine schedule |
/// | `beta` | `a` (1), `b` (1) | density proportional to t^(a − 1)·(1 − t)^(b − 1) |
/// | `level-log-normal` | `mean` (−1.2), `std` (1.2) | t = 1/(1 + ℓ), log ℓ ~ N(mean, std²): EDM's noise levels on the linear schedule |
/// | `shifted` | `shift` (3) | uniform times after [`shift_time`]: nearer to the source for a shift above 1 |
///
/// Papers in which time runs to the noise have the opposite sign of the mean of `logit-normal`; `mode` and `cos-map` are
/// symmetric. A shifted `logit-normal` is one with `mean − log(shift)`. EDM's levels on another schedule are
/// [`AffinePath::times_of_levels`](crate::AffinePath::times_of_levels); any other law is [`quantile_times`].
///
/// # Examples
/// ```
/// use fm_paths::TimeLaw;
/// let middle = |law: TimeLaw| law.density(0.5);
/// assert_eq!(middle(TimeLaw::Uniform), 1.0);
/// assert!((middle(TimeLaw::LogitNormal { mean: 0.0, std: 1.0 }) - 4.0 / std::f64::consts::TAU.sqrt()).abs() < 1e-14);
/// assert_eq!(middle(TimeLaw::Shifted { shift: 3.0 }), 0.75);
/// ```
///
/// # References
/// - P. Esser et al., *Scaling Rectified Flow Transformers*, ICML 2024, Section 3.1 (logit-normal, mode, cosmap) and
///   5.3.2 (shift).
/// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021, Appendix I.1 (low discrepancy).
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Table 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum TimeLaw {
    /// Uniform on (0, 1).
    #[default]
    Uniform,
    /// One uniform time in each of n equal parts of (0, 1), the parts shuffled over the batch.
    Stratified,
    /// Equally spaced times with one common random offset, shuffled over the batch.
    LowDiscrepancy,
    /// The logistic of a normal variable.
    LogitNormal {
        /// Mean of the logit; positive is nearer to the data.
        #[cfg_attr(feature = "serde", serde(default))]
        mean: f64,
        /// Standard deviation of the logit; positive.
        #[cfg_attr(feature = "serde", serde(default = "defaults::unit"))]
        std: f64,
    },
    /// A uniform variable, moved to or from the middle.
    Mode {
        /// Between −1 and 2/(π − 2), both excluded; 0 is uniform.
        #[cfg_attr(feature = "serde", serde(default = "defaults::mode"))]
        scale: f64,
    },
    /// The linear times of uniform cosine times.
    CosMap,
    /// The beta distribution.
    Beta {
        /// Positive; large is nearer to the data.
        #[cfg_attr(feature = "serde", serde(default = "defaults::unit"))]
        a: f64,
        /// Positive; large is nearer to the source.
        #[cfg_attr(feature = "serde", serde(default = "defaults::unit"))]
        b: f64,
    },
    /// The linear times of log-normal noise levels.
    LevelLogNormal {
        /// Mean of the logarithm of the level; positive is nearer to the source.
        #[cfg_attr(feature = "serde", serde(default = "defaults::level_mean"))]
        mean: f64,
        /// Standard deviation of the logarithm of the level; positive.
        #[cfg_attr(feature = "serde", serde(default = "defaults::level_std"))]
        std: f64,
    },
    /// Uniform times, shifted for a resolution.
    Shifted {
        /// Positive; 1 is uniform.
        #[cfg_attr(feature = "serde", serde(default = "defaults::shift"))]
        shift: f64,
    },
}

/// The defaults of the table, for configuration files that leave a parameter out.
#[cfg(feature = "serde")]
mod defaults {
    pub(super) fn unit() -> f64 {
        1.0
    }
    pub(super) fn mode() -> f64 {
        1.29
    }
    pub(super) fn level_mean() -> f64 {
        -1.2
    }
    pub(super) fn level_std() -> f64 {
        1.2
    }
    pub(super) fn shift() -> f64 {
        3.0
    }
}

impl TimeLaw {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] naming the first one outside its domain.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::TimeLaw;
    /// assert!(TimeLaw::LogitNormal { mean: 0.0, std: 0.0 }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let positive =
            |name, value: f64| PathError::require(value.is_finite() && value > 0.0, name, value, "positive and finite");
        match self {
            Self::Uniform | Self::Stratified | Self::LowDiscrepancy | Self::CosMap => Ok(()),
            Self::LogitNormal { mean, std } | Self::LevelLogNormal { mean, std } => {
                PathError::require(mean.is_finite(), "mean", mean, "finite").and(positive("std", std))
            }
            Self::Mode { scale } => {
                let holds = scale > -1.0 && scale < 2.0 / (PI - 2.0);
                PathError::require(holds, "scale", scale, "between -1 and 2/(π − 2) = 1.7519")
            }
            Self::Beta { a, b } => positive("a", a).and(positive("b", b)),
            Self::Shifted { shift } => positive("shift", shift),
        }
    }

    /// The probability density at `t` in (0, 1).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::TimeLaw;
    /// assert_eq!(TimeLaw::Uniform.density(0.3), 1.0);
    /// assert!((TimeLaw::CosMap.density(0.5) - 4.0 / std::f64::consts::PI).abs() < 1e-15);
    /// ```
    pub fn density(self, t: f64) -> f64 {
        match self {
            Self::Uniform | Self::Stratified | Self::LowDiscrepancy => 1.0,
            Self::LogitNormal { mean, std } => logit_normal_density(t, mean, std),
            Self::Mode { scale } => {
                let u = root::increasing(|u| mode(u, scale), |u| mode_slope(u, scale), t);
                mode_slope(u, scale).recip()
            }
            Self::CosMap => 2.0 / (PI * (1.0 - 2.0 * t * (1.0 - t))),
            Self::Beta { a, b } => {
                let log_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
                ((a - 1.0) * t.ln() + (b - 1.0) * (-t).ln_1p() - log_beta).exp()
            }
            Self::LevelLogNormal { mean, std } => logit_normal_density(t, -mean, std),
            Self::Shifted { shift } => shift / (1.0 + (shift - 1.0) * t).powi(2),
        }
    }
}

/// The density of the logistic of a normal variable; 0 at the ends.
pub(crate) fn logit_normal_density(t: f64, mean: f64, std: f64) -> f64 {
    if t <= 0.0 || t >= 1.0 {
        return 0.0;
    }
    let x = ((t / (1.0 - t)).ln() - mean) / std;
    (-0.5 * x * x).exp() / (TAU.sqrt() * std * t * (1.0 - t))
}

/// The map of the law `mode`, from uniform to its times.
fn mode(u: f64, scale: f64) -> f64 {
    u + scale * (u - (FRAC_PI_2 * u).sin().powi(2))
}

/// Its derivative.
fn mode_slope(u: f64, scale: f64) -> f64 {
    1.0 + scale * (1.0 - FRAC_PI_2 * (PI * u).sin())
}
