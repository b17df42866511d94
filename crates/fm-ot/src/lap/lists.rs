//! The cheapest columns of each row.
//!
//! Prices only rise, so what is outside a row's list stays at or above the threshold that the list was cut at: a bid whose second
//! best is below it needs a few gathers and no pass over the row. When the prices inside have risen to the threshold, the list
//! is cut again. Choosing by rank among the values themselves, and not by lowering a threshold, is what makes progress
//! when more values tie than a list holds.

use std::cmp::Ordering;

use pulp::{Simd, bytemuck};

use super::scan::{self, TwoBest};
use crate::Real;
use crate::lanes::width;

/// Columns a row lists at most. About 54 are expected: see [`scan::likely_threshold`].
const LONGEST: usize = 96;

/// Lists pay if this many bids are made from one before it is cut again.
const BIDS_PER_CUT: usize = 8;

/// For each row, columns and costs, and the value below which nothing is missing.
#[derive(Debug)]
pub(super) struct Lists<A> {
    entries: Vec<(u32, A)>,
    lengths: Vec<usize>,
    thresholds: Vec<A>,
    /// Of a cut: the columns up to the threshold, with their values.
    found: Vec<(u32, A)>,
    bids: usize,
    cuts: usize,
}

impl<A: Real> Lists<A> {
    /// Empty lists, complete up to nothing.
    #[inline(always)]
    pub(super) fn new(n: usize) -> Self {
        Self {
            entries: vec![(0, A::zero()); n * LONGEST],
            lengths: vec![0; n],
            thresholds: vec![A::neg_infinity(); n],
            found: Vec::with_capacity(n),
            bids: 0,
            cuts: 0,
        }
    }

    /// Whether cutting lists, after the first of each row, is worth its time: where prices move far, whole rows are faster.
    #[inline(always)]
    pub(super) fn pay(&self) -> bool {
        self.cuts < self.lengths.len() + self.bids / BIDS_PER_CUT
    }

    /// The listed columns of a row with their costs.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[(u32, A)] {
        &self.entries[row * LONGEST..][..self.lengths[row]]
    }

    /// What `cost + price` is at least, in exact arithmetic, for a column that is not listed.
    #[inline(always)]
    pub(super) fn bound(&self, row: usize) -> f64 {
        let threshold = self.thresholds[row].widen();
        if threshold.is_finite() { threshold - threshold.abs() * A::epsilon().widen() } else { threshold }
    }

    /// The two smallest of `cost + price`.
    #[inline(always)]
    pub(super) fn two_best<S: Simd>(&mut self, s: S, row: usize, cost: &[A], price: &[A]) -> TwoBest<A> {
        self.bids += 1;
        let listed = self.listed_best(row, price);
        if listed.second <= self.thresholds[row] && self.lengths[row] > 0 {
            return listed;
        }
        self.cuts += 1;
        self.cut(s, row, cost, price);
        self.listed_best(row, price)
    }

    #[inline(always)]
    fn listed_best(&self, row: usize, price: &[A]) -> TwoBest<A> {
        let mut offer = TwoBest { column: 0, best: A::infinity(), second: A::infinity() };
        let list = self.row(row);
        for &(column, cost) in list {
            let value = cost + price[column as usize];
            if value < offer.second {
                if value < offer.best {
                    offer = TwoBest { column: column as usize, best: value, second: offer.best };
                } else {
                    offer.second = value;
                }
            }
        }
        offer
    }

    /// Lists the cheapest columns at the present prices.
    #[inline(always)]
    fn cut<S: Simd>(&mut self, s: S, row: usize, cost: &[A], price: &[A]) {
        let mut threshold = scan::likely_threshold(s, cost, price);
        let finite = if threshold < A::infinity() { threshold } else { A::max_value() };
        let at_most = A::splat(s, finite);
        self.found.clear();
        let (costs, tail) = A::vectors::<S>(cost);
        let (prices, _) = A::vectors::<S>(price);
        for k in 0..costs.len() {
            self.collect(s, k, A::sum(s, costs[k], prices[k]), at_most);
        }
        if !tail.is_empty() {
            let k = costs.len();
            self.collect(s, k, A::sum(s, A::part(s, tail), prices[k]), at_most);
        }
        if self.found.len() > LONGEST {
            let order =
                |a: &(u32, A), b: &(u32, A)| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0));
            let (_, first_left_out, _) = self.found.select_nth_unstable_by(LONGEST, order);
            threshold = first_left_out.1;
            self.found.truncate(LONGEST);
        }
        for (entry, &(column, _)) in self.entries[row * LONGEST..].iter_mut().zip(&self.found) {
            *entry = (column, cost[column as usize]);
        }
        self.lengths[row] = self.found.len();
        self.thresholds[row] = threshold;
    }

    #[inline(always)]
    fn collect<S: Simd>(&mut self, s: S, vector: usize, values: A::Vector<S>, at_most: A::Vector<S>) {
        let mut bits = A::bits::<S>(A::at_most(s, values, at_most));
        if bits != 0 {
            let values = [values];
            let values = bytemuck::cast_slice::<A::Vector<S>, A>(&values);
            while bits != 0 {
                let lane = bits.trailing_zeros() as usize;
                self.found.push(((vector * width::<A, S>() + lane) as u32, values[lane]));
                bits &= bits - 1;
            }
        }
    }
}
