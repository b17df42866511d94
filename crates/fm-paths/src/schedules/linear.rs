//! The linear (conditional optimal transport) schedule.

use crate::{Schedule, SchedulePoint};

/// Straight lines between source and data, the default of flow matching.
///
/// ```text
/// α = t,  σ = 1 − t,  u = x₁ − x₀
/// ```
///
/// The conditional path is the optimal transport to *one* data point; the marginal flow is not an optimal transport.
///
/// # Domain
/// Regular on all of `[0, 1]`.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Schedule};
/// assert_eq!(Linear.at(0.25).sigma, 0.75);
/// assert_eq!(Linear.at(0.5).log_snr(), 0.0);
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023, Eq. 20 with `σ_min = 0`.
/// - X. Liu, C. Gong, Q. Liu, *Flow Straight and Fast*, ICLR 2023, Eq. 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Linear;

impl Schedule for Linear {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        SchedulePoint { alpha: t, sigma: 1.0 - t, d_alpha: 1.0, d_sigma: -1.0 }
    }

    /// λ = 2 log(t/(1 − t)), so t is its logistic function.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        1.0 / (1.0 + (-0.5 * log_snr).exp())
    }
}
