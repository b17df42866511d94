//! What a schedule is: two amplitudes and their derivatives at one time.
//!
//! A schedule returns four host numbers and knows no arrays. Everything that papers list next to a schedule (log-SNR,
//! drift, diffusion, conversions, loss weights) follows from the four.

/// α and σ with their time derivatives, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SchedulePoint {
    /// α(t), the amplitude of the data (never the cumulative product ᾱ = α²).
    pub alpha: f64,
    /// σ(t), the amplitude of the noise.
    pub sigma: f64,
    /// dα/dt.
    pub d_alpha: f64,
    /// dσ/dt.
    pub d_sigma: f64,
}

impl SchedulePoint {
    /// The log signal-to-noise ratio λ = log(α²/σ²); −∞ where α = 0 and +∞ where σ = 0.
    ///
    /// # References
    /// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021, Eq. 3.
    pub fn log_snr(self) -> f64 {
        2.0 * (self.alpha / self.sigma).ln()
    }
}

/// A path `z = α(t)·x₁ + σ(t)·x₀` on `t ∈ [0, 1]`.
///
/// The contract, tested for every schedule here: α grows from 0 to 1 and σ falls from 1 to 0, **exactly** 0 and 1 at
/// the ends unless the schedule documents otherwise (6e-17 in place of 0 turns a clean [`crate::PathError::Singular`]
/// into a silent factor of 1e16), and the derivatives are those of α and σ.
///
/// # Examples
///
/// A schedule of one's own is one function:
///
/// ```
/// use fm_paths::{AffinePath, Prediction, Schedule, SchedulePoint};
///
/// struct Square; // α = t², σ = 1 − t²
/// impl Schedule for Square {
///     fn at(&self, t: f64) -> SchedulePoint {
///         SchedulePoint { alpha: t * t, sigma: 1.0 - t * t, d_alpha: 2.0 * t, d_sigma: -2.0 * t }
///     }
/// }
/// let target = AffinePath::new(Square).target(Prediction::Velocity, &[0.5])?;
/// assert_eq!(target, [[1.0, -1.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
pub trait Schedule {
    /// The amplitudes and their derivatives at `t ∈ [0, 1]`.
    fn at(&self, t: f64) -> SchedulePoint;
}

impl<S: Schedule + ?Sized> Schedule for &S {
    fn at(&self, t: f64) -> SchedulePoint {
        (**self).at(t)
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn at(&self, t: f64) -> SchedulePoint {
        (**self).at(t)
    }
}
