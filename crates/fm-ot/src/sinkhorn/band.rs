//! The rows of a pass, four at a time: sums along them, the factors that follow, and what these add to the columns.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::kernel::Problem;
use super::lanes::{self, Lane, ROWS};
use crate::Real;

/// Rows whose column sums are added up in the precision of the pass before they go to `f64`.
pub(super) const BLOCK: usize = 64;

/// What a pass found, of a band or of all.
#[derive(Debug)]
pub(super) struct Columns {
    /// `s_j`.
    pub(super) sums: Vec<f64>,
    /// The same with stored entries, where a pass over the costs stores them.
    pub(super) stored: Vec<f64>,
    /// Whether every row sum was within the range where it is exact.
    pub(super) rows_safe: bool,
}

/// A sum in this range is neither short of bits nor about to overflow.
pub(super) fn is_safe<K: Lane>(sum: f64) -> bool {
    // Entries below the floor of the type are missing from it; at this distance they do not show.
    let range = (-0.375 * K::FLOOR).exp2();
    sum >= 1.0 / range && sum <= range
}

/// What the bands of a pass have in common.
pub(super) struct Shared<'s, A: Real, K> {
    pub(super) problem: &'s Problem<'s, A>,
    /// The column potentials in the kernel.
    pub(super) g: &'s [f64],
    /// The factors of the columns; zero beyond them.
    pub(super) v: &'s [K],
    /// The same in units of stored entries.
    pub(super) stored_v: &'s [K],
}

/// Some rows of the kernel, and what is known of them.
pub(super) struct Rows<'s> {
    pub(super) first: usize,
    /// `-log2` of the sums of rows without their potentials: what is absorbed.
    pub(super) f: &'s mut [f64],
    /// Sums of the rows of the last pass, where `f` is absorbed.
    pub(super) sums: &'s mut [f64],
    /// What the sum of a stored row has to be multiplied by.
    pub(super) correction: &'s mut [f64],
    /// Nothing where the kernel is not stored.
    pub(super) codes: &'s mut [u16],
}

/// A pass over the costs, which leaves a kernel whose rows sum to one.
pub(super) struct Fresh<'s, A: Real, K> {
    pub(super) shared: &'s Shared<'s, A, K>,
    pub(super) rows: Rows<'s>,
}

/// A pass over the stored kernel.
pub(super) struct Stored<'s, A: Real, K> {
    pub(super) shared: &'s Shared<'s, A, K>,
    pub(super) rows: Rows<'s>,
}

impl<A: Real, K: Lane> WithSimd for Fresh<'_, A, K> {
    type Output = Columns;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Columns {
        if S::IS_SCALAR { self.run::<false>() } else { self.run::<true>() }
    }
}

impl<A: Real, K: Lane> WithSimd for Stored<'_, A, K> {
    type Output = Columns;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Columns {
        if S::IS_SCALAR { self.run::<false>() } else { self.run::<true>() }
    }
}

