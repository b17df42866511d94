//! Passes over one row of costs; most of the time of a solve is spent here.
//!
//! Plain loops over vectors, inlined into the one function that is compiled for the unit: an iterator adaptor or a closure that
//! the compiler leaves out of line would be compiled for the lowest common unit.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the vector unit of the function that it is inlined into"
)]

use pulp::Simd;

use crate::Real;
use crate::lanes::{Lanes, width};

/// Values of a row of prices are stored in multiples of this, a whole number of vectors of any unit.
pub(crate) const LANES: usize = 16;

/// The cheapest column of a row, and what the two cheapest cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TwoBest<A> {
    pub(crate) column: usize,
    pub(crate) best: A,
    pub(crate) second: A,
}

/// The two smallest values that each lane has seen, and the column of the first.
#[derive(Clone, Copy)]
struct LaneBest<V> {
    first: V,
    second: V,
    /// The column, or one that is [`GROUP`] vectors or less before it in the same lane. An `A` and not an integer, for its
    /// lanes are as wide as those of the values; exact up to 2^24 columns.
    column: V,
}

/// Vectors among which the two smallest are found before they meet what is kept: half the work for each of them. Which of
/// these vectors the smallest was in is asked once, at the end of the row.
const GROUP: usize = 4;

#[inline(always)]
fn merge<A: Real, S: Simd>(s: S, kept: &mut LaneBest<A::Vector<S>>, other: LaneBest<A::Vector<S>>) {
    let less = A::below(s, other.first, kept.first);
    kept.second = A::least(s, A::least(s, kept.second, other.second), A::most(s, kept.first, other.first));
    kept.column = A::choose(s, less, other.column, kept.column);
    kept.first = A::least(s, kept.first, other.first);
}

/// The two smallest of four values in each lane.
#[inline(always)]
fn two_of_group<A: Real, S: Simd>(s: S, values: [A::Vector<S>; GROUP]) -> [A::Vector<S>; 2] {
    let [a, b, c, d] = values;
    let (low, high) = (A::least(s, a, b), A::most(s, a, b));
    let (other_low, other_high) = (A::least(s, c, d), A::most(s, c, d));
    let second = A::least(s, A::most(s, low, other_low), A::least(s, high, other_high));
    [A::least(s, low, other_low), second]
}

/// The two smallest of `cost[j] + price[j]` for each of some rows; which column has the first is open where some tie. `second` is
/// infinite for a single column. Behind the last price there are infinities up to a whole vector.
///
/// Several rows at once hide the latency of finding the smallest among lanes, and read the prices once.
#[inline(always)]
pub(crate) fn two_best<A: Real, S: Simd, const ROWS: usize>(
    s: S,
    costs: [&[A]; ROWS],
    price: &[A],
) -> [TwoBest<A>; ROWS] {
    let lanes = width::<A, S>();
    let infinity = A::splat(s, A::infinity());
    let numbers = A::vectors::<S>(&A::COUNT).0[0];
    let [step, group_step] = [1, GROUP].map(
        #[inline(always)]
        |vectors| A::splat(s, A::narrow((vectors * lanes) as f64)),
    );
    let mut best = [LaneBest { first: infinity, second: infinity, column: numbers }; ROWS];
    let n = costs[0].len();
    let whole = n / lanes;
    let vectors: [&[A::Vector<S>]; ROWS] = std::array::from_fn(
        #[inline(always)]
        |r| &A::vectors::<S>(&costs[r][..n]).0[..whole],
    );
    let prices = &A::vectors::<S>(price).0[..n.div_ceil(lanes)];
    let mut column = numbers;
    let grouped = whole - whole % GROUP;
    for k in (0..grouped).step_by(GROUP) {
        let prices = &prices[k..][..GROUP];
        for r in 0..ROWS {
            let costs = &vectors[r][k..][..GROUP];
            let mut values = [infinity; GROUP];
            for u in 0..GROUP {
                values[u] = A::sum(s, costs[u], prices[u]);
            }
            let [first, second] = two_of_group::<A, S>(s, values);
            merge::<A, S>(s, &mut best[r], LaneBest { first, second, column });
        }
        column = A::sum(s, column, group_step);
    }
    for k in grouped..prices.len() {
        for r in 0..ROWS {
            let cost = if k < whole { vectors[r][k] } else { A::part(s, &costs[r][whole * lanes..n]) };
            let first = A::sum(s, cost, prices[k]);
            merge::<A, S>(s, &mut best[r], LaneBest { first, second: infinity, column });
        }
        column = A::sum(s, column, step);
    }
    let kept = among_lanes::<A, S, ROWS>(s, best);
    let mut offers = [TwoBest { column: 0, best: A::zero(), second: A::zero() }; ROWS];
    for r in 0..ROWS {
        let LaneBest { first, second, column } = kept[r];
        let column = in_group(
            column.widen() as usize,
            lanes,
            n,
            #[inline(always)]
            |column| costs[r][column] + price[column] == first,
        );
        offers[r] = TwoBest { column, best: first, second };
    }
    offers
}

