//! Bertsekas' auction with epsilon scaling, a few bids at a time.
//!
//! ```text
//! row i takes the column that minimises c_ij + p_j, and raises its price by  (second best - best) + epsilon
//! ```
//!
//! A row that is outbid bids again in the next round. With a large epsilon prices move far in few bids, with a small one the
//! assignment ends close to the optimum; each phase starts from the prices of the phase before. The first prices are those of
//! Jonker and Volgenant's column reduction.
//!
//! A large problem skips the coarse phases: its first rows and columns are a sample of it, and their prices, once extended to all
//! columns, are a fair guess.

use pulp::Simd;

use super::{Costs, Lists, NONE, Partial};
use crate::Real;
use crate::scan::{self, LANES};

/// The first epsilon, in mean deviations of the cost.
const FIRST: f64 = 0.2;
/// The last epsilon, in mean deviations of the cost per row.
const LAST: f64 = 0.6;
/// The first epsilon from good prices, in units of the last.
const RESUMED: f64 = 100.0;
/// The factor from one epsilon to the next, about.
const RATIO: f64 = 5.0;
/// The last epsilon is at least this many rounding steps of the costs, below which prices would not move.
const ROUNDING: f64 = 4.0;
/// Bids per row, beyond which ties or forbidden pairs are making prices creep, and the repair is faster.
const BIDS_PER_ROW: usize = 200;
/// Rows that bid at once, to hide the time that each of them waits for its result. A phase ends when no more than this
/// many are left: the last columns take long chains of bids to find, one after the other, that the next phase or the repair
/// does not need.
const TOGETHER: usize = 4;
/// From this size, the last epsilon is put to the test on [`TESTED`] rows: it is too coarse where more than [`DISCONTENT`] of them
/// would rather have another column than theirs, by however little. Half to two thirds is what it leaves usually.
const TESTED_FROM: usize = 500;
const TESTED: usize = 64;
const DISCONTENT: f64 = 7.0 / 8.0;
/// From this size, a sample of a quarter comes first.
const SAMPLED_FROM: usize = 1000;
/// From this size, rows no longer come from a near cache and lists pay.
const LISTED_FROM: usize = 1500;

#[inline(always)]
pub(super) fn run<A: Real, S: Simd>(s: S, costs: &Costs<'_, A>, warm: Option<&[f64]>) -> Partial<A> {
    let mut size = costs.n;
    while warm.is_none() && size >= SAMPLED_FROM {
        size /= 4;
    }
    let price = match warm {
        Some(potential) => prices_of(potential, costs.magnitude),
        None => costs.column_minima[..size].iter().map(|&least| finite_or_zero(-least)).collect(),
    };
    let mut auction = Auction::new(s, costs.leading(size), price);
    auction.run(if warm.is_some() { RESUMED * auction.last() } else { FIRST * costs.spread });
    while size < costs.n {
        size = if 4 * size + 4 > costs.n { costs.n } else { 4 * size };
        auction = auction.enlarged(costs.leading(size));
        auction.run(RESUMED * auction.last());
    }
    if size >= TESTED_FROM {
        auction.refine();
    }
    auction.finish()
}

/// Minus the potentials, up to a constant. Optimal ones need not differ by more than costs do; larger differences, of whatever
/// origin, would only drown the costs.
fn prices_of<A: Real>(potential: &[f64], magnitude: f64) -> Vec<A> {
    let least = potential.iter().copied().fold(f64::INFINITY, f64::min);
    potential.iter().map(|v| A::narrow(-(v - least).min(4.0 * magnitude))).collect()
}

fn finite_or_zero<A: Real>(price: A) -> A {
    if price.is_finite() { price } else { A::zero() }
}

struct Auction<'a, A, S> {
    s: S,
    costs: Costs<'a, A>,
    /// With infinities behind, up to a whole vector.
    price: Vec<A>,
    row_of: Vec<usize>,
    lists: Option<Lists<A>>,
    /// The rows without a column that bid in this round.
    bidders: Vec<usize>,
    /// The rows that lost theirs in this round.
    outbid: Vec<usize>,
}

impl<'a, A: Real, S: Simd> Auction<'a, A, S> {
    #[inline(always)]
    fn new(s: S, costs: Costs<'a, A>, mut price: Vec<A>) -> Self {
        let n = costs.n;
        price.resize(n.next_multiple_of(LANES), A::infinity());
        let lists = (n >= LISTED_FROM).then(|| Lists::new(n));
        let [bidders, outbid] = [Vec::with_capacity(n), Vec::with_capacity(n)];
        Self { s, costs, price, row_of: vec![NONE; n], lists, bidders, outbid }
    }

    /// The epsilon of the last phase.
    fn last(&self) -> f64 {
        let Costs { n, spread, .. } = self.costs;
        (LAST * spread / n as f64).max(self.least())
    }

    /// The least epsilon that moves prices.
    fn least(&self) -> f64 {
        ROUNDING * A::epsilon().widen() * self.costs.magnitude
    }

    /// Every phase from `epsilon` to the last in equal steps, within the budget.
    #[inline(always)]
    fn run(&mut self, epsilon: f64) {
        let last = self.last();
        let span = (epsilon / last).max(1.0);
        let steps = (span.ln() / RATIO.ln()).round().max(1.0);
        let mut budget = BIDS_PER_ROW * self.costs.n;
        let mut left = steps;
        while self.costs.spread > 0.0
            && left >= 0.0
            && self.phase(A::narrow(last * span.powf(left / steps)), &mut budget)
        {
            left -= 1.0;
        }
    }

