//! Errors of array states, from slices and host coefficients.

use ndarray::{Array, Dimension};

use super::kernel::{Scaled, Terms};
use super::{Element, check_shapes, slices_of};
use crate::ErrorEstimate;

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
