//! Exact completion by shortest augmenting paths, in `f64`.
//!
//! Rows whose column is not exactly their cheapest under the given potentials lose it; each of them is then placed by a
//! shortest path in reduced costs (Dijkstra) to a free column, after which the potentials are raised so that every assigned
//! pair is tight again. The invariant, tight pairs under feasible potentials, is complementary slackness: when all rows are
//! placed, the assignment is optimal.

use super::{Costs, NONE, Partial, scan};
use crate::{OtError, Real};

pub(super) fn run<A: Real>(costs: &Costs<'_, A>, start: Partial) -> Result<(Vec<usize>, Vec<f64>), OtError> {
    let n = costs.n;
    let mut repair = Repair {
        costs,
        column_of: start.column_of,
        row_of: vec![NONE; n],
        potential: start.potential,
        distance: vec![0.0; n],
        origin: vec![NONE; n],
        settled: Vec::with_capacity(n),
    };
    for row in repair.keep_tight() {
        repair.place(row)?;
    }
    Ok((repair.column_of, repair.potential))
}

struct Repair<'a, 'c, A> {
    costs: &'a Costs<'c, A>,
    column_of: Vec<usize>,
    row_of: Vec<usize>,
    potential: Vec<f64>,
    /// Of a search: the length of the shortest known path to a column; `-inf` once it is settled, so that no rounding
    /// can shorten it again.
    distance: Vec<f64>,
    /// Of a search: the row from which the path enters a column.
    origin: Vec<usize>,
    /// Of a search: the settled columns with their final distances.
    settled: Vec<(usize, f64)>,
}

impl<A: Real> Repair<'_, '_, A> {
    /// Keeps the tight pairs, gives the other rows their cheapest column if it is free, and returns the rows left over.
    fn keep_tight(&mut self) -> Vec<usize> {
        let mut loose = Vec::new();
        for row in 0..self.costs.n {
            let (column, least) = cheapest(self.costs.row(row), &self.potential);
            let held = self.column_of[row];
            if held != NONE && self.costs.row(row)[held].widen() - self.potential[held] == least {
                self.row_of[held] = row;
            } else {
                self.column_of[row] = NONE;
                loose.push((row, if least < f64::INFINITY { column } else { NONE }));
            }
        }
        loose.retain(|&(row, column)| {
            let free = column != NONE && self.row_of[column] == NONE;
            if free {
                self.row_of[column] = row;
                self.column_of[row] = column;
            }
            !free
        });
        loose.into_iter().map(|(row, _)| row).collect()
    }

    /// Assigns a free row by a shortest augmenting path.
    fn place(&mut self, row: usize) -> Result<(), OtError> {
        self.distance.fill(f64::INFINITY);
        self.settled.clear();
        let mut scanned = 0;
        let mut nearest = self.relax(row, 0.0);
        let end = loop {
            if nearest == f64::INFINITY {
                return Err(OtError::Infeasible { row });
            }
            let mut end = None;
            scan::each_equal(&self.distance, nearest, |column| {
                if self.row_of[column] == NONE {
                    end = Some(column);
                } else {
                    self.settled.push((column, nearest));
                }
                end.is_none()
            });
            if let Some(column) = end {
                break column;
            }
            for &(column, _) in &self.settled[scanned..] {
                self.distance[column] = f64::NEG_INFINITY;
            }
            let level = nearest;
            nearest = f64::INFINITY;
            while scanned < self.settled.len() {
                let column = self.settled[scanned].0;
                let next = self.row_of[column];
                let offset = self.costs.row(next)[column].widen() - self.potential[column] - level;
                nearest = self.relax(next, offset);
                scanned += 1;
            }
        };
        for &(column, distance) in &self.settled {
            self.potential[column] += distance - nearest;
        }
        self.augment(row, end);
        Ok(())
    }

    /// Extends paths through `row`, and returns the smallest distance of a column that is not settled.
    fn relax(&mut self, row: usize, offset: f64) -> f64 {
        scan::relax(self.costs.row(row), &self.potential, offset, row, &mut self.distance, &mut self.origin)
    }

    /// Flips the path that ends at the free column `end` and began at `row`.
    fn augment(&mut self, row: usize, end: usize) {
        let mut column = end;
        loop {
            let entered_from = self.origin[column];
            self.row_of[column] = entered_from;
            std::mem::swap(&mut self.column_of[entered_from], &mut column);
            if entered_from == row {
                return;
            }
        }
    }
}

/// The first column that minimises `cost[j] - potential[j]`, and the minimum.
fn cheapest<A: Real>(cost: &[A], potential: &[f64]) -> (usize, f64) {
    let least = scan::row_minimum(cost, potential);
    let reduced = || cost.iter().zip(potential).map(|(c, v)| c.widen() - v);
    (reduced().position(|r| r == least).unwrap_or(0), least)
}
