//! Tensor states whose samples take steps of their own.

use tch::{Device, Tensor};

use super::TensorStages;
use crate::norm::larger;
use crate::{ErrorEstimate, RowState, State};

/// Positions of samples where the state is.
pub(super) fn positions(samples: &[usize], device: Device) -> Tensor {
    let samples: Vec<i64> = samples.iter().map(|&i| i as i64).collect();
    Tensor::from_slice(&samples).to_device(device)
}

impl RowState for Tensor {
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &TensorStages) {
        assert_eq!(h.len(), base.batch(), "one step size for each sample");
        *self = if base.requires_grad() || stages.tracked(row.len()) {
            let samples = [h.len() as i64, -1];
            let h = Tensor::from_slice(h).to_kind(base.kind()).to_device(base.device()).view([-1, 1]);
            let terms = stages.terms(row);
            let sum = terms.fold(base.reshape(samples), |sum, (a, k)| sum + k.reshape(samples) * (&h * a));
            sum.view(base.size().as_slice())
        } else {
            stages.kept.combine_rows(base, h, row)
        };
    }

    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &TensorStages,
        estimate: &ErrorEstimate<'_>,
        errors: &mut [f64],
    ) {
        let own = stages.kept.sample_errors(self, start, h, estimate);
        assert_eq!(errors.len(), own.len(), "one error for each sample");
        for (error, own) in errors.iter_mut().zip(own) {
            *error = larger(*error, own);
        }
    }

    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]) {
        let rows = source.index_select(0, &positions(from, source.device()));
        *self = self.index_copy(0, &positions(to, self.device()), &rows);
    }

    fn copy_stage_samples(stages: &mut TensorStages, from: usize, to: usize, samples: &[usize]) {
        stages.copy_samples(from, to, samples);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        *self = self.index_select(0, &positions(samples, self.device()));
    }

    fn keep_stage_samples(stages: &mut TensorStages, samples: &[usize]) {
        stages.keep_samples(samples);
    }
}