impl<A: Real, K: Lane> Fresh<'_, A, K> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Columns {
        let &Shared { problem, g, v, stored_v } = self.shared;
        let Rows { first, f, sums, correction, codes } = self.rows;
        let (m, stride, keep) = (g.len(), v.len(), !codes.is_empty());
        let mut columns = Columns { sums: vec![0.0; m], stored: vec![0.0; if keep { m } else { 0 }], rows_safe: true };
        let (mut partial, mut partial_stored) = (vec![K::zero(); stride], vec![K::zero(); stride]);
        let (mut entries, mut made) = (vec![K::zero(); ROWS * stride], Vec::new());
        for start in (0..f.len()).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(f.len());
            let costs = problem.costs.block(first + block.start..first + block.end, &mut made);
            partial.fill(K::zero());
            partial_stored.fill(K::zero());
            for quad in block.clone().step_by(ROWS) {
                let rows = quad..(quad + ROWS).min(block.end);
                // A potential may be unknown, or far from what the columns now make of it: the second time is with that of the
                // largest entry.
                let (mut found, mut missing) = ([K::zero(); ROWS], [true; ROWS]);
                for again in [true, false] {
                    for i in rows.clone() {
                        let (cost, r) = (&costs[(i - start) * m..][..m], i - quad);
                        if missing[r] {
                            if f[i].is_nan() {
                                let largest = lanes::largest(cost, g, problem.scale);
                                f[i] = if largest.is_finite() { -largest } else { 0.0 };
                            }
                            let entries = &mut entries[r * stride..][..stride];
                            lanes::exponentials::<A, K, FUSED>(cost, f[i], g, problem.scale, entries);
                        }
                    }
                    found = lanes::row_sums::<K, FUSED>(split(&entries, stride), v);
                    missing = [false; ROWS];
                    for i in rows.clone() {
                        if again && !is_safe::<K>(found[i - quad].widen()) {
                            (f[i], missing[i - quad]) = (f64::NAN, true);
                        }
                    }
                    if missing == [false; ROWS] {
                        break;
                    }
                }
                let (mut shares, mut factors) = ([K::zero(); ROWS], [K::zero(); ROWS]);
                for i in rows.clone() {
                    let (r, sum) = (i - quad, found[i - quad]);
                    columns.rows_safe &= is_safe::<K>(sum.widen());
                    // A row that reaches nothing has no share.
                    sums[i] = f64::from(u8::from(sum > K::zero()));
                    if sum > K::zero() {
                        f[i] -= sum.widen().log2();
                        shares[r] = K::one() / sum;
                        factors[r] = K::narrow(problem.row_factor(first + i, 1.0, f[i]));
                    }
                }
                let quads = split(&entries, stride);
                lanes::add_rows::<K, FUSED>(quads, std::array::from_fn(|r| factors[r] * shares[r]), &mut partial);
                if keep {
                    let codes = &mut codes[quad * stride..][..ROWS * stride];
                    lanes::store(quads, shares, codes);
                    let read = lanes::stored_sums::<K, FUSED>(codes, stored_v);
                    lanes::add_stored::<K, FUSED>(codes, factors, &mut partial_stored);
                    for i in rows {
                        correction[i] = sums[i] / read[i - quad].widen();
                    }
                }
            }
            columns.sums.iter_mut().zip(&partial).for_each(|(sum, p)| *sum += p.widen());
            columns.stored.iter_mut().zip(&partial_stored).for_each(|(sum, p)| *sum += p.widen());
        }
        columns
    }
}

impl<A: Real, K: Lane> Stored<'_, A, K> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Columns {
        let &Shared { problem, g, stored_v, .. } = self.shared;
        let Rows { first, f, sums, correction, codes } = self.rows;
        let stride = stored_v.len();
        let mut columns = Columns { sums: vec![0.0; g.len()], stored: Vec::new(), rows_safe: true };
        let mut partial = vec![K::zero(); stride];
        for start in (0..f.len()).step_by(BLOCK) {
            let block: Range<usize> = start..(start + BLOCK).min(f.len());
            partial.fill(K::zero());
            for quad in block.clone().step_by(ROWS) {
                let codes = &codes[quad * stride..][..ROWS * stride];
                let read = lanes::stored_sums::<K, FUSED>(codes, stored_v);
                let mut factors = [K::zero(); ROWS];
                for (r, i) in (quad..(quad + ROWS).min(block.end)).enumerate() {
                    sums[i] = read[r].widen() * correction[i];
                    columns.rows_safe &= is_safe::<K>(sums[i]) || correction[i] == 0.0;
                    factors[r] = K::narrow(problem.row_factor(first + i, sums[i], f[i]));
                }
                lanes::add_stored::<K, FUSED>(codes, factors, &mut partial);
            }
            columns.sums.iter_mut().zip(&partial).for_each(|(sum, p)| *sum += p.widen());
        }
        columns
    }
}

/// The rows of a quad. Those beyond the last are left over from the quad before, and have no share.
#[inline(always)]
fn split<K>(entries: &[K], stride: usize) -> [&[K]; ROWS] {
    std::array::from_fn(|r| &entries[r * stride..][..stride])
}
