//! An entropic plan, known by its potentials.

use ndarray::Array2;
use rayon::prelude::*;

use super::costs::Costs;
use crate::Real;

/// Rows that a thread works on at a time.
pub(super) const BLOCK: usize = 64;

/// The plan of a [`Sinkhorn`](crate::Sinkhorn) solve.
///
/// ```text
/// pi_ij = a_i b_j exp((f_i + g_j - c_ij) / epsilon)
/// ```
///
/// Two potentials and the problem; entries are made when they are asked for, in `f64`. For balanced transport the source
/// marginal is exact up to rounding, and the constant that can be moved between `f` and `g` makes their means equal: both are
/// half of the dual objective, and a symmetric problem has `f = g` up to the tolerance.
#[derive(Clone, Debug)]
pub struct EntropicPlan<'a, A: Real> {
    /// One potential per source point.
    pub f: Vec<f64>,
    /// One potential per target point.
    pub g: Vec<f64>,
    /// The epsilon used, in units of the cost.
    pub epsilon: f64,
    /// The L1 error of the source marginal for a total mass of one. The source potentials are the exact answer to the target's, so
    /// this is rounding: eight units of the precision of the last pass, more than it measurably is.
    pub source_l1: f64,
    /// The L1 error of the target marginal for a total mass of one, as the last pass measured it. For relaxed marginals, the mass
    /// that the next step would move, relative to that of the target.
    pub target_l1: f64,
    /// The larger of the two.
    pub marginal_l1: f64,
    /// Passes over the cost, at all epsilons.
    pub iterations: usize,
    /// Passes over a sample of the source points, at most an eighth of them, which found the start.
    pub sampled_iterations: usize,
    /// Whether `marginal_l1` is within the tolerance. If not, the marginals may be as wrong as it says: raise
    /// `max_iterations`, `epsilon` or `tolerance`.
    pub converged: bool,
    /// The dual objective, which at convergence is the optimal value of
    /// `<pi, c> + epsilon KL(pi | a x b)` and the prices of unbalanced marginals. With `-` the entropy instead of the
    /// divergence, that of balanced transport is `epsilon (sum_i a_i log a_i + sum_j b_j log b_j)` more, for a total mass of
    /// one.
    pub dual: f64,
    pub(super) costs: Costs<'a, A>,
    /// The weights; those of the target scaled to the mass of the source where these are balanced.
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
}

impl<'a, A: Real> EntropicPlan<'a, A> {
    /// Without points there is nothing to do.
    pub(super) fn empty(costs: Costs<'a, A>, a: Vec<f64>, b: Vec<f64>) -> Self {
        let (f, g) = (vec![0.0; a.len()], vec![0.0; b.len()]);
        let [source_l1, target_l1, marginal_l1, dual] = [0.0; 4];
        let (iterations, sampled_iterations, converged) = (0, 0, true);
        Self {
            f,
            g,
            epsilon: 1.0,
            source_l1,
            target_l1,
            marginal_l1,
            iterations,
            sampled_iterations,
            converged,
            dual,
            costs,
            a,
            b,
        }
    }

    /// Makes the weighted means of both potentials equal.
    pub(super) fn share_constant(&mut self) {
        let mean = |weights: &[f64], potentials: &[f64]| {
            let sum: f64 = weights.iter().zip(potentials).map(|(w, p)| w * p).sum();
            sum / weights.iter().sum::<f64>()
        };
        let shift = (mean(&self.a, &self.f) - mean(&self.b, &self.g)) / 2.0;
        self.f.iter_mut().for_each(|f| *f -= shift);
        self.g.iter_mut().for_each(|g| *g += shift);
    }

    /// The number of source and of target points.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::Sinkhorn;
    /// # use ndarray::array;
    /// let cost = array![[0.0, 1.0, 2.0]];
    /// let plan = Sinkhorn::default().solve(cost.view(), None, None)?;
    /// assert_eq!(plan.dim(), (1, 3));
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    pub fn dim(&self) -> (usize, usize) {
        (self.f.len(), self.g.len())
    }

