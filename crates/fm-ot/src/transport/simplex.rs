//! The network simplex method on candidate pairs, checked on all pairs.
//!
//! Near the optimum only pairs with a small reduced cost can matter, so pivots are looked for among these: a few per row
//! instead of a whole matrix. When they offer no pivot any more, one pass over the matrix either proves that no pair
//! does, or finds more candidates. Rejected: to look for pivots in blocks of the matrix itself (the usual solver), which
//! reads a thousand times as many costs for a pivot and takes it before it has seen the better ones.

use super::problem::Problem;
use super::scan;
use super::tree::Tree;
use crate::Real;

/// Candidates per row at the start; ties may make any number of pairs equally good.
const MOST: usize = 64;
/// New candidates per row and pass, the most negative ones.
const MOST_NEW: usize = 8;
/// Rows between pivots: the best pair of these enters.
const BLOCK: usize = 16;
/// A reduced cost counts as negative below this many rounding steps of the potentials, which is more than pivots
/// accumulate before the potentials are computed anew; so every pivot is a true one, and none repeats.
const ROUNDING: f64 = 256.0;
/// Pivots per row and column. An optimum takes some tens from any start; with more, the plan is returned as it is, and says
/// so.
const PIVOTS: usize = 1000;

/// A pair that may enter the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<A> {
    pub(super) column: u32,
    pub(super) cost: A,
}

pub(super) struct Simplex<'a, 'c, A> {
    problem: &'a Problem<'c, A>,
    pub(super) tree: Tree,
    candidates: Vec<Vec<Candidate<A>>>,
    /// Below minus this, a reduced cost in a row is negative.
    tolerance: Vec<f64>,
    budget: usize,
}

impl<'a, 'c, A: Real> Simplex<'a, 'c, A> {
    /// With the pairs as candidates whose reduced cost under the column potentials `guess` is within `radius`.
    pub(super) fn new(problem: &'a Problem<'c, A>, tree: Tree, guess: &[f64], radius: f64) -> Self {
        let nearby = |i: usize| {
            let (costs, mut nearby) = (problem.row(i), Vec::new());
            problem.arch.dispatch(|| {
                let limit = scan::row_minimum(costs, guess) + radius;
                if limit < f64::INFINITY {
                    scan::collect_within(costs, guess, limit, MOST, &mut nearby);
                }
            });
            nearby
        };
        let candidates = (0..problem.n).map(nearby).collect();
        let (tolerance, budget) = (vec![0.0; problem.n], PIVOTS * (problem.n + problem.m));
        Self { problem, tree, candidates, tolerance, budget }
    }

    /// Another tree for the same problem.
    pub(super) fn restart(&mut self, tree: Tree) {
        self.tree = tree;
    }

    /// Pivots until no pair has a negative reduced cost, or the budget is spent; whether it is the former.
    pub(super) fn run(&mut self) -> bool {
        loop {
            self.refresh();
            while self.pivot_candidates() {
                self.refresh();
            }
            if !self.find_candidates() {
                return true;
            }
            if self.budget == 0 {
                return false;
            }
        }
    }

    fn refresh(&mut self) {
        self.tree.refresh(self.problem);
        let (rows, columns) = self.tree.potential.split_at(self.problem.n);
        let widest = columns.iter().fold(0.0, |w: f64, v| w.max(v.abs()));
        for (tolerance, u) in self.tolerance.iter_mut().zip(rows) {
            *tolerance = ROUNDING * f64::EPSILON * (u.abs() + widest);
        }
    }

    /// Pivots on the candidates, at most once per row and column; whether there may be more to do.
    fn pivot_candidates(&mut self) -> bool {
        let n = self.problem.n;
        let mut left = (n + self.problem.m).min(self.budget);
        let (mut row, mut clean) = (0, 0);
        while clean < n && left > 0 {
            let mut best = (0.0_f64, 0, 0);
            for _ in 0..BLOCK.min(n - clean) {
                let least = best.0.min(-self.tolerance[row]);
                best = self.best_of(row, least).unwrap_or(best);
                row = if row + 1 == n { 0 } else { row + 1 };
                clean += 1;
            }
            if best.0 < 0.0 {
                self.tree.exchange(best.1, best.2, 0, best.0);
                self.budget -= 1;
                (left, clean) = (left - 1, 0);
            }
        }
        clean < n && self.budget > 0
    }

    /// The candidate of a row with the smallest reduced cost below `least`: that cost, the row and the column.
    fn best_of(&self, row: usize, least: f64) -> Option<(f64, usize, usize)> {
        let (rows, columns) = self.tree.potential.split_at(self.problem.n);
        let (mut least, mut best) = (least, None);
        for candidate in &self.candidates[row] {
            let reduced = candidate.cost.widen() - rows[row] - columns[candidate.column as usize];
            if reduced < least {
                (least, best) = (reduced, Some((reduced, row, candidate.column as usize)));
            }
        }
        best
    }

    /// Adds the pairs with negative reduced costs to the candidates; whether there were any.
    fn find_candidates(&mut self) -> bool {
        let mut found = false;
        let (rows, columns) = self.tree.potential.split_at(self.problem.n);
        for (i, &u) in rows.iter().enumerate() {
            let (costs, limit) = (self.problem.row(i), u - self.tolerance[i]);
            let least = self.problem.arch.dispatch(|| scan::row_minimum(costs, columns));
            if least < limit {
                let mut violators = Vec::new();
                self.problem.arch.dispatch(|| scan::collect_within(costs, columns, limit, usize::MAX, &mut violators));
                let reduced = |c: &Candidate<A>| c.cost.widen() - columns[c.column as usize];
                if violators.len() > MOST_NEW {
                    violators.select_nth_unstable_by(MOST_NEW, |a, b| reduced(a).total_cmp(&reduced(b)));
                    violators.truncate(MOST_NEW);
                }
                self.candidates[i].extend(violators);
                found = true;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::masses::Masses;
    use super::super::start::{self, Flow};
    use super::*;
    use crate::limited::limited;

    #[test]
    fn a_spent_budget_is_told_from_an_optimum() {
        let _limited = limited();
        let masses = Masses::complete(&[1.0; 2], &[1.0; 2], [2.0; 2]).unwrap();
        let cost = array![[0.0, 1.0], [1.0, 0.0]];
        let problem = Problem::new(cost.view(), 1.0, &masses);
        let worst = [0, 1].map(|row| Flow { row, column: 1 - row, amount: masses.supply[row as usize] });
        let tree = start::tree(&problem, worst.to_vec(), &[0.0; 4]);
        let mut simplex = Simplex::new(&problem, tree, &[0.0; 2], 10.0);
        let budget = std::mem::take(&mut simplex.budget);
        assert!(!simplex.run());
        simplex.budget = budget;
        assert!(simplex.run());
        assert!(simplex.tree.flows().all(|(i, j, _)| i == j));
    }
}
