//! A variance-preserving schedule given by its log-SNR.

use std::fmt;

use crate::exponential::exponential;
use crate::{PathError, Schedule, SchedulePoint};

/// The variance-preserving schedule with a given log-SNR.
///
/// ```text
/// α² = 1/(1 + e^{−λ}),  σ² = 1/(1 + e^{λ});    α̇ = ½λ̇ασ²,  σ̇ = −½λ̇σα²
/// ```
///
/// # Domain
/// λ is finite inside; at the ends it may be −∞ and +∞, and then the amplitudes are exactly (0, 1) and (1, 0). The
/// derivatives at an infinite end are 0·∞ in λ and λ̇, which do not determine them: [`FromLogSnr::with_end_rates`] states
/// them. Unstated they are infinite, and a request that needs them is a typed error; α, σ and λ, hence all conversions
/// that do without the velocity, need nothing.
///
/// A log-SNR has to reach its infinity exactly: `2·log tan(πt/2)` is 74.7 at `t = 1`.
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
/// The cosine schedule with its infinite ends:
///
/// ```
/// use std::f64::consts::{FRAC_PI_2, PI};
/// use fm_paths::{AffinePath, FromLogSnr, PathError, Prediction, Schedule};
/// let sin = |t: f64| (FRAC_PI_2 * t).sin();
/// let log_snr = move |t: f64| 2.0 * (sin(t).ln() - sin(1.0 - t).ln());
/// let cosine = FromLogSnr::new(log_snr, move |t| PI / (sin(t) * sin(1.0 - t)))?;
/// assert_eq!((cosine.at(0.0).alpha, cosine.at(1.0).sigma), (0.0, 0.0));
/// let unstated = AffinePath::new(&cosine).target(Prediction::Velocity, &[0.0]);
/// assert!(matches!(unstated, Err(PathError::Undefined { .. })));
/// let cosine = cosine.with_end_rates(FRAC_PI_2, -FRAC_PI_2)?;
/// assert_eq!(cosine.at(0.0).d_alpha, FRAC_PI_2);
/// # Ok::<(), PathError>(())
/// ```
///
/// # References
/// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021, Section 3.2.
#[derive(Clone, Copy)]
pub struct FromLogSnr<F, D> {
    log_snr: F,
    derivative: D,
    /// α̇ at a source end of infinite λ, and σ̇ at such a data end.
    end_rates: [f64; 2],
}

impl<F, D> fmt::Debug for FromLogSnr<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromLogSnr").finish_non_exhaustive()
    }
}

impl<F: Fn(f64) -> f64, D: Fn(f64) -> f64> FromLogSnr<F, D> {
    /// The log-SNR and its derivative, in our time: both grow towards the data.
    ///
    /// The derivative is not asked for where the log-SNR is infinite.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if, at one of 65 equally spaced times, the log-SNR is not above that of the time before or
    /// infinite between the ends, or the derivative is negative or infinite where the log-SNR is finite. That the
    /// derivative belongs to the function is the caller's promise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{FromLogSnr, Schedule};
    /// assert_eq!(FromLogSnr::new(|t| 8.0 * t - 4.0, |_| 8.0)?.t_of_log_snr(2.0)?, 0.75);
    /// assert!(FromLogSnr::new(|t| 4.0 - 8.0 * t, |_| -8.0).is_err()); // falls towards the data
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(log_snr: F, derivative: D) -> Result<Self, PathError> {
        let first = log_snr(0.0);
        PathError::require(first < f64::INFINITY, "log_snr", first, "finite or -inf at the source")?;
        let mut last = first;
        for i in 0..=64 {
            let t = f64::from(i) / 64.0;
            let value = log_snr(t);
            let holds = i == 0 || (value > last && (i == 64 || value.is_finite()));
            PathError::require(holds, "log_snr", value, "strictly increasing, and finite except at the ends")?;
            last = value;
            if value.is_finite() {
                let slope = derivative(t);
                PathError::require(slope.is_finite() && slope >= 0.0, "derivative", slope, "finite and not negative")?;
            }
        }
        Ok(Self { log_snr, derivative, end_rates: [f64::INFINITY, f64::NEG_INFINITY] })
    }

