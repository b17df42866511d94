//! Derivatives of tensors on any device as one block.
//!
//! They are the rows of one contiguous `[1, s, n]` block, so that a combination is one matrix product
//! `base + h * row . block` whatever the number of stages (torchdiffeq keeps stages last, and every combination becomes a
//! strided reduction): for six stages this is 1 kernel against 12.

use tch::{Kind, Tensor, no_grad};

use super::stages::{Kept, check_shape};
use super::{Numbers, positions};
use crate::ErrorEstimate;

/// The block, with views of it that are made once.
#[derive(Debug)]
pub(super) struct Block {
    shape: Vec<i64>,
    block: Tensor,
    /// The rows of the block in the state's shape, and its first rows, up to each.
    rows: Vec<Tensor>,
    firsts: Vec<Tensor>,
    numbers: Numbers,
}

impl Block {
    pub(super) fn new(state: &Tensor, count: usize) -> Self {
        let block = Tensor::zeros([1, count as i64, state.numel() as i64], (state.kind(), state.device()));
        Self::over(state.size(), block)
    }

    fn over(shape: Vec<i64>, block: Tensor) -> Self {
        let count = block.size()[1];
        let rows = (0..count).map(|i| block.select(1, i).view(shape.as_slice())).collect();
        let firsts = (1..=count).map(|n| block.narrow(1, 0, n)).collect();
        let numbers = Numbers::of(&block);
        Self { shape, block, rows, firsts, numbers }
    }

    fn batch(&self) -> i64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// The first `count` derivatives as one block.
    fn first(&self, count: usize) -> Tensor {
        match &*self.rows {
            [lone] => lone.reshape([1, 1, -1]),
            _ => self.firsts[count - 1].shallow_clone(),
        }
    }

    /// `sum_j row[j] stages[j]`, `[1, 1, n]`.
    fn sum(&self, row: &[f64]) -> Tensor {
        self.numbers.row(row).bmm(&self.first(row.len()))
    }

    /// The errors of a step of length one, of each of `groups` equal parts of the batch; an error is a multiple of the
    /// length. One read-back.
    #[track_caller]
    fn errors(&self, end: &Tensor, start: &Tensor, estimate: &ErrorEstimate<'_>, groups: i64) -> Vec<f64> {
        check_shape(end, &self.shape);
        check_shape(start, &self.shape);
        let tolerance = estimate.tolerance;
        let norms = no_grad(|| {
            let largest = start.abs().maximum(&end.abs());
            let atol = self.numbers.scalar(tolerance.atol());
            let scale = self.numbers.add_scaled(&atol, tolerance.rtol(), &largest).reshape([groups, -1]);
            // Zero, or NaN where the scale is infinite: an infinite state would hide every error.
            let poison = scale.g_sub(&scale);
            let wide = if scale.kind() == Kind::Double { Kind::Double } else { Kind::Float };
            let norm = |row: &&[f64]| {
                let quotients = poison.addcdiv(&self.sum(row).view([groups, -1]), &scale);
                quotients.norm_scalaropt_dim_dtype(2.0, 1, false, wide)
            };
            Tensor::cat(&estimate.rows.iter().map(norm).collect::<Vec<_>>(), 0).to_kind(Kind::Double)
        });
        let norms = Vec::<f64>::try_from(norms).expect("a vector of kind Double");
        let (groups, values) = (groups as usize, self.block.size()[2].max(1) as f64);
        let mean_square = |i: usize| norms.get(i).map_or(0.0, |norm| norm * norm * groups as f64 / values);
        (0..groups).map(|i| estimate.of([mean_square(i), mean_square(i + groups)])).collect()
    }
}

impl Kept for Block {
    /// A lone derivative stays as the field returned it: it is a block already, and packing it would be a copy.
    fn set(&mut self, index: usize, derivative: &Tensor) {
        check_shape(derivative, &self.shape);
        match &mut *self.rows {
            [lone] => *lone = derivative.shallow_clone(),
            rows => no_grad(|| rows[index].copy_(derivative)),
        }
    }

    fn get(&self, index: usize) -> Tensor {
        self.rows[index].shallow_clone()
    }

    fn combine(&self, base: &Tensor, h: f64, row: &[f64]) -> Tensor {
        check_shape(base, &self.shape);
        let mut terms = row.iter().zip(&self.rows).filter(|(a, _)| **a != 0.0);
        if let (Some((a, k)), None) = (terms.next(), terms.next()) {
            return self.numbers.add_scaled(base, h * a, k);
        }
        let base = base.reshape([1, 1, -1]);
        base.baddbmm(&self.numbers.row(row), &self.first(row.len()), 1.0, h).view(self.shape.as_slice())
    }

    fn combine_rows(&self, base: &Tensor, h: &[f64], row: &[f64]) -> Tensor {
        check_shape(base, &self.shape);
        let samples = [self.batch(), -1];
        let h = Tensor::from_slice(h).to_kind(base.kind()).to_device(base.device()).view([-1, 1]);
        base.reshape(samples).addcmul(&self.sum(row).view(samples), &h).view(self.shape.as_slice())
    }

    fn error(&self, end: &Tensor, start: &Tensor, h: f64, estimate: &ErrorEstimate<'_>) -> f64 {
        h.abs() * self.errors(end, start, estimate, 1)[0]
    }

    fn sample_errors(&self, end: &Tensor, start: &Tensor, h: &[f64], estimate: &ErrorEstimate<'_>) -> Vec<f64> {
        let errors = self.errors(end, start, estimate, self.batch());
        errors.iter().zip(h).map(|(error, h)| h.abs() * error).collect()
    }

    fn move_stage(&mut self, from: usize, to: usize) {
        let derivative = self.get(from);
        self.set(to, &derivative);
    }

    fn copy_samples(&mut self, from: usize, to: usize, samples: &[usize]) {
        let samples = positions(samples, self.block.device());
        let rows = self.rows[from].index_select(0, &samples);
        let _ = self.rows[to].index_copy_(0, &samples, &rows);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        let (count, batch) = (self.block.size()[1], self.batch());
        let mut shape = std::mem::take(&mut self.shape);
        shape[0] = samples.len() as i64;
        let samples = positions(samples, self.block.device());
        let block = self.block.view([count, batch, -1]).index_select(1, &samples).view([1, count, -1]);
        *self = Self::over(shape, block);
    }
}
