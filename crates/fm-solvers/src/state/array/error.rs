//! Errors of array states, from slices and host coefficients.

#![expect(clippy::inline_always, reason = "a function has the vector unit of its caller only if it is a part of it")]

use std::ops::Range;

use ndarray::{Array, Dimension};
use pulp::Arch;

use super::kernel::{BLOCK, PARALLEL, Terms};
use super::{Element, check_shapes, slices_of};
use crate::ErrorEstimate;

/// Partial sums of an error. They are in `f64`.
const SUMS: usize = 16;

/// What an error estimate reads, as slices.
pub(super) struct Operands<'a, A, D: Dimension> {
    scaled: Scaled<'a, A>,
    stages: &'a [Array<A, D>],
    estimate: &'a ErrorEstimate<'a>,
    batch: usize,
}

/// Hands the operands of an estimate to `work`; those in another layout are copied for it.
#[track_caller]
pub(super) fn with_operands<A: Element, D: Dimension, R>(
    end: &Array<A, D>,
    start: &Array<A, D>,
    stages: &[Array<A, D>],
    estimate: &ErrorEstimate<'_>,
    work: impl FnOnce(&Operands<'_, A, D>) -> R,
) -> R {
    let stages = &stages[..estimate.rows.iter().map(|row| row.len()).max().unwrap_or(0)];
    check_shapes(end, start, stages);
    let slices = (start.as_slice(), end.as_slice());
    let ((Some(start), Some(end_slice)), true) = (slices, stages.iter().all(Array::is_standard_layout)) else {
        let copy = |array: &Array<A, D>| array.as_standard_layout().into_owned();
        let stages: Vec<_> = stages.iter().map(copy).collect();
        return with_operands(&copy(end), &copy(start), &stages, estimate, work);
    };
    let [rtol, atol] = [estimate.tolerance.rtol(), estimate.tolerance.atol()].map(A::from_f64);
    let scaled = Scaled { start, end: end_slice, rtol, atol };
    let batch = end.shape().first().copied().unwrap_or(1);
    work(&Operands { scaled, stages, estimate, batch })
}

impl<A: Element, D: Dimension> Operands<'_, A, D> {
    /// The error of all values together, of a step of length `h`.
    pub(super) fn error(&self, h: f64) -> f64 {
        let values = self.scaled.end.len();
        let mut mean_squares = [0.0; 2];
        let mut terms = Terms::none();
        for (mean, row) in mean_squares.iter_mut().zip(self.estimate.rows) {
            terms.set(h, row, slices_of(self.stages)).expect("in standard layout");
            *mean = self.scaled.sum_of_squares(0..values, &terms) / values.max(1) as f64;
        }
        self.estimate.of(mean_squares)
    }

    /// Hands the error of each sample to `visit`.
    pub(super) fn sample_errors(&self, h: impl Fn(usize) -> f64, mut visit: impl FnMut(usize, f64)) {
        let length = self.scaled.end.len() / self.batch.max(1);
        let mut rows = [Terms::none(), Terms::none()];
        for (terms, row) in rows.iter_mut().zip(self.estimate.rows) {
            terms.set(1.0, row, slices_of(self.stages)).expect("in standard layout");
        }
        for i in 0..self.batch {
            let mut mean_squares = [0.0; 2];
            for ((mean, terms), row) in mean_squares.iter_mut().zip(&mut rows).zip(self.estimate.rows) {
                terms.scale(h(i), row);
                *mean = self.scaled.sum_of_squares(i * length..(i + 1) * length, terms) / length.max(1) as f64;
            }
            visit(i, self.estimate.of(mean_squares));
        }
    }
}

/// The operands of an error estimate, as slices of the same values.
struct Scaled<'a, A> {
    start: &'a [A],
    end: &'a [A],
    rtol: A,
    atol: A,
}

impl<A: Element> Scaled<'_, A> {
    /// The sum over `range` of `(sum_j c_j k_j / (atol + rtol max(|start|, |end|)))^2`.
    ///
    /// The order of the additions depends on the length of the range alone.
    fn sum_of_squares(&self, range: Range<usize>, terms: &Terms<'_, A>) -> f64 {
        if range.len() >= PARALLEL {
            let middle = range.start + (range.len() / 2).next_multiple_of(BLOCK);
            let (lower, upper) = rayon::join(
                || self.sum_of_squares(range.start..middle, terms),
                || self.sum_of_squares(middle..range.end, terms),
            );
            return lower + upper;
        }
        if range.len() < SUMS {
            return self.sum_part(range, terms);
        }
        Arch::new().dispatch(|| self.sum_part(range, terms))
    }

    #[inline(always)]
    fn sum_part(&self, range: Range<usize>, terms: &Terms<'_, A>) -> f64 {
        let (start, end) = (&self.start[range.clone()], &self.end[range.clone()]);
        let (starts, start) = start.as_chunks::<SUMS>();
        let (ends, end) = end.as_chunks::<SUMS>();
        let mut sums = [0.0; SUMS];
        for (i, (start, end)) in starts.iter().zip(ends).enumerate() {
            let mut estimate = terms.add_lanes(range.start + i * SUMS, [A::zero(); SUMS]);
            for ((e, &start), &end) in estimate.iter_mut().zip(start).zip(end) {
                *e = self.quotient(*e, start, end);
            }
            for (sum, e) in sums.iter_mut().zip(estimate) {
                *sum += square(e);
            }
        }
        let at = range.end - start.len();
        for (i, ((sum, &start), &end)) in sums.iter_mut().zip(start).zip(end).enumerate() {
            *sum += square(self.quotient(terms.add(at + i, A::zero()), start, end));
        }
        sums.iter().sum()
    }

    /// An estimate in units of the tolerance.
    #[inline(always)]
    fn quotient(&self, estimate: A, start: A, end: A) -> A {
        let (start, end) = (start.abs(), end.abs());
        // Written so that a NaN in `end` is kept; `max` would drop it.
        let scale = self.atol + self.rtol * if start > end { start } else { end };
        // An infinite state has an infinite scale, and would hide every error: infinity times zero is NaN.
        estimate / scale + A::zero() * scale
    }
}

/// In `f64`, where the square of an `f32` cannot overflow.
#[inline(always)]
fn square<A: Element>(e: A) -> f64 {
    let e: f64 = e.into();
    e * e
}
