//! The derivatives of a step of tensors, kept where arithmetic on them is cheap.

use std::fmt::Debug;

use tch::{Device, Kind, Tensor};

use super::{Arrays, Block, Numbers, positions};
use crate::{ErrorEstimate, Norm, PendingError, State};

/// The values of derivatives, and the arithmetic on them that autograd does not record.
///
/// Shapes are those of the state that they were made for; states and derivatives with another one are a panic.
pub(super) trait Kept: Debug {
    /// Copies the values of a derivative, but for one that is kept alone.
    fn set(&mut self, index: usize, derivative: &Tensor);

    /// The values of a derivative, in the state's shape.
    fn get(&self, index: usize) -> Tensor;

    /// [`State::combine`], as a new tensor.
    fn combine(&self, base: &Tensor, h: f64, row: &[f64]) -> Tensor;

    /// [`RowState::combine_rows`](crate::RowState::combine_rows), as a new tensor.
    fn combine_rows(&self, base: &Tensor, h: &[f64], row: &[f64]) -> Tensor;

    /// The error of the batch.
    fn error(&self, end: &Tensor, start: &Tensor, h: f64, estimate: &ErrorEstimate<'_>, norm: Norm) -> PendingError;

    /// The error of each sample, with a step size for each.
    fn sample_errors(&self, end: &Tensor, start: &Tensor, h: &[f64], estimate: &ErrorEstimate<'_>) -> Vec<f64>;

    fn move_stage(&mut self, from: usize, to: usize);

    fn copy_samples(&mut self, from: usize, to: usize, samples: &[usize]);

    fn keep_samples(&mut self, samples: &[usize]);
}

/// Derivatives of tensor states: their values, and as the field returned them where autograd records.
#[derive(Debug)]
pub struct TensorStages {
    buffer: Tensor,
    tracked: Vec<Option<Tensor>>,
    pub(super) kept: Box<dyn Kept>,
    numbers: Numbers,
}

impl TensorStages {
    pub(super) fn new(state: &Tensor, count: usize) -> Self {
        let kept: Box<dyn Kept> = match (state.device(), state.kind(), count) {
            (Device::Cpu, Kind::Float, 2..) => Box::new(Arrays::<f32>::new(state, count)),
            (Device::Cpu, Kind::Double, 2..) => Box::new(Arrays::<f64>::new(state, count)),
            _ => Box::new(Block::new(state, count)),
        };
        let tracked = (0..count).map(|_| None).collect();
        Self { buffer: state.empty_like(), tracked, kept, numbers: Numbers::of(state) }
    }

    /// A derivative, in the state's shape.
    pub(crate) fn get(&self, index: usize) -> Tensor {
        self.tracked[index].as_ref().map_or_else(|| self.kept.get(index), Tensor::shallow_clone)
    }

    /// What a field may write a derivative to, or replace.
    pub(super) fn offer(&mut self) -> Tensor {
        if self.buffer.requires_grad() {
            // The record holds on to a tensor that was written under it.
            self.buffer = self.buffer.empty_like();
        }
        self.buffer.shallow_clone()
    }

    pub(super) fn set(&mut self, index: usize, derivative: Tensor) {
        self.kept.set(index, &derivative);
        self.tracked[index] = derivative.requires_grad().then_some(derivative);
    }

    pub(super) fn move_stage(&mut self, from: usize, to: usize) {
        self.kept.move_stage(from, to);
        self.tracked[to] = self.tracked[from].take();
    }

    /// Whether autograd records one of the first `count` derivatives.
    pub(super) fn tracked(&self, count: usize) -> bool {
        self.tracked[..count].iter().any(Option::is_some)
    }

    /// The terms `row[j] stages[j]` that are not zero.
    pub(super) fn terms<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (f64, Tensor)> {
        let terms = row.iter().copied().enumerate().filter(|(_, a)| *a != 0.0);
        terms.map(|(index, a)| (a, self.get(index)))
    }

    pub(super) fn copy_samples(&mut self, from: usize, to: usize, samples: &[usize]) {
        if self.tracked[from].is_some() || self.tracked[to].is_some() {
            let positions = positions(samples, self.buffer.device());
            let rows = self.get(from).index_select(0, &positions);
            let copied = self.get(to).index_copy(0, &positions, &rows);
            self.tracked[to] = copied.requires_grad().then_some(copied);
        }
        self.kept.copy_samples(from, to, samples);
    }

    pub(super) fn keep_samples(&mut self, samples: &[usize]) {
        let positions = positions(samples, self.buffer.device());
        for derivative in self.tracked.iter_mut().flatten() {
            *derivative = derivative.index_select(0, &positions);
        }
        self.buffer = self.buffer.index_select(0, &positions);
        self.kept.keep_samples(samples);
    }

    /// `base + factor * term`, where neither is tracked, in one pass.
    pub(crate) fn add_scaled(&self, base: &Tensor, factor: f64, term: &Tensor) -> Tensor {
        self.numbers.add_scaled(base, factor, term)
    }
}

/// Panics unless a tensor has the shape that derivatives are kept for.
#[track_caller]
pub(super) fn check_shape(tensor: &Tensor, shape: &[i64]) {
    assert!(tensor.size() == shape, "derivatives of shape {shape:?} cannot be used with {}", tensor.layout());
}
