//! Jonker and Volgenant's column reduction.
//!
//! ```text
//! v_j = min_i c_ij,  u_i = 0,  and column j goes to the row that has the minimum, if it is free
//! ```
//!
//! A batch against itself in another order is solved by it, without another look at the costs; where it leaves few rows, it is a better
//! start for the repair than an auction.

use super::{Costs, NONE, Partial, Solution};
use crate::Real;

/// Rows that may be left, and one for this many.
const LEFT: (usize, usize) = (2, 16);

pub(super) enum Reduced<A> {
    /// All rows have a column.
    Optimal(Solution),
    /// All but a few.
    Nearly(Partial<A>),
}

/// What column reduction leaves, if it is not much.
pub(super) fn run<A: Real>(costs: &Costs<'_, A>) -> Option<Reduced<A>> {
    let n = costs.n;
    let mut column_of = vec![NONE; n];
    let mut left = n;
    for (column, least) in costs.column_minima.iter().enumerate() {
        let row = costs.cheapest_row(column);
        if column_of[row] == NONE && least.is_finite() {
            column_of[row] = column;
            left -= 1;
        }
    }
    if left > LEFT.0 + n / LEFT.1 {
        return None;
    }
    let potential =
        costs.column_minima.iter().map(|least| if least.is_finite() { least.widen() } else { 0.0 }).collect();
    Some(if left == 0 {
        Reduced::Optimal(Solution { column_of, column_potential: potential, row_potential: vec![0.0; n] })
    } else {
        Reduced::Nearly(Partial { column_of, potential, lists: None })
    })
}
