//! Solving the linear assignment problem.
//!
//! Two algorithms, each for what it is good at. The [`auction`] with epsilon scaling settles nearly every row with cheap,
//! vectorised row scans, but ends within `n * epsilon` of the optimum and not at it. The [`repair`] by exact bids and shortest augmenting
//! paths is exact from any prices and any partial assignment, but costs a graph search per row that it has to place. So the
//! auction's prices start the repair, which keeps what is provably right and places the rest. Nothing that the auction does
//! can make the result wrong: it may stop anywhere, and does so at a fixed budget of bids. Where column [`reduction`] leaves next to
//! nothing to do, there is no auction.
//!
//! Large problems are bound by memory, so both work on [`lists`] of the cheapest columns of each row where they can, and
//! look at whole rows where they must.
//!
//! Rejected: shortest augmenting paths alone (ten times slower at n = 2048), and an auction down to an epsilon that proves
//! optimality (`f32` prices stall below their rounding step, and ties make the number of bids explode).

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the vector unit of the function that it is inlined into"
)]

mod auction;
mod costs;
mod lists;
mod reduction;
mod repair;

pub(crate) use costs::Costs;
use lists::Lists;
use pulp::{Arch, Simd, WithSimd};
use reduction::Reduced;

use crate::{OtError, Real};

/// The optimal column of every row, and a dual potential of every column and row.
#[derive(Debug)]
pub(crate) struct Solution {
    pub(crate) column_of: Vec<usize>,
    pub(crate) column_potential: Vec<f64>,
    pub(crate) row_potential: Vec<f64>,
}

/// Solves on the vector unit `arch`, from the column potentials `warm` if there are any.
pub(crate) fn solve<A: Real>(arch: Arch, costs: &Costs<'_, A>, warm: Option<&[f64]>) -> Result<Solution, OtError> {
    arch.dispatch(Solve { costs, warm })
}

struct Solve<'a, A> {
    costs: &'a Costs<'a, A>,
    warm: Option<&'a [f64]>,
}

impl<A: Real> WithSimd for Solve<'_, A> {
    type Output = Result<Solution, OtError>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> Self::Output {
        let Self { costs, warm } = self;
        let reduced = if warm.is_none() { reduction::run(costs) } else { None };
        match reduced {
            Some(Reduced::Optimal(solution)) => Ok(solution),
            Some(Reduced::Nearly(start)) => repair::run(s, costs, start),
            None => repair::run(s, costs, auction::run(s, costs, warm)),
        }
    }
}

/// An assignment in the making.
#[derive(Debug)]
struct Partial<A> {
    /// The column of a row, or [`NONE`].
    column_of: Vec<usize>,
    /// A potential per column: minus its price.
    potential: Vec<f64>,
    /// Where to look first, with prices that are minus those potentials.
    lists: Option<Lists<A>>,
}

/// Not assigned.
const NONE: usize = usize::MAX;

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::lanes::units;
    use crate::limited::limited;

    fn total_on<A: Real>(arch: Arch, cost: &Array2<A>) -> f64 {
        let costs = Costs::new(arch, cost.view()).unwrap();
        let solution = solve(arch, &costs, None).unwrap();
        let total: f64 = solution.column_of.iter().enumerate().map(|(i, &j)| cost[[i, j]].widen()).sum();
        let dual: f64 = solution.column_potential.iter().chain(&solution.row_potential).sum();
        assert!((total - dual).abs() <= 1e-9 * total, "{arch:?}: {total} against {dual}");
        total
    }

    /// Products of residues: no floating-point rounding, many near ties, a hard instance for greedy choices.
    #[test]
    fn every_vector_unit_finds_the_same_cost() {
        let _limited = limited();
        for n in [1, 7, 33, 250, 1600] {
            let cost = Array2::from_shape_fn((n, n), |(i, j)| {
                ((i * 7919 + 13) % 1009 * ((j * 104_729 + 7) % 997) % 4096) as f64
            });
            let expected = total_on(Arch::new(), &cost.mapv(|c| c as f32));
            for arch in units() {
                assert_eq!(total_on(arch, &cost.mapv(|c| c as f32)), expected, "{arch:?} at n = {n}");
                if n < 1000 {
                    assert_eq!(total_on(arch, &cost), expected, "{arch:?} in f64 at n = {n}");
                }
            }
        }
    }

    /// Column reduction places all rows, all but a few, and too few to start from.
    #[test]
    fn a_batch_and_its_permutation_are_told_by_the_columns() {
        let _limited = limited();
        let n = 333;
        for (moved, reduced) in [(0, "optimal"), (5, "nearly"), (200, "none")] {
            let cost = Array2::from_shape_fn((n, n), |(i, j)| {
                let (x, y) = (i as f64, (j * 100 % n) as f64);
                let y = if (j * 100 % n) < moved { 2.0 * y + 50.0 } else { y };
                (x - y) * (x - y)
            });
            let costs = Costs::new(Arch::new(), cost.view()).unwrap();
            let found = match reduction::run(&costs) {
                Some(Reduced::Optimal(_)) => "optimal",
                Some(Reduced::Nearly(_)) => "nearly",
                None => "none",
            };
            assert_eq!(found, reduced, "{moved} moved");
            for arch in units() {
                assert_eq!(total_on(arch, &cost), total_on(Arch::new(), &cost), "{moved} moved, {arch:?}");
            }
        }
    }
}
