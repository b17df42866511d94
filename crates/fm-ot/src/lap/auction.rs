//! Bertsekas' auction with epsilon scaling, one bid at a time.
//!
//! ```text
//! row i takes the column that minimises c_ij + p_j, and raises its price by  (second best - best) + epsilon
//! ```
//!
//! A row that is outbid bids again at once. With a large epsilon prices move far in few bids, with a small one the
//! assignment ends close to the optimum; each phase starts from the prices of the phase before.

use super::scan::two_best;
use super::{Costs, NONE, Partial};
use crate::Real;

/// The first epsilon, in standard deviations of the cost.
const FIRST: f64 = 0.3;
/// The last epsilon, in standard deviations of the cost per row.
const LAST: f64 = 0.3;
/// The factor from one epsilon to the next.
const RATIO: f64 = 8.0;
/// The last epsilon is at least this many rounding steps of the costs, below which prices would not move.
const ROUNDING: f64 = 4.0;
/// Bids per row and phase, beyond which ties or forbidden pairs are making prices creep, and the repair is faster.
const BIDS_PER_ROW: usize = 200;

pub(super) fn run<A: Real>(costs: &Costs<'_, A>) -> Partial {
    let n = costs.n;
    let mut auction = Auction { costs, price: vec![A::zero(); n], row_of: vec![NONE; n] };
    let last = (LAST * costs.spread / n as f64).max(ROUNDING * A::epsilon().widen() * costs.magnitude);
    let mut epsilon = (FIRST * costs.spread).max(last);
    while costs.spread > 0.0 && auction.phase(epsilon) && epsilon > last {
        epsilon = (epsilon / RATIO).max(last);
    }
    auction.finish()
}

struct Auction<'a, 'c, A> {
    costs: &'a Costs<'c, A>,
    price: Vec<A>,
    row_of: Vec<usize>,
}

impl<A: Real> Auction<'_, '_, A> {
    /// Places every row anew; whether it managed within the budget.
    fn phase(&mut self, epsilon: f64) -> bool {
        self.row_of.fill(NONE);
        let mut budget = BIDS_PER_ROW * self.costs.n;
        for row in 0..self.costs.n {
            let mut bidder = row;
            while bidder != NONE {
                if budget == 0 {
                    return false;
                }
                budget -= 1;
                bidder = self.bid(bidder, A::narrow(epsilon));
            }
        }
        true
    }

    /// Lets `row` take its best column, and returns the row that held it.
    fn bid(&mut self, row: usize, epsilon: A) -> usize {
        let offer = two_best(self.costs.row(row), &self.price);
        if offer.best == A::infinity() {
            return NONE;
        }
        let margin = if offer.second == A::infinity() { A::zero() } else { offer.second - offer.best };
        self.price[offer.column] += margin + epsilon;
        std::mem::replace(&mut self.row_of[offer.column], row)
    }

    fn finish(self) -> Partial {
        let mut column_of = vec![NONE; self.costs.n];
        for (column, &row) in self.row_of.iter().enumerate().filter(|(_, row)| **row != NONE) {
            column_of[row] = column;
        }
        let mut potential: Vec<f64> = self.price.iter().map(|p| -p.widen()).collect();
        if potential.iter().any(|v| !v.is_finite()) {
            potential.fill(0.0);
        }
        Partial { column_of, potential }
    }
}
