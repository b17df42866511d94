//! Preconditioned networks: what they are fed and what their raw output means.
//!
//! A preconditioning is a row for the raw output F and a factor for the input, and so no different from any other
//! prediction. Both are stated for any schedule, with the amplitudes multiplied out: at infinite and at zero noise, where
//! the textbook quotients are ∞·0 and 0/0, the rows of EDM are regular.

use crate::{Beta, IddpmBeta, LinearBeta, Mix, PathError, SchedulePoint};

/// The four coefficients of a preconditioned network at one noise level ℓ = σ/α.
///
/// ```text
/// D(x; ℓ) = c_skip·x + c_out·F(c_in·x; c_noise)            (Karras et al. 2022, Eq. 7)
/// ```
///
/// # Examples
/// ```
/// use fm_paths::{PreconditionCoefficients, Preconditioning};
/// let none = PreconditionCoefficients { c_skip: 1.0, c_out: 2.0, c_in: 1.0, c_noise: 0.0 };
/// assert_eq!(Preconditioning::Ve.coefficients(2.0)?, none); // D = x + 2·F(x; log 1)
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreconditionCoefficients {
    /// How much of the noisy sample is passed on.
    pub c_skip: f64,
    /// Scale of the network's output.
    pub c_out: f64,
    /// Scale of the network's input.
    pub c_in: f64,
    /// The network's noise conditioning.
    pub c_noise: f64,
}

/// How a network F is wrapped into a denoiser D of the noisy sample `x = x₁ + ℓ·x₀`.
///
/// | preconditioning | `c_skip` | `c_out` | `c_in` | `c_noise` | F is |
/// |---|---|---|---|---|---|
/// | EDM | `σ_d²/(ℓ² + σ_d²)` | `ℓ·σ_d/√(ℓ² + σ_d²)` | `1/√(ℓ² + σ_d²)` | ¼ log ℓ | −v for `σ_d` = 1, where α² + σ² = 1 |
/// | VP | 1 | −ℓ | 1/√(ℓ² + 1) | (M − 1)·s(ℓ) | the noise |
/// | VE | 1 | ℓ | 1 | log(ℓ/2) | minus the noise |
/// | iDDPM | 1 | −ℓ | 1/√(ℓ² + 1) | the nearest of the M steps, 0 the least noisy | the noise |
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Edm, Prediction, Preconditioning};
/// let edm = Preconditioning::Edm { sigma_data: 0.5 };
/// let denoise = AffinePath::new(Edm { sigma_max: 1.0 }).convert_rows(
///     |point| edm.row(point),
///     |point| Prediction::Data.row(point),
///     &[0.5],
/// )?[0]; // level 0.5
/// let c = edm.coefficients(0.5)?;
/// assert!((denoise[0] - c.c_skip).abs() < 1e-15 && (denoise[1] - c.c_out).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Table 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Preconditioning {
    /// EDM's own.
    Edm {
        /// Standard deviation of the data, `σ_d`: 0.5 in the paper.
        sigma_data: f64,
    },
    /// Networks trained on the VP process.
    Vp {
        /// The rate of noise; s(ℓ) is the time at which its schedule has the level ℓ.
        beta: LinearBeta,
        /// M, 1000 in the paper.
        steps: u32,
    },
    /// Networks trained on the VE process.
    Ve,
    /// Networks trained on the discrete cosine schedule.
    Iddpm(IddpmBeta),
}

