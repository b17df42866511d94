//! Errors of array states, from slices and host coefficients.

use std::borrow::Cow;

use ndarray::{Array, CowArray, Dimension};

use super::kernel::Scaled;
use super::{Element, check_shapes, sample_length, slice, standard, terms};
use crate::ErrorEstimate;

/// What an error estimate reads, in standard layout.
pub(super) struct Operands<'a, A: Element, D: Dimension> {
    start: CowArray<'a, A, D>,
    end: CowArray<'a, A, D>,
    stages: Cow<'a, [Array<A, D>]>,
    estimate: &'a ErrorEstimate<'a>,
}

impl<'a, A: Element, D: Dimension> Operands<'a, A, D> {
    #[track_caller]
    pub(super) fn new(
        end: &'a Array<A, D>,
        start: &'a Array<A, D>,
        stages: &'a [Array<A, D>],
        estimate: &'a ErrorEstimate<'a>,
    ) -> Self {
        let stages = &stages[..estimate.rows.iter().map(|row| row.len()).max().unwrap_or(0)];
        check_shapes(end, start, stages);
        let (start, end, stages) = (start.as_standard_layout(), end.as_standard_layout(), standard(stages));
        Self { start, end, stages, estimate }
    }

    fn scaled(&self) -> Scaled<'_, A> {
        Scaled {
            start: slice(&self.start),
            end: slice(&self.end),
            rtol: A::from_f64(self.estimate.tolerance.rtol()),
            atol: A::from_f64(self.estimate.tolerance.atol()),
        }
    }

    /// The error of all values together.
    pub(super) fn error(&self, h: f64) -> f64 {
        let (scaled, values) = (self.scaled(), self.end.len());
        let mut mean_squares = [0.0; 2];
        for (mean, row) in mean_squares.iter_mut().zip(self.estimate.rows) {
            let coefficients = || terms(row, &self.stages).map(|(a, k)| (A::from_f64(h * a), k));
            *mean = scaled.sum_of_squares(0..values, &coefficients) / values.max(1) as f64;
        }
        self.estimate.of(mean_squares)
    }

    /// Hands the error of each sample to `visit`.
    pub(super) fn sample_errors(&self, h: impl Fn(usize) -> f64, mut visit: impl FnMut(usize, f64)) {
        let scaled = self.scaled();
        let length = sample_length(&self.end);
        let rows = self.estimate.rows;
        scaled.sample_sums(length, h, rows.len().min(2), &|row| terms(rows[row], &self.stages), |i, sums| {
            visit(i, self.estimate.of(sums.map(|sum| sum / length as f64)));
        });
    }
}
