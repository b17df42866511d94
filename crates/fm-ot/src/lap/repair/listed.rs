//! A search that looks at the cheapest columns of each row only.
//!
//! Potentials of columns only fall during the repair, so what is outside a list stays at or above its bound. While the nearest column
//! found is nearer than that bound from any row of the path, the search is the one on whole rows; otherwise it gives up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use pulp::Simd;

use super::super::{Lists, NONE};
use super::Repair;
use crate::Real;
use crate::scan::TwoBest;

#[derive(Debug)]
pub(super) struct Listed<A> {
    lists: Lists<A>,
    /// Columns by distance, those that have been found nearer since included.
    frontier: BinaryHeap<Reverse<(i64, u32)>>,
    /// The columns whose distance is not infinite.
    reached: Vec<u32>,
    /// No column outside the lists is nearer than this.
    bound: f64,
}

impl<A: Real> Listed<A> {
    pub(super) fn new(lists: Lists<A>) -> Self {
        Self { lists, frontier: BinaryHeap::new(), reached: Vec::new(), bound: f64::INFINITY }
    }

    /// The two smallest of `cost[j] - potential[j]`, if the first is certainly in the list. The second is at most that of all
    /// columns.
    #[inline(always)]
    pub(super) fn two_best(&self, row: usize, potential: &[f64]) -> Option<TwoBest<f64>> {
        let bound = self.lists.bound(row);
        let mut two = TwoBest { column: NONE, best: f64::INFINITY, second: bound };
        for (column, cost) in self.lists.row(row) {
            let reduced = cost.widen() - potential[column as usize];
            if reduced < two.best {
                two.second = two.second.min(two.best);
                (two.column, two.best) = (column as usize, reduced);
            } else if reduced < two.second {
                two.second = reduced;
            }
        }
        (two.best < bound).then_some(two)
    }
}

impl<A: Real, S: Simd> Repair<'_, A, S> {
    /// Assigns a free row by a shortest augmenting path, if it can be found in the lists.
    #[inline(always)]
    pub(super) fn place_listed(&mut self, listed: &mut Listed<A>, row: usize) -> bool {
        self.settled.clear();
        listed.frontier.clear();
        listed.reached.clear();
        listed.bound = f64::INFINITY;
        self.relax_listed(listed, row, 0.0);
        let mut end = None;
        while let Some(Reverse((key, column))) = listed.frontier.pop() {
            let column = column as usize;
            let distance = self.distance[column];
            if order(distance) != key {
                continue;
            }
            if distance >= listed.bound {
                break;
            }
            if self.row_of[column] == NONE {
                end = Some((column, distance));
                break;
            }
            self.settled.push((column, distance));
            self.distance[column] = f64::NEG_INFINITY;
            self.relax_listed(listed, self.row_of[column], self.offset(column, distance));
        }
        for &column in &listed.reached {
            self.distance[column as usize] = f64::INFINITY;
        }
        if let Some((column, length)) = end {
            self.finish(row, column, length);
        }
        end.is_some()
    }

    #[inline(always)]
    fn relax_listed(&mut self, listed: &mut Listed<A>, row: usize, offset: f64) {
        listed.bound = listed.bound.min(listed.lists.bound(row) - offset);
        for (column, cost) in listed.lists.row(row) {
            let through = cost.widen() - self.potential[column as usize] - offset;
            let distance = &mut self.distance[column as usize];
            if through < *distance {
                if *distance == f64::INFINITY {
                    listed.reached.push(column);
                }
                *distance = through;
                self.origin[column as usize] = row as f64;
                listed.frontier.push(Reverse((order(through), column)));
            }
        }
    }
}

/// An integer that orders as the number does.
#[inline(always)]
fn order(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}