    /// This schedule, with the limits α̇ at `t = 0` and σ̇ at `t = 1` for ends at which λ is infinite; for others they are
    /// not used.
    ///
    /// A finite α̇ where α = 0 leaves σ̇ = 0 there, since the variance is preserved, and the other way round at the data.
    /// State an infinite rate as infinite.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for `d_alpha_at_source < 0` or `d_sigma_at_data > 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, FromLogSnr, Prediction};
    /// let log_snr = |t: f64| 2.0 * (t / (1.0 - t)).ln(); // the proportions of the linear path
    /// let schedule = FromLogSnr::new(log_snr, |t| 2.0 / (t * (1.0 - t)))?.with_end_rates(1.0, -1.0)?;
    /// let target = AffinePath::new(schedule).target(Prediction::Velocity, &[0.0, 1.0])?;
    /// assert_eq!(target, [[1.0, 0.0], [0.0, -1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn with_end_rates(self, d_alpha_at_source: f64, d_sigma_at_data: f64) -> Result<Self, PathError> {
        PathError::require(d_alpha_at_source >= 0.0, "d_alpha_at_source", d_alpha_at_source, "not negative")?;
        PathError::require(d_sigma_at_data <= 0.0, "d_sigma_at_data", d_sigma_at_data, "not positive")?;
        Ok(Self { end_rates: [d_alpha_at_source, d_sigma_at_data], ..self })
    }
}

/// `1/√(1 + e^{−λ})` and `1/√(1 + e^{λ})`; neither under- nor overflows before its root would, and both are exact at
/// infinite λ.
fn amplitudes(log_snr: f64) -> [f64; 2] {
    let ratio = exponential(-0.5 * log_snr.abs())[0];
    let larger = (1.0 + ratio * ratio).sqrt().recip();
    if log_snr > 0.0 { [larger, ratio * larger] } else { [ratio * larger, larger] }
}

impl<F: Fn(f64) -> f64, D: Fn(f64) -> f64> Schedule for FromLogSnr<F, D> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let value = (self.log_snr)(t);
        let [alpha, sigma] = amplitudes(value);
        let [d_alpha_at_source, d_sigma_at_data] = self.end_rates;
        // σσ̇ = −αα̇: the amplitude that does not vanish is at rest if the rate of the other is finite, else unknown.
        let rest = |rate: f64| if rate.is_finite() { 0.0 } else { -rate };
        let slope = self.d_log_snr(t);
        let (d_alpha, d_sigma) = if slope < f64::INFINITY {
            (0.5 * slope * alpha * sigma * sigma, -0.5 * slope * sigma * alpha * alpha)
        } else if value < 0.0 {
            (d_alpha_at_source, rest(d_alpha_at_source))
        } else {
            (rest(d_sigma_at_data), d_sigma_at_data)
        };
        SchedulePoint { alpha, sigma, d_alpha, d_sigma }
    }

    fn log_snr(&self, t: f64) -> f64 {
        (self.log_snr)(t)
    }

    /// Infinite at an infinite end, and where λ̇ is beyond all numbers before λ is, as that of log t at `t = 1e-310`.
    fn d_log_snr(&self, t: f64) -> f64 {
        if (self.log_snr)(t).is_infinite() { f64::INFINITY } else { (self.derivative)(t) }
    }

    /// σσ̇ = −αα̇, which at an infinite end is 0 for a stated finite rate and else not known: −∞.
    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = self.at(t);
        if d_alpha.is_infinite() || d_sigma.is_infinite() {
            return f64::NEG_INFINITY;
        }
        if sigma < alpha { sigma * d_sigma } else { -alpha * d_alpha }
    }

    /// g² = 2f, since the variance is preserved.
    fn g2(&self, t: f64) -> f64 {
        2.0 * self.drift(t)
    }
}
