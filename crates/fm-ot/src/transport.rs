//! Exact optimal transport between weighted batches of any two sizes.
//!
//! Three steps, each for what it is good at. An [`auction`] with epsilon scaling moves nearly all the mass to where it
//! belongs, with vectorised row scans and in the precision of the input. Its flow, freed of cycles, [`start`]s a
//! [`simplex`] method on the few pairs that can still matter. One pass over all pairs then proves the plan optimal or
//! names the pairs that were missed. Nothing that the auction does can make the result wrong.
//!
//! Rejected: the network simplex method alone (ten times as many pivots, each of which moves half of a large tree), and
//! the auction down to an epsilon that proves optimality (the last per cent takes most of the time).

mod auction;
mod line;
mod masses;
mod plan;
mod problem;
mod scan;
mod simplex;
mod start;
mod tree;

use ndarray::{Array2, ArrayView2, s};

use crate::{OtError, Real, Side, points};
use masses::Masses;
pub use plan::TransportPlan;
use plan::{Duals, Entry};
use problem::{Problem, check_costs};
use simplex::Simplex;
use start::Flow;

/// Pairs with a reduced cost of at most this many last epsilons of the auction are candidates for the plan.
const RADIUS: f64 = 2.0;

/// Mass that only forbidden pairs can take, as a part of all mass, up to which the weights' rounding is to blame for it.
const FORCED: f64 = 1e-9;

/// Solves the optimal transport problem on a matrix of costs.
///
/// ```text
/// minimise  sum_ij c_ij p_ij   over  p >= 0  with  sum_j p_ij = a_i,  sum_i p_ij = b_j
/// ```
///
/// Exact for the matrix as given, with any values and ties; `+inf` forbids a pair. Whole-number weights give a whole-number
/// plan: with `n = k m` and weights 1 and k, every target receives k sources, and the plan is an assignment with
/// capacities. Equal weights on either side, as `1/n` and `1/m`, are treated as whole numbers too. For equal weights and
/// equal sizes, [`assignment`](crate::assignment) is several times faster.
///
/// # Shapes
/// `cost`: `[n, m]`, with `n` weights of the sources and `m` of the targets.
///
/// # Domain
/// Weights are not negative, zeros are allowed, and the scale is free. The two totals may differ by one part in a million;
/// the target's weights are then scaled to the source's total. A weight below `1e-18` of its total counts as zero.
///
/// # Errors
/// [`OtError::InvalidCost`] for NaN, `-inf` and beyond 1e300, [`OtError::Infeasible`], and of the weights
/// [`OtError::WeightCount`], [`OtError::InvalidWeight`], [`OtError::NoMass`] and [`OtError::UnequalMass`].
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let cost = array![[1.0, 4.0, 2.0], [3.0, 1.0, 5.0]];
/// let plan = fm_ot::transport(cost.view(), &[3.0, 2.0], &[1.0, 2.0, 2.0])?;
/// assert_eq!((plan.rows.as_slice(), plan.cols.as_slice()), ([0, 0, 1].as_slice(), [0, 2, 1].as_slice()));
/// assert_eq!((plan.mass.as_slice(), plan.cost, plan.gap()), ([1.0, 2.0, 2.0].as_slice(), 7.0, 0.0));
/// assert!(plan.converged);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Bertsekas & Castañon, *The auction algorithm for the transportation problem*, Annals of Operations Research 20, 1989.
/// - Cunningham, *A network simplex method*, Mathematical Programming 11, 1976 (no cycling).
pub fn transport<A: Real>(
    cost: ArrayView2<'_, A>,
    source_weights: &[f64],
    target_weights: &[f64],
) -> Result<TransportPlan, OtError> {
    let totals = check_weights(cost.dim(), source_weights, target_weights)?;
    let standard = cost.as_standard_layout();
    let largest = check_costs(standard.view())?;
    let masses = Masses::complete(source_weights, target_weights, totals)?;
    let (entries, duals) = solve(&Problem::new(standard.view(), largest, &masses))?;
    Ok(TransportPlan::new(|i, j| cost[[i, j]].widen(), &masses, &entries, duals))
}

