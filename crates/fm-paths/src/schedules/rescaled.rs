//! A schedule multiplied by a function of time.

use std::fmt;

use crate::{Schedule, SchedulePoint};

/// Both amplitudes of a schedule multiplied by c(t) > 0.
///
/// ```text
/// α = c·α₀,  σ = c·σ₀;    λ = λ₀,  f = f₀ + ċ/c,  g² = c²g₀²
/// ```
///
/// The log-SNR does not change, and neither do the samples of a DDIM sampler, up to the factor c at the end.
///
/// # Domain
/// That of the schedule inside, where c is positive and finite. The ends are (c(0)·α₀, c(0)·σ₀) and so on.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Rescaled, Schedule};
/// let doubled = Rescaled::new(Linear, |_| [2.0, 0.0]); // c and ċ
/// assert_eq!((doubled.at(0.25).alpha, doubled.log_snr(0.5)), (0.5, 0.0));
/// ```
///
/// # References
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Section 2 (scaling
///   and time change of a path).
#[derive(Clone, Copy)]
pub struct Rescaled<S, C> {
    /// The schedule inside.
    pub schedule: S,
    /// The pair (c, ċ) at a time.
    pub scale: C,
}

impl<S: fmt::Debug, C> fmt::Debug for Rescaled<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rescaled").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

impl<S: Schedule, C: Fn(f64) -> [f64; 2]> Rescaled<S, C> {
    /// `schedule` times c, with `scale` returning the pair (c, ċ).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Rescaled, Schedule};
    /// // Divided by α the data stay unscaled: σ = (1 − t)/t. Not at t = 0.
    /// let exploding = Rescaled::new(Linear, |t| [1.0 / t, -1.0 / (t * t)]);
    /// let point = exploding.at(0.25);
    /// assert_eq!((point.alpha, point.sigma, point.d_alpha, point.d_sigma), (1.0, 3.0, 0.0, -16.0)); // σ̇ = −1/t²
    /// ```
    pub fn new(schedule: S, scale: C) -> Self {
        Self { schedule, scale }
    }
}

impl<S: Schedule, C: Fn(f64) -> [f64; 2]> Schedule for Rescaled<S, C> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let ([c, d_c], point) = ((self.scale)(t), self.schedule.at(t));
        SchedulePoint {
            alpha: c * point.alpha,
            sigma: c * point.sigma,
            d_alpha: c * point.d_alpha + d_c * point.alpha,
            d_sigma: c * point.d_sigma + d_c * point.sigma,
        }
    }

    fn log_snr(&self, t: f64) -> f64 {
        self.schedule.log_snr(t)
    }

    fn d_log_snr(&self, t: f64) -> f64 {
        self.schedule.d_log_snr(t)
    }

    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        self.schedule.inverse_log_snr(log_snr)
    }

    fn drift(&self, t: f64) -> f64 {
        let [c, d_c] = (self.scale)(t);
        self.schedule.drift(t) + d_c / c
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let ([c, d_c], sigma) = ((self.scale)(t), self.schedule.at(t).sigma);
        c * (c * self.schedule.sigma_d_sigma(t) + d_c * sigma * sigma)
    }

    fn g2(&self, t: f64) -> f64 {
        (self.scale)(t)[0].powi(2) * self.schedule.g2(t)
    }
}
