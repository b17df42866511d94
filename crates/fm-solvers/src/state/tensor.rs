//! [`State`] for LibTorch tensors, on any device.
//!
//! The values of the derivatives are [kept](Kept) as arrays on the CPU, and as one block of a tensor elsewhere.
//!
//! Where autograd records, a combination with a tracked operand is a chain of additions over the derivatives as the field
//! returned them; no second solver is needed for gradients. The choice of step sizes is not differentiated: errors are
//! measured outside the record.

mod arrays;
mod block;
mod numbers;
mod rows;
mod stages;

use tch::{Device, Kind, Tensor, no_grad};

use self::arrays::Arrays;
use self::block::Block;
use self::numbers::Numbers;
use self::rows::positions;
pub use self::stages::TensorStages;
use super::{Layout, State};
use crate::norm::{exceeds, larger};
use crate::{ErrorEstimate, Norm, SolveError};

impl State for Tensor {
    type Stages = TensorStages;

    fn batch(&self) -> usize {
        self.size().first().map_or(1, |&n| n as usize)
    }

    fn layout(&self) -> Layout {
        Layout {
            shape: self.size().iter().map(|&n| n as usize).collect(),
            element: format!("{:?}", self.kind()),
            device: match self.device() {
                Device::Cpu => "cpu".to_owned(),
                Device::Cuda(index) => format!("cuda:{index}"),
                other => format!("{other:?}"),
            },
        }
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.size() == other.size() && self.kind() == other.kind() && self.device() == other.device()
    }

    fn alloc_like(&self) -> Self {
        // Every write to a tensor state rebinds it, so its content is never looked at.
        self.shallow_clone()
    }

    fn copy_from(&mut self, source: &Self) {
        *self = source.shallow_clone();
    }

    fn non_finite_sample(&self) -> Option<usize> {
        // NaN and infinity survive a sum, in one pass instead of five; a sum may also overflow by itself.
        if no_grad(|| self.sum(None::<Kind>)).double_value(&[]).is_finite() {
            return None;
        }
        let finite = self.isfinite();
        if bool::try_from(finite.all()).expect("a scalar of kind Bool") {
            return None;
        }
        let samples = finite.reshape([self.batch() as i64, -1]).all_dim(1, false);
        let first = samples.to_kind(Kind::Int64).argmin(0, false);
        Some(i64::try_from(first).expect("a scalar of kind Int64") as usize)
    }

    fn stages(&self, count: usize) -> TensorStages {
        TensorStages::new(self, count)
    }

    fn set_stage(
        stages: &mut TensorStages,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError> {
        let mut derivative = stages.offer();
        eval(&mut derivative)?;
        stages.set(index, derivative);
        Ok(())
    }

    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &TensorStages) {
        *self = if base.requires_grad() || stages.tracked(row.len()) {
            stages.terms(row).fold(base.shallow_clone(), |sum, (a, k)| sum + k * (h * a))
        } else {
            stages.kept.combine(base, h, row)
        };
    }

    fn move_stage(stages: &mut TensorStages, from: usize, to: usize) {
        stages.move_stage(from, to);
    }

    fn error(&self, start: &Self, h: f64, stages: &TensorStages, estimate: &ErrorEstimate<'_>, norm: Norm) -> f64 {
        match norm {
            Norm::BatchRms => stages.kept.error(self, start, h, estimate),
            Norm::MaxOverSamples => {
                let h = vec![h; self.batch()];
                stages.kept.sample_errors(self, start, &h, estimate).into_iter().fold(0.0, larger)
            }
        }
    }

    fn worst_sample(&self, start: &Self, h: f64, stages: &TensorStages, estimate: &ErrorEstimate<'_>) -> (usize, f64) {
        let h = vec![h; self.batch()];
        let errors = stages.kept.sample_errors(self, start, &h, estimate).into_iter().enumerate();
        errors.fold((0, 0.0), |worst, (i, error)| if exceeds(error, worst.1) { (i, error) } else { worst })
    }
}