impl Preconditioning {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] naming the first one outside its domain.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{LinearBeta, Preconditioning};
    /// assert!(Preconditioning::Edm { sigma_data: 0.0 }.validate().is_err());
    /// assert!(Preconditioning::Vp { beta: LinearBeta::default(), steps: 0 }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        match self {
            Self::Edm { sigma_data } => {
                let holds = sigma_data.is_finite() && *sigma_data > 0.0;
                PathError::require(holds, "sigma_data", *sigma_data, "positive and finite")
            }
            Self::Vp { beta, steps } => {
                PathError::require(*steps >= 1, "steps", f64::from(*steps), "at least 1")?;
                beta.validate()
            }
            Self::Ve => Ok(()),
            Self::Iddpm(beta) => beta.validate(),
        }
    }

    /// The coefficients at a noise level.
    ///
    /// # Errors
    /// As [`Preconditioning::validate`], and [`PathError::Parameter`] unless the level is positive and finite: log ℓ is not.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Preconditioning;
    /// let c = Preconditioning::Edm { sigma_data: 0.5 }.coefficients(0.5)?;
    /// assert!((c.c_skip - 0.5).abs() < 1e-15 && (c.c_in - 2.0_f64.sqrt()).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn coefficients(&self, level: f64) -> Result<PreconditionCoefficients, PathError> {
        self.validate()?;
        PathError::require(level.is_finite() && level > 0.0, "level", level, "positive and finite")?;
        let unit = level.hypot(1.0).recip();
        Ok(match *self {
            Self::Edm { sigma_data } => {
                let h = level.hypot(sigma_data);
                PreconditionCoefficients {
                    c_skip: (sigma_data / h).powi(2),
                    c_out: level * sigma_data / h,
                    c_in: h.recip(),
                    c_noise: 0.25 * level.ln(),
                }
            }
            Self::Vp { beta, steps } => {
                let c_noise = f64::from(steps - 1) * beta.inverse_integral((level * level).ln_1p());
                PreconditionCoefficients { c_skip: 1.0, c_out: -level, c_in: unit, c_noise }
            }
            Self::Ve => PreconditionCoefficients { c_skip: 1.0, c_out: level, c_in: 1.0, c_noise: (0.5 * level).ln() },
            Self::Iddpm(beta) => {
                let c_noise = f64::from(nearest_step(beta, level) - 1);
                PreconditionCoefficients { c_skip: 1.0, c_out: -level, c_in: unit, c_noise }
            }
        })
    }

    /// The row of the raw output F, for [`AffinePath::convert_rows`](crate::AffinePath::convert_rows).
    ///
    /// ```text
    /// ((1 − c_skip)/c_out, −c_skip·ℓ/c_out);    for EDM (σ/(σ_d·h), −α·σ_d/h) with h = √(σ² + α²σ_d²)
    /// ```
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Cosine, Prediction, Preconditioning, Schedule};
    /// let point = Cosine.at(0.25);
    /// let (f, v) = (Preconditioning::Edm { sigma_data: 1.0 }.row(point), Prediction::V.row(point));
    /// assert!((f.data + v.data).abs() < 1e-15 && (f.noise + v.noise).abs() < 1e-15); // F = −v
    /// ```
    pub fn row(&self, point: SchedulePoint) -> Mix {
        match *self {
            Self::Edm { sigma_data } => {
                let (alpha, sigma) = (point.alpha * sigma_data, point.sigma);
                let h = alpha.hypot(sigma);
                Mix { data: sigma / (sigma_data * h), noise: -alpha / h }
            }
            Self::Vp { .. } | Self::Iddpm(_) => Mix { data: 0.0, noise: 1.0 },
            Self::Ve => Mix { data: 0.0, noise: -1.0 },
        }
    }

    /// The factor `c_in/α` from the state z of a schedule to the network's input. Infinite for VE where α = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Cosine, Preconditioning, Schedule};
    /// let scale = Preconditioning::Edm { sigma_data: 1.0 }.input_scale(Cosine.at(0.3));
    /// assert!((scale - 1.0).abs() < 1e-15); // the state has unit variance already
    /// ```
    pub fn input_scale(&self, point: SchedulePoint) -> f64 {
        match *self {
            Self::Edm { sigma_data } => point.sigma.hypot(sigma_data * point.alpha).recip(),
            Self::Vp { .. } | Self::Iddpm(_) => point.sigma.hypot(point.alpha).recip(),
            Self::Ve => point.alpha.recip(),
        }
    }
}

/// The step, 1 to N, of a discrete schedule whose noise level is nearest; the lesser noise at equal distance.
fn nearest_step(beta: IddpmBeta, level: f64) -> u32 {
    let level_of = |step: u32| beta.integral(f64::from(step) / f64::from(beta.steps)).exp_m1().sqrt();
    let integral = (level * level).ln_1p();
    if integral >= beta.integral(1.0) {
        return beta.steps;
    }
    let below = ((beta.inverse_integral(integral) * f64::from(beta.steps)) as u32).clamp(1, beta.steps - 1);
    if (level_of(below) - level).abs() <= (level_of(below + 1) - level).abs() { below } else { below + 1 }
}
