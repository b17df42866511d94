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
use super::{Layout, PendingError, State};
use crate::norm::exceeds;
use crate::{ErrorEstimate, Norm, SolveError};

/// The values of a vector or a scalar on the host: the one place where a solve waits for a device.
pub(super) fn read_back(values: &Tensor) -> Vec<f64> {
    #[cfg(test)]
    tests::READS.with(|reads| reads.set(reads.get() + 1));
    if values.dim() == 0 {
        return vec![values.double_value(&[])];
    }
    Vec::try_from(values.to_kind(Kind::Double)).expect("a vector of kind Double")
}

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
        if read_back(&no_grad(|| self.sum(None::<Kind>)))[0].is_finite() {
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

    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &TensorStages,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError {
        stages.kept.error(self, start, h, estimate, norm)
    }

    fn worst_sample(&self, start: &Self, h: f64, stages: &TensorStages, estimate: &ErrorEstimate<'_>) -> (usize, f64) {
        let h = vec![h; self.batch()];
        let errors = stages.kept.sample_errors(self, start, &h, estimate).into_iter().enumerate();
        errors.fold((0, 0.0), |worst, (i, error)| if exceeds(error, worst.1) { (i, error) } else { worst })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{AdaptiveSolver, EmbeddedMethod, FixedMethod, Time, TimeGrid, Weighted, solve_fixed};

    thread_local! {
        /// How often a solve has waited for a device.
        pub(super) static READS: Cell<usize> = const { Cell::new(0) };
    }

    type Parts = ((Tensor, Tensor), Weighted<Tensor>);

    /// Of a half type, which is kept as on a device.
    fn parts() -> Parts {
        let ones = |shape: &[i64]| Tensor::ones(shape, (Kind::BFloat16, Device::Cpu));
        ((ones(&[4, 3]), ones(&[4])), Weighted::new(ones(&[1, 7]), 0.5).unwrap())
    }

    #[test]
    fn a_trial_step_reads_once_whatever_the_parts_and_the_norm() {
        let mut decay = |_: Time<'_>, ((x, y), z): &Parts, out: &mut Parts| -> Result<(), SolveError> {
            *out = ((-x, y * -2.0), Weighted::carried(&z.state * -3.0));
            Ok(())
        };
        let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
        for method in EmbeddedMethod::ALL {
            for norm in [Norm::BatchRms, Norm::MaxOverSamples] {
                let tolerance = crate::Tolerance::new(0.0, 0.1).unwrap();
                let solver = AdaptiveSolver { method, tolerance, norm, ..AdaptiveSolver::default() };
                READS.set(0);
                let stats = solver.solve(&mut decay, &grid, &mut parts(), &mut ()).unwrap();
                assert_eq!(READS.get(), 3 + stats.steps + stats.rejected, "{method}: three for the first step size");
            }
        }
        READS.set(0);
        solve_fixed(FixedMethod::Rk4, &mut decay, &grid, &mut parts(), &mut ()).unwrap();
        assert_eq!(READS.get(), 3, "the check of each part at the end");
    }
}
