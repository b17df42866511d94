//! Transport in one dimension.
//!
//! For a convex cost of the difference, moving mass in sorted order is optimal (the matrix of sorted points is Monge, and its
//! north-west corner rule exact), so the problem is a sort. The potentials make the pairs along the way tight; in a Monge
//! matrix, that makes them feasible everywhere.

use ndarray::ArrayView1;

use super::masses::Masses;
use super::plan::{Duals, Entry, TransportPlan};
use crate::Real;

/// Moves the lowest mass of `x` that is left to the lowest place of `y` that is open.
pub(super) fn transport<A: Real>(x: ArrayView1<'_, A>, y: ArrayView1<'_, A>, masses: &Masses) -> TransportPlan {
    let (sources, targets) = (sorted(x), sorted(y));
    let square = |i: usize, j: usize| (x[i].widen() - y[j].widen()).powi(2);
    let mut duals = Duals { source: vec![0.0; x.len()], target: vec![0.0; y.len()], mass: 0.0, converged: true };
    let (mut k, mut l) = (0, 0);
    let (mut i, mut j) = (sources[0], targets[0]);
    let (mut left, mut room) = (masses.supply[i], masses.demand[j]);
    duals.source[i] = square(i, j);
    let mut entries = Vec::with_capacity(x.len() + y.len());
    loop {
        let mass = left.min(room);
        if mass > 0 {
            entries.push(Entry { row: i, column: j, mass });
        }
        (left, room) = (left - mass, room - mass);
        // The totals are equal: where the sources end, nothing is left for the targets that remain, and the reverse.
        if left == 0 && k + 1 < x.len() {
            k += 1;
            i = sources[k];
            left = masses.supply[i];
            duals.source[i] = square(i, j) - duals.target[j];
        } else if l + 1 < y.len() {
            l += 1;
            j = targets[l];
            room = masses.demand[j];
            duals.target[j] = square(i, j) - duals.source[i];
        } else {
            break;
        }
    }
    entries.sort_unstable_by_key(|e| (e.row, e.column));
    TransportPlan::new(square, masses, &entries, duals)
}

fn sorted<A: Real>(values: ArrayView1<'_, A>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].widen().total_cmp(&values[j].widen()));
    order
}
