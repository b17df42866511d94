//! Tensor states whose samples take steps of their own.

use tch::{Device, Kind, Tensor, no_grad};

use super::{TensorStages, errors, mean_squares};
use crate::norm::larger;
use crate::{ErrorEstimate, RowState, State};

/// Lengths of steps as a column where the state is.
fn column(h: &[f64], like: &Tensor) -> Tensor {
    Tensor::from_slice(h).to_kind(like.kind()).to_device(like.device()).view([-1, 1])
}

/// Positions of samples where the state is.
fn positions(samples: &[usize], device: Device) -> Tensor {
    let samples: Vec<i64> = samples.iter().map(|&i| i as i64).collect();
    Tensor::from_slice(&samples).to_device(device)
}

impl RowState for Tensor {
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &TensorStages) {
        assert_eq!(h.len(), base.batch(), "one step size for each sample");
        let batch = [h.len() as i64, -1];
        let h = column(h, base);
        if base.requires_grad() || stages.tracked(row.len()) {
            let sum = stages.terms(row).fold(base.reshape(batch), |sum, (a, k)| sum + k.reshape(batch) * (&h * a));
            *self = sum.view(stages.shape.as_slice());
            return;
        }
        let sum = base.reshape(batch).addcmul(&stages.sum(row).view(batch), &h);
        *self = sum.view(stages.shape.as_slice());
    }

    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &TensorStages,
        estimate: &ErrorEstimate<'_>,
        found: &mut [f64],
    ) {
        let own: Vec<f64> = no_grad(|| {
            let errors = errors(&mean_squares(self, start, &column(h, self), stages, estimate));
            Vec::try_from(errors.to_kind(Kind::Double)).expect("a vector of kind Double")
        });
        assert_eq!(found.len(), own.len(), "one error for each sample");
        for (found, own) in found.iter_mut().zip(own) {
            *found = larger(*found, own);
        }
    }

    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]) {
        let rows = source.index_select(0, &positions(from, source.device()));
        *self = self.index_copy(0, &positions(to, self.device()), &rows);
    }

    fn copy_stage_samples(stages: &mut TensorStages, from: usize, to: usize, samples: &[usize]) {
        let samples = positions(samples, stages.block.device());
        let rows = stages.slots[from].index_select(0, &samples);
        stages.slots[to] = stages.slots[to].index_copy(0, &samples, &rows);
        stages.pack(to);
    }

    fn keep_samples(&mut self, samples: &[usize]) {
        *self = self.index_select(0, &positions(samples, self.device()));
    }

    fn keep_stage_samples(stages: &mut TensorStages, samples: &[usize]) {
        let (count, batch) = (stages.slots.len() as i64, stages.shape[0]);
        let samples = positions(samples, stages.block.device());
        let mut shape = std::mem::take(&mut stages.shape);
        shape[0] = samples.size()[0];
        let block = stages.block.view([count, batch, -1]).index_select(1, &samples).view([1, count, -1]);
        let mut kept = TensorStages { rows: std::mem::take(&mut stages.rows), ..TensorStages::new(shape, block) };
        for (kept, slot) in kept.slots.iter_mut().zip(&stages.slots).filter(|(_, slot)| slot.requires_grad()) {
            *kept = slot.index_select(0, &samples);
        }
        *stages = kept;
    }
}