    /// Finer phases, where the last epsilon is above the differences that matter: those of neighbours on a line, say.
    #[inline(always)]
    fn refine(&mut self) {
        let mut epsilon = self.last();
        let mut budget = BIDS_PER_ROW * self.costs.n;
        while epsilon > self.least() && self.is_coarse() {
            epsilon = (epsilon / RATIO).max(self.least());
            if !self.phase(A::narrow(epsilon), &mut budget) {
                return;
            }
        }
    }

    #[inline(always)]
    fn is_coarse(&self) -> bool {
        let [mut rows, mut elsewhere] = [0_usize; 2];
        for column in (0..self.costs.n).step_by(self.costs.n / TESTED) {
            let row = self.row_of[column];
            if row != NONE {
                let cost = self.costs.row(row);
                let best = scan::two_best(self.s, [cost], &self.price)[0].best;
                rows += 1;
                elsewhere += usize::from(cost[column] + self.price[column] > best);
            }
        }
        elsewhere as f64 > DISCONTENT * rows as f64
    }

    /// Places nearly every row anew; whether it managed within the budget.
    #[inline(always)]
    fn phase(&mut self, epsilon: A, budget: &mut usize) -> bool {
        self.row_of.fill(NONE);
        self.outbid.clear();
        self.outbid.extend(0..self.costs.n);
        while self.outbid.len() > TOGETHER {
            if *budget < self.outbid.len() {
                return false;
            }
            *budget -= self.outbid.len();
            std::mem::swap(&mut self.bidders, &mut self.outbid);
            self.outbid.clear();
            self.round(epsilon);
        }
        true
    }

    /// Lets each of the bidders bid once, from its list if it has one that is long enough.
    #[inline(always)]
    fn round(&mut self, epsilon: A) {
        let mut together = [NONE; TOGETHER];
        let mut waiting = 0;
        for k in 0..self.bidders.len() {
            let row = self.bidders[k];
            if let Some(lists) = &mut self.lists
                && let Some(offer) = lists.two_best(self.s, row, self.costs.row(row), &self.price)
            {
                self.accept(row, offer, epsilon);
                continue;
            }
            together[waiting] = row;
            waiting += 1;
            if waiting == TOGETHER {
                self.bid(together, epsilon);
                waiting = 0;
            }
        }
        for &row in &together[..waiting] {
            self.bid([row], epsilon);
        }
    }

    /// Lets some rows bid at the same prices; of those that want the same column, only the first does.
    #[inline(always)]
    fn bid<const ROWS: usize>(&mut self, rows: [usize; ROWS], epsilon: A) {
        let mut costs = [&[] as &[A]; ROWS];
        for r in 0..ROWS {
            costs[r] = self.costs.row(rows[r]);
        }
        let offers = scan::two_best(self.s, costs, &self.price);
        for r in 0..ROWS {
            let mut taken = false;
            for earlier in &offers[..r] {
                taken |= earlier.column == offers[r].column;
            }
            if taken {
                self.outbid.push(rows[r]);
            } else {
                self.accept(rows[r], offers[r], epsilon);
            }
        }
    }

    /// Lets `row` take its best column from the row that held it. A row without a best one is left out.
    #[inline(always)]
    fn accept(&mut self, row: usize, offer: scan::TwoBest<A>, epsilon: A) {
        if offer.best == A::infinity() {
            return;
        }
        let margin = if offer.second == A::infinity() { A::zero() } else { offer.second - offer.best };
        self.price[offer.column] += margin + epsilon;
        let outbid = std::mem::replace(&mut self.row_of[offer.column], row);
        if outbid != NONE {
            self.outbid.push(outbid);
        }
    }

    /// A larger problem, at the least prices at which no row of this one would rather have another column.
    #[inline(always)]
    fn enlarged(self, larger: Costs<'a, A>) -> Self {
        let mut price = vec![A::neg_infinity(); larger.n];
        for row in 0..self.costs.n {
            let offer = scan::two_best(self.s, [self.costs.row(row)], &self.price)[0].best;
            if offer.is_finite() {
                scan::deter(self.s, larger.row(row), offer, &mut price);
            }
        }
        for p in &mut price {
            *p = finite_or_zero(*p);
        }
        Self::new(self.s, larger, price)
    }

    fn finish(self) -> Partial<A> {
        let n = self.costs.n;
        let mut column_of = vec![NONE; n];
        for (column, &row) in self.row_of.iter().enumerate().filter(|(_, row)| **row != NONE) {
            column_of[row] = column;
        }
        let mut potential: Vec<f64> = self.price[..n].iter().map(|p| -p.widen()).collect();
        if potential.iter().any(|v| !v.is_finite()) {
            // Prices beyond the range of the type say nothing.
            return Partial { column_of, potential: vec![0.0; n], lists: None };
        }
        if self.costs.whole && self.last() < 1.0 {
            // What is not whole are the epsilons of the bids, which would hide that many pairs tie. Prices that fall leave the
            // lists without a bound.
            for v in &mut potential {
                *v = v.round();
            }
            return Partial { column_of, potential, lists: None };
        }
        Partial { column_of, potential, lists: self.lists }
    }
}