/// Which column of a group, in the lane of its first one, holds the value that was found in it.
#[inline(always)]
fn in_group(mut column: usize, lanes: usize, n: usize, holds: impl Fn(usize) -> bool) -> usize {
    for _ in 1..GROUP {
        let next = column + lanes;
        let here = next >= n || holds(column);
        column = if here { column } else { next };
    }
    column
}

/// The two smallest of all lanes.
#[inline(always)]
fn among_lanes<A: Real, S: Simd, const ROWS: usize>(
    s: S,
    mut best: [LaneBest<A::Vector<S>>; ROWS],
) -> [LaneBest<A>; ROWS] {
    let mut by = width::<A, S>() / 2;
    while by > 0 {
        for best in &mut best {
            let turned = LaneBest {
                first: A::turned(s, best.first, by),
                second: A::turned(s, best.second, by),
                column: A::turned(s, best.column, by),
            };
            merge::<A, S>(s, best, turned);
        }
        by /= 2;
    }
    best.map(
        #[inline(always)]
        |best| LaneBest {
            first: first_lane::<A, S>(best.first),
            second: first_lane::<A, S>(best.second),
            column: first_lane::<A, S>(best.column),
        },
    )
}

#[inline(always)]
fn first_lane<A: Real, S: Simd>(vector: A::Vector<S>) -> A {
    pulp::bytemuck::cast_slice::<A::Vector<S>, A>(&[vector])[0]
}

/// Values per step of a pass in `f64` over costs of any type.
pub(crate) const WIDE: usize = 32;

/// `cost - potential - offset` in `f64`, which no vector operation converts to by itself.
#[inline(always)]
fn widened<A: Real>(cost: &[A; WIDE], potential: &[f64; WIDE], offset: f64) -> [f64; WIDE] {
    let mut reduced = [0.0; WIDE];
    for l in 0..WIDE {
        reduced[l] = cost[l].widen() - potential[l] - offset;
    }
    reduced
}

/// The last values of a row, as a whole step: infinite costs.
#[inline(always)]
fn filled<A: Real>(tail: &[A]) -> [A; WIDE] {
    let mut step = [A::infinity(); WIDE];
    step[..tail.len()].copy_from_slice(tail);
    step
}

/// The smallest of `cost[j] - potential[j]`, in `f64`. `potential` is padded to whole steps.
#[inline(always)]
pub(crate) fn row_minimum<A: Real, S: Simd>(s: S, cost: &[A], potential: &[f64]) -> f64 {
    let mut least = f64::splat(s, f64::INFINITY);
    let (costs, tail) = cost.as_chunks::<WIDE>();
    let (potentials, _) = potential.as_chunks::<WIDE>();
    for (cost, potential) in costs.iter().zip(potentials) {
        least = smallest(s, least, &widened(cost, potential, 0.0));
    }
    if !tail.is_empty() {
        least = smallest(s, least, &widened(&filled(tail), &potentials[costs.len()], 0.0));
    }
    f64::smallest(s, least)
}

#[inline(always)]
fn smallest<S: Simd>(s: S, least: <f64 as Lanes>::Vector<S>, values: &[f64; WIDE]) -> <f64 as Lanes>::Vector<S> {
    let mut least = [least; 2];
    for pair in f64::vectors::<S>(values).0.as_chunks::<2>().0 {
        least = [f64::least(s, least[0], pair[0]), f64::least(s, least[1], pair[1])];
    }
    f64::least(s, least[0], least[1])
}

