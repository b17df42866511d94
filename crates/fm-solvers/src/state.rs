//! What a solver needs from the thing it integrates.
//!
//! Whole-array operations and nothing else: there is no element access, so nothing in a step can pull a value off a
//! device, and no `Clone` or `Sync` bound, since `tch::Tensor` is neither. Coefficients are host `f64` and the state
//! casts them, so no scalar type appears in the trait.
//!
//! The rejected alternative is operators (`y + h * k`): they fit any numeric type without an implementation of ours, but
//! allocate per operation and turn a six-term stage into twelve kernels where LibTorch needs one.

mod array;
#[cfg(feature = "tch")]
mod tensor;

use std::fmt;

pub use array::Element;
#[cfg(feature = "tch")]
pub use tensor::TensorStages;

use crate::SolveError;

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
