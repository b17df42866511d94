//! The energy distance.

use ndarray::ArrayView2;

use super::pairs::{Estimator, Samples};
use crate::{OtError, Real};

/// The energy distance, in units of length.
///
/// ```text
/// E = 2 mean |x - y|  -  mean |x - x'|  -  mean |y - y'|
/// ```
///
/// Zero only for equal laws (with finite means). It has no parameter, needs no solver and, unlike the Wasserstein
/// distances, can be estimated without bias; in exchange it sees small differences of shape weakly in high dimension. This is
/// the square of a metric: some libraries return its root. It is [`mmd`](super::mmd()) with the kernel `-|x - y|`.
///
/// # Shapes
/// `x`: `[n, d]`, `y`: `[m, d]`; the sizes may differ.
///
/// # Errors
/// Points that are not finite or of two dimensions, [`OtError::TooFewPoints`].
///
/// # Examples
/// ```
/// # use fm_ot::{Estimator, energy_distance};
/// # use ndarray::array;
/// let (x, y) = (array![[0.0], [2.0]], array![[3.0], [5.0]]);
/// // Between the samples 3, 5, 1, 3; within each of them 0, 2, 2, 0.
/// assert_eq!(energy_distance(x.view(), y.view(), Estimator::Biased)?, 2.0 * 3.0 - 1.0 - 1.0);
/// assert_eq!(energy_distance(x.view(), y.view(), Estimator::Unbiased)?, 2.0 * 3.0 - 2.0 - 2.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - G. J. Székely, M. L. Rizzo, *Energy statistics: a class of statistics based on distances*, Journal of Statistical
///   Planning and Inference 143, 2013.
/// - D. Sejdinovic et al., *Equivalence of distance-based and RKHS-based statistics in hypothesis testing*, Annals of
///   Statistics 41, 2013 (as an MMD).
pub fn energy_distance<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    estimator: Estimator,
) -> Result<f64, OtError> {
    // Zero minus it, for a zero that has no sign.
    Ok(0.0 - Samples::new(x, y, estimator)?.discrepancy(estimator, |distance| distance))
}
