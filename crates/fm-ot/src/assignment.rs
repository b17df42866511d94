//! The linear assignment problem: its solution, and the proof that it is one.

use ndarray::ArrayView2;
use pulp::Arch;
use rayon::prelude::*;

use crate::lap::{self, Costs};
use crate::{Cost, OtError, Real, coincident, line, points};

/// An optimal assignment with its dual potentials.
///
/// The potentials are feasible, `dual_source[i] + dual_target[j] <= cost[i][j]` for every pair, so their sum bounds the
/// cost of *any* assignment from below, and [`gap`](Self::gap) bounds how far this one can be from the best without
/// trusting the algorithm that found it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// Row `i` goes with column `target_of[i]`; a permutation.
    pub target_of: Vec<usize>,
    /// The total cost, summed in `f64`.
    pub cost: f64,
    /// One potential per row.
    pub dual_source: Vec<f64>,
    /// One potential per column.
    pub dual_target: Vec<f64>,
}

impl Assignment {
    /// The certificate of optimality: primal minus dual, zero up to rounding.
    ///
    /// ```text
    /// sum_i c[i][target_of[i]] - (sum_i dual_source[i] + sum_j dual_target[j])  >=  0
    /// ```
    pub fn gap(&self) -> f64 {
        let sources = self.dual_source.iter().sum::<f64>();
        self.cost - (sources + self.dual_target.iter().sum::<f64>())
    }
}

/// Solves the linear assignment problem on a square matrix of costs.
///
/// ```text
/// minimise  sum_i cost[i][s(i)]  over the permutations s
/// ```
///
/// Exact for the matrix as given, with any values, ties and repeated rows; `+inf` forbids a pair. The work is an auction in
/// the precision of the input that gets nearly everything right, and a repair in `f64` that gets the rest right; see the
/// source of the module `lap` for why. Points that coincide are merged first where that makes the problem much smaller. Typical
/// time is `O(n^2)` to `O(n^2.5)`, the worst case `O(n^3)`.
///
/// # Errors
/// [`OtError::UnequalSizes`] unless square, [`OtError::InvalidCost`] for NaN, `-inf` and beyond 1e300, and [`OtError::Infeasible`].
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let cost = array![[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]];
/// let best = fm_ot::assignment(cost.view())?;
/// assert_eq!((best.target_of.as_slice(), best.cost, best.gap()), ([1, 0, 2].as_slice(), 5.0, 0.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Bertsekas, *The auction algorithm: a distributed relaxation method for the assignment problem*, Annals of Operations
///   Research 14, 1988 (bids, epsilon scaling).
/// - Jonker & Volgenant, *A shortest augmenting path algorithm for dense and sparse linear assignment problems*,
///   Computing 38, 1987 (repair).
pub fn assignment<A: Real>(cost: ArrayView2<'_, A>) -> Result<Assignment, OtError> {
    solve(cost, None)
}

/// [`assignment`] from a guess of the target potentials, such as those of an earlier batch with some of the same targets.
///
/// The better the guess, the less is left to do; the result is exact from any. For a finite data set, keep one potential per data
/// point: pass those of the batch and store the `dual_target` that comes back.
///
/// # Errors
/// As [`assignment`], and [`OtError::InvalidPotential`].
///
/// # Panics
/// Unless there is one potential per column.
///
/// # Examples
/// ```
/// # use fm_ot::{assignment, assignment_from};
/// # use ndarray::array;
/// let cost = array![[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]];
/// let best = assignment(cost.view())?;
/// let again = assignment_from(cost.view(), &best.dual_target)?;
/// assert_eq!((again.target_of, again.cost), (best.target_of, 5.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
#[track_caller]
pub fn assignment_from<A: Real>(cost: ArrayView2<'_, A>, dual_target: &[f64]) -> Result<Assignment, OtError> {
    let (potentials, columns) = (dual_target.len(), cost.ncols());
    assert_eq!(potentials, columns, "{potentials} potentials for {columns} columns");
    if let Some(column) = dual_target.iter().position(|v| !v.is_finite()) {
        return Err(OtError::InvalidPotential { column, value: dual_target[column] });
    }
    solve(cost, Some(dual_target))
}

