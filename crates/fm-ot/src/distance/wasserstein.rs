//! The exact Wasserstein distances.

use ndarray::ArrayView2;

use super::Order;
use crate::{Cost, OtError, Real, assign_points, points, transport, transport_points};

/// The exact 1-Wasserstein distance between two samples of equal size, also called earth mover's distance.
///
/// ```text
/// W1 = min over permutations s of (1/n) sum_i |x_i - y_s(i)|
/// ```
///
/// At most [`wasserstein2`], less sensitive to a few far points, and the distance that single-cell papers report. What is
/// said there about floors holds here too.
///
/// # Errors
/// As [`wasserstein2`].
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let (x, y) = (array![[0.0, 0.0], [1.0, 0.0]], array![[1.0, 2.0], [0.0, 4.0]]);
/// assert_eq!(fm_ot::wasserstein1(x.view(), y.view())?, 3.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn wasserstein1<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
    points::check_pairable(x, y)?;
    if x.nrows() == 0 {
        return Err(OtError::Empty);
    }
    let assignment = assign_points(x, y, Cost::Euclidean)?;
    Ok(mean_distance(x, y, &assignment.target_of))
}

/// The exact Wasserstein distance between samples of any two sizes, with weights.
///
/// ```text
/// W_p = (min over plans of sum_ij pi_ij |x_i - y_j|^p)^(1/p)   for weights of sum one
/// ```
///
/// Without weights every point of a sample weighs the same, in all as much as the other sample. Where two sums differ by
/// more than one part in a million they are no two shares of one mass, and an error. For equal sizes without weights
/// [`wasserstein1`] and [`wasserstein2`] are the same number several times faster.
///
/// # Shapes
/// `x`: `[n, d]` with `n` weights, `y`: `[m, d]` with `m`.
///
/// # Errors
/// Points that are not finite or of two dimensions, [`OtError::Overflow`] for distances beyond the precision of the points
/// (order one), and those of [`transport`](crate::transport()) about weights.
///
/// # Examples
/// ```
/// # use fm_ot::{Order, weighted_wasserstein};
/// # use ndarray::array;
/// let (x, y) = (array![[0.0], [4.0]], array![[1.0]]);
/// let distance = |weights| weighted_wasserstein(x.view(), y.view(), [weights, None], Order::One);
/// assert_eq!(distance(None)?, 2.0);
/// assert_eq!(distance(Some(&[3.0, 1.0]))?, 1.5);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn weighted_wasserstein<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    weights: [Option<&[f64]>; 2],
    order: Order,
) -> Result<f64, OtError> {
    points::check(x, y)?;
    // A side without weights has the mass of the other.
    let total: f64 = weights[0].or(weights[1]).map_or(1.0, |given| given.iter().sum());
    let side = |given: Option<&[f64]>, n: usize| given.map_or_else(|| vec![total / n as f64; n], <[f64]>::to_vec);
    let (a, b) = (side(weights[0], x.nrows()), side(weights[1], y.nrows()));
    let plan = match order {
        Order::One => transport(Cost::Euclidean.matrix(x, y)?.view(), &a, &b)?,
        Order::Two => transport_points(x, y, &a, &b)?,
    };
    let total: f64 = plan.mass.iter().sum();
    Ok(match order {
        Order::One => plan.cost / total,
        Order::Two => {
            let entries = plan.rows.iter().zip(&plan.cols).zip(&plan.mass);
            root_mean_square(x, y, entries.map(|((&i, &j), mass)| (i, j, mass / total)))
        }
    })
}

/// `(1/n) sum_i |x_i - y_t(i)|`.
fn mean_distance<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>, target_of: &[usize]) -> f64 {
    let n = x.nrows() as f64;
    // The distance of one pair is the root mean square of one pair, which knows how not to overflow.
    let length = |(i, &j): (usize, &usize)| root_mean_square(x, y, std::iter::once((i, j, 1.0))) / n;
    target_of.iter().enumerate().map(length).sum()
}

/// The exact 2-Wasserstein distance between two samples of equal size.
///
/// ```text
/// W2 = sqrt(min over permutations s of (1/n) sum_i |x_i - y_s(i)|^2)
/// ```
///
/// This is the distance of the two *samples*, which is biased upwards as an estimate for the laws that they come from:
/// two samples of one law are not at distance zero but at one that falls with `n` as slowly as `n^(-1/4)` in up to three
/// dimensions and `n^(-1/d)` in more than four (Fournier & Guillin 2015, theorem 1, for the upper bounds). A generated sample cannot be expected below
/// that floor: report the value together with the distance between two fresh samples of the target, and compare only
/// values of the same `n`. In high dimension the floor hides everything else.
///
/// Costs `O(n^2)` memory and, on typical data, about `O(n^2.5)` time; in one dimension both are those of a sort. With
/// `f32` points the permutation is optimal up to the rounding of the costs; the value is summed in `f64` either way.
///
/// # Errors
/// [`OtError::Empty`] for no points, [`OtError::UnequalSizes`], and points that are not finite or of two dimensions.
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let x = array![[0.0, 0.0], [1.0, 0.0]];
/// let y = array![[1.0, 2.0], [0.0, 2.0]];
/// assert_eq!(fm_ot::wasserstein2(x.view(), y.view())?, 2.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn wasserstein2<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
    points::check_pairable(x, y)?;
    if x.nrows() == 0 {
        return Err(OtError::Empty);
    }
    let assignment = assign_points(x, y, Cost::SquaredEuclidean)?;
    let share = 1.0 / x.nrows() as f64;
    Ok(root_mean_square(x, y, assignment.target_of.iter().enumerate().map(|(i, &j)| (i, j, share))))
}

/// `sqrt(sum_k p_k |x_i(k) - y_j(k)|^2)` over pairs `(i, j, p)`, with the largest coordinate difference taken out so that no square
/// overflows or vanishes.
fn root_mean_square<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    pairs: impl Iterator<Item = (usize, usize, f64)> + Clone,
) -> f64 {
    let difference = |(a, b): (&A, &A)| (a.widen() - b.widen()).abs();
    let differences = |i, j| x.row(i).into_iter().zip(y.row(j)).map(difference);
    let widest = |(i, j, _)| differences(i, j).fold(0.0, f64::max);
    let largest = pairs.clone().map(widest).fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    let square = |(i, j, share)| share * differences(i, j).map(|d| (d / largest).powi(2)).sum::<f64>();
    largest * pairs.map(square).sum::<f64>().sqrt()
}