/// Optimal transport of `x` to `y` under the squared Euclidean cost.
///
/// In one dimension this sorts, in `O((n + m) log (n + m))` time. Otherwise the `[n, m]` matrix is made in the precision of
/// the points and given to [`transport`]; points of any magnitude are rescaled by a power of two, so that no square
/// overflows or vanishes.
///
/// # Shapes
/// `x`: `[n, d]`, `y`: `[m, d]`, with `n` and `m` weights.
///
/// # Domain
/// Any finite points; weights as in [`transport`]. Where squared distances leave the range of `f64`, `cost` and the
/// potentials do too; the plan is optimal all the same.
///
/// # Errors
/// Points that are not finite or of two dimensions, and those of [`transport`] about weights.
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let (x, y) = (array![[0.0], [1.0], [5.0]], array![[4.0], [0.0]]);
/// let plan = fm_ot::transport_points(x.view(), y.view(), &[1.0, 1.0, 2.0], &[2.0, 2.0])?;
/// assert_eq!((plan.rows, plan.cols, plan.cost), (vec![0, 1, 2], vec![1, 1, 0], 3.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn transport_points<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    source_weights: &[f64],
    target_weights: &[f64],
) -> Result<TransportPlan, OtError> {
    let largest = points::check(x, y)?;
    if x.ncols() == 1 {
        let totals = check_weights((x.nrows(), y.nrows()), source_weights, target_weights)?;
        let masses = Masses::complete(source_weights, target_weights, totals)?;
        return Ok(line::transport(x.column(0), y.column(0), &masses));
    }
    let (cost, scale) = points::scaled_distances(x, y, largest);
    let mut plan = transport(cost.view(), source_weights, target_weights)?;
    plan.rescale(|c| c / scale / scale);
    Ok(plan)
}

/// Moves a given mass at the least cost, and leaves the rest where it is.
///
/// ```text
/// minimise  sum_ij c_ij p_ij   over  p >= 0  with  sum_j p_ij <= a_i,  sum_i p_ij <= b_j,  sum_ij p_ij = mass
/// ```
///
/// The totals of the two sides may differ. The potentials of the sources and targets are then not positive, and
/// [`dual_mass`](TransportPlan::dual_mass) is what one more unit of mass would cost.
///
/// Outliers are what is left out: robust couplings, and batches of which only a part has a counterpart. Solved exactly, with
/// one more source and one more target that cost nothing (Chapel et al. 2020, section 3); use unbalanced entropic transport
/// where the mass is not known beforehand.
///
/// # Shapes
/// As in [`transport`].
///
/// # Domain
/// `0 <= mass <= min(sum a, sum b)`, up to one part in a million.
///
/// # Errors
/// [`OtError::InvalidMass`], and those of [`transport`] but for [`OtError::UnequalMass`].
///
/// # Examples
/// ```
/// # use ndarray::array;
/// let cost = array![[1.0, 9.0], [2.0, 9.0]];
/// let plan = fm_ot::partial_transport(cost.view(), &[1.0, 1.0], &[2.0, 3.0], 1.5)?;
/// assert_eq!((plan.rows.as_slice(), plan.mass.as_slice()), ([0, 1].as_slice(), [1.0, 0.5].as_slice()));
/// assert_eq!((plan.cost, plan.dual_mass, plan.gap()), (2.0, 2.0, 0.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Chapel, Alaya & Gasso, *Partial optimal transport with applications on positive-unlabeled learning*, NeurIPS 2020.
pub fn partial_transport<A: Real>(
    cost: ArrayView2<'_, A>,
    source_weights: &[f64],
    target_weights: &[f64],
    mass: f64,
) -> Result<TransportPlan, OtError> {
    let totals = check_weights(cost.dim(), source_weights, target_weights)?;
    let limit = totals[0].min(totals[1]);
    if !(0.0..=limit * (1.0 + masses::MASS_TOLERANCE)).contains(&mass) {
        return Err(OtError::InvalidMass { mass, limit });
    }
    let standard = cost.as_standard_layout();
    let largest = check_costs(standard.view())?;
    let masses = Masses::partial(source_weights, target_weights, mass, totals);
    let (n, m) = cost.dim();
    let mut extended = Array2::zeros((n + 1, m + 1));
    extended.slice_mut(s![..n, ..m]).assign(&standard);
    extended[[n, m]] = A::infinity();
    let (mut entries, duals) = solve(&Problem::new(extended.view(), largest, &masses))?;
    entries.retain(|e| e.row < n && e.column < m);
    Ok(TransportPlan::new(|i, j| cost[[i, j]].widen(), &masses, &entries, duals.of_a_part(standard.view())))
}

