//! Exact completion by shortest augmenting paths, in `f64`.
//!
//! Rows whose column is not exactly their cheapest under the given potentials lose it. Most of them find another by a few
//! exact bids; each of the rest is placed by a shortest path in reduced costs (Dijkstra) to a free column, after which the
//! potentials are raised so that every assigned pair is tight again. The invariant, tight pairs under feasible potentials,
//! is complementary slackness: when all rows are placed, the assignment is optimal.
//!
//! A search keeps to the lists while no column outside of them can be nearer than what it has found ([`listed`]); if that
//! fails, whole rows are searched. The potentials of the rows are computed from whole rows at the end, so that the
//! certificate trusts neither.

mod listed;

use pulp::Simd;

use super::{Costs, NONE, Partial, Solution};
use crate::{OtError, Real, scan};
use listed::Listed;

/// Bids for each row that has no column, before the search for paths.
const BIDS_PER_LOOSE_ROW: usize = 4;

#[inline(always)]
pub(super) fn run<A: Real, S: Simd>(s: S, costs: &Costs<'_, A>, start: Partial<A>) -> Result<Solution, OtError> {
    let n = costs.n;
    let padded = n.next_multiple_of(scan::WIDE);
    let mut potential = start.potential;
    potential.resize(padded, 0.0);
    let mut repair = Repair {
        s,
        costs,
        column_of: start.column_of,
        row_of: vec![NONE; n],
        potential,
        distance: vec![f64::INFINITY; padded],
        origin: vec![0.0; padded],
        settled: Vec::with_capacity(n),
    };
    let mut listed = start.lists.map(Listed::new);
    let mut loose = repair.keep_tight(listed.as_ref());
    repair.bid_for(&mut loose, listed.as_ref());
    for row in loose {
        let placed = match &mut listed {
            Some(listed) => repair.place_listed(listed, row),
            None => false,
        };
        if !placed {
            repair.place(row)?;
        }
    }
    let mut row_potential = vec![0.0; n];
    for (row, potential) in row_potential.iter_mut().enumerate() {
        *potential = scan::row_minimum(s, costs.row(row), &repair.potential);
    }
    repair.potential.truncate(n);
    Ok(Solution { column_of: repair.column_of, column_potential: repair.potential, row_potential })
}

struct Repair<'a, A, S> {
    s: S,
    costs: &'a Costs<'a, A>,
    column_of: Vec<usize>,
    row_of: Vec<usize>,
    /// As `distance` and `origin`, in whole steps of a pass.
    potential: Vec<f64>,
    /// Of a search: the length of the shortest known path to a column; `-inf` once it is settled, so that no rounding
    /// can shorten it again. Infinite between searches.
    distance: Vec<f64>,
    /// Of a search: the row from which the path enters a column. A float, to be as wide as a distance.
    origin: Vec<f64>,
    /// Of a search: the settled columns with their final distances.
    settled: Vec<(usize, f64)>,
}