/// The two smallest of `cost[j] - potential[j]`, in `f64`. `potential` is padded to whole steps.
#[inline(always)]
pub(crate) fn two_best_reduced<A: Real, S: Simd>(s: S, cost: &[A], potential: &[f64]) -> TwoBest<f64> {
    let lanes = width::<f64, S>();
    let infinity = f64::splat(s, f64::INFINITY);
    let numbers = f64::vectors::<S>(&f64::COUNT).0[0];
    let step = f64::splat(s, (GROUP * lanes) as f64);
    let mut best = LaneBest { first: infinity, second: infinity, column: numbers };
    let mut column = numbers;
    let (costs, tail) = cost.as_chunks::<WIDE>();
    let last = filled(tail);
    let steps = cost.len().div_ceil(WIDE);
    for (k, potential) in potential.as_chunks::<WIDE>().0[..steps].iter().enumerate() {
        let reduced = widened(costs.get(k).unwrap_or(&last), potential, 0.0);
        for group in f64::vectors::<S>(&reduced).0.as_chunks::<GROUP>().0 {
            let [first, second] = two_of_group::<f64, S>(s, *group);
            merge::<f64, S>(s, &mut best, LaneBest { first, second, column });
            column = f64::sum(s, column, step);
        }
    }
    let [LaneBest { first, second, column }] = among_lanes::<f64, S, 1>(s, [best]);
    let column = in_group(
        column as usize,
        lanes,
        cost.len(),
        #[inline(always)]
        |column| cost[column].widen() - potential[column] == first,
    );
    TwoBest { column, best: first, second }
}

/// Where `cost[j] - potential[j] - offset` is below `distance[j]`, it becomes that, and `origin[j]` becomes `row`. Returns
/// the smallest distance that is not `-inf`. `potential`, `distance` and `origin` are padded to whole steps.
#[inline(always)]
pub(crate) fn relax<A: Real, S: Simd>(
    s: S,
    cost: &[A],
    potential: &[f64],
    offset: f64,
    row: usize,
    distance: &mut [f64],
    origin: &mut [f64],
) -> f64 {
    let infinity = f64::splat(s, f64::INFINITY);
    let settled = f64::splat(s, f64::NEG_INFINITY);
    let row = f64::splat(s, row as f64);
    let mut nearest = infinity;
    let (costs, tail) = cost.as_chunks::<WIDE>();
    let (potentials, _) = potential.as_chunks::<WIDE>();
    let distances = distance.as_chunks_mut::<WIDE>().0;
    let origins = origin.as_chunks_mut::<WIDE>().0;
    let last = filled(tail);
    let steps = cost.len().div_ceil(WIDE);
    for k in 0..steps {
        let cost = costs.get(k).unwrap_or(&last);
        let (distance, origin) = (&mut distances[k], &mut origins[k]);
        let through = widened(cost, &potentials[k], offset);
        let through = f64::vectors::<S>(&through).0;
        let (distance, origin) = (f64::vectors_mut::<S>(distance).0, f64::vectors_mut::<S>(origin).0);
        for ((&through, d), o) in through.iter().zip(distance).zip(origin) {
            *o = f64::choose(s, f64::below(s, through, *d), row, *o);
            *d = f64::least(s, through, *d);
            let open = f64::choose(s, f64::at_most(s, *d, settled), infinity, *d);
            nearest = f64::least(s, nearest, open);
        }
    }
    f64::smallest(s, nearest)
}

/// Calls `visit` with every position where `values` holds `value`, in order, until it returns `false`.
#[inline(always)]
pub(crate) fn each_equal<S: Simd>(s: S, values: &[f64], value: f64, mut visit: impl FnMut(usize) -> bool) {
    let wanted = f64::splat(s, value);
    let lanes = width::<f64, S>();
    for (vector, &v) in f64::vectors::<S>(values).0.iter().enumerate() {
        // Nothing open is nearer than the nearest, and what is settled is at `-inf`.
        let least = f64::choose(s, f64::below(s, v, wanted), f64::splat(s, f64::INFINITY), v);
        let mut bits = f64::bits::<S>(f64::at_most(s, least, wanted));
        while bits != 0 {
            if !visit(vector * lanes + bits.trailing_zeros() as usize) {
                return;
            }
            bits &= bits - 1;
        }
    }
}

