//! The cosine (trigonometric) schedule.

use std::f64::consts::FRAC_PI_2;

use crate::{Schedule, SchedulePoint};

/// A quarter turn from source to data; preserves the variance of independent ends of equal variance.
///
/// ```text
/// α = sin(πt/2),  σ = cos(πt/2),  u = −(π/2)·v
/// ```
///
/// σ is evaluated as sin(π/2·(1 − t)), which is exactly 0 at `t = 1`.
///
/// # Domain
/// Regular on all of `[0, 1]`.
///
/// # Examples
/// ```
/// use fm_paths::{Cosine, Schedule};
/// let end = Cosine.at(1.0);
/// assert_eq!((end.alpha, end.sigma), (1.0, 0.0));
/// ```
///
/// # References
/// - M. S. Albergo, E. Vanden-Eijnden, *Building Normalizing Flows with Stochastic Interpolants*, ICLR 2023, Eq. 5.
/// - A. Nichol, P. Dhariwal, *Improved Denoising Diffusion Probabilistic Models*, ICML 2021, Eq. 17 with offset 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cosine;

impl Schedule for Cosine {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        // From the nearer end, so that both are exact.
        let late = t > 0.5;
        let (near, far) = (FRAC_PI_2 * if late { 1.0 - t } else { t }).sin_cos();
        let (alpha, sigma) = if late { (far, near) } else { (near, far) };
        SchedulePoint { alpha, sigma, d_alpha: FRAC_PI_2 * sigma, d_sigma: -FRAC_PI_2 * alpha }
    }

    /// λ = 2 log tan(πt/2).
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        (0.5 * log_snr).exp().atan() / FRAC_PI_2
    }
}
