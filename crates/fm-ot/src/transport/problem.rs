//! What the solver sees: checked costs, and masses that are whole numbers.

use ndarray::ArrayView2;
use pulp::Arch;

use super::masses::Masses;
use super::scan;
use crate::{OtError, Real};

/// Finite costs are at most this in absolute value, so that no sum along a path overflows.
const LARGEST: f64 = 1e300;

/// How many rows the spread is estimated from.
const SAMPLED_ROWS: usize = 32;

/// A matrix of costs in rows, without NaN and `-inf`, and what each side has.
pub(super) struct Problem<'a, A> {
    costs: &'a [A],
    /// Rows.
    pub(super) n: usize,
    /// Columns.
    pub(super) m: usize,
    pub(super) masses: &'a Masses,
    /// Standard deviation of the finite costs within a row, averaged over a sample of rows.
    pub(super) spread: f64,
    /// The largest finite cost in absolute value.
    pub(super) largest: f64,
    pub(super) arch: Arch,
}

impl<'a, A: Real> Problem<'a, A> {
    /// From a matrix that is in standard layout and passed [`check_costs`], with the largest cost that it found.
    pub(super) fn new(cost: ArrayView2<'a, A>, largest: f64, masses: &'a Masses) -> Self {
        let (n, m) = cost.dim();
        let costs = cost.to_slice().expect("the caller made the layout standard");
        let sample = costs.chunks(m).step_by(n.div_ceil(SAMPLED_ROWS));
        let count = sample.len() as f64;
        let spread = sample.map(|row| deviation(row) / count).sum();
        Self { costs, n, m, masses, spread, largest, arch: Arch::new() }
    }

    pub(super) fn row(&self, i: usize) -> &'a [A] {
        &self.costs[i * self.m..][..self.m]
    }

    /// The cost of a pair, where a forbidden one costs more than any detour around it.
    pub(super) fn cost(&self, i: usize, j: usize) -> f64 {
        let cost = self.costs[i * self.m + j].widen();
        if cost < f64::INFINITY { cost } else { self.detour() }
    }

    /// The largest feasible potential of each row under those of the columns; zero where every pair is forbidden.
    pub(super) fn source_potentials(&self, target: &[f64]) -> Vec<f64> {
        let least = |i| self.arch.dispatch(|| scan::row_minimum(self.row(i), target));
        (0..self.n).map(least).map(|u| if u < f64::INFINITY { u } else { 0.0 }).collect()
    }

    pub(super) fn is_forbidden(&self, i: usize, j: usize) -> bool {
        self.costs[i * self.m + j] == A::infinity()
    }

    /// More than the costs along any path without repetition, which has at most `2 min(n, m)` pairs.
    fn detour(&self) -> f64 {
        4.0 * (self.n.min(self.m) + 1) as f64 * if self.largest > 0.0 { self.largest } else { 1.0 }
    }
}

/// Finds the first NaN, `-inf` or value beyond 1e300; returns the largest finite cost in absolute value.
pub(super) fn check_costs<A: Real>(cost: ArrayView2<'_, A>) -> Result<f64, OtError> {
    let arch = Arch::new();
    let limit = if LARGEST < A::max_value().widen() { A::narrow(LARGEST) } else { A::max_value() };
    let values = cost.to_slice().expect("the caller made the layout standard");
    let mut largest = A::zero();
    for (row, costs) in values.chunks(cost.ncols().max(1)).enumerate() {
        let (magnitude, valid) = arch.dispatch(|| scan::magnitude(costs, limit));
        if !valid {
            let invalid = |c: &A| c.is_nan() || (c.abs() > limit && *c != A::infinity());
            let column = costs.iter().position(invalid).expect("the scan found one");
            return Err(OtError::InvalidCost { row, column, value: costs[column].widen() });
        }
        largest = largest.max(magnitude);
    }
    Ok(largest.widen())
}

/// The standard deviation of the finite values, relative to the widest so that squares of costs of 1e300 stay finite.
fn deviation<A: Real>(values: &[A]) -> f64 {
    let finite = || values.iter().filter(|c| c.is_finite()).map(|c| c.widen());
    let count = finite().count().max(1) as f64;
    let mean = finite().map(|c| c / count).sum::<f64>();
    let widest = finite().fold(0.0, |w: f64, c| w.max((c - mean).abs()));
    if widest == 0.0 {
        return 0.0;
    }
    widest * (finite().map(|c| ((c - mean) / widest).powi(2)).sum::<f64>() / count).sqrt()
}
