//! How much noise generation has, by name.
//!
//! The marginals of a path leave the diffusion coefficient free: each `g(t) ≥ 0` comes with a drift of its own. A choice
//! is therefore a value beside the schedule, and gives both `g` and the row of the drift. It gives the row and not `g`
//! alone because the drift needs `g²/σ`, which has a limit at the data end where `g` and σ are zero: computed there from
//! the two it is 0/0, and the flow that [`rows::sde_drift`](crate::rows::sde_drift) has for `g = 0` is not that limit.

use crate::{Mix, PathError, Prediction, Schedule, SchedulePoint, rows};

/// A diffusion coefficient `g(t)` of the process `dX = (u + ½g²·score) dt + g dW`.
///
/// | `kind` | g² | drift at the source end | drift at the data end |
/// |---|---|---|---|
/// | `sigma` (default, `scale` 1) | scale·σ | finite | finite wherever the velocity is |
/// | `eta` (`eta` 1) | η²·2(σ²f − σσ̇) | infinite where α = 0 | finite wherever the velocity is |
/// | `constant` (`g` 1) | g² | finite | infinite where σ = 0 |
///
/// `sigma` is regular on the whole of a path from noise to data, and the choice of Ma et al. for velocity models. `eta` is
/// the stochasticity of the diffusion literature: 1 is the reversal of the noising process, for schedules that keep some
/// data at their source end (`vp`, `ddpm`, `ve`, `edm`) or times that begin above 0. Zero of any of them is the flow.
///
/// Belongs to a standard normal source that is drawn independently of the data.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, DiffusionCoefficient, Linear, Prediction, Schedule};
/// let diffusion = DiffusionCoefficient::Sigma { scale: 1.0 };
/// assert_eq!((diffusion.at(&Linear, 0.75), diffusion.at(&Linear, 1.0)), (0.5, 0.0));
/// // The drift from a velocity network, also at the data: u − ½x₀ with x₀ = z − u.
/// let path = AffinePath::new(Linear);
/// let drift = path.convert_rows(|p| Prediction::Velocity.row(p), |p| diffusion.drift(p), &[1.0])?;
/// assert_eq!(drift, [[-0.5, 1.5]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - N. Ma et al., *`SiT`: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant Transformers*,
///   ECCV 2024 (the choice of the coefficient, and g² = σ).
/// - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants*, 2023.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum DiffusionCoefficient {
    /// `g² = scale·σ(t)`.
    Sigma {
        /// The factor.
        #[cfg_attr(feature = "serde", serde(default = "one"))]
        scale: f64,
    },
    /// `η` times the coefficient of the noising process, [`Schedule::diffusion_of_eta`].
    Eta {
        /// The stochasticity η.
        #[cfg_attr(feature = "serde", serde(default = "one"))]
        eta: f64,
    },
    /// The same at all times.
    Constant {
        /// The coefficient.
        #[cfg_attr(feature = "serde", serde(default = "one"))]
        g: f64,
    },
}

#[cfg(feature = "serde")]
fn one() -> f64 {
    1.0
}

/// `g² = σ`.
impl Default for DiffusionCoefficient {
    fn default() -> Self {
        Self::Sigma { scale: 1.0 }
    }
}

impl DiffusionCoefficient {
    /// The coefficient at `t`; infinite where the table says so of the drift at the source end.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{DiffusionCoefficient, Linear};
    /// let at = |kind: DiffusionCoefficient| kind.at(&Linear, 0.75);
    /// assert_eq!(at(DiffusionCoefficient::Sigma { scale: 4.0 }), 1.0); // √(4·0.25)
    /// assert_eq!(at(DiffusionCoefficient::Constant { g: 0.3 }), 0.3);
    /// assert_eq!(DiffusionCoefficient::Eta { eta: 1.0 }.at(&Linear, 0.0), f64::INFINITY);
    /// ```
    pub fn at<S: Schedule + ?Sized>(self, schedule: &S, t: f64) -> f64 {
        match self {
            Self::Sigma { scale } => (scale * schedule.at(t).sigma).sqrt(),
            Self::Eta { eta } => schedule.diffusion_of_eta(t, eta),
            Self::Constant { g } => g,
        }
    }

