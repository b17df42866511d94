//! What a solver needs from the thing it integrates.
//!
//! Whole-array operations and nothing else: there is no element access, so nothing in a step can pull a value off a
//! device, and no `Clone` or `Sync` bound, since `tch::Tensor` is neither. Coefficients are host `f64` and the state
//! casts them, so no scalar type appears in the trait.
//!
//! The rejected alternative is operators (`y + h * k`): they fit any numeric type without an implementation of ours, but
//! allocate per operation and turn a six-term stage into twelve kernels where LibTorch needs one.

mod array;
mod pair;
mod pending;
#[cfg(feature = "tch")]
mod tensor;
mod weighted;

use std::fmt;

pub use array::Element;
pub use pair::PairStages;
pub use pending::PendingError;
#[cfg(feature = "tch")]
pub use tensor::TensorStages;
pub use weighted::{Weighted, WeightedStages};

use crate::{ErrorEstimate, Norm, SolveError};

/// A batch of samples that an integrator can advance, batch axis first.
///
/// `&mut self` means "becomes": arrays write in place, tensors rebind their handle. Rebinding keeps a solve legal under
/// autograd, and leaves a tensor that an observer kept from being changed by the next step.
pub trait State: Sized {
    /// The derivatives of a step, in whatever layout makes [`combine`](Self::combine) one pass.
    type Stages;

    /// The number of samples: the length of the first axis, one for a scalar.
    fn batch(&self) -> usize;

    /// Shape, element type and device, for messages.
    fn layout(&self) -> Layout;

    /// Whether `other` has the same shape, element type and device.
    fn same_layout(&self, other: &Self) -> bool;

    /// A state of the same layout with arbitrary content.
    #[must_use]
    fn alloc_like(&self) -> Self;

    /// `self` becomes a copy of `source`, which has the same layout.
    fn copy_from(&mut self, source: &Self);

    /// The first sample that holds NaN or infinity. Reads one value back, and more only if there is one.
    fn non_finite_sample(&self) -> Option<usize>;

    /// Room for `count` derivatives of states like this one.
    fn stages(&self, count: usize) -> Self::Stages;

    /// Lets `eval` set derivative `index`, by writing to its argument or by replacing it.
    ///
    /// A bracket around the evaluation and not a `&mut Self` handed out, because a state that packs its derivatives has
    /// to see the end of it to collect a replaced one.
    ///
    /// # Errors
    /// What `eval` returns.
    fn set_stage(
        stages: &mut Self::Stages,
        index: usize,
        eval: impl FnOnce(&mut Self) -> Result<(), SolveError>,
    ) -> Result<(), SolveError>;

    /// `self` becomes `base + h * sum_j row[j] * stages[j]`, over the first `row.len()` derivatives.
    ///
    /// # Panics
    /// If the layouts differ, or `row` is longer than there are derivatives.
    fn combine(&mut self, base: &Self, h: f64, row: &[f64], stages: &Self::Stages);

    /// Derivative `to` becomes derivative `from`, whose content is arbitrary afterwards.
    ///
    /// The last derivative of a step is often the first of the next; arrays exchange the two without copying.
    fn move_stage(stages: &mut Self::Stages, from: usize, to: usize);

    /// How large the error of a step of length `h` from `start` to `self` is, in units of the tolerance.
    ///
    /// NaN or infinite if the estimate or either state holds NaN or infinity. A number where the state is on the host; where it
    /// is on a device, one that has not been read back yet, so that a state made of others reads theirs together.
    fn error(
        &self,
        start: &Self,
        h: f64,
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        norm: Norm,
    ) -> PendingError;

    /// The sample with the largest error of such a step, and that error. For messages: may read more than one value back.
    fn worst_sample(&self, start: &Self, h: f64, stages: &Self::Stages, estimate: &ErrorEstimate<'_>) -> (usize, f64);
}

/// A state whose samples can take steps of their own.
///
/// What [`AdaptiveSolver::solve_per_sample`](crate::AdaptiveSolver::solve_per_sample) needs beyond [`State`]. Every
/// operation treats a sample as if it were alone, to the last bit: where in the batch it stands must not matter.
pub trait RowState: State {
    /// [`State::combine`] with a step size for each sample.
    ///
    /// # Panics
    /// As [`State::combine`], or if there is not one step size for each sample.
    fn combine_rows(&mut self, base: &Self, h: &[f64], row: &[f64], stages: &Self::Stages);

    /// Raises each entry of `errors` to what [`State::error`] would be for that sample alone.
    ///
    /// Raises and not sets, so that the parts of a pair share the list.
    ///
    /// # Panics
    /// If the layouts differ, or `h` or `errors` has not one entry for each sample.
    fn sample_errors(
        &self,
        start: &Self,
        h: &[f64],
        stages: &Self::Stages,
        estimate: &ErrorEstimate<'_>,
        errors: &mut [f64],
    );

    /// Sample `to[i]` of `self` becomes sample `from[i]` of `source`, for every `i`.
    ///
    /// # Panics
    /// If the samples have different shapes, the lists different lengths, or a list leaves the batch.
    fn copy_samples(&mut self, to: &[usize], source: &Self, from: &[usize]);

    /// Derivative `to` becomes derivative `from` in the listed samples.
    fn copy_stage_samples(stages: &mut Self::Stages, from: usize, to: usize, samples: &[usize]);

    /// Drops every sample that is not in `samples`, which ascends.
    fn keep_samples(&mut self, samples: &[usize]);

    /// Drops the same samples from every derivative.
    fn keep_stage_samples(stages: &mut Self::Stages, samples: &[usize]);
}

/// Shape, element type and device of a [`State`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Axis lengths, batch axis first.
    pub shape: Vec<usize>,
    /// The element type, in the words of the state's library.
    pub element: String,
    /// The device, in the words of the state's library.
    pub device: String,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} on {}", self.element, self.shape, self.device)
    }
}
