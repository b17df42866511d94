//! Solving the linear assignment problem.
//!
//! Two algorithms, each for what it is good at. The [`auction`] with epsilon scaling settles nearly every row with cheap,
//! vectorised row scans, but ends within `n * epsilon` of the optimum and not at it. The [`repair`] by shortest augmenting
//! paths is exact from any prices and any partial assignment, but costs a graph search per row that it has to place. So the
//! auction's prices start the repair, which keeps what is provably right and places the rest. Nothing that the auction does
//! can make the result wrong: it may stop anywhere, and does so at a fixed budget of bids.
//!
//! Rejected: shortest augmenting paths alone (ten times slower at n = 2048), and an auction down to an epsilon that proves
//! optimality (`f32` prices stall below their rounding step, and ties make the number of bids explode).

mod auction;
mod costs;
mod repair;
mod scan;

pub(crate) use costs::Costs;
pub(crate) use scan::row_minimum;

use crate::{OtError, Real};

/// The optimal column of every row, and a dual potential of every column.
pub(crate) fn solve<A: Real>(costs: &Costs<'_, A>) -> Result<(Vec<usize>, Vec<f64>), OtError> {
    let start = auction::run(costs);
    repair::run(costs, start)
}

/// An assignment in the making.
#[derive(Debug)]
struct Partial {
    /// The column of a row, or [`NONE`].
    column_of: Vec<usize>,
    /// A potential per column: minus its price.
    potential: Vec<f64>,
}

/// Not assigned.
const NONE: usize = usize::MAX;
