//! Loss weights.
//!
//! The squared error in the space of q is (prediction coefficient of q from p)² times the squared error in the space
//! of p, because the state is known exactly. So a loss "as if" the network predicted something else is a weight, and
//! the weight is a corollary of [`crate::solve`], not a formula per pair. The weights of the literature are stated by the
//! space in which they are simplest and a factor: an SNR weight on the data error is the plain error of the noise. Their
//! usual form, a factor on the data error, would be 0·∞ at the source for networks that are regular there.

use crate::time::logit_normal_density;
use crate::{AffinePath, Mix, PathError, Preconditioning, Prediction, Schedule, SchedulePoint, solve};

/// How the squared error of a sample is weighted over time.
///
/// | `kind` | parameters (default) | weighted squared error |
/// |---|---|---|
/// | `uniform` (default) | | that of what the network predicts |
/// | `prediction` | `space` | that of another prediction, e.g. a data prediction judged by its velocity error |
/// | `snr` | | SNR·‖x₁ error‖² = ‖noise error‖² |
/// | `truncated-snr` | | max(SNR, 1)·‖x₁ error‖² |
/// | `min-snr` | `gamma` (5) | min(SNR, γ)·‖x₁ error‖² |
/// | `edm` | `sigma_data` (0.5) | `(ℓ² + σ_d²)/(ℓ·σ_d)²`·‖x₁ error‖², ℓ = σ/α: the plain error of EDM's raw output |
/// | `sd3` | `mean` (0), `std` (1) | π(t)·‖velocity error‖², π the density of the logit-normal law in our time |
/// | `sigmoid` | `bias` (2) | 1/(1 + e^{λ − bias})·dλ/dt·‖noise error‖² |
///
/// `sd3` at uniform times is the plain velocity error at logit-normal times. `sigmoid` holds the factor dλ/dt of the
/// evidence bound, so its objective is the same on every schedule; at uniform times it is the published one, twice.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Linear, Prediction::Data, Weighting};
/// let (path, t) = (AffinePath::new(Linear), [0.25, 0.75]); // SNR 1/9 and 9
/// let of_data = |weighting: Weighting| weighting.weights(&path, Data, &t);
/// assert_eq!(of_data(Weighting::MinSnr { gamma: 5.0 })?[1], 5.0);
/// assert!((of_data(Weighting::Snr)?[1] - 9.0).abs() < 1e-14);
/// assert_eq!(of_data(Weighting::TruncatedSnr)?[0], 1.0);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - D. P. Kingma, R. Gao, *Understanding Diffusion Objectives as the ELBO*, NeurIPS 2023, Section 2 and Table 1
///   (`sigmoid` with bias 2).
/// - T. Salimans, J. Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, ICLR 2022, Section 4
///   (`snr`, `truncated-snr`; "SNR + 1" is `prediction` with the space `v` where the variance is preserved).
/// - T. Hang et al., *Efficient Diffusion Training via Min-SNR Weighting Strategy*, ICCV 2023.
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Table 1.
/// - P. Esser et al., *Scaling Rectified Flow Transformers*, ICML 2024, Section 3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the parameters are described in the table")]
pub enum Weighting {
    /// Weight one.
    #[default]
    Uniform,
    /// The squared error in the space of another prediction.
    Prediction {
        /// Where the error is measured.
        space: Prediction,
    },
    /// The noise error.
    Snr,
    /// The noise error where there is more data than noise, the data error elsewhere.
    TruncatedSnr,
    /// The noise error where the SNR is below γ, γ times the data error elsewhere.
    MinSnr {
        #[cfg_attr(feature = "serde", serde(default = "defaults::gamma"))]
        gamma: f64,
    },
    /// The error of EDM's raw network output.
    Edm {
        #[cfg_attr(feature = "serde", serde(default = "defaults::sigma_data"))]
        sigma_data: f64,
    },
    /// The velocity error times a logit-normal density.
    Sd3 {
        #[cfg_attr(feature = "serde", serde(default))]
        mean: f64,
        #[cfg_attr(feature = "serde", serde(default = "defaults::std"))]
        std: f64,
    },
    /// The evidence bound times a falling logistic function of the log-SNR.
    Sigmoid {
        #[cfg_attr(feature = "serde", serde(default = "defaults::bias"))]
        bias: f64,
    },
}

