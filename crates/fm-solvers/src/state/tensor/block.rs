//! Derivatives of tensors on any device as one block.
//!
//! They are the rows of one contiguous `[1, s, n]` block, so that a combination is one matrix product
//! `base + h * row . block` whatever the number of stages (torchdiffeq keeps stages last, and every combination becomes a
//! strided reduction): for six stages this is 1 kernel against 12.

use tch::{Kind, Tensor, no_grad};

use super::stages::{Kept, check_shape};
use super::{Numbers, positions, read_back};
use crate::{ErrorEstimate, Norm, PendingError};

/// The block, `[1, s, n]`, with views of it that are made once.
#[derive(Debug)]
pub(super) struct Block {
    shape: Vec<i64>,
    values: Tensor,
    /// The rows of the block in the state's shape, and its first rows, up to each.
    rows: Vec<Tensor>,
    firsts: Vec<Tensor>,
    numbers: Numbers,
}

impl Block {
    pub(super) fn new(state: &Tensor, count: usize) -> Self {
        let size = [1, count as i64, state.numel() as i64];
        Self::over(state.size(), Tensor::zeros(size, (state.kind(), state.device())))
    }

    fn over(shape: Vec<i64>, values: Tensor) -> Self {
        let count = values.size()[1];
        let rows = (0..count).map(|i| values.select(1, i).view(shape.as_slice())).collect();
        let firsts = (1..=count).map(|n| values.narrow(1, 0, n)).collect();
        let numbers = Numbers::of(&values);
        Self { shape, values, rows, firsts, numbers }
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

    /// The errors of a step of length one, of each of `groups` equal parts of the batch, and what to multiply them by; an
    /// error is a multiple of the length.
    #[track_caller]
    fn errors(&self, end: &Tensor, start: &Tensor, estimate: &ErrorEstimate<'_>, groups: i64) -> (Tensor, f64) {
        check_shape(end, &self.shape);
        check_shape(start, &self.shape);
        let tolerance = estimate.tolerance;
        let errors = no_grad(|| {
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
            estimate.of_norms(&estimate.rows.iter().map(norm).collect::<Vec<_>>())
        });
        (errors, (groups as f64 / self.values.size()[2].max(1) as f64).sqrt())
    }
}

impl Kept for Block {
    /// A lone derivative stays as the field returned it: it is a block already, and packing it would be a copy.
    fn set(&mut self, index: usize, derivative: &Tensor) {
        match &mut *self.rows {
            [lone] => *lone = derivative.shallow_clone(),
            rows => {
                check_shape(derivative, &self.shape);
                no_grad(|| rows[index].copy_(derivative));
            }
        }
    }

    fn get(&self, index: usize) -> Tensor {
        self.rows[index].shallow_clone()
    }

    fn combine(&self, base: &Tensor, h: f64, row: &[f64]) -> Tensor {
        check_shape(base, &self.shape);
        let mut terms = row.iter().zip(&self.rows).filter(|(a, _)| **a != 0.0);
        match (terms.next(), terms.next()) {
            (None, _) => base.shallow_clone(),
            (Some((a, k)), None) => self.numbers.add_scaled(base, h * a, k),
            _ => {
                let base = base.reshape([1, 1, -1]);
                let sum = base.baddbmm(&self.numbers.row(row), &self.first(row.len()), 1.0, h);
                sum.view(self.shape.as_slice())
            }
        }
    }

    fn combine_rows(&self, base: &Tensor, h: &[f64], row: &[f64]) -> Tensor {
        check_shape(base, &self.shape);
        let samples = [self.batch(), -1];
        let h = Tensor::from_slice(h).to_kind(base.kind()).to_device(base.device()).view([-1, 1]);
        base.reshape(samples).addcmul(&self.sum(row).view(samples), &h).view(self.shape.as_slice())
    }

    fn error(&self, end: &Tensor, start: &Tensor, h: f64, estimate: &ErrorEstimate<'_>, norm: Norm) -> PendingError {
        let groups = if norm == Norm::MaxOverSamples { self.batch() } else { 1 };
        let (errors, factor) = self.errors(end, start, estimate, groups);
        PendingError::on_device(if groups == 1 { errors.squeeze() } else { errors.max() }, factor * h.abs())
    }

