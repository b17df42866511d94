//! [`State`] for two states that are solved together, such as a sample and its log-density.
//!
//! Each part keeps its own layout and does its own work. The error of a pair is the larger of the errors of its parts, so
//! that a part of few values is not averaged away by one of many; [`Weighted`](crate::Weighted) gives a part another say.
//! Errors of parts on a device are read back together.
//!
//! The second part may hold one thing for all samples, as a batch of one: a gradient with respect to shared parameters. Where
//! it is at fault, the first sample is named; samples cannot take steps of their own then.

use super::{Layout, PendingError, RowState, State};
use crate::norm::exceeds;
use crate::{ErrorEstimate, Norm, SolveError};

/// Derivatives of a pair: those of its parts, and the pair that a field writes to.
#[derive(Debug)]
pub struct PairStages<A: State, B: State> {
    parts: (A::Stages, B::Stages),
    /// Its own content is never looked at.
    slot: (A, B),
}

impl<A: State, B: State> State for (A, B) {
    type Stages = PairStages<A, B>;

    #[track_caller]
    fn batch(&self) -> usize {
        let (first, second) = (self.0.batch(), self.1.batch());
        assert!(
            second == first || second == 1,
            "the parts of a pair, {} and {}, hold different samples",
            self.0.layout(),
            self.1.layout()
        );
        first
    }

    fn layout(&self) -> Layout {
        let (first, second) = (self.0.layout(), self.1.layout());
        let element = format!("({}, {} {:?})", first.element, second.element, second.shape);
        Layout { element, ..first }
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.0.same_layout(&other.0) && self.1.same_layout(&other.1)
    }

    fn alloc_like(&self) -> Self {
        (self.0.alloc_like(), self.1.alloc_like())
    }

    fn copy_from(&mut self, source: &Self) {
        self.0.copy_from(&source.0);
        self.1.copy_from(&source.1);
    }

    fn non_finite_sample(&self) -> Option<usize> {
        self.0.non_finite_sample().or_else(|| self.1.non_finite_sample())
    }

    fn stages(&self, count: usize) -> Self::Stages {
        PairStages { parts: (self.0.stages(count), self.1.stages(count)), slot: self.alloc_like() }
    }

    fn set_stage(
        stages: &mut Self::Stages,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        let PairStages { parts: (first, second), slot } = stages;
        A::set_stage(first, index, |a| {
            B::set_stage(second, index, |b| {
                // A field takes one pair; the parts' buffers are lent to it and taken back, whatever it returns.
                std::mem::swap(a, &mut slot.0);
                std::mem::swap(b, &mut slot.1);
                let result = eval(slot);
                std::mem::swap(a, &mut slot.0);
                std::mem::swap(b, &mut slot.1);
                result
            })
        })
    }

    #[track_caller]
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Self::Stages) {
        self.0.combine(&base.0, h, row, &stages.parts.0);
        self.1.combine(&base.1, h, row, &stages.parts.1);
    }

    fn move_stage(stages: &mut Self::Stages, from: usize, to: usize) {
        A::move_stage(&mut stages.parts.0, from, to);
        B::move_stage(&mut stages.parts.1, from, to);
    }

    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError {
        let first = self.0.error(&start.0, h, &stages.parts.0, estimate, norm);
        first.max(self.1.error(&start.1, h, &stages.parts.1, estimate, norm))
    }

    fn worst_sample(&self, start: &Self, h: f64, stages: &Self::Stages, estimate: &ErrorEstimate<'_>) -> (usize, f64) {
        let first = self.0.worst_sample(&start.0, h, &stages.parts.0, estimate);
        let second = self.1.worst_sample(&start.1, h, &stages.parts.1, estimate);
        if exceeds(second.1, first.1) { second } else { first }
    }
}

impl<A: RowState, B: RowState> RowState for (A, B) {
    #[track_caller]
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &Self::Stages) {
        self.0.combine_rows(&base.0, h, row, &stages.parts.0);
        self.1.combine_rows(&base.1, h, row, &stages.parts.1);
    }

    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        errors: &mut [f64],
    ) {
        self.0.sample_errors(&start.0, h, &stages.parts.0, estimate, errors);
        self.1.sample_errors(&start.1, h, &stages.parts.1, estimate, errors);
    }

    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]) {
        self.0.copy_samples(to, &source.0, from);
        self.1.copy_samples(to, &source.1, from);
    }

    fn copy_stage_samples(stages: &mut Self::Stages, from: usize, to: usize, samples: &[usize]) {
        A::copy_stage_samples(&mut stages.parts.0, from, to, samples);
        B::copy_stage_samples(&mut stages.parts.1, from, to, samples);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        self.0.keep_samples(samples);
        self.1.keep_samples(samples);
    }

    fn keep_stage_samples(stages: &mut Self::Stages, samples: &[usize]) {
        A::keep_stage_samples(&mut stages.parts.0, samples);
        B::keep_stage_samples(&mut stages.parts.1, samples);
    }
}
