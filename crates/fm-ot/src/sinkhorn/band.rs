//! The rows of a band, four at a time: their kernel, sums along them, and what these add to the columns.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::kernel::Problem;
use super::lanes::{self, Lane, ROWS};
use crate::Real;
use crate::aligned::Aligned;

/// Rows whose column sums are added up in the precision of the kernel before they go to `f64`.
pub(super) const BLOCK: usize = 64;

/// What a pass found.
pub(super) struct Columns {
    /// `s_j`.
    pub(super) sums: Vec<f64>,
    /// Whether every row sum was within the range where it is exact.
    pub(super) rows_safe: bool,
}

/// Whether a sum is far enough from both ends of the range.
pub(super) fn is_safe<K: Lane>(sum: f64) -> bool {
    (1.0 / K::SAFE..=K::SAFE).contains(&sum)
}

/// What the bands of a pass have in common.
pub(super) struct Shared<'s, A: Real, K> {
    pub(super) problem: &'s Problem<'s, A>,
    pub(super) g: &'s [f64],
    /// The potentials with the weights in them, for a kernel that is made anew.
    pub(super) reach: &'s [f64],
    pub(super) v: &'s [K],
    pub(super) stride: usize,
    pub(super) renew: bool,
}

/// Some rows.
pub(super) struct Band<'s, A: Real, K> {
    pub(super) shared: &'s Shared<'s, A, K>,
    pub(super) first: usize,
    pub(super) f: &'s mut [f64],
    pub(super) sums: &'s mut [f64],
    pub(super) kernel: Option<&'s mut [K]>,
    /// Whether the potential of each row so far was near enough to that of the row before.
    pub(super) alike: bool,
}

impl<A: Real, K: Lane> WithSimd for Band<'_, A, K> {
    type Output = Columns;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Columns {
        if S::IS_SCALAR { self.run::<false>() } else { self.run::<true>() }
    }
}

impl<A: Real, K: Lane> Band<'_, A, K> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) -> Columns {
        let &Shared { problem, stride, .. } = self.shared;
        let m = problem.costs.m;
        let mut columns = Columns { sums: vec![0.0; m], rows_safe: true };
        let mut partial = Aligned::filled(stride, K::zero());
        let mut scratch = Aligned::filled(if self.kernel.is_some() { 0 } else { ROWS * stride }, K::zero());
        let mut made = Vec::new();
        let mut kernel = self.kernel.take();
        for start in (0..self.f.len()).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(self.f.len());
            partial.fill(K::zero());
            columns.rows_safe &= match &mut kernel {
                Some(kernel) if !self.shared.renew => self.reuse::<FUSED>(block, kernel, &mut partial),
                kernel => {
                    let rows = self.first + block.start..self.first + block.end;
                    let costs = problem.costs.block(rows, &mut made);
                    self.renew::<FUSED>(block, costs, (kernel.as_deref_mut(), &mut scratch), &mut partial)
                }
            };
            columns.sums.iter_mut().zip(&*partial).for_each(|(sum, p)| *sum += p.widen());
        }
        columns
    }

    /// Makes the rows of a block, in the kernel or one after the other in scratch; whether their sums are safe.
    #[inline(always)]
    fn renew<const FUSED: bool>(
        &mut self,
        block: Range<usize>,
        costs: &[A],
        (mut kernel, scratch): (Option<&mut [K]>, &mut [K]),
        columns: &mut [K],
    ) -> bool {
        let &Shared { problem, stride, .. } = self.shared;
        let mut safe = true;
        for quad in block.clone().step_by(ROWS) {
            let rows = quad..(quad + ROWS).min(block.end);
            let entries = match &mut kernel {
                Some(kernel) => &mut kernel[quad * stride..][..ROWS * stride],
                None => &mut *scratch,
            };
            let costs = &costs[(quad - block.start) * problem.costs.m..];
            let sums = self.exponentials::<FUSED>(rows.clone(), costs, entries);
            let (factors, all_safe) = self.factors(rows, sums);
            lanes::add_rows::<K, FUSED>(quad_of(entries, 0, stride), factors, columns);
            safe &= all_safe;
        }
        safe
    }

    /// Goes over the rows of a block as they are. The sums of some rows are made while those before are added to the columns,
    /// so that memory and the vector units work at the same time.
    #[inline(always)]
    fn reuse<const FUSED: bool>(&mut self, block: Range<usize>, kernel: &[K], columns: &mut [K]) -> bool {
        let &Shared { v, stride, .. } = self.shared;
        let mut safe = true;
        let mut before: Option<([&[K]; ROWS], [K; ROWS])> = None;
        for quad in block.clone().step_by(ROWS) {
            let entries = quad_of(kernel, quad, stride);
            let sums = match before {
                Some((rows, factors)) => lanes::add_and_sum::<K, FUSED>(rows, factors, columns, entries, v),
                None => lanes::row_sums::<K, FUSED>(entries, v),
            };
            let (factors, all_safe) = self.factors(quad..(quad + ROWS).min(block.end), sums);
            before = Some((entries, factors));
            safe &= all_safe;
        }
        if let Some((rows, factors)) = before {
            lanes::add_rows::<K, FUSED>(rows, factors, columns);
        }
        safe
    }

    /// The entries of up to [`ROWS`] rows, and their sums.
    #[inline(always)]
    fn exponentials<const FUSED: bool>(&mut self, rows: Range<usize>, costs: &[A], entries: &mut [K]) -> [K; ROWS] {
        let &Shared { problem, g, reach, v, stride, .. } = self.shared;
        let m = problem.costs.m;
        let mut sums = [K::zero(); ROWS];
        for (r, i) in rows.enumerate() {
            let (cost, entries) = (&costs[r * m..][..m], &mut entries[r * stride..][..stride]);
            // A potential may be unknown, and then it is like the one before while potentials have been alike; or far from what
            // the columns now make of it.
            if self.f[i].is_nan() && self.alike && i > 0 {
                let sum = if r > 0 { sums[r - 1].widen() } else { self.sums[i - 1] };
                self.f[i] = self.f[i - 1] - sum.log2();
            }
            if !self.f[i].is_nan() {
                sums[r] = lanes::exponentials::<A, K, FUSED>(cost, self.f[i], g, problem.scale, v, entries);
            }
            if self.f[i].is_nan() || !is_safe::<K>(sums[r].widen()) {
                self.alike &= i == 0;
                let largest = lanes::largest(cost, reach, problem.scale);
                self.f[i] = if largest.is_finite() { -largest } else { 0.0 };
                sums[r] = lanes::exponentials::<A, K, FUSED>(cost, self.f[i], g, problem.scale, v, entries);
            }
        }
        sums
    }

    /// Keeps the sums of up to [`ROWS`] rows; what the rows count in the columns, and whether the sums are safe.
    #[inline(always)]
    fn factors(&mut self, rows: Range<usize>, sums: [K; ROWS]) -> ([K; ROWS], bool) {
        let mut factors = [K::zero(); ROWS];
        let mut safe = true;
        for (r, i) in rows.enumerate() {
            let sum = sums[r].widen();
            self.sums[i] = sum;
            safe &= is_safe::<K>(sum);
            factors[r] = K::narrow(self.shared.problem.row_factor(self.first + i, sum, self.f[i]));
        }
        (factors, safe)
    }
}

/// [`ROWS`] rows of entries, from row `first`.
#[inline(always)]
fn quad_of<K>(entries: &[K], first: usize, stride: usize) -> [&[K]; ROWS] {
    std::array::from_fn(|r| &entries[(first + r) * stride..][..stride])
}