/// Takes rows, `first` and those behind it, into the minima of the columns and the rows that have them; whether all of their
/// costs are finite.
#[inline(always)]
pub(crate) fn survey<A: Real, S: Simd, const ROWS: usize>(
    s: S,
    first: usize,
    rows: [&[A]; ROWS],
    column: &mut [A],
    cheapest: &mut [A],
) -> bool {
    let zero = A::splat(s, A::zero());
    let mut sums = [zero; ROWS];
    let (columns, rest) = A::vectors_mut::<S>(column);
    let (cheapests, cheapest_rest) = A::vectors_mut::<S>(cheapest);
    let mut costs = [&[] as &[A::Vector<S>]; ROWS];
    let mut numbers = [zero; ROWS];
    for r in 0..ROWS {
        costs[r] = &A::vectors::<S>(rows[r]).0[..columns.len()];
        numbers[r] = A::splat(s, A::narrow((first + r) as f64));
    }
    for k in 0..columns.len() {
        let mut least = columns[k];
        let mut number = cheapests[k];
        for r in 0..ROWS {
            let cost = costs[r][k];
            sums[r] = A::fused(s, cost, zero, sums[r]);
            number = A::choose(s, A::below(s, cost, least), numbers[r], number);
            least = A::least(s, cost, least);
        }
        columns[k] = least;
        cheapests[k] = number;
    }
    let mut total = A::zero();
    for &sum in pulp::bytemuck::cast_slice::<A::Vector<S>, A>(&sums) {
        total += sum;
    }
    for (r, row) in rows.iter().enumerate() {
        let tail = &row[row.len() - rest.len()..];
        for ((&c, m), number) in tail.iter().zip(&mut *rest).zip(&mut *cheapest_rest) {
            total += c * A::zero();
            if c < *m {
                (*m, *number) = (c, A::narrow((first + r) as f64));
            }
        }
    }
    total == A::zero()
}

/// A value that some 54 of `cost[j] + price[j]` are at most, and never fewer than one in each of the groups.
///
/// The largest of the minima of 16 interleaved groups (of four, where a vector is a scalar): were the smallest values spread over the groups
/// at random, `16 (1 + 1/2 + ... + 1/16) = 54` of them would be needed to find one in each.
#[inline(always)]
pub(crate) fn likely_threshold<A: Real, S: Simd>(s: S, cost: &[A], price: &[A]) -> A {
    let infinity = A::splat(s, A::infinity());
    let mut least = [infinity; 4];
    let (costs, tail) = A::vectors::<S>(cost);
    let (prices, _) = A::vectors::<S>(price);
    let (fours, rest) = costs.as_chunks::<4>();
    for k in 0..fours.len() {
        for u in 0..4 {
            least[u] = A::least(s, least[u], A::sum(s, fours[k][u], prices[4 * k + u]));
        }
    }
    for u in 0..rest.len() {
        least[u] = A::least(s, least[u], A::sum(s, rest[u], prices[4 * fours.len() + u]));
    }
    if !tail.is_empty() {
        least[3] = A::least(s, least[3], A::sum(s, A::part(s, tail), prices[costs.len()]));
    }
    let groups = (LANES / width::<A, S>()).min(4);
    for u in groups..4 {
        least[u % groups] = A::least(s, least[u % groups], least[u]);
    }
    let minima = pulp::bytemuck::cast_slice::<A::Vector<S>, A>(&least[..groups]);
    let mut largest = minima[0];
    for &m in minima {
        largest = if m > largest { m } else { largest };
    }
    largest
}

/// Raises `price[j]` to `offer - cost[j]`: the least price at which a row that has an offer of that value elsewhere does not want `j`.
#[inline(always)]
pub(crate) fn deter<A: Real, S: Simd>(s: S, cost: &[A], offer: A, price: &mut [A]) {
    let offers = A::splat(s, offer);
    let (costs, tail) = A::vectors::<S>(cost);
    let (prices, rest) = A::vectors_mut::<S>(price);
    for k in 0..costs.len() {
        prices[k] = A::most(s, prices[k], A::difference(s, offers, costs[k]));
    }
    for (p, &c) in rest.iter_mut().zip(tail) {
        *p = if offer - c > *p { offer - c } else { *p };
    }
}