/// The totals of valid weights, as many as there are rows and columns.
fn check_weights((n, m): (usize, usize), source: &[f64], target: &[f64]) -> Result<[f64; 2], OtError> {
    if n == 0 || m == 0 {
        return Err(OtError::Empty);
    }
    Ok([masses::check_weights(Side::Source, source, n)?, masses::check_weights(Side::Target, target, m)?])
}

/// The entries of an optimal plan, in rows, and feasible potentials.
fn solve<A: Real>(problem: &Problem<'_, A>) -> Result<(Vec<Entry>, Duals), OtError> {
    let mut draft = auction::run(problem);
    start::complete(problem, &mut draft);
    let guess = start::potentials(problem, &mut draft.potential);
    let tree = start::tree(problem, draft.flows, &guess);
    let mut simplex = Simplex::new(problem, tree, &draft.potential, RADIUS * draft.epsilon);
    let mut converged = simplex.run();
    let is_forbidden = |&(i, j, _): &(usize, usize, i64)| problem.is_forbidden(i, j);
    if simplex.tree.arcs().any(|arc| is_forbidden(&arc)) {
        let forced: i64 = simplex.tree.flows().filter(is_forbidden).map(|(_, _, amount)| amount).sum();
        if forced as f64 > FORCED * problem.masses.supply.iter().map(|&s| s as f64).sum::<f64>() {
            let (row, ..) = simplex.tree.flows().find(is_forbidden).expect("there is forced mass");
            return Err(OtError::Infeasible { row });
        }
        // Once more without forbidden pairs, whose huge costs have taken digits from the potentials.
        let allowed = simplex.tree.flows().filter(|flow| !is_forbidden(flow));
        let flows = allowed.map(|(i, j, amount)| Flow { row: i as u32, column: j as u32, amount }).collect();
        simplex.restart(start::tree(problem, flows, &guess));
        converged = simplex.run();
    }
    let entries = simplex.tree.flows().map(|(row, column, mass)| Entry { row, column, mass });
    let mut entries: Vec<Entry> = entries.collect();
    entries.sort_unstable_by_key(|e| (e.row, e.column));
    let target = simplex.tree.potential[problem.n..].to_vec();
    let source = problem.source_potentials(&target);
    Ok((entries, Duals { source, target, mass: 0.0, converged }))
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::lanes::units;
    use crate::limited::limited;

    fn total_on<A: Real>(arch: Arch, cost: &Array2<A>, masses: &Masses) -> f64 {
        let largest = check_costs(cost.view()).unwrap();
        let mut problem = Problem::new(cost.view(), largest, masses);
        problem.arch = arch;
        let (entries, duals) = solve(&problem).unwrap();
        assert!(duals.converged, "{arch:?}");
        entries.iter().map(|e| cost[[e.row, e.column]].widen() * e.mass as f64).sum()
    }

    /// Plans may differ where costs tie; whole numbers add up without rounding.
    #[test]
    fn every_vector_unit_finds_the_same_cost() {
        let _limited = limited();
        for (n, m) in [(1, 1), (7, 33), (64, 50), (131, 97), (300, 200)] {
            let cost = Array2::from_shape_fn((n, m), |(i, j)| ((i * 7919 + j * 104_729 + i * j) % 997) as f64);
            let single = cost.mapv(|c| c as f32);
            let weigh = |n: usize, step: usize| (0..n).map(|i| (i * step % 11 + 1) as f64).collect::<Vec<_>>();
            let (mut a, mut b) = (weigh(n, 3), weigh(m, 5));
            let [source, target]: [f64; 2] = [a.iter().sum(), b.iter().sum()];
            a[0] += (target - source).max(0.0);
            b[0] += (source - target).max(0.0);
            let masses = Masses::complete(&a, &b, [source.max(target); 2]).unwrap();
            let expected = total_on(Arch::Scalar, &cost, &masses);
            for arch in units() {
                assert_eq!(total_on(arch, &cost, &masses), expected, "{arch:?} at {n} x {m}");
                assert_eq!(total_on(arch, &single, &masses), expected, "{arch:?} in f32 at {n} x {m}");
            }
        }
    }
}
