//! The cheapest columns of each row.
//!
//! Prices only rise, so what is outside a row's list stays at or above the threshold that the list was cut at: a bid whose second
//! best is below it needs a few gathers and no pass over the row. When the prices inside have risen to the threshold, the list
//! is cut again, unless lists have been too short-lived for that to pay. Choosing by rank among the values themselves, and not by lowering a threshold, is what makes progress
//! when more values tie than a list holds.

use std::cmp::Ordering;

use pulp::Simd;

use crate::Real;
use crate::lanes::width;
use crate::scan::{self, TwoBest};

/// Columns a row lists at most. About 54 are expected: see [`scan::likely_threshold`].
const LONGEST: usize = 96;

/// Lists pay if this many bids are made from one before it is cut again.
const BIDS_PER_CUT: usize = 8;

/// Columns that are compared before their bits are looked at.
const WORD: usize = 64;

/// Places that are written at once.
const AT_ONCE: usize = 4;

/// For each row, columns and costs, and the value below which nothing is missing.
#[derive(Debug)]
pub(super) struct Lists<A> {
    columns: Vec<u32>,
    costs: Vec<A>,
    lengths: Vec<usize>,
    thresholds: Vec<A>,
    /// Of a cut: the columns up to the threshold, and room for writing some too many.
    found: Vec<u32>,
    bids: usize,
    cuts: usize,
}

impl<A: Real> Lists<A> {
    /// Empty lists, complete up to nothing.
    #[inline(always)]
    pub(super) fn new(n: usize) -> Self {
        Self {
            columns: vec![0; n * LONGEST],
            costs: vec![A::zero(); n * LONGEST],
            lengths: vec![0; n],
            thresholds: vec![A::neg_infinity(); n],
            found: vec![0; n + AT_ONCE],
            bids: 0,
            cuts: 0,
        }
    }

    /// Whether cutting a list, after the first of each row, is worth its time: where prices move far, whole rows are faster.
    #[inline(always)]
    fn pay(&self) -> bool {
        self.cuts < self.lengths.len() + self.bids / BIDS_PER_CUT
    }

    /// The listed columns of a row with their costs.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (u32, A)> {
        let (columns, costs) = self.slices(row);
        columns.iter().copied().zip(costs.iter().copied())
    }

    #[inline(always)]
    fn slices(&self, row: usize) -> (&[u32], &[A]) {
        let (from, length) = (row * LONGEST, self.lengths[row]);
        (&self.columns[from..][..length], &self.costs[from..][..length])
    }

    /// What `cost + price` is at least, in exact arithmetic, for a column that is not listed.
    #[inline(always)]
    pub(super) fn bound(&self, row: usize) -> f64 {
        let threshold = self.thresholds[row].widen();
        if threshold.is_finite() { threshold - threshold.abs() * A::epsilon().widen() } else { threshold }
    }

    /// The two smallest of `cost + price`, if they are certainly in the list or a new one may be cut.
    #[inline(always)]
    pub(super) fn two_best<S: Simd>(&mut self, s: S, row: usize, cost: &[A], price: &[A]) -> Option<TwoBest<A>> {
        self.bids += 1;
        let listed = self.listed_best(s, row, price);
        if listed.second <= self.thresholds[row] && self.lengths[row] > 0 {
            return Some(listed);
        }
        self.pay().then(
            #[inline(always)]
            || {
                self.cuts += 1;
                self.cut(s, row, cost, price);
                self.listed_best(s, row, price)
            },
        )
    }

    #[inline(always)]
    fn listed_best<S: Simd>(&self, s: S, row: usize, price: &[A]) -> TwoBest<A> {
        let (columns, costs) = self.slices(row);
        let mut prices = [A::infinity(); LONGEST];
        for (p, &column) in prices.iter_mut().zip(columns) {
            *p = price[column as usize];
        }
        let [mut offer] = scan::two_best(s, [costs], &prices);
        offer.column = columns.get(offer.column).map_or(0, |&column| column as usize);
        offer
    }

    /// Lists the cheapest columns at the present prices.
    #[inline(always)]
    fn cut<S: Simd>(&mut self, s: S, row: usize, cost: &[A], price: &[A]) {
        let mut threshold = scan::likely_threshold(s, cost, price);
        let finite = if threshold < A::infinity() { threshold } else { A::max_value() };
        let mut found = self.collect(s, cost, price, finite);
        if found > LONGEST {
            let value = |column: u32| cost[column as usize] + price[column as usize];
            let order = |a: &u32, b: &u32| value(*a).partial_cmp(&value(*b)).unwrap_or(Ordering::Equal).then(a.cmp(b));
            let (_, first_left_out, _) = self.found[..found].select_nth_unstable_by(LONGEST, order);
            threshold = value(*first_left_out);
            found = LONGEST;
        }
        let from = row * LONGEST;
        self.columns[from..][..found].copy_from_slice(&self.found[..found]);
        for (c, &column) in self.costs[from..].iter_mut().zip(&self.found[..found]) {
            *c = cost[column as usize];
        }
        self.lengths[row] = found;
        self.thresholds[row] = threshold;
    }

    /// Finds the columns where `cost + price` is at most a value, and returns how many there are.
    #[inline(always)]
    fn collect<S: Simd>(&mut self, s: S, cost: &[A], price: &[A], value: A) -> usize {
        let (value, lanes) = (A::splat(s, value), width::<A, S>());
        let ((costs, tail), (prices, _)) = (A::vectors::<S>(cost), A::vectors::<S>(price));
        let together = WORD / lanes;
        let mut found = 0;
        for (word, costs) in costs.chunks(together).enumerate() {
            let mut bits = 0;
            for (u, &c) in costs.iter().enumerate() {
                let sum = A::sum(s, c, prices[word * together + u]);
                bits |= A::bits::<S>(A::at_most(s, sum, value)) << (u * lanes);
            }
            self.append(bits, word * WORD, &mut found);
        }
        if !tail.is_empty() {
            let sum = A::sum(s, A::part(s, tail), prices[costs.len()]);
            self.append(A::bits::<S>(A::at_most(s, sum, value)), costs.len() * lanes, &mut found);
        }
        found
    }

    /// Appends the places of the bits that are set. Few are, and at random: always writing some costs less than asking whether to.
    #[inline(always)]
    fn append(&mut self, mut bits: u64, first: usize, found: &mut usize) {
        let end = *found + bits.count_ones() as usize;
        while *found < end {
            for place in &mut self.found[*found..][..AT_ONCE] {
                *place = first as u32 + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
            *found += AT_ONCE;
        }
        *found = end;
    }
}
