//! Passes over one row of costs, where the simplex method spends its time outside the tree; those of the auction are in
//! [`scan`](crate::scan).
//!
//! Written in lanes and inlined into whatever vector unit `pulp` dispatches to.

#![expect(clippy::inline_always, reason = "only what is inlined is compiled for the vector unit that was found")]

use super::simplex::Candidate;
use crate::Real;

/// Independent partial results per pass; a multiple of the vector width of every current machine.
const LANES: usize = 16;

#[inline(always)]
fn smaller<A: Real>(a: A, b: A) -> A {
    if b < a { b } else { a }
}

/// The smallest of `cost[j] - potential[j]`, in `f64`.
#[inline(always)]
pub(super) fn row_minimum<A: Real>(cost: &[A], potential: &[f64]) -> f64 {
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

/// The first `most` columns with `cost[j] - potential[j] <= limit`, appended to `candidates`.
#[inline(always)]
pub(super) fn collect_within<A: Real>(
    cost: &[A],
    potential: &[f64],
    limit: f64,
    most: usize,
    candidates: &mut Vec<Candidate<A>>,
) {
    let within = |c: A, v: f64| c.widen() - v <= limit;
    for (chunk, (costs, potentials)) in cost.chunks(LANES).zip(potential.chunks(LANES)).enumerate() {
        if costs.iter().zip(potentials).fold(0, |any, (&c, &v)| any | u32::from(within(c, v))) != 0 {
            for (l, (&cost, _)) in costs.iter().zip(potentials).enumerate().filter(|(_, (c, v))| within(**c, **v)) {
                if candidates.len() == most {
                    return;
                }
                candidates.push(Candidate { column: (chunk * LANES + l) as u32, cost });
            }
        }
    }
}

/// The largest finite value in absolute value, and whether all are at most `limit` so or `+inf`.
#[inline(always)]
pub(super) fn magnitude<A: Real>(values: &[A], limit: A) -> (A, bool) {
    let mut largest = [A::zero(); LANES];
    let mut invalid = [0_u32; LANES];
    let one = |value: A, largest: &mut A, invalid: &mut u32| {
        let (size, infinite) = (value.abs(), value == A::infinity());
        let within = size <= limit;
        *invalid |= u32::from(!within) & u32::from(!infinite);
        *largest = if within && size > *largest { size } else { *largest };
    };
    let (chunks, tail) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for l in 0..LANES {
            one(chunk[l], &mut largest[l], &mut invalid[l]);
        }
    }
    for &value in tail {
        one(value, &mut largest[0], &mut invalid[0]);
    }
    let largest = largest.into_iter().fold(A::zero(), |a, b| if b > a { b } else { a });
    (largest, invalid.into_iter().all(|i| i == 0))
}
