//! A variance-preserving schedule given by its log-SNR.

use std::fmt;

use crate::{PathError, Schedule, SchedulePoint};

/// The variance-preserving schedule with a given log-SNR.
///
/// ```text
/// α² = 1/(1 + e^{−λ}),  σ² = 1/(1 + e^{λ});    α̇ = ½λ̇ασ²,  σ̇ = −½λ̇σα²
/// ```
///
/// # Domain
/// λ must be finite on all of `[0, 1]`, so the ends are near (0, 1) and (1, 0) and everything is regular. An infinite log-SNR
/// has no derivative to give; schedules with exact ends, such as [`Cosine`](crate::Cosine), are for that.
///
/// # Examples
/// ```
/// use fm_paths::{FromLogSnr, Schedule};
/// let schedule = FromLogSnr::new(|t| -10.0 + 20.0 * t, |_| 20.0)?;
/// assert_eq!(schedule.log_snr(0.5), 0.0);
/// assert!((schedule.at(0.5).alpha - 0.5_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021, Section 3.2.
#[derive(Clone, Copy)]
pub struct FromLogSnr<F, D> {
    log_snr: F,
    derivative: D,
}

impl<F, D> fmt::Debug for FromLogSnr<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromLogSnr").finish_non_exhaustive()
    }
}

impl<F: Fn(f64) -> f64, D: Fn(f64) -> f64> FromLogSnr<F, D> {
    /// The log-SNR and its derivative, in our time: both grow towards the data.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if, at one of 65 equally spaced times, either is not finite or the log-SNR is not above
    /// that of the time before. That the derivative belongs to the function is the caller's promise.
    pub fn new(log_snr: F, derivative: D) -> Result<Self, PathError> {
        let mut last = f64::NEG_INFINITY;
        for i in 0..=64 {
            let t = f64::from(i) / 64.0;
            let (value, slope) = (log_snr(t), derivative(t));
            PathError::require(value.is_finite() && value > last, "log_snr", value, "finite and strictly increasing")?;
            PathError::require(slope.is_finite() && slope >= 0.0, "derivative", slope, "finite and not negative")?;
            last = value;
        }
        Ok(Self { log_snr, derivative })
    }
}

impl<F: Fn(f64) -> f64, D: Fn(f64) -> f64> Schedule for FromLogSnr<F, D> {
    fn at(&self, t: f64) -> SchedulePoint {
        let (value, half) = ((self.log_snr)(t), 0.5 * (self.derivative)(t));
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (signal, noise) = (logistic(value), logistic(-value));
        let (alpha, sigma) = (signal.sqrt(), noise.sqrt());
        SchedulePoint { alpha, sigma, d_alpha: half * alpha * noise, d_sigma: -half * sigma * signal }
    }

    fn log_snr(&self, t: f64) -> f64 {
        (self.log_snr)(t)
    }

    fn d_log_snr(&self, t: f64) -> f64 {
        (self.derivative)(t)
    }
}
