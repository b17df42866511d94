//! The variance-preserving schedule with linear data amplitude.

use crate::{Schedule, SchedulePoint};

/// Linear in the data, variance preserving for independent ends of unit variance.
///
/// ```text
/// α = t,  σ = √(1 − t²)
/// ```
///
/// # Domain
/// σ̇ = −t/σ is −∞ at `t = 1`, and with it the velocity `x₁ − (t/σ)·x₀` of every path with x₀ ≠ 0. Train velocities with
/// `t_max < 1`; v is regular everywhere. σσ̇ = −t and g² = 2/t are stated in closed form.
///
/// # Examples
/// ```
/// use fm_paths::{LinearVp, Schedule};
/// assert_eq!(LinearVp.at(0.6).sigma, 0.8);
/// assert_eq!((LinearVp.at(1.0).sigma, LinearVp.sigma_d_sigma(1.0)), (0.0, -1.0));
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching Guide and Code*, 2024 (the linear variance-preserving scheduler).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinearVp;

impl Schedule for LinearVp {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let sigma = ((1.0 - t) * (1.0 + t)).sqrt();
        SchedulePoint { alpha: t, sigma, d_alpha: 1.0, d_sigma: -t / sigma }
    }

    /// t² is the logistic function of λ.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        (1.0 + (-log_snr).exp()).sqrt().recip()
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        -t
    }

    fn g2(&self, t: f64) -> f64 {
        2.0 / (t + 0.0) // −0 is 0
    }
}
