//! A sparse plan, and the proof that it is optimal.

use ndarray::ArrayView2;
use pulp::Arch;

use super::masses::Masses;
use super::scan;
use crate::Real;

/// An optimal transport plan with its dual potentials.
///
/// The plan is a list of its at most `n + m - 1` entries, ordered by row and then column. The potentials are feasible,
/// `dual_source[i] + dual_target[j] + dual_mass <= cost[i][j]` for every pair, so the dual objective bounds the cost of *any*
/// plan from below, and [`gap`](Self::gap) bounds how far this one can be from the best without trusting the algorithm
/// that found it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransportPlan {
    /// The source of each entry.
    pub rows: Vec<usize>,
    /// The target of each entry.
    pub cols: Vec<usize>,
    /// What each entry moves; positive.
    pub mass: Vec<f64>,
    /// The total cost, summed in `f64`.
    pub cost: f64,
    /// The dual objective, `sum_i a_i dual_source[i] + sum_j b_j dual_target[j] + (moved mass) dual_mass`.
    pub dual: f64,
    /// One potential per source.
    pub dual_source: Vec<f64>,
    /// One potential per target.
    pub dual_target: Vec<f64>,
    /// The potential of the moved mass: zero where all mass moves.
    pub dual_mass: f64,
    /// Whether the plan was proved optimal. If not, the budget of pivots was spent first: the plan moves the right masses, and
    /// [`gap`](Self::gap) bounds how far it is from the best one.
    pub converged: bool,
}

impl TransportPlan {
    /// The certificate of optimality: primal minus dual, zero up to rounding.
    pub fn gap(&self) -> f64 {
        self.cost - self.dual
    }

    /// What the plan takes from each source and brings to each target, minus the weights: the sums of the absolute values.
    ///
    /// Zero up to rounding, and up to the scale of the target's weights where the two totals differed. Of a partial plan, it
    /// is the mass that stays.
    ///
    /// # Panics
    /// If there are not as many weights as sources and targets.
    ///
    /// # Examples
    /// ```
    /// # use ndarray::array;
    /// let (a, b) = ([0.2, 0.8], [0.5, 0.25, 0.25]);
    /// let plan = fm_ot::transport(array![[1.0, 4.0, 2.0], [3.0, 1.0, 5.0]].view(), &a, &b)?;
    /// let (source, target) = plan.marginal_errors(&a, &b);
    /// assert!(source.max(target) < 1e-15);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn marginal_errors(&self, source_weights: &[f64], target_weights: &[f64]) -> (f64, f64) {
        let error = |indices: &[usize], weights: &[f64], points: usize| -> f64 {
            assert_eq!(weights.len(), points, "{} weights for {points} points", weights.len());
            let mut excess: Vec<f64> = weights.iter().map(|w| -w).collect();
            indices.iter().zip(&self.mass).for_each(|(&at, mass)| excess[at] += mass);
            excess.into_iter().map(f64::abs).sum()
        };
        let source = error(&self.rows, source_weights, self.dual_source.len());
        (source, error(&self.cols, target_weights, self.dual_target.len()))
    }

    /// From whole masses; those of `masses` may have one more source and target than the potentials.
    pub(super) fn new(cost: impl Fn(usize, usize) -> f64, masses: &Masses, entries: &[Entry], duals: Duals) -> Self {
        let mass: Vec<f64> = entries.iter().map(|e| masses.weight(e.mass)).collect();
        let moved = entries.iter().map(|e| e.mass).sum();
        let primal = entries.iter().zip(&mass).map(|(e, mass)| cost(e.row, e.column) * mass).sum();
        let side = |whole: &[i64], potentials: &[f64]| -> f64 {
            whole.iter().zip(potentials).filter(|(w, _)| **w > 0).map(|(&w, p)| masses.weight(w) * p).sum()
        };
        let dual = side(&masses.supply, &duals.source) + side(&masses.demand, &duals.target);
        Self {
            rows: entries.iter().map(|e| e.row).collect(),
            cols: entries.iter().map(|e| e.column).collect(),
            mass,
            cost: primal,
            dual: dual + duals.mass * masses.weight(moved),
            dual_source: duals.source,
            dual_target: duals.target,
            dual_mass: duals.mass,
            converged: duals.converged,
        }
    }

    /// Changes the unit of the cost.
    pub(super) fn rescale(&mut self, unit: impl Fn(f64) -> f64) {
        let scalars = [&mut self.cost, &mut self.dual, &mut self.dual_mass];
        let potentials = self.dual_source.iter_mut().chain(&mut self.dual_target);
        scalars.into_iter().chain(potentials).for_each(|c| *c = unit(*c));
    }
}

/// One entry of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) mass: i64,
}

/// Feasible potentials.
#[derive(Debug)]
pub(super) struct Duals {
    pub(super) source: Vec<f64>,
    pub(super) target: Vec<f64>,
    pub(super) mass: f64,
    /// Whether they prove the plan optimal.
    pub(super) converged: bool,
}

impl Duals {
    /// Those of the partial problem, from those with a last source and target that cost nothing.
    ///
    /// With `u' + v_last <= 0` and `u_last + v' <= 0`, let `v = v' + u_last`, the potential of the mass be
    /// `-(u_last + v_last)`, and `u` the largest that is feasible: `u' + v_last` but for rounding.
    pub(super) fn of_a_part<A: Real>(mut self, cost: ArrayView2<'_, A>) -> Self {
        let [u_last, v_last] = [self.source.pop(), self.target.pop()].map(|p| p.expect("the last source and target"));
        self.mass = -(u_last + v_last);
        self.target.iter_mut().for_each(|v| *v = (*v + u_last).min(0.0));
        let bound: Vec<f64> = self.target.iter().map(|v| v + self.mass).collect();
        let (arch, costs) = (Arch::new(), cost.to_slice().expect("the caller made the layout standard"));
        let rows = costs.chunks(bound.len());
        self.source = rows.map(|row| arch.dispatch(|| scan::row_minimum(row, &bound)).min(0.0)).collect();
        self
    }
}
