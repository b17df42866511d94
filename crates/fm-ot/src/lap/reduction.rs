//! Jonker and Volgenant's column reduction.
//!
//! ```text
//! v_j = min_i c_ij,  u_i = 0,  and column j goes to the row that has the minimum, if it is free
//! ```
//!
//! A batch against itself in another order is solved by it, without another look at the costs. Where it leaves few rows, or where
//! costs are few small whole numbers, it is a better start for the repair than an auction.

use super::costs::SAMPLED_ROWS;
use super::{Costs, NONE, Partial, Solution};
use crate::Real;

/// Rows that may be left, and one for this many.
const LEFT: (usize, usize) = (2, 16);

/// Columns in which most rows of a sample are cheapest, from which any number of rows may be left: with so many ties the repair
/// finds columns for them in a step or two.
const TIES: usize = 8;

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
    if left > LEFT.0 + n / LEFT.1 && !ties(costs) {
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

/// Whether most rows are among the cheapest in many columns. A few rows may be so in any problem: sources near the centre of the
/// targets.
fn ties<A: Real>(costs: &Costs<'_, A>) -> bool {
    let rows = (0..costs.n).step_by(costs.n.div_ceil(SAMPLED_ROWS));
    let tight = |row: usize| costs.row(row).iter().zip(&costs.column_minima).filter(|(c, least)| c == least).count();
    let sampled = rows.len();
    2 * rows.filter(|&row| tight(row) >= TIES).count() > sampled
}