/// The defaults of the table, for configuration files that leave a parameter out.
#[cfg(feature = "serde")]
mod defaults {
    pub(super) fn gamma() -> f64 {
        5.0
    }
    pub(super) fn sigma_data() -> f64 {
        0.5
    }
    pub(super) fn std() -> f64 {
        1.0
    }
    pub(super) fn bias() -> f64 {
        2.0
    }
}

impl Weighting {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `gamma`, `sigma_data` and `std` are positive and everything is finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Weighting;
    /// assert!(Weighting::MinSnr { gamma: 0.0 }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let positive =
            |name, value: f64| PathError::require(value.is_finite() && value > 0.0, name, value, "positive and finite");
        let finite = |name, value: f64| PathError::require(value.is_finite(), name, value, "finite");
        match self {
            Self::Uniform | Self::Prediction { .. } | Self::Snr | Self::TruncatedSnr => Ok(()),
            Self::MinSnr { gamma } => positive("gamma", gamma),
            Self::Edm { sigma_data } => positive("sigma_data", sigma_data),
            Self::Sd3 { mean, std } => finite("mean", mean).and(positive("std", std)),
            Self::Sigmoid { bias } => finite("bias", bias),
        }
    }

    /// The weight of each sample's squared error, for a network that predicts `predicts`.
    ///
    /// # Errors
    /// As [`AffinePath::convert`], and [`PathError::Weight`] for the other kinds: a weight that is infinite at one of the
    /// times is an error, not a huge number. [`PathError::Parameter`] as [`Weighting::validate`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction, Weighting};
    /// let path = AffinePath::new(Linear);
    /// let w = Weighting::Prediction { space: Prediction::Velocity }.weights(&path, Prediction::Data, &[0.5])?;
    /// assert_eq!(w, [4.0]); // u = (x₁ − z)/(1 − t), so the factor is 1/(1 − t)²
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn weights<S: Schedule>(
        self,
        path: &AffinePath<S>,
        predicts: Prediction,
        t: &[f64],
    ) -> Result<Vec<f64>, PathError> {
        self.validate()?;
        path.each(t, |index, point| {
            let Some((space, factor)) = self.space(&path.schedule, t[index], point) else { return Ok(1.0) };
            let of_error = solve(point.state(), predicts.row(point), space).map(|c| c.prediction * c.prediction);
            match (of_error.map(|of_error| factor * of_error), self) {
                (Some(weight), _) if weight.is_finite() => Ok(weight),
                (_, Self::Prediction { space }) => {
                    Err(PathError::Singular { given: predicts, wanted: space, t: t[index], index })
                }
                _ => Err(PathError::Weight { t: t[index], index }),
            }
        })
    }

    /// The row in whose space the error is measured, and the factor. None for the network's own.
    fn space(self, schedule: &impl Schedule, t: f64, point: SchedulePoint) -> Option<(Mix, f64)> {
        let row = |space: Prediction| space.row(point);
        let log_snr = || schedule.log_snr(t);
        Some(match self {
            Self::Uniform => return None,
            Self::Prediction { space } => (row(space), 1.0),
            Self::Snr => (row(Prediction::Noise), 1.0),
            Self::TruncatedSnr => (row(if log_snr() > 0.0 { Prediction::Noise } else { Prediction::Data }), 1.0),
            Self::MinSnr { gamma } if log_snr() < gamma.ln() => (row(Prediction::Noise), 1.0),
            Self::MinSnr { gamma } => (row(Prediction::Data), gamma),
            Self::Edm { sigma_data } => (Preconditioning::Edm { sigma_data }.row(point), 1.0),
            Self::Sd3 { mean, std } => (row(Prediction::Velocity), logit_normal_density(t, mean, std)),
            Self::Sigmoid { bias } => {
                (row(Prediction::Noise), schedule.d_log_snr(t) / (1.0 + (log_snr() - bias).exp()))
            }
        })
    }
}