    fn sample_errors(&self, end: &Tensor, start: &Tensor, h: &[f64], estimate: &ErrorEstimate<'_>) -> Vec<f64> {
        let (errors, factor) = self.errors(end, start, estimate, self.batch());
        read_back(&errors).iter().zip(h).map(|(error, h)| factor * h.abs() * error).collect()
    }

    fn move_stage(&mut self, from: usize, to: usize) {
        let derivative = self.get(from);
        self.set(to, &derivative);
    }

    fn copy_samples(&mut self, from: usize, to: usize, samples: &[usize]) {
        let samples = positions(samples, self.values.device());
        let rows = self.rows[from].index_select(0, &samples);
        let _ = self.rows[to].index_copy_(0, &samples, &rows);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        let (count, batch) = (self.values.size()[1], self.batch());
        let mut shape = std::mem::take(&mut self.shape);
        shape[0] = samples.len() as i64;
        let samples = positions(samples, self.values.device());
        let values = self.values.view([count, batch, -1]).index_select(1, &samples).view([1, count, -1]);
        *self = Self::over(shape, values);
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use tch::Device;

    use super::*;
    use crate::Tolerance;
    use crate::state::tensor::Arrays;

    const SHAPE: [i64; 3] = [5, 2, 3];
    const ROW: [f64; 4] = [0.3, -1.5, 0.0, 2.0];

    fn state(phase: f64) -> Tensor {
        (Tensor::linspace(-2.0, 2.0, 30, (Kind::Double, Device::Cpu)) * 3.0 + phase).sin().view(SHAPE)
    }

    /// The same four derivatives in both places.
    fn both() -> [Box<dyn Kept>; 2] {
        let mut both: [Box<dyn Kept>; 2] =
            [Box::new(Block::new(&state(0.0), 4)), Box::new(Arrays::<f64>::new(&state(0.0), 4))];
        for kept in &mut both {
            (0..4).for_each(|i| kept.set(i, &state(i as f64)));
        }
        both
    }

    /// Sums of five terms below 5 round by less than this.
    fn assert_same([a, b]: [Vec<f64>; 2]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert_relative_eq!(*a, b, epsilon = 1e-14, max_relative = 1e-14);
        }
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.flatten(0, -1)).unwrap()
    }

    #[test]
    fn sums_are_those_of_arrays() {
        for row in [&[0.0][..], &[0.0, 0.7], &ROW[..2], &ROW] {
            assert_same(both().map(|kept| values(&kept.combine(&state(9.0), -0.1, row))));
            let h = [0.1, -0.2, 0.0, 1.0, 0.5];
            assert_same(both().map(|kept| values(&kept.combine_rows(&state(9.0), &h, row))));
        }
    }

    #[test]
    fn errors_are_those_of_arrays() {
        let tolerance = Tolerance::new(0.1, 0.2).unwrap();
        let (start, end, h) = (state(9.0), state(8.0), [0.1, -0.2, 0.0, 1.0, 0.5]);
        for rows in [&[&ROW[..]][..], &[&ROW, &[1.0, 1.0, -2.0, 0.1]]] {
            let estimate = ErrorEstimate { rows, tolerance };
            for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
                assert_same(both().map(|kept| vec![kept.error(&end, &start, -0.1, &estimate, norm).read()]));
            }
            assert_same(both().map(|kept| kept.sample_errors(&end, &start, &h, &estimate)));
            let infinite = end.copy();
            let _ = infinite.get(3).fill_(f64::INFINITY);
            for kept in both() {
                for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
                    assert!(!kept.error(&infinite, &start, 0.1, &estimate, norm).read().is_finite());
                }
                let errors = kept.sample_errors(&infinite, &start, &h, &estimate);
                assert_eq!(errors.iter().position(|error| !error.is_finite()), Some(3));
            }
        }
    }

    #[test]
    fn samples_move_as_those_of_arrays() {
        assert_same(both().map(|mut kept| {
            kept.copy_samples(3, 1, &[0, 4]);
            kept.keep_samples(&[0, 2, 4]);
            kept.move_stage(2, 0);
            [0, 1, 3].map(|i| values(&kept.get(i))).concat()
        }));
    }
}
