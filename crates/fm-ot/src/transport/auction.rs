//! An auction for masses: nearly optimal prices, and a flow to go with them.
//!
//! ```text
//! row i offers to its best column j a price of at most  price_j + (second best - best) + epsilon  for all that it has left
//! ```
//!
//! A column keeps the highest offers up to its capacity, and charges all of them the lowest offer that it keeps. What
//! it no longer keeps goes back to its row, which offers it elsewhere. Every row then pays at most epsilon more than its
//! best alternative, as in Bertsekas' auction for single units, which this is without the units: one offer moves any mass.
//! Offers wait in a queue: prices move by half as many of them as when the row that was outbid offers at once.
//!
//! Nothing here has to be right. The simplex method mends the flow, and is told what was not placed when the offers of a
//! phase run out.

use std::collections::VecDeque;

use pulp::{Simd, WithSimd};

use super::problem::Problem;
use super::start::Flow;
use crate::Real;
use crate::scan::{self, LANES, TwoBest};

/// The first epsilon, in standard deviations of the cost.
const FIRST: f64 = 0.3;
/// The last epsilon, in standard deviations of the cost per row and column.
const LAST: f64 = 20.0;
/// The factor from one epsilon to the next.
const RATIO: f64 = 8.0;
/// The last epsilon is at least this many rounding steps of the costs, below which prices would not move.
const ROUNDING: f64 = 4.0;
/// Offers per row and column and phase, beyond which ties or forbidden pairs are making prices creep.
const OFFERS: usize = 100;

/// How far the auction came.
pub(super) struct Draft {
    pub(super) flows: Vec<Flow>,
    /// What each row has not placed.
    pub(super) left: Vec<i64>,
    /// What each column still wants.
    pub(super) room: Vec<i64>,
    /// A potential per column: minus its price, which is infinite for a column that wants nothing.
    pub(super) potential: Vec<f64>,
    /// The last epsilon.
    pub(super) epsilon: f64,
}

pub(super) fn run<A: Real>(problem: &Problem<'_, A>) -> Draft {
    let nodes = (problem.n + problem.m) as f64;
    let last = (LAST / nodes * problem.spread).max(ROUNDING * A::epsilon().widen() * problem.largest);
    let mut epsilon = (FIRST * problem.spread).max(last);
    let mut auction = Auction::new(problem);
    while problem.spread > 0.0 && auction.phase(A::narrow(epsilon)) && epsilon > last {
        epsilon = (epsilon / RATIO).max(last);
    }
    auction.finish(epsilon)
}

/// What a row offers to a column.
struct Offer<A> {
    /// The highest price that it would pay.
    limit: A,
    row: u32,
    amount: i64,
}

/// What a row wants.
struct Choice<'a, A> {
    costs: &'a [A],
    price: &'a [A],
}

impl<A: Real> WithSimd for Choice<'_, A> {
    type Output = TwoBest<A>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]
    fn with_simd<S: Simd>(self, s: S) -> TwoBest<A> {
        scan::two_best(s, [self.costs], self.price)[0]
    }
}

struct Auction<'a, 'c, A> {
    problem: &'a Problem<'c, A>,
    /// Infinite for columns that want nothing, and behind the last one up to a whole vector.
    price: Vec<A>,
    /// The offers that each column keeps, at most one of a row.
    kept: Vec<Vec<Offer<A>>>,
    left: Vec<i64>,
    room: Vec<i64>,
    /// The rows with something left.
    queue: VecDeque<u32>,
}

impl<'a, 'c, A: Real> Auction<'a, 'c, A> {
    fn new(problem: &'a Problem<'c, A>) -> Self {
        let masses = problem.masses;
        let price = masses.demand.iter().map(|&d| if d > 0 { A::zero() } else { A::infinity() });
        let mut price: Vec<A> = price.collect();
        price.resize(problem.m.next_multiple_of(LANES), A::infinity());
        Self {
            problem,
            price,
            kept: (0..problem.m).map(|_| Vec::new()).collect(),
            left: masses.supply.clone(),
            room: masses.demand.clone(),
            queue: VecDeque::new(),
        }
    }

    /// Sells everything anew; whether it managed within the budget.
    fn phase(&mut self, epsilon: A) -> bool {
        self.kept.iter_mut().for_each(Vec::clear);
        self.left.clone_from(&self.problem.masses.supply);
        self.room.clone_from(&self.problem.masses.demand);
        self.queue = (0..self.problem.n as u32).filter(|&i| self.left[i as usize] > 0).collect();
        for _ in 0..OFFERS * (self.problem.n + self.problem.m) {
            let Some(row) = self.queue.pop_front() else { break };
            self.offer(row, epsilon);
        }
        self.queue.is_empty()
    }

    /// Lets `row` offer for its best column.
    fn offer(&mut self, row: u32, epsilon: A) {
        let i = row as usize;
        let costs = self.problem.row(i);
        let choice = self.problem.arch.dispatch(Choice { costs, price: &self.price });
        if choice.best == A::infinity() {
            return;
        }
        let alternative = choice.second < A::infinity();
        let margin = if alternative { choice.second - choice.best } else { A::narrow(self.problem.spread) };
        let column = choice.column;
        let limit = self.price[column] + margin + epsilon;
        let amount = self.left[i].min(self.problem.masses.demand[column]);
        self.left[i] -= amount;
        self.room[column] -= amount;
        match self.kept[column].iter_mut().find(|offer| offer.row == row) {
            Some(offer) => {
                offer.amount += amount;
                offer.limit = limit;
            }
            None => self.kept[column].push(Offer { limit, row, amount }),
        }
        if self.room[column] <= 0 {
            self.reject(column, row);
        }
        if self.left[i] > 0 {
            self.queue.push_front(row);
        }
    }

    /// Gives back the lowest offers to a column beyond what it wants, and sets its price; `bidder` is not queued.
    fn reject(&mut self, column: usize, bidder: u32) {
        let kept = &mut self.kept[column];
        let lowest = |kept: &[Offer<A>]| {
            let limits = kept.iter().enumerate().map(|(at, offer)| (offer.limit, at));
            limits.reduce(|a, b| if b.0 < a.0 { b } else { a }).expect("a full column keeps an offer")
        };
        while self.room[column] < 0 {
            let (_, at) = lowest(kept);
            let offer = &mut kept[at];
            let amount = offer.amount.min(-self.room[column]);
            offer.amount -= amount;
            self.room[column] += amount;
            let left = &mut self.left[offer.row as usize];
            if *left == 0 && offer.row != bidder {
                self.queue.push_back(offer.row);
            }
            *left += amount;
            if offer.amount == 0 {
                kept.swap_remove(at);
            }
        }
        let (limit, _) = lowest(kept);
        if limit > self.price[column] {
            self.price[column] = limit;
        }
    }

    fn finish(self, epsilon: f64) -> Draft {
        let demand = &self.problem.masses.demand;
        let bounded = self.price.iter().zip(demand).all(|(p, &d)| d == 0 || p.is_finite());
        let potential = |(p, &d): (&A, &i64)| match (d, bounded) {
            (0, _) => f64::NEG_INFINITY,
            (_, true) => -p.widen(),
            (_, false) => 0.0,
        };
        let kept = self.kept.iter().zip(0..).flat_map(|(kept, column)| kept.iter().map(move |offer| (column, offer)));
        Draft {
            flows: kept.map(|(column, o)| Flow { row: o.row, column, amount: o.amount }).collect(),
            potential: self.price.iter().zip(demand).map(potential).collect(),
            left: self.left,
            room: self.room,
            epsilon,
        }
    }
}
