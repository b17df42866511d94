//! The boundary condition of consistency models, on any schedule.

use crate::{AffinePath, PathError, PreconditionCoefficients, Schedule};

/// How far below `level_min` a level may be for the rounding of its time, relative to it.
const ROUNDING: f64 = 1e-9;

/// How a network F is wrapped into a consistency function f, which carries a sample to where the flow takes it at the
/// level ε and leaves the samples of that level alone.
///
/// ```text
/// f(x, ℓ) = c_skip·x + c_out·F(c_in·x; c_noise)            (Song et al. 2023, Eq. 5)
/// c_skip = σ_d²/((ℓ − ε)² + σ_d²),  c_out = (ℓ − ε)·σ_d/√(ℓ² + σ_d²),  c_in = 1/√(ℓ² + σ_d²),  c_noise = ¼ log ℓ
/// ```
///
/// At ℓ = ε this is the sample itself, exactly. With EDM's own coefficients (those with ε = 0, see
/// [`Preconditioning`](crate::Preconditioning)) it would not be.
///
/// f is the flow map, not a posterior mean: a denoiser D(x; ℓ) meets the same boundary condition and is no consistency
/// function, since it is not constant along trajectories. So f has no row, and conversions do not apply to it.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `sigma_data` | 0.5 | standard deviation of the data, `σ_d` | positive |
/// | `level_min` | 0.002 | ε, the level at which the flow stops | not negative; 0 is the data end itself |
///
/// # Examples
/// ```
/// use fm_paths::few_step::ConsistencyBoundary;
/// let c = ConsistencyBoundary::default().coefficients(0.002)?;
/// assert_eq!((c.c_skip, c.c_out), (1.0, 0.0));
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Consistency Models*, ICML 2023, Section 3 and Appendix C.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct ConsistencyBoundary {
    /// Standard deviation of the data.
    pub sigma_data: f64,
    /// The level ε.
    pub level_min: f64,
}

impl Default for ConsistencyBoundary {
    fn default() -> Self {
        Self { sigma_data: 0.5, level_min: 0.002 }
    }
}

impl ConsistencyBoundary {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the ranges of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::ConsistencyBoundary;
    /// assert!(ConsistencyBoundary { sigma_data: 0.0, ..Default::default() }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let Self { sigma_data, level_min } = self;
        let (positive, fine) = (sigma_data.is_finite() && sigma_data > 0.0, level_min.is_finite() && level_min >= 0.0);
        PathError::require(positive, "sigma_data", sigma_data, "positive and finite")?;
        PathError::require(fine, "level_min", level_min, "not negative and finite")
    }

    /// The coefficients at a noise level, for the sample `x = x₁ + ℓ·x₀`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a level below ε, 0 or infinite, and as [`ConsistencyBoundary::validate`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::ConsistencyBoundary;
    /// let boundary = ConsistencyBoundary { sigma_data: 3.0, level_min: 1.0 };
    /// let c = boundary.coefficients(4.0)?; // ℓ − ε = 3, √(ℓ² + σ_d²) = 5
    /// assert!((c.c_skip - 0.5).abs() < 1e-15 && (c.c_out - 1.8).abs() < 1e-15 && (c.c_in - 0.2).abs() < 1e-15);
    /// assert!(boundary.coefficients(0.5).is_err()); // cleaner than the end of the flow
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn coefficients(self, level: f64) -> Result<PreconditionCoefficients, PathError> {
        self.validate()?;
        let holds = level.is_finite() && level > 0.0 && level >= self.level_min;
        PathError::require(holds, "level", level, "positive, finite and at least level_min")?;
        let (gap, variance) = (level - self.level_min, self.sigma_data * self.sigma_data);
        let c_in = level.hypot(self.sigma_data).recip();
        Ok(PreconditionCoefficients {
            c_skip: variance / (gap * gap + variance),
            c_out: gap * self.sigma_data * c_in,
            c_in,
            c_noise: 0.25 * level.ln(),
        })
    }

    /// Coefficients (state, F) of the consistency function on a path, at the level σ/α of each time.
    ///
    /// ```text
    /// α·σ_d²/((σ − εα)² + α²σ_d²),    (σ − εα)·σ_d/√(σ² + α²σ_d²)
    /// ```
    ///
    /// Multiplied out like this they are regular at α = 0, where the network alone decides. The input of F is the state
    /// times [`Preconditioning::input_scale`](crate::Preconditioning::input_scale) of EDM.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`]; [`PathError::PastBoundary`] for a time nearer to the data than the level ε; as
    /// [`ConsistencyBoundary::validate`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, few_step::ConsistencyBoundary};
    /// let boundary = ConsistencyBoundary { sigma_data: 0.5, level_min: 0.0 };
    /// let c = boundary.function(&AffinePath::new(Linear), &[0.0, 1.0])?;
    /// assert_eq!(c, [[0.0, 0.5], [1.0, 0.0]]); // only F at the source, only the state at the data
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn function<S: Schedule>(self, path: &AffinePath<S>, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(path, t, |alpha, sigma, gap| {
            let (own, spread) = (gap / self.sigma_data, alpha * self.sigma_data);
            [alpha / (own * own + alpha * alpha), gap * self.sigma_data / sigma.hypot(spread)]
        })
    }

    /// Coefficients (end of the flow, fresh noise) of a state at each time, for sampling in several steps.
    ///
    /// ```text
    /// z = α·(f + √(ℓ² − ε²)·ε′)            (Song et al. 2023, Algorithm 1)
    /// ```
    ///
    /// The end of the flow holds noise of level ε already, so less than σ is added.
    ///
    /// # Errors
    /// As [`ConsistencyBoundary::function`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, few_step::ConsistencyBoundary};
    /// let boundary = ConsistencyBoundary { sigma_data: 0.5, level_min: 0.75 };
    /// let [end, noise] = boundary.renoise(&AffinePath::new(Linear), &[0.5])?[0];
    /// assert!((end - 0.5).abs() < 1e-15 && (noise - 0.5 * (1.0_f64 - 0.5625).sqrt()).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn renoise<S: Schedule>(self, path: &AffinePath<S>, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(path, t, |alpha, sigma, gap| [alpha, (gap * (sigma + self.level_min * alpha)).sqrt()])
    }

    /// `f` of α, σ and σ − εα, which is not negative.
    fn each<S: Schedule>(
        self,
        path: &AffinePath<S>,
        t: &[f64],
        f: impl Fn(f64, f64, f64) -> [f64; 2],
    ) -> Result<Vec<[f64; 2]>, PathError> {
        self.validate()?;
        path.each(t, |index, point| {
            let least = self.level_min * point.alpha;
            if point.sigma < least * (1.0 - ROUNDING) {
                let (level, level_min) = (point.level(), self.level_min);
                return Err(PathError::PastBoundary { level, level_min, t: t[index], index });
            }
            Ok(f(point.alpha, point.sigma, (point.sigma - least).max(0.0)))
        })
    }
}
