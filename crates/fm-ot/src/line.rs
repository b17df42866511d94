//! Assignment in one dimension.
//!
//! For a convex cost of the difference, matching in sorted order is optimal (the matrix of sorted points is Monge), so the
//! problem is a sort. The potentials come from neighbours: in a Monge matrix, feasibility between neighbouring points
//! implies feasibility everywhere.

use ndarray::{ArrayView1, Axis};

use crate::{Assignment, OtError, Real, points};

/// The optimal assignment of numbers under any convex function of their distance.
///
/// `O(n log n)` time and `O(n)` memory. A concave cost, such as the square root of the distance, is not solved by sorting.
///
/// # Shapes
/// `x`, `y`: `[n]`.
///
/// # Errors
/// Points that are not finite, and [`OtError::UnequalSizes`].
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let (x, y) = (array![0.0, 3.0], array![4.0, 1.0]);
/// let best = fm_ot::assign_line(x.view(), y.view(), |distance| distance.powi(4))?;
/// assert_eq!((best.target_of, best.cost), (vec![1, 0], 2.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Villani, *Topics in Optimal Transportation*, AMS 2003, section 2.2 (monotone rearrangement for convex costs).
pub fn assign_line<A: Real>(
    x: ArrayView1<'_, A>,
    y: ArrayView1<'_, A>,
    cost: impl Fn(f64) -> f64,
) -> Result<Assignment, OtError> {
    points::check_pairable(x.insert_axis(Axis(1)), y.insert_axis(Axis(1)))?;
    Ok(assign(x, y, cost))
}

/// Pairs the k-th smallest of `x` with the k-th smallest of `y`; equal values keep their order.
///
/// `cost` is a convex function of the distance.
pub(crate) fn assign<A: Real>(x: ArrayView1<'_, A>, y: ArrayView1<'_, A>, cost: impl Fn(f64) -> f64) -> Assignment {
    let (sources, targets) = (sorted(x), sorted(y));
    let mut best = Assignment {
        target_of: vec![0; x.len()],
        cost: 0.0,
        dual_source: vec![0.0; x.len()],
        dual_target: vec![0.0; x.len()],
    };
    let pair = |i: usize, j: usize| cost((x[i].widen() - y[j].widen()).abs());
    let mut potential = 0.0;
    for k in 0..x.len() {
        let (i, j) = (sources[k], targets[k]);
        let cost = pair(i, j);
        best.target_of[i] = j;
        best.cost += cost;
        best.dual_source[i] = cost - potential;
        best.dual_target[j] = potential;
        if let Some(&next) = targets.get(k + 1) {
            potential += pair(i, next) - cost;
        }
    }
    best
}

fn sorted<A: Real>(values: ArrayView1<'_, A>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].widen().total_cmp(&values[j].widen()));
    order
}
