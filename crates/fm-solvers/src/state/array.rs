//! [`State`] for ndarray arrays of `f32` or `f64`, of any dimension.

mod error;
mod kernel;

use std::borrow::Cow;

use ndarray::{Array, CowArray, Dimension, NdFloat};

use self::error::with_operands;
use self::kernel::{LANES, TERMS, Terms};
use super::{Layout, PendingError, RowState, State};
use crate::norm::{exceeds, larger};
use crate::{ErrorEstimate, Norm, SolveError};

/// A scalar that array states are made of.
pub trait Element: NdFloat + Into<f64> {
    /// The type's name, for messages.
    const NAME: &'static str;

    /// Rounds a host coefficient to this type.
    fn from_f64(value: f64) -> Self;
}

impl Element for f32 {
    const NAME: &'static str = "f32";

    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Element for f64 {
    const NAME: &'static str = "f64";

    fn from_f64(value: f64) -> Self {
        value
    }
}

impl<A: Element, D: Dimension> State for Array<A, D> {
    type Stages = Vec<Self>;

    fn batch(&self) -> usize {
        self.shape().first().copied().unwrap_or(1)
    }

    fn layout(&self) -> Layout {
        Layout { shape: self.shape().to_vec(), element: A::NAME.to_owned(), device: "host".to_owned() }
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.shape() == other.shape()
    }

    fn alloc_like(&self) -> Self {
        Self::zeros(self.raw_dim())
    }

    fn copy_from(&mut self, source: &Self) {
        self.assign(source);
    }

    fn non_finite_sample(&self) -> Option<usize> {
        let bad = self.iter().position(|x| !x.is_finite())?;
        Some(bad / (self.len() / self.batch()))
    }

    fn stages(&self, count: usize) -> Vec<Self> {
        (0..count).map(|_| self.alloc_like()).collect()
    }

    fn set_stage(
        stages: &mut Vec<Self>,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        eval(&mut stages[index])
    }

    #[track_caller]
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Vec<Self>) {
        let stages = &stages[..row.len()];
        check_shapes(self, base, stages);
        make_standard(self);
        if combine_slices(slice_mut(self), base, h, row, stages).is_none() {
            // The same sums in the same order: a transposed initial state in its first step, or a field that returns one.
            self.assign(base);
            for (&a, k) in row.iter().zip(stages).filter(|(a, _)| **a != 0.0) {
                self.scaled_add(A::from_f64(h * a), k);
            }
        }
    }

    fn move_stage(stages: &mut Vec<Self>, from: usize, to: usize) {
        stages.swap(from, to);
    }

    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &Vec<Self>,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError {
        with_operands(self, start, stages, estimate, |operands| match norm {
            Norm::BatchRms => operands.error(h),
            Norm::MaxOverSamples => {
                let mut worst = 0.0;
                operands.sample_errors(|_| h, |_, error| worst = larger(worst, error));
                worst
            }
        })
        .into()
    }

    fn worst_sample(&self, start: &Self, h: f64, stages: &Vec<Self>, estimate: &ErrorEstimate<'_>) -> (usize, f64) {
        let mut worst = (0, 0.0);
        with_operands(self, start, stages, estimate, |operands| {
            operands.sample_errors(
                |_| h,
                |i, error| {
                    if exceeds(error, worst.1) {
                        worst = (i, error);
                    }
                },
            );
        });
        worst
    }
}