    /// The row of the drift `u + ½g²·score` at a point of the schedule.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{DiffusionCoefficient, Linear, Mix, Schedule};
    /// let row = DiffusionCoefficient::Constant { g: 1.0 }.drift(Linear.at(0.75));
    /// assert_eq!(row, Mix { data: 1.0, noise: -3.0 }); // x₁ − x₀ − ½x₀/σ
    /// ```
    pub fn drift(self, point: SchedulePoint) -> Mix {
        let Mix { data, noise } = Prediction::Velocity.row(point);
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = point;
        match self {
            Self::Sigma { scale } => Mix { data, noise: noise - 0.5 * scale },
            Self::Eta { eta } if eta != 0.0 => {
                Mix { data, noise: noise - eta * eta * (sigma * d_alpha / alpha - d_sigma) }
            }
            Self::Eta { .. } => Mix { data, noise },
            Self::Constant { g } => rows::sde_drift(point, g),
        }
    }

    /// Checks the parameter.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for one that is negative or not finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::DiffusionCoefficient;
    /// assert!(DiffusionCoefficient::Eta { eta: -1.0 }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let (name, value) = match self {
            Self::Sigma { scale } => ("diffusion.scale", scale),
            Self::Eta { eta } => ("diffusion.eta", eta),
            Self::Constant { g } => ("diffusion.g", g),
        };
        PathError::require(value >= 0.0 && value.is_finite(), name, value, "zero or a positive number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cosine, Linear, LinearBeta, Ve, Vp};

    /// Away from the ends the row is that of the coefficient itself, but for some ten roundings of values of this scale.
    #[test]
    fn the_drift_is_that_of_the_coefficient() {
        let schedules: [&dyn Schedule; 4] = [&Linear, &Cosine, &Vp(LinearBeta::default()), &Ve::default()];
        let kinds = [
            DiffusionCoefficient::Sigma { scale: 0.7 },
            DiffusionCoefficient::Eta { eta: 0.7 },
            DiffusionCoefficient::Constant { g: 0.7 },
        ];
        for (schedule, t) in schedules.into_iter().flat_map(|s| [0.1, 0.5, 0.9].map(|t| (s, t))) {
            for kind in kinds {
                let (row, point) = (kind.drift(schedule.at(t)), schedule.at(t));
                let expected = rows::sde_drift(point, kind.at(schedule, t));
                let scale = 1.0 + expected.noise.abs() + point.d_sigma.abs();
                assert!((row.noise - expected.noise).abs() < 1e-14 * scale, "{kind:?} {t}: {row:?} {expected:?}");
                assert_eq!(row.data, expected.data);
            }
        }
    }

    #[test]
    fn no_noise_is_the_flow_at_every_time() {
        for t in [0.0, 0.5, 1.0] {
            let flow = Prediction::Velocity.row(Linear.at(t));
            for kind in [
                DiffusionCoefficient::Sigma { scale: 0.0 },
                DiffusionCoefficient::Eta { eta: 0.0 },
                DiffusionCoefficient::Constant { g: 0.0 },
            ] {
                assert_eq!((kind.drift(Linear.at(t)), kind.at(&Linear, t)), (flow, 0.0), "{kind:?} {t}");
            }
        }
    }

    /// On the linear path the noise of the row is −3/2 and −1 − 1/t.
    #[test]
    fn the_drift_is_continuous_at_the_data() {
        for kind in [DiffusionCoefficient::default(), DiffusionCoefficient::Eta { eta: 1.0 }] {
            let (end, before) = (kind.drift(Linear.at(1.0)), kind.drift(Linear.at(1.0 - 1e-6)));
            assert!((end.noise - before.noise).abs() < 1.1e-6, "{kind:?}: {end:?} {before:?}");
        }
    }

    #[test]
    fn parameters_are_checked() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(DiffusionCoefficient::Sigma { scale: bad }.validate().is_err());
            assert!(DiffusionCoefficient::Eta { eta: bad }.validate().is_err());
            assert!(DiffusionCoefficient::Constant { g: bad }.validate().is_err());
        }
        assert_eq!(DiffusionCoefficient::default().validate(), Ok(()));
    }
}