fn solve<A: Real>(cost: ArrayView2<'_, A>, warm: Option<&[f64]>) -> Result<Assignment, OtError> {
    let standard = cost.as_standard_layout();
    let arch = Arch::new();
    let costs = Costs::new(arch, standard.view())?;
    if warm.is_none()
        && let Some(best) = coincident::assignment(standard.view())
    {
        return Ok(best);
    }
    let solution = lap::solve(arch, &costs, warm)?;
    let cost = solution.column_of.iter().enumerate().map(|(i, &j)| standard[[i, j]].widen()).sum();
    Ok(Assignment {
        target_of: solution.column_of,
        cost,
        dual_source: solution.row_potential,
        dual_target: solution.column_potential,
    })
}

/// The optimal assignment of `x` to `y` under a cost of points.
///
/// In one dimension this sorts (not for the cosine), in `O(n log n)` time and `O(n)` memory. Otherwise the `[n, n]` matrix is
/// made in the precision of the points and given to [`assignment`]; points of any magnitude are rescaled by a power of two,
/// so that no square overflows or vanishes.
///
/// # Shapes
/// `x`, `y`: `[n, d]`. No points give an empty assignment.
///
/// # Domain
/// Any finite points. Where costs leave the range of `f64`, the total and the potentials do too; the permutation is
/// optimal all the same.
///
/// # Errors
/// Points that are not finite, two dimensions, [`OtError::UnequalSizes`], [`OtError::ZeroVector`].
///
/// # Examples
/// ```
/// # use fm_ot::{Cost, assign_points};
/// # use ndarray::array;
/// let (x, y) = (array![[0.0], [1.0], [5.0]], array![[6.0], [0.0], [1.0]]);
/// let best = assign_points(x.view(), y.view(), Cost::SquaredEuclidean)?;
/// assert_eq!((best.target_of.as_slice(), best.cost), ([1, 2, 0].as_slice(), 1.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn assign_points<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>, cost: Cost) -> Result<Assignment, OtError> {
    let largest = points::check_pairable(x, y)?;
    match cost {
        Cost::SquaredEuclidean if x.ncols() == 1 => return Ok(line::assign(x.column(0), y.column(0), |d| d * d)),
        Cost::Euclidean if x.ncols() == 1 => return Ok(line::assign(x.column(0), y.column(0), |d| d)),
        _ => {}
    }
    let scaled = cost.scaled(x, y, largest)?;
    let mut best = assignment(scaled.cost.view())?;
    best.cost = scaled.restore(best.cost);
    for potential in best.dual_source.iter_mut().chain(&mut best.dual_target) {
        *potential = scaled.restore(*potential);
    }
    Ok(best)
}

/// [`assign_points`] for many independent batches, on all threads of the current `rayon` pool.
///
/// The results are those of single calls, in order, for any number of threads.
///
/// # Errors
/// Each batch its own, as of [`assign_points`].
///
/// # Examples
/// ```
/// # use fm_ot::{Cost, assign_batches};
/// # use ndarray::array;
/// let (x, y) = (array![[0.0, 0.0], [1.0, 0.0]], array![[1.0, 1.0], [0.0, 1.0]]);
/// let batches = [(x.view(), y.view()), (y.view(), x.view())];
/// for best in assign_batches(&batches, Cost::SquaredEuclidean) {
///     assert_eq!(best?.target_of, [1, 0]);
/// }
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn assign_batches<A: Real>(
    batches: &[(ArrayView2<'_, A>, ArrayView2<'_, A>)],
    cost: Cost,
) -> Vec<Result<Assignment, OtError>> {
    batches.par_iter().map(|&(x, y)| assign_points(x, y, cost)).collect()
}