impl<A: Element, D: Dimension> RowState for Array<A, D> {
    #[track_caller]
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &Vec<Self>) {
        assert_eq!(h.len(), self.batch(), "one step size for each sample");
        let stages = &stages[..row.len()];
        check_shapes(self, base, stages);
        make_standard(self);
        let out = slice_mut(self);
        let length = (out.len() / h.len()).max(1);
        let (base, stages) = (base.as_standard_layout(), standard(stages));
        let mut base = base.as_slice();
        let mut terms = Terms::none();
        for (row, stages) in row.chunks(TERMS).zip(stages.chunks(TERMS)) {
            terms.set(1.0, row, slices_of(stages)).expect("in standard layout");
            kernel::combine_samples(out, base.take(), &mut terms, row, (length, h));
        }
    }

    #[track_caller]
    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &Vec<Self>,
        estimate: &ErrorEstimate<'_>,
        errors: &mut [f64],
    ) {
        assert!(
            h.len() == self.batch() && errors.len() == self.batch(),
            "{} step sizes and {} errors for {} samples",
            h.len(),
            errors.len(),
            self.batch()
        );
        with_operands(self, start, stages, estimate, |operands| {
            operands.sample_errors(|i| h[i], |i, error| errors[i] = larger(errors[i], error));
        });
    }

    #[track_caller]
    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]) {
        assert_eq!(to.len(), from.len(), "one source for each sample");
        make_standard(self);
        let source = source.as_standard_layout();
        let length = sample_length(&source);
        assert_eq!(self.len(), self.batch() * length, "samples of one shape");
        let (target, source) = (slice_mut(self), slice(&source));
        for (&to, &from) in to.iter().zip(from) {
            target[to * length..][..length].copy_from_slice(&source[from * length..][..length]);
        }
    }

    fn copy_stage_samples(stages: &mut Vec<Self>, from: usize, to: usize, samples: &[usize]) {
        let [source, target] = stages.get_disjoint_mut([from, to]).expect("two derivatives");
        target.copy_samples(samples, source, samples);
    }

    #[track_caller]
    fn keep_samples(&mut self, samples: &[usize]) {
        make_standard(self);
        let mut shape = self.raw_dim();
        let length = self.len() / self.batch();
        shape[0] = samples.len();
        let taken = std::mem::replace(self, Self::zeros(D::zeros(shape.ndim())));
        let (mut values, offset) = taken.into_raw_vec_and_offset();
        let first = offset.unwrap_or(0);
        for (to, &from) in samples.iter().enumerate() {
            let from = first + from * length;
            values.copy_within(from..from + length, to * length);
        }
        values.truncate(samples.len() * length);
        *self = Self::from_shape_vec(shape, values).expect("as many values as the shape holds");
    }

    fn keep_stage_samples(stages: &mut Vec<Self>, samples: &[usize]) {
        for stage in stages {
            stage.keep_samples(samples);
        }
    }
}

/// The values of each derivative, if they are in standard layout.
fn slices_of<A: Element, D: Dimension>(stages: &[Array<A, D>]) -> impl Iterator<Item = Option<&[A]>> {
    stages.iter().map(|k| k.as_slice())
}

/// [`State::combine`] where all operands are slices.
#[inline]
fn combine_slices<A: Element, D: Dimension>(
    out: &mut [A],
    base: &Array<A, D>,
    h: f64,
    row: &[f64],
    stages: &[Array<A, D>],
) -> Option<()> {
    if out.len() < LANES {
        return kernel::combine_few(out, base.as_slice()?, h, row, slices_of(stages));
    }
    let (row, later_row) = row.split_at(row.len().min(TERMS));
    let (stages, later_stages) = stages.split_at(row.len());
    let mut terms = Terms::none();
    terms.set(h, row, slices_of(stages))?;
    kernel::combine(out, Some(base.as_slice()?), &terms);
    for (row, stages) in later_row.chunks(TERMS).zip(later_stages.chunks(TERMS)) {
        terms.set(h, row, slices_of(stages))?;
        kernel::combine(out, None, &terms);
    }
    Some(())
}

#[inline]
#[track_caller]
fn check_shapes<A: Element, D: Dimension>(out: &Array<A, D>, base: &Array<A, D>, stages: &[Array<A, D>]) {
    if let Some(other) = [base].into_iter().chain(stages).find(|operand| !out.same_layout(operand)) {
        panic!("a combination needs operands of one shape and got {} and {}", out.layout(), other.layout());
    }
}

/// How many values a sample has; one where there are none at all.
fn sample_length<A: Element, D: Dimension>(array: &CowArray<'_, A, D>) -> usize {
    (array.len() / array.shape().first().copied().unwrap_or(1).max(1)).max(1)
}

/// What is about to be overwritten may as well be in standard layout.
fn make_standard<A: Element, D: Dimension>(out: &mut Array<A, D>) {
    if !out.is_standard_layout() {
        *out = out.as_standard_layout().into_owned();
    }
}

fn standard<A: Element, D: Dimension>(stages: &[Array<A, D>]) -> Cow<'_, [Array<A, D>]> {
    if stages.iter().all(Array::is_standard_layout) {
        Cow::Borrowed(stages)
    } else {
        Cow::Owned(stages.iter().map(|k| k.as_standard_layout().into_owned()).collect())
    }
}

fn slice<'a, A: Element, D: Dimension>(array: &'a CowArray<'_, A, D>) -> &'a [A] {
    array.as_slice().expect("in standard layout")
}

fn slice_mut<A: Element, D: Dimension>(array: &mut Array<A, D>) -> &mut [A] {
    array.as_slice_mut().expect("in standard layout")
}
