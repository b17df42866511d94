//! Passes over one row of costs; all the time of a solve is spent here.
//!
//! Written in lanes, so that the compiler makes vector code of whatever width the target has.

use crate::Real;

/// Independent partial results per pass; a multiple of the vector width of every current machine.
const LANES: usize = 16;

/// The cheapest column of a row, and what the two cheapest cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TwoBest<A> {
    pub(crate) column: usize,
    pub(crate) best: A,
    pub(crate) second: A,
}

/// The two smallest of `cost[j] + price[j]`, the first column on ties. `second` is infinite for a single column.
///
/// The column is looked up afterwards: carrying it along costs more than a second look at half a row in cache.
pub(crate) fn two_best<A: Real>(cost: &[A], price: &[A]) -> TwoBest<A> {
    let mut best = [A::infinity(); LANES];
    let mut second = [A::infinity(); LANES];
    let (costs, cost_tail) = cost.as_chunks::<LANES>();
    let (prices, price_tail) = price.as_chunks::<LANES>();
    for (c, p) in costs.iter().zip(prices) {
        for l in 0..LANES {
            insert(&mut best[l], &mut second[l], c[l] + p[l]);
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            second[l] = if second[l + width] < second[l] { second[l + width] } else { second[l] };
            let other = best[l + width];
            insert(&mut best[l], &mut second[l], other);
        }
    }
    let (mut first, mut runner_up) = (best[0], second[0]);
    for (&c, &p) in cost_tail.iter().zip(price_tail) {
        insert(&mut first, &mut runner_up, c + p);
    }
    TwoBest { column: find(cost, price, first), best: first, second: runner_up }
}

fn insert<A: Real>(best: &mut A, second: &mut A, value: A) {
    let larger = if value < *best { *best } else { value };
    *second = if larger < *second { larger } else { *second };
    *best = if value < *best { value } else { *best };
}

/// The first column where `cost + price` is `value`.
fn find<A: Real>(cost: &[A], price: &[A], value: A) -> usize {
    let (costs, _) = cost.as_chunks::<LANES>();
    let (prices, _) = price.as_chunks::<LANES>();
    let here =
        |(c, p): (&[A; LANES], &[A; LANES])| (0..LANES).fold(0, |any, l| any | u32::from(c[l] + p[l] == value)) != 0;
    let chunk = costs.iter().zip(prices).position(here).unwrap_or(costs.len());
    let from = chunk * LANES;
    from + cost[from..].iter().zip(&price[from..]).position(|(&c, &p)| c + p == value).unwrap_or(0)
}

/// The smallest of `cost[j] - potential[j]`, in `f64`.
pub(crate) fn row_minimum<A: Real>(cost: &[A], potential: &[f64]) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    let (costs, cost_tail) = cost.as_chunks::<LANES>();
    let (potentials, potential_tail) = potential.as_chunks::<LANES>();
    for (c, v) in costs.iter().zip(potentials) {
        for l in 0..LANES {
            least[l] = smaller(least[l], c[l].widen() - v[l]);
        }
    }
    let tail = cost_tail.iter().zip(potential_tail).map(|(c, v)| c.widen() - v);
    least.into_iter().chain(tail).fold(f64::INFINITY, smaller)
}

fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// Where `cost[j] - potential[j] - offset` is below `distance[j]`, it becomes that, and `origin[j]` becomes `row`. Returns
/// the smallest distance that is not `-inf`.
pub(super) fn relax<A: Real>(
    cost: &[A],
    potential: &[f64],
    offset: f64,
    row: usize,
    distance: &mut [f64],
    origin: &mut [usize],
) -> f64 {
    let mut nearest = [f64::INFINITY; LANES];
    let (costs, cost_tail) = cost.as_chunks::<LANES>();
    let (potentials, potential_tail) = potential.as_chunks::<LANES>();
    let (distances, distance_tail) = distance.as_chunks_mut::<LANES>();
    let (origins, origin_tail) = origin.as_chunks_mut::<LANES>();
    for (((c, v), d), o) in costs.iter().zip(potentials).zip(distances).zip(origins) {
        for l in 0..LANES {
            let open = relax_one(c[l].widen() - v[l] - offset, row, &mut d[l], &mut o[l]);
            nearest[l] = smaller(nearest[l], open);
        }
    }
    let tail = cost_tail.iter().zip(potential_tail).zip(distance_tail).zip(origin_tail);
    let tail = tail.map(|(((c, v), d), o)| relax_one(c.widen() - v - offset, row, d, o));
    nearest.into_iter().chain(tail).fold(f64::INFINITY, smaller)
}

fn relax_one(through: f64, row: usize, distance: &mut f64, origin: &mut usize) -> f64 {
    let shorter = through < *distance;
    *distance = if shorter { through } else { *distance };
    *origin = if shorter { row } else { *origin };
    if *distance == f64::NEG_INFINITY { f64::INFINITY } else { *distance }
}

/// Calls `visit` with every position where `values` holds `value`, in order, until it returns `false`.
pub(super) fn each_equal(values: &[f64], value: f64, mut visit: impl FnMut(usize) -> bool) {
    for (chunk, values) in values.chunks(LANES).enumerate() {
        if values.iter().fold(0, |any, v| any | u32::from(*v == value)) != 0 {
            for l in (0..values.len()).filter(|&l| values[l] == value) {
                if !visit(chunk * LANES + l) {
                    return;
                }
            }
        }
    }
}