    /// The whole plan, `8 n m` bytes.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// assert!((plan.plan().sum() - 1.0).abs() < 1e-9);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    pub fn plan(&self) -> Array2<f64> {
        let mut plan = Array2::zeros(self.dim());
        self.costs.each_row(|i, costs| {
            plan.row_mut(i).iter_mut().zip(self.entries(i, costs)).for_each(|(to, (p, _))| *to = p);
        });
        plan
    }

    /// Row `i` of the plan: the mass that goes from source `i` to each target.
    ///
    /// # Panics
    /// If there is no such row.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// assert!((plan.row(0)[0] - 0.365529).abs() < 1e-6 && (plan.row(0)[1] - 0.134471).abs() < 1e-6);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn row(&self, i: usize) -> Vec<f64> {
        assert!(i < self.f.len(), "row {i} of {}", self.f.len());
        self.entries(i, self.costs.block(i..i + 1, &mut Vec::new())).map(|(p, _)| p).collect()
    }

    /// The marginals of the plan, recomputed in `f64`: what leaves each source point, and what reaches each target point.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// let (left, arrived) = plan.marginals();
    /// assert!(left.iter().chain(&arrived).all(|mass| (mass - 0.5).abs() < 1e-9));
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    pub fn marginals(&self) -> (Vec<f64>, Vec<f64>) {
        let (rows, columns, _) = self.totals();
        (rows, columns)
    }

    /// The cost of the plan without the entropy, `sum_ij pi_ij c_ij`, in `f64`.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, Sinkhorn};
    /// # use ndarray::array;
    /// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
    /// let cost = array![[0.0, 1.0], [1.0, 0.0]];
    /// let plan = solver.solve(cost.view(), None, None)?;
    /// assert!((plan.transport_cost() - 2.0 * 0.134471).abs() < 1e-6);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    pub fn transport_cost(&self) -> f64 {
        self.totals().2
    }

    /// Mass and cost of each pair of row `i`.
    fn entries(&self, i: usize, costs: &'_ [A]) -> impl Iterator<Item = (f64, f64)> {
        let a = self.a[i];
        self.conditional(i, costs).map(move |(p, c)| (if a > 0.0 { a * p } else { 0.0 }, c))
    }

    /// As [`entries`](Self::entries), for a source of weight one.
    pub(super) fn conditional(&self, i: usize, costs: &[A]) -> impl Iterator<Item = (f64, f64)> {
        let (unit, f) = (self.costs.unit, self.f[i]);
        costs.iter().zip(&self.g).zip(&self.b).map(move |((c, g), b)| {
            let c = c.widen() * unit;
            // Between points without weight potentials may be so far apart that this overflows.
            (if *b > 0.0 { b * ((f + g - c) / self.epsilon).exp() } else { 0.0 }, c)
        })
    }

    /// Row sums, column sums, and cost.
    fn totals(&self) -> (Vec<f64>, Vec<f64>, f64) {
        let (n, m) = self.dim();
        let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
        let block = |&start: &usize| {
            let end = (start + BLOCK).min(n);
            let mut made = Vec::new();
            let costs = self.costs.block(start..end, &mut made);
            let (mut rows, mut columns, mut cost) = (Vec::new(), vec![0.0; m], 0.0);
            for i in start..end {
                let mut sum = 0.0;
                let entries = self.entries(i, &costs[(i - start) * m..][..m]);
                for ((p, c), column) in entries.zip(&mut columns) {
                    sum += p;
                    *column += p;
                    // A forbidden pair has no mass.
                    cost += if p > 0.0 { p * c } else { 0.0 };
                }
                rows.push(sum);
            }
            (rows, columns, cost)
        };
        let (mut rows, mut columns, mut cost) = (Vec::new(), vec![0.0; m], 0.0);
        // Some blocks at a time, so that their columns do not add up to a matrix.
        for starts in starts.chunks(BLOCK) {
            let blocks: Vec<_> = starts.par_iter().map(block).collect();
            for (block_rows, block_columns, block_cost) in blocks {
                rows.extend(block_rows);
                columns.iter_mut().zip(block_columns).for_each(|(sum, c)| *sum += c);
                cost += block_cost;
            }
        }
        (rows, columns, cost)
    }
}
