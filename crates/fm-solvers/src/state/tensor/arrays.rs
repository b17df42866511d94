//! Derivatives of tensors on the CPU as arrays.
//!
//! An operator of LibTorch takes some microseconds whatever its size, twice that after a network has had the caches, and a
//! step has thirty. Two copies and the arrays' own loops take one for a thousand points of the plane, and give the same
//! numbers as arrays to the last bit. Where samples are large the copies are two passes more over memory, and still nothing
//! beside the network that large samples need.

use std::cell::RefCell;

use ndarray::Array2;
use pulp::bytemuck::{Pod, cast_slice};
use tch::Tensor;

use super::stages::{Kept, check_shape};
use crate::{Element, ErrorEstimate, Norm, PendingError, RowState, State};

#[derive(Debug)]
pub(super) struct Arrays<A> {
    shape: Vec<i64>,
    stages: Vec<Array2<A>>,
    /// Where states are copied to, and sums are made.
    states: RefCell<[Array2<A>; 2]>,
}

impl<A: Element + Pod + tch::kind::Element> Arrays<A> {
    pub(super) fn new(state: &Tensor, count: usize) -> Self {
        let batch = state.batch();
        let array = Array2::zeros((batch, state.numel() / batch.max(1)));
        Self { shape: state.size(), stages: array.stages(count), states: [array.clone(), array].into() }
    }

    fn tensor(&self, array: &Array2<A>) -> Tensor {
        let values = array.as_slice().expect("in standard layout");
        Tensor::from_data_size(cast_slice(values), &self.shape, A::KIND)
    }

    /// What `combine` makes of an array and of one that holds the values of `base`.
    fn combined(&self, base: &Tensor, combine: impl FnOnce(&mut Array2<A>, &Array2<A>)) -> Tensor {
        let [out, base_array] = &mut *self.states.borrow_mut();
        read(base, &self.shape, base_array);
        combine(out, base_array);
        self.tensor(out)
    }

    /// What `measure` makes of the values of both states.
    fn measured<R>(&self, end: &Tensor, start: &Tensor, measure: impl FnOnce(&Array2<A>, &Array2<A>) -> R) -> R {
        let [end_array, start_array] = &mut *self.states.borrow_mut();
        read(end, &self.shape, end_array);
        read(start, &self.shape, start_array);
        measure(end_array, start_array)
    }
}

#[track_caller]
fn read<A: tch::kind::Element>(tensor: &Tensor, shape: &[i64], array: &mut Array2<A>) {
    check_shape(tensor, shape);
    let values = array.as_slice_mut().expect("in standard layout");
    tensor.copy_data(values, values.len());
}

impl<A: Element + Pod + tch::kind::Element> Kept for Arrays<A> {
    fn set(&mut self, index: usize, derivative: &Tensor) {
        read(derivative, &self.shape, &mut self.stages[index]);
    }

    fn get(&self, index: usize) -> Tensor {
        self.tensor(&self.stages[index])
    }

    fn combine(&self, base: &Tensor, h: f64, row: &[f64]) -> Tensor {
        self.combined(base, |out, base| out.combine(base, h, row, &self.stages))
    }

    fn combine_rows(&self, base: &Tensor, h: &[f64], row: &[f64]) -> Tensor {
        self.combined(base, |out, base| out.combine_rows(base, h, row, &self.stages))
    }

    fn error(&self, end: &Tensor, start: &Tensor, h: f64, estimate: &ErrorEstimate<'_>, norm: Norm) -> PendingError {
        self.measured(end, start, |end, start| end.error(start, h, &self.stages, estimate, norm))
    }

    fn sample_errors(&self, end: &Tensor, start: &Tensor, h: &[f64], estimate: &ErrorEstimate<'_>) -> Vec<f64> {
        let mut errors = vec![0.0; h.len()];
        self.measured(end, start, |end, start| {
            end.sample_errors(start, h, &self.stages, estimate, &mut errors);
        });
        errors
    }

    fn move_stage(&mut self, from: usize, to: usize) {
        Array2::move_stage(&mut self.stages, from, to);
    }

    fn copy_samples(&mut self, from: usize, to: usize, samples: &[usize]) {
        Array2::copy_stage_samples(&mut self.stages, from, to, samples);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        self.shape[0] = samples.len() as i64;
        Array2::keep_stage_samples(&mut self.stages, samples);
        for state in self.states.get_mut() {
            state.keep_samples(samples);
        }
    }
}
