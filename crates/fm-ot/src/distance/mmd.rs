//! The maximum mean discrepancy.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::pairs::{Estimator, Samples};
use crate::{OtError, Real, points};

/// Points of each sample that the median is taken over, at most: the median of half a million distances is known to
/// a fraction of a percent.
const MEDIAN_POINTS: usize = 500;

/// The kernel of an [`mmd`].
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// `k(x, y) = x.y`, which compares the means and nothing else.
    Linear,
    /// The mean over the bandwidths h of `exp(-|x - y|^2 / (2 h^2))`. A difference is seen best at a bandwidth of its own
    /// size; several bandwidths see several sizes.
    Rbf {
        /// Positive and finite, at least one.
        bandwidths: Vec<f64>,
    },
}

/// The squared maximum mean discrepancy.
///
/// ```text
/// MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)
/// ```
///
/// The means are over all pairs or over pairs of different points, as the [`Estimator`] says (Gretton et al. 2012,
/// equations 5 and 3). The value depends on the kernel: compare values of one kernel only, with the bandwidths fixed, and
/// not chosen by [`median_bandwidth`] for each comparison anew.
///
/// # Shapes
/// `x`: `[n, d]`, `y`: `[m, d]`; the sizes may differ.
///
/// # Errors
/// Points that are not finite or of two dimensions, [`OtError::TooFewPoints`], and [`OtError::InvalidParameter`] for bandwidths that
/// are not positive, or none.
///
/// # Examples
/// ```
/// # use fm_ot::{Estimator, Kernel, mmd};
/// # use ndarray::array;
/// let (x, y) = (array![[0.0, 1.0], [2.0, 1.0]], array![[4.0, 5.0], [4.0, 5.0]]);
/// assert_eq!(mmd(x.view(), y.view(), &Kernel::Linear, Estimator::Biased)?, 25.0);
/// let rbf = Kernel::Rbf { bandwidths: vec![1.0] };
/// assert_eq!(mmd(x.view(), x.view(), &rbf, Estimator::Biased)?, 0.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - A. Gretton et al., *A Kernel Two-Sample Test*, JMLR 13, 2012.
pub fn mmd<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    kernel: &Kernel,
    estimator: Estimator,
) -> Result<f64, OtError> {
    let samples = Samples::new(x, y, estimator)?;
    match kernel {
        Kernel::Linear => Ok(linear(&samples, estimator)),
        Kernel::Rbf { bandwidths } => {
            let expected = "positive and finite, at least one";
            OtError::require(!bandwidths.is_empty(), "bandwidth", f64::NAN, expected)?;
            for &h in bandwidths {
                OtError::require(h > 0.0 && h.is_finite(), "bandwidth", h, expected)?;
            }
            let kernel = |distance: f64| bandwidths.iter().map(|h| (-0.5 * (distance / h).powi(2)).exp()).sum::<f64>();
            Ok(samples.discrepancy(estimator, kernel) / bandwidths.len() as f64)
        }
    }
}

/// `|mean x - mean y|^2`, less what the pairs of a point with itself contribute.
fn linear(samples: &Samples, estimator: Estimator) -> f64 {
    let mean = |points: &Array2<f64>| -> Array1<f64> { points.sum_axis(Axis(0)) / points.nrows() as f64 };
    let (x_mean, y_mean) = (mean(&samples.x), mean(&samples.y));
    let difference = &x_mean - &y_mean;
    let own = |points: &Array2<f64>, mean: &Array1<f64>| {
        // Var(mean) from the sample: the sum of squared deviations over n (n - 1).
        let n = points.nrows() as f64;
        points.outer_iter().map(|p| p.iter().zip(mean).map(|(p, m)| (p - m).powi(2)).sum::<f64>()).sum::<f64>()
            / n
            / (n - 1.0)
    };
    let squared = difference.dot(&difference);
    match estimator {
        Estimator::Biased => squared,
        Estimator::Unbiased => squared - own(&samples.x, &x_mean) - own(&samples.y, &y_mean),
    }
}

/// The median distance between two different points of the pooled samples, the usual first bandwidth of an RBF kernel.
///
/// Of a sample with more than 500 points, 500 evenly spaced rows stand for all of them; the result is the same on every
/// machine.
///
/// # Errors
/// Points that are not finite or of two dimensions; [`OtError::TooFewPoints`] for fewer than two points in all;
/// [`OtError::InvalidParameter`] if half of the pairs coincide, so that the median is zero.
///
/// # Examples
/// ```
/// # use ndarray::array;
/// // The distances are 1, 3 and 2.
/// assert_eq!(fm_ot::median_bandwidth(array![[0.0], [1.0]].view(), array![[3.0]].view())?, 2.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - A. Gretton et al., *A Kernel Two-Sample Test*, JMLR 13, 2012, section 8.
pub fn median_bandwidth<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
    let largest = points::check(x, y)?;
    let pooled = ndarray::concatenate![Axis(0), spaced(x), spaced(y)];
    let found = pooled.nrows();
    if found < 2 {
        return Err(OtError::TooFewPoints { needed: 2, found });
    }
    let (squared, scale) = points::scaled_distances(pooled.view(), pooled.view(), largest);
    let upper = squared.indexed_iter().filter(|((i, j), _)| i < j).map(|(_, s)| s.sqrt() / scale);
    let mut distances: Vec<f64> = upper.collect();
    let middle = distances.len() / 2;
    let (_, &mut median, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    OtError::require(median > 0.0, "bandwidth", median, "positive: half of the pairs coincide, choose one")?;
    Ok(median)
}

/// At most [`MEDIAN_POINTS`] rows, evenly spaced.
fn spaced<A: Real>(points: ArrayView2<'_, A>) -> Array2<f64> {
    let (n, kept) = (points.nrows(), points.nrows().min(MEDIAN_POINTS));
    let rows: Vec<usize> = (0..kept).map(|k| k * n / kept).collect();
    points.select(Axis(0), &rows).mapv(Real::widen)
}