impl<A: Real, S: Simd> Repair<'_, A, S> {
    /// Keeps the tight pairs, and returns the rows that lose their column.
    #[inline(always)]
    fn keep_tight(&mut self, listed: Option<&Listed<A>>) -> Vec<usize> {
        let mut loose = Vec::new();
        for row in 0..self.costs.n {
            let cost = self.costs.row(row);
            let least = match listed.and_then(|listed| listed.two_best(row, &self.potential)) {
                Some(found) => found.best,
                None => scan::row_minimum(self.s, cost, &self.potential),
            };
            let held = self.column_of[row];
            if held != NONE && cost[held].widen() - self.potential[held] == least {
                self.row_of[held] = row;
            } else {
                self.column_of[row] = NONE;
                loose.push(row);
            }
        }
        loose
    }

    /// Lets each row take its cheapest column and lower its potential until the second cheapest is as cheap: pairs stay tight,
    /// and the row that lost the column does the same (the augmenting row reduction of Jonker and Volgenant). A bid is one
    /// pass over a row, where a path takes many. What ties, or is left when the bids are used up, stays in `loose`.
    #[inline(always)]
    fn bid_for(&mut self, loose: &mut Vec<usize>, listed: Option<&Listed<A>>) {
        let mut budget = BIDS_PER_LOOSE_ROW * loose.len();
        for row in &mut *loose {
            *row = self.bid(*row, listed, &mut budget);
        }
        loose.retain(|&row| row != NONE);
    }

    /// The row that is left after a chain of bids that `row` begins, or [`NONE`].
    #[inline(always)]
    fn bid(&mut self, mut row: usize, listed: Option<&Listed<A>>, budget: &mut usize) -> usize {
        while *budget > 0 {
            *budget -= 1;
            let offer = match listed.and_then(|listed| listed.two_best(row, &self.potential)) {
                Some(offer) => offer,
                None => scan::two_best_reduced(self.s, self.costs.row(row), &self.potential),
            };
            if offer.best == f64::INFINITY {
                return row;
            }
            let holder = self.row_of[offer.column];
            if offer.second > offer.best && offer.second < f64::INFINITY {
                self.potential[offer.column] -= offer.second - offer.best;
            } else if holder != NONE {
                return row;
            }
            self.row_of[offer.column] = row;
            self.column_of[row] = offer.column;
            if holder == NONE {
                return NONE;
            }
            self.column_of[holder] = NONE;
            row = holder;
        }
        row
    }

    /// Assigns a free row by a shortest augmenting path.
    #[inline(always)]
    fn place(&mut self, row: usize) -> Result<(), OtError> {
        self.settled.clear();
        let mut scanned = 0;
        let mut nearest = self.relax(row, 0.0);
        let end = loop {
            if nearest == f64::INFINITY {
                return Err(OtError::Infeasible { row });
            }
            let level = nearest;
            if let Some(end) = self.settle(level) {
                break end;
            }
            nearest = f64::INFINITY;
            while scanned < self.settled.len() {
                let column = self.settled[scanned].0;
                nearest = self.relax(self.row_of[column], self.offset(column, level));
                scanned += 1;
            }
        };
        self.finish(row, end, nearest);
        self.distance.fill(f64::INFINITY);
        Ok(())
    }

    /// Settles every column at distance `nearest` at once, ties being common; or returns one of them that is free.
    #[inline(always)]
    fn settle(&mut self, nearest: f64) -> Option<usize> {
        let first = self.settled.len();
        let mut end = None;
        scan::each_equal(
            self.s,
            &self.distance,
            nearest,
            #[inline(always)]
            |column| {
                if self.row_of[column] == NONE {
                    end = Some(column);
                } else {
                    self.settled.push((column, nearest));
                }
                end.is_none()
            },
        );
        for k in first..self.settled.len() {
            self.distance[self.settled[k].0] = f64::NEG_INFINITY;
        }
        end
    }

    /// What to subtract from the reduced costs of the row that holds `column`, for paths that go through both.
    #[inline(always)]
    fn offset(&self, column: usize, distance: f64) -> f64 {
        self.costs.row(self.row_of[column])[column].widen() - self.potential[column] - distance
    }

    /// Extends paths through `row`, and returns the smallest distance of a column that is not settled.
    #[inline(always)]
    fn relax(&mut self, row: usize, offset: f64) -> f64 {
        let (distance, origin) = (&mut self.distance, &mut self.origin);
        scan::relax(self.s, self.costs.row(row), &self.potential, offset, row, distance, origin)
    }

    /// Raises the potentials so that the path to `end`, of length `length`, is tight, and flips the path.
    #[inline(always)]
    fn finish(&mut self, row: usize, end: usize, length: f64) {
        for &(column, distance) in &self.settled {
            self.potential[column] += distance - length;
        }
        let mut column = end;
        loop {
            let entered_from = self.origin[column] as usize;
            self.row_of[column] = entered_from;
            std::mem::swap(&mut self.column_of[entered_from], &mut column);
            if entered_from == row {
                return;
            }
        }
    }
}
